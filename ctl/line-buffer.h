/* SPDX-License-Identifier: MIT */
/*
 * This module cuts what is read into lines, in memory that does not grow with the
 * input.  A line that is longer than any of ours is passed over and counted.
 */
#ifndef GP_LINE_BUFFER_H
#define GP_LINE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	GP_LINE_BYTES_MAX = 64 * 1024,
	GP_LINE_BUFFER_BYTES = 512 * 1024
};

struct gp_line_buffer {
	char *bytes;
	size_t start, end;              /* of what was not given out yet */
	size_t looked;                  /* up to here there is no newline */
	bool is_skipping;               /* inside a line that is too long */
	uint64_t too_long_count;
};

void gp_line_buffer_init(struct gp_line_buffer *buffer_r);
void gp_line_buffer_free(struct gp_line_buffer *buffer);

/* Room to read into, at least a byte, after all lines were taken; then say how much
   was read. */
char *gp_line_buffer_space(struct gp_line_buffer *buffer, size_t *size_r);
void gp_line_buffer_add(struct gp_line_buffer *buffer, size_t size);

/* The next line without its newline, valid until the next call; its bytes and the
   one after them may be written.  is_end: what has no newline is a line too.  False
   if there is none. */
bool gp_line_buffer_next(struct gp_line_buffer *buffer, bool is_end,
			 char **line_r, size_t *length_r);

/* Forgets a line that has begun. */
void gp_line_buffer_clear(struct gp_line_buffer *buffer);

#endif
