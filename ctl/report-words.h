/* SPDX-License-Identifier: MIT */
/*
 * This module knows the words of journal lines by heart: an action, a reason and a
 * setting are looked up once for each spelling.
 */
#ifndef GP_REPORT_WORDS_H
#define GP_REPORT_WORDS_H

#include "report.h"

struct gp_report_word {
	char *text;
	enum gp_report_kind kind;       /* as an action; GP_KIND_NONE */
	bool is_would;
	int reason;                     /* as a reason; -1 */
};

enum { GP_REPORT_WORDS = 512 };

struct gp_report_words {
	struct gp_report_word slots[GP_REPORT_WORDS];
	size_t count;
	struct gp_report_word unknown;
};

void gp_report_words_init(struct gp_report_words *words_r);
void gp_report_words_free(struct gp_report_words *words);

/* NULL, and what comes when there are too many, is a word that means nothing. */
const struct gp_report_word *
gp_report_words_find(struct gp_report_words *words, const char *text);

/* The same text in memory that lives as long as words; NULL without room. */
const char *gp_report_words_keep(struct gp_report_words *words,
				 const char *text);

enum gp_report_kind
gp_report_words_kind(const struct gp_report_word *action,
		     const struct gp_report_word *reason,
		     const struct gp_journal_entry *entry);

#endif
