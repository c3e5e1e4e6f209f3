/* SPDX-License-Identifier: MIT */
/*
 * This module is the program gatepost-milter: options, settings, and the order
 * in which things start.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "callbacks.h"
#include "control.h"
#include "gatepost-config.h"
#include "listen.h"
#include "log.h"
#include "settings-parse.h"
#include "snapshot.h"
#include "start.h"

struct options {
	const char *conf_path;
	bool is_foreground;
	bool only_test;
	bool is_verbose;
};

static const char help[] =
"Usage: gatepost-milter [-c FILE] [-f] [-t] [-v]\n"
"Holds mail submission to policy, as a milter of Postfix or Sendmail.\n"
"\n"
"  -c, --config FILE   settings (%s)\n"
"  -f, --foreground    stay in the foreground and log to standard error\n"
"  -t, --test          check the settings and exit\n"
"  -v, --verbose       log more\n"
"  -V, --version       show the version\n"
"  -h, --help          show this help\n"
"\n"
"SIGHUP reads the settings again, SIGTERM stops when the open messages are done.\n"
"A second one takes over the unix socket of the first, which ends when its\n"
"sessions have.\n"
"See gatepost-milter(8) and gatepost.conf(5).\n";

/* Returns -1 to go on, or the exit code. */
static int parse_options(int argc, char **argv, struct options *options)
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

	options->conf_path = gp_settings_default_path();
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
			options->is_verbose = true;
			break;
		case 'V':
			(void)printf("gatepost-milter %s\n", PACKAGE_VERSION);
			return EX_OK;
		case 'h':
			(void)printf(help, gp_settings_default_path());
			return EX_OK;
		default:
			(void)fprintf(stderr, "Try: gatepost-milter --help\n");
			return EX_USAGE;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "gatepost-milter: unexpected argument '%s'\n"
			      "Try: gatepost-milter --help\n", argv[optind]);
		return EX_USAGE;
	}
	return -1;
}

/* The journal is opened by the user who has to write it.  Nobody finds the socket
   before all that could fail has not. */
static int start(const struct gp_settings *settings, struct gp_error *err)
{
	struct gp_journal *journal;

	if (gp_callbacks_register() < 0)
		return gp_error_set(err, "libmilter took no callbacks");
	if (gp_listen_open(settings, err) < 0 ||
	    gp_start_try_user(settings, err) < 0)
		return -1;
	journal = gp_journal_open(settings, err);
	if (journal == NULL || gp_start_be_root_again(err) < 0)
		return -1;
	gp_callbacks_use_journal(journal);
	if (gp_start_write_pid(settings, err) < 0 ||
	    gp_listen_publish(err) < 0)
		return -1;
	return gp_start_drop_privileges(settings, err);
}

/* settings are those in force; a reload may replace but not free them here. */
static int run(const struct options *options, const char *conf_path,
	       const struct gp_settings *settings)
{
	struct gp_error err;
	int code;

	if (!options->is_foreground && gp_start_background(&err) < 0) {
		gp_log(GP_LOG_ERROR, "%s", err.text);
		return EX_OSERR;
	}
	if (gp_control_prepare(&err) < 0 || start(settings, &err) < 0) {
		gp_listen_remove();
		gp_log(GP_LOG_ERROR, "%s", err.text);
		return EX_CONFIG;
	}
	gp_log_open("gatepost-milter", options->is_foreground,
		    settings->journal.facility);
	gp_log(GP_LOG_INFO, "version %s listens on %s", PACKAGE_VERSION,
	       settings->milter.socket);
	code = gp_control_run(conf_path);
	gp_listen_remove();
	gp_start_remove_pid(settings);
	return code;
}

static int run_with(const struct options *options,
		    struct gp_settings *settings)
{
	char *conf_path = realpath(options->conf_path, NULL);
	struct gp_snapshot *snapshot;
	int code;

	gp_snapshot_replace(settings);
	snapshot = gp_snapshot_acquire();
	code = run(options, conf_path != NULL ? conf_path : options->conf_path,
		   gp_snapshot_settings(snapshot));
	gp_snapshot_release(&snapshot);
	free(conf_path);
	return code;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	struct gp_settings *settings;
	struct gp_error err;
	int code = parse_options(argc, argv, &options);

	if (code >= 0)
		return code;
	gp_log_open("gatepost-milter", true, LOG_MAIL);
	if (options.is_verbose)
		gp_log_set_level(GP_LOG_DEBUG);
	if (gp_settings_load(options.conf_path, &settings, &err) < 0) {
		gp_log(GP_LOG_ERROR, "%s", err.text);
		return EX_CONFIG;
	}
	if (options.only_test) {
		(void)printf("%s: settings are good\n", options.conf_path);
		gp_settings_free(&settings);
		return EX_OK;
	}
	return run_with(&options, settings);
}
