/* SPDX-License-Identifier: MIT */
/*
 * This module reads the journal's stream in Redis, lines of all hosts, into a pipe:
 * whatever reads log files can read it.
 */
#ifndef GP_STREAM_PIPE_H
#define GP_STREAM_PIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "settings.h"

struct gp_stream_pipe;

/*
 * Lines from since_msecs on (with some before it: clocks differ), 0 for all.  With
 * is_following it goes on with what is added, and writes an empty line whenever it has
 * caught up.  settings must outlive it.  NULL with *err filled when Redis cannot be
 * read.
 */
struct gp_stream_pipe *gp_stream_pipe_open(const struct gp_settings *settings,
					   int64_t since_msecs, bool is_following,
					   struct gp_error *err);

/* What to open and read; ends where the stream does. */
const char *gp_stream_pipe_path(const struct gp_stream_pipe *pipe);

/* 0, or -1 with *err filled if it could not be read to its end.  Accepts NULL, leaves
   NULL. */
int gp_stream_pipe_close(struct gp_stream_pipe **pipe, struct gp_error *err);

#endif
