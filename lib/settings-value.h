/* SPDX-License-Identifier: MIT */
/*
 * This module turns the text of one value into what struct gp_settings holds,
 * as its row in the table says, or says what is allowed instead.  It knows no
 * file and no syntax around values.
 */
#ifndef GP_SETTINGS_VALUE_H
#define GP_SETTINGS_VALUE_H

#include <stdbool.h>

#include "error.h"
#include "settings.h"

enum { GP_SHOWN_BYTES = 64, GP_DURATION_BYTES = 32 };

/*
 * Stores a value.  index counts the items of a list: item 0 replaces what the
 * list held, "" as item 0 empties it; other types take index 0 only.
 *
 * Returns 0; or -1 with *err filled ("'5x' is not a duration; allowed is ...",
 * without the name of the setting) and the settings untouched.
 */
int gp_settings_store(struct gp_settings *settings,
		      const struct gp_setting *row, const char *text,
		      size_t index, struct gp_error *err);

/* A number within the row's range.  0, or -1 with *err filled. */
int gp_uint_parse(const struct gp_setting *row, const char *text,
		  unsigned int *value_r, struct gp_error *err);
bool gp_setting_allows(const struct gp_setting *row, unsigned long number);

/* Reads digits, and leaves *text behind them; false, with *text untouched, if there
   are none or too many for any setting. */
bool gp_number_take(const char **text, unsigned long *number_r);

/* The value of a SECS or MSECS setting as people write it: "5m", "50ms". */
const char *gp_duration_format(enum gp_setting_type type, unsigned long value,
			       char buffer[GP_DURATION_BYTES]);

/* What stands in a setting, without a range.  False, with *_r untouched, if it is
   no number or no duration. */
bool gp_number_read(const char *text, unsigned long *number_r);
bool gp_duration_read(enum gp_setting_type type, const char *text,
		      unsigned long *value_r);

/* The text, cut at 60 bytes, with '?' for bytes that a terminal might act on:
   a settings file may have been written by anybody.  Returns buffer. */
const char *gp_shown(const char *text, char buffer[GP_SHOWN_BYTES]);

#endif
