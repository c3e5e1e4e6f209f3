/* SPDX-License-Identifier: MIT */
/*
 * This module is the program gatepost-milter: options, settings, and the order
 * in which things start.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "callbacks.h"
#include "control.h"
#include "daemon-options.h"
#include "gatepost-config.h"
#include "listen.h"
#include "log.h"
#include "sending.h"
#include "snapshot.h"
#include "start.h"

static const struct gp_daemon program = {
	.name = "gatepost-milter",
	.purpose =
"Holds mail submission to policy, as a milter of Postfix or Sendmail.\n",
	.signals =
"SIGHUP reads the settings again, SIGTERM stops when the open messages are done.\n"
"A second one takes over the unix socket of the first, which ends when its\n"
"sessions have.\n",
};

static struct gp_journal *journal;

/* The journal is opened by the user who has to write it.  Nobody finds the socket
   before all that could fail has not. */
static int start(const struct gp_settings *settings, struct gp_error *err)
{
	if (gp_callbacks_register() < 0)
		return gp_error_set(err, "libmilter took no callbacks");
	if (gp_listen_open(settings, err) < 0 ||
	    gp_start_try_user(settings, err) < 0)
		return -1;
	journal = gp_journal_open(settings, err);
	if (journal == NULL || gp_start_be_root_again(err) < 0)
		return -1;
	gp_journal_use_thread(journal);
	gp_callbacks_use_journal(journal);
	if (gp_start_write_pid(settings, err) < 0 ||
	    gp_listen_publish(err) < 0)
		return -1;
	return gp_start_drop_privileges(settings, err);
}

/* settings are those in force; a reload may replace but not free them here. */
static int run(const struct gp_daemon_options *options, const char *conf_path,
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
	gp_sending_tell_store(NULL, settings);
	code = gp_control_run(conf_path);
	gp_journal_finish(journal);     /* what its thread has not brought */
	gp_listen_remove();
	gp_start_remove_pid(settings);
	return code;
}

static int run_with(const struct gp_daemon_options *options,
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
	struct gp_daemon_options options;
	struct gp_settings *settings;
	int code = gp_daemon_begin(&program, argc, argv, &options, &settings);

	return code >= 0 ? code : run_with(&options, settings);
}
