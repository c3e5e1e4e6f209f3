/* SPDX-License-Identifier: MIT */
/*
 * This module brings the milter from root to work: into the background, onto
 * its socket, and down to an unprivileged user.
 */
#ifndef GP_START_H
#define GP_START_H

#include "error.h"
#include "settings.h"

/* Goes into the background.  Returns in the child; the parent waits until
   gp_start_ready() or the child's exit, and exits with 0 or the child's code.
   0, or -1 with *err filled. */
int gp_start_background(struct gp_error *err);

/* Tells the waiting parent that mail can come; does nothing in the foreground. */
void gp_start_ready(void);

/* Opens the milter's socket, mode 0660 and with milter.socket_group when it has
   a path.  0, or -1 with *err filled. */
int gp_start_socket(const struct gp_settings *settings, struct gp_error *err);

/* Becomes milter.user when started by root.  0, or -1 with *err filled. */
int gp_start_drop_privileges(const struct gp_settings *settings,
			     struct gp_error *err);

/* Writes milter.pid_file, if set, and removes it and the socket again. */
int gp_start_write_pid(const struct gp_settings *settings, struct gp_error *err);
void gp_start_remove_files(const struct gp_settings *settings);

#endif
