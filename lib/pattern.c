/* SPDX-License-Identifier: MIT */
/* This module is documented in pattern.h. */
#include "pattern.h"

static char lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
}

/* Only the last '*' is ever tried again, so that no pattern takes long. */
bool gp_pattern_matches(const char *pattern, const char *text)
{
	const char *star = NULL, *again = text;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			again = text;
		} else if (lower(*pattern) == lower(*text)) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			do
				text = ++again;
			while (*text != '\0' && *pattern != '*' &&
			       lower(*text) != lower(*pattern));
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

bool gp_text_equals(const char *a, size_t a_length, const char *b,
		    size_t b_length)
{
	if (a_length != b_length)
		return false;
	for (size_t i = 0; i < a_length; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}
