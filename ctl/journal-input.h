/* SPDX-License-Identifier: MIT */
/*
 * This module finds the journal's lines among those of a log, also in the JSON of
 * journalctl, and counts what it passed over.
 */
#ifndef GP_JOURNAL_INPUT_H
#define GP_JOURNAL_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal.h"
#include "journal-filter.h"

struct gp_input {
	const struct gp_filter *filter;
	uint64_t lines_count;           /* of any kind */
	uint64_t entries_count;         /* chosen by the filter */
	uint64_t broken_count;          /* ours, but damaged or forged */
};

void gp_input_init(struct gp_input *input_r, const struct gp_filter *filter);

/* Is this a journal line that the filter chooses?  Takes the line as
   gp_journal_read() does; the strings of *entry_r point into it. */
bool gp_input_take(struct gp_input *input, char *line, size_t length,
		   struct gp_journal_entry *entry_r);

/* Says on standard error what was passed over for being damaged. */
void gp_input_complain(const struct gp_input *input, uint64_t too_long_count);

#endif
