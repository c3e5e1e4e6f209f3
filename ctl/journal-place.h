/* SPDX-License-Identifier: MIT */
/*
 * This module remembers how far each file of the journal was read, so that what is added
 * to it is read once, whatever logrotate does with the files: a file that was renamed is
 * known by its inode, one that was packed or copied by its first line.
 */
#ifndef GP_JOURNAL_PLACE_H
#define GP_JOURNAL_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct gp_place {
	uint64_t device, inode;         /* 0: another file has them now */
	uint64_t size_bytes;            /* as it lay there */
	int64_t changed_nsecs;          /* since 1970 */
	uint64_t first_line;            /* a hash of it */
	uint64_t taken_bytes;           /* unpacked, up to the last line */
	int64_t seen_secs;              /* since 1970 */
};

struct gp_places {
	struct gp_place *items;
	size_t count;
};

/* A line without its newline; its bytes and the one after them may be written. */
typedef void gp_place_line(void *context, char *line, size_t length);

/*
 * Hands over the lines of the file that were not handed over before, all that end with
 * a newline, and adds what was longer than any line may be to *too_long.  A file that is
 * not there (any more) has none.  0, or -1 with *err if it could not be read to its end.
 */
int gp_places_read(struct gp_places *places, const char *path, int64_t now_secs,
		   gp_place_line *take, void *context, uint64_t *too_long,
		   struct gp_error *err);

void gp_places_add(struct gp_places *places, const struct gp_place *place);

/* Forgets files that were not seen for a day: they were deleted. */
void gp_places_forget_old(struct gp_places *places, int64_t now_secs);

void gp_places_free(struct gp_places *places);

#endif
