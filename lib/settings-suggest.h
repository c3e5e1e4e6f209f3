/* SPDX-License-Identifier: MIT */
/*
 * This module guesses what a misspelt section or setting was meant to be.
 */
#ifndef GP_SETTINGS_SUGGEST_H
#define GP_SETTINGS_SUGGEST_H

#include <stddef.h>

enum { GP_SUGGESTION_BYTES = 400 };

/*
 * section is NULL for a name that stands outside sections.  Writes a whole
 * message: "unknown setting 'intervall' in section 'poll'; did you mean
 * 'interval'?".  Returns buffer.
 */
const char *gp_settings_suggest(const char *section, const char *name,
				char buffer[GP_SUGGESTION_BYTES]);

#endif
