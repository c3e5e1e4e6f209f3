/* SPDX-License-Identifier: MIT */
/* This module is documented in report-words.h. */
#include "report-words.h"

#include <stdlib.h>
#include <string.h>

#include "pool.h"

/* Without a default, so that the compiler asks about an action that is added. */
static enum gp_report_kind kind_of(enum gp_action action)
{
	switch (action) {
	case GP_ACTION_PASS:
		return GP_KIND_SERVED;
	case GP_ACTION_REJECT:
		return GP_KIND_REJECT;
	case GP_ACTION_TEMPFAIL:
		return GP_KIND_TEMPFAIL;
	case GP_ACTION_REWRITE:
		return GP_KIND_REWRITE;
	case GP_ACTION_NOTE:
		return GP_KIND_NOTE;
	case GP_ACTION_ABSORB:
		return GP_KIND_ABSORB;
	case GP_ACTION_DELAY:
		return GP_KIND_DELAY;
	case GP_ACTION_HOLD:
		return GP_KIND_HOLD;
	case GP_ACTION_REFUSE:
	case GP_ACTION_DISCONNECT:
		return GP_KIND_REFUSE;
	case GP_ACTION_NOTICE:
		/* Said beside another action, whose line counts the check. */
	case GP_ACTION_COUNT:
		break;
	}
	return GP_KIND_NONE;
}

void gp_report_words_init(struct gp_report_words *words_r)
{
	memset(words_r, 0, sizeof(*words_r));
	words_r->unknown.kind = GP_KIND_NONE;
	words_r->unknown.reason = -1;
}

void gp_report_words_free(struct gp_report_words *words)
{
	for (size_t i = 0; i < GP_REPORT_WORDS; i++)
		free(words->slots[i].text);
	gp_report_words_init(words);
}

static void learn(struct gp_report_word *word, const char *text)
{
	enum gp_action action;
	enum gp_reason reason;

	word->text = gp_strdup(text);
	word->is_would = strncmp(text, "would-", 6) == 0;
	word->kind = gp_action_from_word(word->is_would ? text + 6 : text,
					 &action)
		? kind_of(action) : GP_KIND_NONE;
	word->reason = gp_reason_from_word(text, &reason) ? (int)reason : -1;
}

/* There are few words, and their length and ends tell most of them apart. */
static size_t place_of(const char *text)
{
	size_t length = strlen(text);
	unsigned int first = (unsigned char)text[0];
	unsigned int last = (unsigned char)text[length > 0 ? length - 1 : 0];

	return (first * 31 + last * 7 + length * 67) % GP_REPORT_WORDS;
}

const struct gp_report_word *
gp_report_words_find(struct gp_report_words *words, const char *text)
{
	size_t i;

	if (text == NULL)
		return &words->unknown;
	i = place_of(text);
	for (; words->slots[i].text != NULL; i = (i + 1) % GP_REPORT_WORDS)
		if (strcmp(words->slots[i].text, text) == 0)
			return &words->slots[i];
	if (words->count == GP_REPORT_WORDS / 2)
		return &words->unknown;
	words->count++;
	learn(&words->slots[i], text);
	return &words->slots[i];
}

const char *gp_report_words_keep(struct gp_report_words *words, const char *text)
{
	return gp_report_words_find(words, text)->text;
}

/* The milter rejects what it would not take; the others are about checks.  A login that
   the auth policy did not hold is told by who served it. */
enum gp_report_kind
gp_report_words_kind(const struct gp_report_word *action,
		     const struct gp_report_word *reason,
		     const struct gp_journal_entry *entry)
{
	const bool is_mail = entry->part != NULL &&
		strcmp(entry->part, "milter") == 0;
	const bool is_auth = entry->part != NULL &&
		strcmp(entry->part, "auth") == 0;

	if (action->kind == GP_KIND_NONE || (is_auth &&
	    (action->kind != GP_KIND_HOLD || action->is_would)))
		return GP_KIND_NONE;
	if (action->is_would)
		return is_mail ? GP_KIND_WOULD_MAIL : GP_KIND_WOULD_CHECK;
	if (action->kind != GP_KIND_SERVED)
		return action->kind;
	if (is_mail)
		return GP_KIND_NONE;
	return reason->reason == GP_REASON_EARLY ||
		reason->reason == GP_REASON_EARLY_SERVED ||
		reason->reason == GP_REASON_HELD_MAX
		? GP_KIND_SERVED : GP_KIND_ADMITTED;
}
