/* SPDX-License-Identifier: MIT */
/*
 * This module does what can only be done when all values are read: it holds them
 * against each other, and takes in the files that they name.
 */
#ifndef GP_SETTINGS_CHECK_H
#define GP_SETTINGS_CHECK_H

#include "error.h"
#include "settings.h"

struct gp_origin;

/* The lists that settings name: those of addresses may have a line for each user, and
   only mail in transit needs them. */
enum gp_settings_lists { GP_LISTS_ALL, GP_LISTS_OF_GROUPS };

/*
 * origins has one item for each row of gp_settings_table (settings-files.h): the
 * line to blame when two do not agree.  Settings that follow
 * from others get their values; domains, aliases and groups are read as lists says.
 *
 * Returns 0; or -1 with *err filled ("PATH:LINE: ...").
 */
int gp_settings_check(struct gp_settings *settings,
		      const struct gp_origin *origins,
		      enum gp_settings_lists lists, struct gp_error *err);

#endif
