/* SPDX-License-Identifier: MIT */
/*
 * This module runs the milter: libmilter in a thread of its own, signals in the
 * main thread.  SIGHUP reads the settings again, SIGTERM and SIGINT stop once
 * the open messages are done; SIGUSR1 comes from a milter that has taken over the
 * socket, and ends this one when its sessions have ended.
 */
#ifndef GP_CONTROL_H
#define GP_CONTROL_H

#include "error.h"

/* Takes signals from now on; what comes before gp_control_run() is not lost.  A
   milter that is started next may send one as soon as it finds our socket.
   0, or -1 with *err filled. */
int gp_control_prepare(struct gp_error *err);

/* Serves.  Returns the exit code of the program.  conf_path is read again at SIGHUP;
   settings of the milter section need a restart. */
int gp_control_run(const char *conf_path);

#endif
