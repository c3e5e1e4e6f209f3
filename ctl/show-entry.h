/* SPDX-License-Identifier: MIT */
/* This module shows one journal line: for people, as it stands in the journal, or
   as JSON. */
#ifndef GP_SHOW_ENTRY_H
#define GP_SHOW_ENTRY_H

#include <stdbool.h>

#include "journal.h"

enum gp_entry_form {
	GP_ENTRY_TEXT,
	GP_ENTRY_RAW,
	GP_ENTRY_JSON
};

/* A line without its newline, in memory to free().  Text: times in the reader's
   zone; bytes that a terminal might act on, and those beyond ASCII, as %XX. */
char *gp_show_entry(const struct gp_journal_entry *entry,
		    enum gp_entry_form form, bool has_colour);

/* The fields of a line by their names; those that are not known are null. */
struct json_t *gp_show_entry_json(const struct gp_journal_entry *entry);

#endif
