/* SPDX-License-Identifier: MIT */
/*
 * This module compares text with patterns and words of the settings without
 * regard to ASCII case.  Core.
 */
#ifndef GP_PATTERN_H
#define GP_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/* '*' stands for any bytes, also none; all else for itself. */
bool gp_pattern_matches(const char *pattern, const char *text);

bool gp_text_equals(const char *a, size_t a_length, const char *b,
		    size_t b_length);

#endif
