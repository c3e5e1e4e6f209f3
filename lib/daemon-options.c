/* SPDX-License-Identifier: MIT */
/* This module is documented in daemon-options.h. */
#include "daemon-options.h"

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>
#include <syslog.h>

#include "gatepost-config.h"
#include "log.h"
#include "pseudonym.h"
#include "settings-parse.h"

static void print_help(const struct gp_daemon *daemon)
{
	(void)printf(
"Usage: %s [-c FILE] [-f] [-t] [-v]\n"
"%s"
"\n"
"  -c, --config FILE   settings (%s)\n"
"  -f, --foreground    stay in the foreground and log to standard error\n"
"  -t, --test          check the settings and exit\n"
"  -v, --verbose       log more\n"
"  -V, --version       show the version\n"
"  -h, --help          show this help\n"
"\n"
"%s"
"See %s(8) and gatepost.conf(5).\n",
		     daemon->name, daemon->purpose, gp_settings_default_path(),
		     daemon->signals, daemon->name);
}

static int fail_usage(const struct gp_daemon *daemon)
{
	(void)fprintf(stderr, "Try: %s --help\n", daemon->name);
	return EX_USAGE;
}

/* Returns -1 to go on, or the exit code. */
static int parse(const struct gp_daemon *daemon, int argc, char **argv,
		 struct gp_daemon_options *options)
{
	static const struct option names[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "test", no_argument, NULL, 't' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:ftvVh", names, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->conf_path = optarg;
			break;
		case 'f':
			options->is_foreground = true;
			break;
		case 't':
			options->only_test = true;
			break;
		case 'v':
			gp_log_set_level(GP_LOG_DEBUG);
			break;
		case 'V':
			(void)printf("%s %s\n", daemon->name, PACKAGE_VERSION);
			return EX_OK;
		case 'h':
			print_help(daemon);
			return EX_OK;
		default:
			return fail_usage(daemon);
		}
	}
	if (optind == argc)
		return -1;
	(void)fprintf(stderr, "%s: unexpected argument '%s'\n", daemon->name,
		      argv[optind]);
	return fail_usage(daemon);
}

/* Whether the user as whom it runs can read the secret shows when it starts. */
static int load(const char *path, struct gp_settings **settings_r,
		struct gp_error *err)
{
	struct gp_pseudonyms *pseudonyms;

	if (gp_settings_load(path, settings_r, err) < 0)
		return -1;
	if (gp_pseudonyms_open(*settings_r, &pseudonyms, err) < 0) {
		gp_settings_free(settings_r);
		return -1;
	}
	gp_pseudonyms_close(&pseudonyms);
	return 0;
}

int gp_daemon_begin(const struct gp_daemon *daemon, int argc, char **argv,
		    struct gp_daemon_options *options_r,
		    struct gp_settings **settings_r)
{
	struct gp_daemon_options options = {
		.conf_path = gp_settings_default_path()
	};
	struct gp_error err;
	int code = parse(daemon, argc, argv, &options);

	if (code >= 0)
		return code;
	gp_log_open(daemon->name, true, LOG_MAIL);
	if (load(options.conf_path, settings_r, &err) < 0) {
		gp_log(GP_LOG_ERROR, "%s", err.text);
		return EX_CONFIG;
	}
	if (options.only_test) {
		(void)printf("%s: settings are good\n", options.conf_path);
		gp_settings_free(settings_r);
		return EX_OK;
	}
	*options_r = options;
	return -1;
}
