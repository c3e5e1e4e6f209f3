/* SPDX-License-Identifier: MIT */
/* This module looks at gatepost's own files and modes. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "settings-compiled.h"
#include "site-gatepost.h"
#include "socket-text.h"

static void report_mode(struct gp_site *site, const char *path,
			const struct stat *status,
			const struct gp_site_finding *finding)
{
	struct gp_site_finding copy = *finding;

	copy.level = GP_SITE_DANGER;
	copy.file = path;
	copy.setting = "mode";
	copy.value = gp_pool_printf(site->pool, "%04o",
				    (unsigned int)status->st_mode & 07777);
	copy.remedy = gp_pool_printf(site->pool, "%s %s", finding->remedy, path);
	gp_site_report(site, &copy);
}

/* A file that everybody may write is not loaded at all. */
static void check_conf(struct gp_site *site)
{
	const struct gp_site_finding finding = {
		.name = "conf-writable", .remedy = "chmod g-w",
		.why = "Others than root can change the policy.",
	};
	struct stat status;

	if (stat(site->conf_path, &status) == 0 && S_ISREG(status.st_mode) &&
	    (status.st_mode & S_IWGRP) != 0 && status.st_gid != 0)
		report_mode(site, site->conf_path, &status, &finding);
}

static void check_password(struct gp_site *site)
{
	const struct gp_site_finding finding = {
		.name = "password-readable", .remedy = "chmod o=",
		.why = "Everybody on this host can read the password of Redis; "
		       "gatepost refuses to use it.",
	};
	const char *path = site->settings->redis.password_file;
	struct stat status;

	if (path[0] != '\0' && stat(path, &status) == 0 &&
	    (status.st_mode & S_IRWXO) != 0)
		report_mode(site, path, &status, &finding);
}

static void check_inet(struct gp_site *site, const struct gp_socket *ours)
{
	const struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "milter-exposed",
		.file = site->conf_path, .setting = "milter.socket",
		.value = site->settings->milter.socket,
		.why = "Others than this host may connect, and a milter believes "
		       "whoever connects to it.",
		.remedy = "milter { socket = \"unix:/run/gatepost/milter.sock\" }",
	};

	if (strncmp(ours->host, "127.", 4) != 0 &&
	    strcmp(ours->host, "::1") != 0 &&
	    strcasecmp(ours->host, "localhost") != 0)
		gp_site_report(site, &finding);
}

static void check_socket(struct gp_site *site)
{
	const struct gp_site_finding finding = {
		.name = "milter-exposed", .remedy = "chmod 660",
		.why = "Every program on this host may connect to the milter.",
	};
	struct gp_socket ours;
	struct stat status;

	if (gp_socket_parse(site->settings->milter.socket, &ours, NULL) < 0 ||
	    ours.kind == GP_SOCKET_FD)
		return;
	if (ours.kind != GP_SOCKET_UNIX)
		check_inet(site, &ours);
	else if (stat(ours.path, &status) == 0 && S_ISSOCK(status.st_mode) &&
		 (status.st_mode & S_IWOTH) != 0)
		report_mode(site, ours.path, &status, &finding);
}

/* Rules that are only observed refuse nothing: right for a while. */
static void check_modes(struct gp_site *site)
{
	const struct {
		const char *setting;
		enum gp_mode mode;
	} rules[] = {
		{ "tls.mode", site->settings->tls.mode },
		{ "login.mode", site->settings->login.mode },
		{ "relay.mode", site->settings->relay.mode },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct gp_site_finding finding = {
			.level = GP_SITE_ADVICE, .name = "mode-not-enforced",
			.file = site->conf_path, .setting = rules[i].setting,
			.value = rules[i].mode == GP_MODE_OFF ? "off" : "observe",
			.why = "This rule refuses nothing.",
			.remedy = gp_pool_printf(site->pool,
				"%.*s { mode = enforce }",
				(int)strcspn(rules[i].setting, "."),
				rules[i].setting),
		};

		if (rules[i].mode != GP_MODE_ENFORCE)
			gp_site_report(site, &finding);
	}
}

/* Nobody else says so: mail processes parse the settings then, and that is all. */
static void check_compiled(struct gp_site *site)
{
	struct gp_compiled *compiled = NULL;
	char *path = gp_compiled_path(site->conf_path);
	struct gp_site_finding finding = {
		.level = GP_SITE_ADVICE, .name = "conf-compiled", .file = path,
		.setting = "gatepostctl compile",
	};
	struct gp_error err;

	if (gp_compiled_open(site->conf_path, &compiled, &err) < 0) {
		finding.value = err.text;
		finding.why = "It is not used, so each login takes a little longer.";
		finding.remedy = gp_pool_printf(site->pool, "gatepostctl -c %s "
						"compile", site->conf_path);
		gp_site_report(site, &finding);
	}
	gp_compiled_close(&compiled);
	free(path);
}

void gp_site_check_gatepost(struct gp_site *site)
{
	site->seen[site->seen_count++] = gp_pool_printf(site->pool,
		"gatepost's settings in %s", site->conf_path);
	check_conf(site);
	check_compiled(site);
	check_password(site);
	check_socket(site);
	check_modes(site);
}
