/* SPDX-License-Identifier: MIT */
/* This module is documented in plugin-library.h. */
#define _GNU_SOURCE 1   /* dladdr() */

#include "gatepost-config.h"

#include "plugin-library.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What gatepostctl status looks for in the file. */
static const char version_mark[] __attribute__((used)) =
	"gatepost-plugin-version=" PACKAGE_VERSION;

/* Dovecot loads what mail_plugins names: X_plugin for X.  False if it is not known where
   this plugin lies. */
static bool find_path(const char *name, char path[PATH_MAX])
{
	static const char here;
	const char *slash;
	Dl_info own;
	int length;

	if (dladdr(&here, &own) == 0 || own.dli_fname == NULL)
		return false;
	slash = strrchr(own.dli_fname, '/');
	if (slash == NULL)
		return false;
	length = snprintf(path, PATH_MAX, "%.*s/%s", (int)(slash - own.dli_fname),
			  own.dli_fname, name);
	return length < PATH_MAX;
}

void *gp_plugin_library_load(const char *name, const char *symbol, const char **why_r)
{
	char path[PATH_MAX];
	void *library, *address;

	if (!find_path(name, path)) {
		*why_r = "the folder of the plugin is not known";
		return NULL;
	}
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	address = library == NULL ? NULL : dlsym(library, symbol);
	if (address == NULL)
		*why_r = dlerror();
	return address;
}
