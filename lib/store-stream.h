/* SPDX-License-Identifier: MIT */
/* This module reads the stream in Redis that journal-stream.c writes, page by page, and
   says how much of it there is. */
#ifndef GP_STORE_STREAM_H
#define GP_STORE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "settings.h"

struct gp_stream_reader;

/* Begins with what was added since_msecs after 1970 by Redis's clock.  NULL with *err
   filled when Redis does not answer.  settings must outlive it. */
struct gp_stream_reader *gp_stream_reader_open(const struct gp_settings *settings,
					       int64_t since_msecs,
					       struct gp_error *err);

/* line is not ended by NUL.  False when no more is wanted. */
typedef bool gp_stream_take(void *context, const char *line, size_t length);

/* Hands over the next page.  1 when there may be more now, 0 when not or no more is
   wanted, -1 with *err filled. */
int gp_stream_reader_next(struct gp_stream_reader *reader, gp_stream_take *take,
			  void *context, struct gp_error *err);

/* How many lines there are, and how many were lost on their way, as far as the hosts
   could say.  0, or -1 with *err filled. */
int gp_stream_reader_count(struct gp_stream_reader *reader, int64_t *lines_r,
			   int64_t *lost_r, struct gp_error *err);

/* Removes the lines for which is_unwanted() says true, all that there are, within a
   minute.  0 with *dropped_r filled, or -1 with *err filled. */
int gp_stream_drop(const struct gp_settings *settings, gp_stream_take *is_unwanted,
		   void *context, uint64_t *dropped_r, struct gp_error *err);

/* Accepts NULL, leaves NULL. */
void gp_stream_reader_close(struct gp_stream_reader **reader);

#endif
