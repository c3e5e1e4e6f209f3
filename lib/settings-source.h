/* SPDX-License-Identifier: MIT */
/*
 * This module reads a file that belongs to the settings, and makes its text
 * safe for libconfuse 3.3, whose scanner is global and trusts what it reads.
 * It knows no setting.
 *
 * What libconfuse would do, found by experiment: it ends the program when a
 * file cannot be read (a folder); counts a comment as three lines; skips bytes
 * it does not know, so "*5m" is "5m"; keeps its state when a string is not
 * closed; takes a section without its '}'; and fills in ${NAME} from the
 * environment, which is not the same in the milter, in Dovecot and in a shell.
 * All of this is looked at before libconfuse sees the text.
 */
#ifndef GP_SETTINGS_SOURCE_H
#define GP_SETTINGS_SOURCE_H

#include <stddef.h>

#include "error.h"
#include "file-state.h"

enum {
	GP_SOURCE_BYTES_MAX = 16 * 1024 * 1024,
	GP_VALUE_BYTES_MAX = 4096
};

struct gp_source {
	char *text;             /* length bytes and a NUL; free() it */
	size_t length;
	struct gp_file_state state; /* just before it was read */
};

/* Reads a plain file that others cannot write.  0, or -1 with *err filled
   ("PATH: why") and *source_r untouched. */
int gp_source_read(const char *path, struct gp_source *source_r,
		   struct gp_error *err);

/*
 * Makes a text with the same lines, without comments, in which all strings and
 * braces are closed and "{}" after '=' has become ''.  0 and memory to free();
 * or -1 with *err filled ("NAME:LINE: why") and *clean_r untouched.
 */
int gp_source_clean(const char *name, const struct gp_source *source,
		    char **clean_r, struct gp_error *err);

#endif
