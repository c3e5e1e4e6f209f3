/* SPDX-License-Identifier: MIT */
/*
 * This module gives out the lines of log files one after the other: plain ones,
 * those that gzip, xz, bzip2 or zstd has packed, and standard input.
 */
#ifndef GP_JOURNAL_SOURCE_H
#define GP_JOURNAL_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct gp_source;

/* paths must live as long as the source; "-" is standard input.  Each is opened
   when its time comes. */
struct gp_source *gp_source_create(const char *const *paths, size_t count);

/* The next line without its newline; its bytes and the one after them may be
   written.  1, 0 at the end, -1 with *err when a file cannot be read: the next
   call goes on with the one after it. */
int gp_source_next(struct gp_source *source, char **line_r, size_t *length_r,
		   struct gp_error *err);

/* Before the first line: it is the one after so many bytes, unpacked, of the first
   file; and what has no newline yet is no line. */
void gp_source_read_on(struct gp_source *source, uint64_t taken_bytes);

/* After the end or an error of a file: how many of its bytes, unpacked, the lines were
   up to there. */
uint64_t gp_source_taken(const struct gp_source *source);

struct gp_source_progress {
	uint64_t done_bytes, total_bytes;       /* of files as they lie there */
	uint64_t too_long_count;                /* lines passed over */
};

void gp_source_progress(const struct gp_source *source,
			struct gp_source_progress *progress_r);

/* Accepts NULL, leaves NULL. */
void gp_source_free(struct gp_source **source);

#endif
