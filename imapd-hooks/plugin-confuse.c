/* SPDX-License-Identifier: MIT */
/*
 * This module is what a plugin has in place of lib/confuse-read.c: it loads the library
 * that has it, with libconfuse, when there is a file to parse.  A mail process lives
 * for one login, and with compiled settings it parses none.
 */
#include "confuse-read.h"

#include <stdio.h>

#include "plugin-library.h"

#define LIBRARY_NAME "libgatepost_confuse.so"

static int fail(const struct gp_confuse_reader *reader, const char *why)
{
	char text[400];

	(void)snprintf(text, sizeof(text), "it cannot be read without %s: %s; run "
		       "make install, or as root: gatepostctl compile",
		       LIBRARY_NAME, why);
	reader->error(reader->context, text, 0);
	return -1;
}

int gp_confuse_read(const struct gp_confuse_reader *reader, char *text)
{
	static gp_confuse_read_func *loaded;
	const char *why;

	if (loaded == NULL)
		loaded = (gp_confuse_read_func *)gp_plugin_library_load(
			LIBRARY_NAME, "gp_confuse_read", &why);
	return loaded == NULL ? fail(reader, why) : loaded(reader, text);
}
