/* SPDX-License-Identifier: MIT */
/*
 * This module tells where a setting got its value: the file, the line, and what
 * stands there.
 */
#ifndef GP_SETTINGS_PLACE_H
#define GP_SETTINGS_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "settings.h"

struct gp_setting_place {
	const char *path;               /* NULL: nowhere, it is at its default */
	int line;
	const char *text;               /* the line without blanks around it, or the
	                                   default; not ended by NUL */
	size_t text_length;
};

/* To be used as item for a setting as a whole: where it was written last. */
#define GP_PLACE_WHOLE ((size_t)-1)

/*
 * name is "section.name", item the number of a list's item.  Texts live as long as
 * the settings.  False, with *place_r untouched, if there is no such setting.
 */
bool gp_settings_place(const struct gp_settings *settings, const char *name,
		       size_t item, struct gp_setting_place *place_r);

#endif
