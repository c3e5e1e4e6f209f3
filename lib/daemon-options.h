/* SPDX-License-Identifier: MIT */
/* This module reads the command line and the settings of a daemon: all of ours take
   the same options. */
#ifndef GP_DAEMON_OPTIONS_H
#define GP_DAEMON_OPTIONS_H

#include <stdbool.h>

#include "settings.h"

struct gp_daemon {
	const char *name;       /* gatepost-milter */
	const char *purpose;    /* whole lines for the help, as is the next */
	const char *signals;
};

struct gp_daemon_options {
	const char *conf_path;
	bool is_foreground;
	bool only_test;
};

/*
 * Opens the log on standard error, too.
 *
 * Returns -1 to go on, with *options_r filled and *settings_r to be freed with
 * gp_settings_free(); or the exit code (sysexits.h) when all has been said.
 */
int gp_daemon_begin(const struct gp_daemon *daemon, int argc, char **argv,
		    struct gp_daemon_options *options_r,
		    struct gp_settings **settings_r);

#endif
