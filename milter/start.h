/* SPDX-License-Identifier: MIT */
/*
 * This module brings the milter from root to work: into the background and down
 * to an unprivileged user.
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

/* Becomes milter.user for a while, when started by root, to try what that user
   may do; and back.  0, or -1 with *err filled. */
int gp_start_try_user(const struct gp_settings *settings, struct gp_error *err);
int gp_start_be_root_again(struct gp_error *err);

/* Becomes milter.user for good when started by root.  0, or -1 with *err filled. */
int gp_start_drop_privileges(const struct gp_settings *settings,
			     struct gp_error *err);

/* Writes milter.pid_file, if set; removes it if it is still ours. */
int gp_start_write_pid(const struct gp_settings *settings, struct gp_error *err);
void gp_start_remove_pid(const struct gp_settings *settings);

#endif
