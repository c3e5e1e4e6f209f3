/* SPDX-License-Identifier: MIT */
/*
 * This module reads gatepost.conf (libconfuse) into struct gp_settings, or says
 * in which file and line what is wrong, what is allowed, and which name was
 * probably meant.
 */
#ifndef GP_SETTINGS_PARSE_H
#define GP_SETTINGS_PARSE_H

#include "error.h"
#include "settings.h"

/*
 * Loads a file, with what it includes and the lists it names.  A section may
 * stand more than once; the last value of a name wins.
 *
 * Returns 0 and new settings, to be freed with gp_settings_free(); or -1 with
 * *err filled ("FILE:LINE: what is wrong and what is allowed") and *settings_r
 * untouched.
 */
int gp_settings_load(const char *path, struct gp_settings **settings_r,
		     struct gp_error *err);

/* The same without relay.local_domains_file and identity.alias_file, which may be large,
   and from what is compiled (settings-compiled.h) if that is current: for processes that
   come and go with each login.  Then the texts of the files are not there, and
   gp_settings_load_lists() is not for these settings. */
int gp_settings_load_for_polling(const char *path,
				 struct gp_settings **settings_r,
				 struct gp_error *err);

/* As gp_settings_load(), and makes the bytes of the compiled file; free() them. */
int gp_settings_compile(const char *path, struct gp_settings **settings_r,
			void **bytes_r, size_t *length_r, struct gp_error *err);

/* The same settings, whatever became of their files meanwhile, with the lists
   they name as those are now.  Returns as gp_settings_load() does. */
int gp_settings_load_lists(const struct gp_settings *old,
			   struct gp_settings **settings_r,
			   struct gp_error *err);

/* The defaults alone, as if gatepost.conf were empty. */
struct gp_settings *gp_settings_defaults(void);

/* $GATEPOST_CONF, or the gatepost.conf of the place of installation. */
const char *gp_settings_default_path(void);

#endif
