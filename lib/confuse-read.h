/* SPDX-License-Identifier: MIT */
/*
 * This module reads a text in the syntax of gatepost.conf, and is the only one that
 * knows libconfuse.  It knows no setting and needs nothing else of ours, so that it
 * can stand in a library that is loaded when there is something to read
 * (imapd-hooks/plugin-confuse.c).
 *
 * libconfuse gives its callbacks no pointer of ours and has one scanner for the whole
 * program, so one thread reads at a time.  That thread is in the C locale: libconfuse
 * translates its messages, and here they must be known.
 */
#ifndef GP_CONFUSE_READ_H
#define GP_CONFUSE_READ_H

#include <stdbool.h>
#include <stddef.h>

/* What can be set; names of one section stand together. */
struct gp_confuse_name {
	const char *section;            /* NULL: the end */
	const char *name;
	bool is_list;
};

/* Who wants the text read.  Lines count from 1; 0 is the text as a whole. */
struct gp_confuse_reader {
	/* These three stand here in every version of gatepost: a library that comes
	   with another one must be able to say so. */
	const char *version;            /* PACKAGE_VERSION */
	void *context;
	void (*error)(void *context, const char *text, int line);

	const struct gp_confuse_name *names;
	/* A value as it comes, an item of a list too; section and name may be none of
	   the names.  0, or -1 to read no further. */
	int (*value)(void *context, const char *section, const char *name,
		     size_t index, const char *text, int line);
	/* Whoever includes a file calls gp_confuse_read() for it, with this same
	   reader.  As above. */
	int (*include)(void *context, const char *path, int line);
	/* A name that is none of them; section is NULL outside of sections. */
	void (*unknown)(void *context, const char *section, const char *name,
			int line);
};

/* Reads a text that settings-source.h has cleaned.  0; or -1 after error(), unknown()
   or what a callback returned.  More errors may follow the first. */
int gp_confuse_read(const struct gp_confuse_reader *reader, char *text);

typedef int gp_confuse_read_func(const struct gp_confuse_reader *reader, char *text);

#endif
