/* SPDX-License-Identifier: MIT */
/* This module is documented in line-buffer.h. */
#include "line-buffer.h"

#include <stdlib.h>
#include <string.h>

#include "pool.h"

void gp_line_buffer_init(struct gp_line_buffer *buffer_r)
{
	*buffer_r = (struct gp_line_buffer){
		.bytes = gp_alloc(GP_LINE_BUFFER_BYTES + 1),
	};
}

void gp_line_buffer_free(struct gp_line_buffer *buffer)
{
	free(buffer->bytes);
	buffer->bytes = NULL;
}

void gp_line_buffer_clear(struct gp_line_buffer *buffer)
{
	buffer->start = buffer->end = buffer->looked = 0;
	buffer->is_skipping = false;
}

char *gp_line_buffer_space(struct gp_line_buffer *buffer, size_t *size_r)
{
	size_t left = buffer->end - buffer->start;

	if (buffer->start > 0) {
		memmove(buffer->bytes, buffer->bytes + buffer->start, left);
		buffer->looked -= buffer->start;
		buffer->start = 0;
		buffer->end = left;
	}
	*size_r = GP_LINE_BUFFER_BYTES - buffer->end;
	return buffer->bytes + buffer->end;
}

void gp_line_buffer_add(struct gp_line_buffer *buffer, size_t size)
{
	buffer->end += size;
}

/* What is there of a line that has not ended. */
static void keep_or_skip(struct gp_line_buffer *buffer)
{
	buffer->looked = buffer->end;
	if (buffer->is_skipping) {
		buffer->start = buffer->end;
	} else if (buffer->end - buffer->start > GP_LINE_BYTES_MAX) {
		buffer->too_long_count++;
		buffer->is_skipping = true;
		buffer->start = buffer->end;
	}
}

bool gp_line_buffer_next(struct gp_line_buffer *buffer, bool is_end,
			 char **line_r, size_t *length_r)
{
	for (;;) {
		char *start = buffer->bytes + buffer->start;
		char *newline = memchr(buffer->bytes + buffer->looked, '\n',
				       buffer->end - buffer->looked);
		size_t length;
		bool was_skipping = buffer->is_skipping;

		if (newline == NULL)
			keep_or_skip(buffer);
		if (newline == NULL && (!is_end || buffer->start == buffer->end))
			return false;
		length = newline != NULL ? (size_t)(newline - start)
					 : buffer->end - buffer->start;
		buffer->start += length + (newline != NULL);
		buffer->looked = buffer->start;
		buffer->is_skipping = false;
		if (was_skipping)
			continue;
		if (length > GP_LINE_BYTES_MAX) {
			buffer->too_long_count++;
			continue;
		}
		*line_r = start;
		*length_r = length;
		return true;
	}
}
