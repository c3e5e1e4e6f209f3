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

/*
 * origins has one item for each row of gp_settings_table (settings-files.h): the
 * line to blame when two do not agree.  Settings that follow
 * from others get their values; domains, aliases and groups are read.
 *
 * Returns 0; or -1 with *err filled ("PATH:LINE: ...").
 */
int gp_settings_check(struct gp_settings *settings,
		      const struct gp_origin *origins, struct gp_error *err);

#endif
