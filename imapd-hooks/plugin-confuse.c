/* SPDX-License-Identifier: MIT */
/*
 * This module is what a plugin has in place of lib/confuse-read.c: it loads the library
 * that has it, with libconfuse, when there is a file to parse.  A mail process lives
 * for one login, and with compiled settings it parses none.  The library lies beside
 * the plugin, wherever that was loaded from, and stays until the process ends.
 */
#define _GNU_SOURCE 1   /* dladdr() */

#include "confuse-read.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

/* Dovecot loads what mail_plugins names: X_plugin for X. */
#define LIBRARY_NAME "libgatepost_confuse.so"

static gp_confuse_read_func *loaded;

/* To be freed; NULL if it is not known where this plugin lies. */
static char *library_path(void)
{
	const char *slash;
	size_t length;
	Dl_info own;
	char *path;

	if (dladdr(&loaded, &own) == 0 || own.dli_fname == NULL)
		return NULL;
	slash = strrchr(own.dli_fname, '/');
	if (slash == NULL)
		return NULL;
	length = (size_t)(slash - own.dli_fname) + 1;
	path = gp_alloc(length + sizeof(LIBRARY_NAME));
	memcpy(path, own.dli_fname, length);
	memcpy(path + length, LIBRARY_NAME, sizeof(LIBRARY_NAME));
	return path;
}

/* NULL, and dlerror() tells why. */
static gp_confuse_read_func *load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	return library == NULL ? NULL
		: (gp_confuse_read_func *)dlsym(library, "gp_confuse_read");
}

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
	char *path;
	int result = 0;

	if (loaded == NULL) {
		path = library_path();
		if (path != NULL)
			loaded = load(path);
		if (loaded == NULL)
			result = fail(reader, path == NULL ? "the folder of "
				      "the plugin is not known" : dlerror());
		free(path);
	}
	return result < 0 ? result : loaded(reader, text);
}
