/* SPDX-License-Identifier: MIT */
/* This module looks who may read a server's private key. */
#include <string.h>
#include <sys/stat.h>

#include "site-key.h"
#include "site-run.h"

void gp_site_check_key(struct gp_site *site, const char *file,
		       const char *setting, const char *path)
{
	const struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "key-readable", .file = file,
		.setting = setting, .value = path,
		.why = "Everybody on this host can read this private key, pass for "
		       "the server and take passwords.",
		.remedy = gp_pool_printf(site->pool, "chmod 600 %s", path),
	};
	struct stat status;
	const char *text;

	if (*path != '/' || stat(path, &status) < 0 ||
	    !S_ISREG(status.st_mode) || (status.st_mode & S_IROTH) == 0)
		return;
	/* A chain of certificates alone is for everybody to read. */
	text = gp_site_read_file(site->pool, path);
	if (text != NULL && strstr(text, "PRIVATE KEY-----") != NULL)
		gp_site_report(site, &finding);
}
