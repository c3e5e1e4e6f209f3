/* SPDX-License-Identifier: MIT */
/*
 * This module reads files to their ends and then what is added to them, as
 * "tail -F" does: also after logrotate moved one away and made a new one, or cut it
 * to nothing.
 */
#ifndef GP_LOG_FOLLOW_H
#define GP_LOG_FOLLOW_H

#include <stddef.h>

#include "error.h"

/* line and length as gp_source_next() gives them. */
typedef void gp_follow_line(void *context, char *line, size_t length);

/* Called when all files were read to their ends, each time. */
typedef void gp_follow_pause(void *context);

/* Returns only with -1 and *err: a file cannot be read.  One that is not there yet
   is waited for, if another one is. */
int gp_log_follow(const char *const *paths, size_t count, gp_follow_line *on_line,
		  gp_follow_pause *on_pause, void *context,
		  struct gp_error *err);

#endif
