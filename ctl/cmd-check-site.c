/* SPDX-License-Identifier: MIT */
/*
 * This module is "gatepostctl check-site": do the settings of the MTA and of
 * Dovecot leave a way around gatepost, or another door open?
 */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "command.h"
#include "settings-parse.h"
#include "site-dovecot.h"
#include "site-finding.h"
#include "site-gatepost.h"
#include "site-postfix.h"
#include "site-sendmail.h"

struct wishes {
	const char *postfix, *sendmail, *dovecot;       /* NULL: not named */
	bool is_json;
};

static int check_postfix(struct gp_site *site, const char *folder)
{
	struct gp_postfix postfix;
	struct gp_error err;
	int code = gp_postfix_read(site->pool, folder, &postfix, &err);

	if (code != 0)
		return gp_command_fail(code, "%s", err.text);
	gp_site_check_postfix(site, &postfix);
	return 0;
}

static int check_sendmail(struct gp_site *site, const char *path)
{
	struct gp_sendmail sendmail;
	struct gp_error err;
	int code = gp_sendmail_read(site->pool, path, &sendmail, &err);

	if (code != 0)
		return gp_command_fail(code, "%s", err.text);
	gp_site_check_sendmail(site, &sendmail);
	return 0;
}

static int check_dovecot(struct gp_site *site, const char *path)
{
	struct gp_dovecot dovecot;
	struct gp_error err;
	int code = gp_dovecot_read(site->pool, path, &dovecot, &err);

	if (code != 0)
		return gp_command_fail(code, "%s", err.text);
	gp_site_check_dovecot(site, &dovecot);
	return 0;
}

/* Without a wish, whatever is installed in its usual place. */
static void find_installed(struct wishes *wishes)
{
	if (wishes->postfix != NULL || wishes->sendmail != NULL ||
	    wishes->dovecot != NULL)
		return;
	if (access("/etc/postfix/main.cf", F_OK) == 0)
		wishes->postfix = "/etc/postfix";
	else if (access("/etc/mail/sendmail.cf", F_OK) == 0)
		wishes->sendmail = "/etc/mail/sendmail.cf";
	if (access("/etc/dovecot/dovecot.conf", F_OK) == 0)
		wishes->dovecot = "/etc/dovecot/dovecot.conf";
}

static int check_all(struct gp_site *site, const struct wishes *wishes)
{
	int code = 0;

	if (wishes->postfix != NULL)
		code = check_postfix(site, wishes->postfix);
	if (code == 0 && wishes->sendmail != NULL)
		code = check_sendmail(site, wishes->sendmail);
	if (code == 0 && wishes->dovecot != NULL)
		code = check_dovecot(site, wishes->dovecot);
	if (code != 0)
		return code;
	gp_site_check_gatepost(site);
	if (wishes->is_json)
		gp_site_print_json(site);
	else
		gp_site_print(site);
	return gp_site_count(site, GP_SITE_DANGER) > 0 ? 1 : EX_OK;
}

static int parse(int argc, char **argv, struct wishes *wishes)
{
	static const struct option names[] = {
		{ "postfix", required_argument, NULL, 'p' },
		{ "sendmail", required_argument, NULL, 's' },
		{ "dovecot", required_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "p:s:d:j", names, NULL)) != -1) {
		if (option == 'p')
			wishes->postfix = optarg;
		else if (option == 's')
			wishes->sendmail = optarg;
		else if (option == 'd')
			wishes->dovecot = optarg;
		else if (option == 'j')
			wishes->is_json = true;
		else
			return EX_USAGE;
	}
	return optind < argc ? gp_command_fail(EX_USAGE, "check-site takes "
		"options only; try: gatepostctl check-site --help") : 0;
}

/* su and cron leave out where postconf is. */
static void widen_path(struct gp_pool *pool)
{
	const char *path = getenv("PATH");

	(void)setenv("PATH", gp_pool_printf(pool,
		"%s:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin",
		path == NULL || path[0] == '\0' ? "/usr/sbin" : path), 1);
}

static int run(int argc, char **argv, const char *conf_path)
{
	struct wishes wishes = { NULL, NULL, NULL, false };
	struct gp_site site = { .conf_path = conf_path };
	struct gp_settings *settings;
	struct gp_error err;
	int code = parse(argc, argv, &wishes);

	if (code != 0)
		return code;
	find_installed(&wishes);
	if (wishes.postfix == NULL && wishes.sendmail == NULL &&
	    wishes.dovecot == NULL)
		return gp_command_fail(EX_UNAVAILABLE, "neither Postfix, Sendmail "
				       "nor Dovecot is installed in its usual "
				       "place; name it with --postfix DIR, "
				       "--sendmail FILE, --dovecot FILE");
	if (gp_settings_load(conf_path, &settings, &err) < 0)
		return gp_command_fail(EX_CONFIG, "%s", err.text);
	(void)setlocale(LC_CTYPE, "");
	site.pool = gp_pool_create();
	site.settings = settings;
	widen_path(site.pool);
	code = check_all(&site, &wishes);
	gp_site_free_rows(&site);
	gp_pool_free(&site.pool);
	gp_settings_free(&settings);
	return code;
}

const struct gp_command gp_command_check_site = {
	.name = "check-site",
	.arguments = "[--postfix DIR] [--sendmail FILE]\n"
		"         [--dovecot FILE] [--json]",
	.summary = "Finds dangerous settings of the MTA and of Dovecot",
	.help =
"  -p, --postfix DIR     folder of main.cf and master.cf; read through postconf\n"
"  -s, --sendmail FILE   sendmail.cf\n"
"  -d, --dovecot FILE    dovecot.conf; read through doveconf\n"
"  -j, --json            for machines\n"
"\n"
"Without --postfix, --sendmail and --dovecot: those that are installed, in their\n"
"usual places.  Nothing is changed.  Each finding names the file, the setting in\n"
"force, why it matters, and the line to write.\n"
"\n"
"Exit code 0: no danger, perhaps advice.  1: a danger.  66: no such file.\n"
"69: postconf or doveconf is missing.  78: settings cannot be read.\n",
	.run = run,
};
