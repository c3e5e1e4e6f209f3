/* SPDX-License-Identifier: MIT */
/*
 * This module is what a session remembers between two questions to the store: the
 * last answer and for how long it holds, and what came since, to be brought with the
 * next question.  It knows neither store nor journal, and is told the time.
 */
#ifndef GP_POLL_MEMORY_H
#define GP_POLL_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "facts.h"
#include "policy-terms.h"
#include "settings.h"

/* For others to read; only the functions below write. */
struct gp_poll_memory {
	const struct gp_settings *settings;

	/* the store's last answer, and until when it holds */
	bool has_answer;
	struct gp_poll_history answer;  /* without what is said once */
	int64_t answer_at_msecs;
	int64_t round_until_msecs;
	int64_t early_until_msecs;

	/* what the store does not know yet; checks is below 0 when it counted
	   one check twice, because that one waited in between */
	int64_t checks;
	unsigned int bursts;
	unsigned int early_rounds;
	int64_t early_round_at_msecs;   /* begin of the last one; -1: none */
	int64_t wrote_at_msecs;         /* -1: it knows of our last line */
	int64_t human_at_msecs;         /* last human activity; -1: none */
	int64_t human_told_at_msecs;    /* what the store knows of it */

	int64_t last_check_at_msecs;    /* that did not wait; -1: none */
	int64_t judged_at_msecs;        /* the last check, waited or not */
	int64_t waited_at_msecs;        /* end of the last delay; -1: none */
	bool had_check, is_first_check; /* the one that is judged */
};

/* settings must live as long. */
void gp_poll_memory_init(struct gp_poll_memory *memory,
			 const struct gp_settings *settings);

/* What comes is about another program of the same person. */
void gp_poll_memory_forget(struct gp_poll_memory *memory);

/* A check is to be judged: a new one, which counts, or one that was_delayed already.
   True if it has waited, or what it came on the heels of. */
bool gp_poll_memory_check(struct gp_poll_memory *memory, bool was_delayed,
			  int64_t now_msecs);

/* What is known of that check.  False, with *history_r untouched, if only the store
   can tell: no answer of it holds any more. */
bool gp_poll_memory_recall(struct gp_poll_memory *memory,
			   const struct gp_poll_terms *terms, bool was_delayed,
			   int64_t now_msecs,
			   struct gp_poll_history *history_r);

/* The store has answered about that check, asked with this interval. */
void gp_poll_memory_answered(struct gp_poll_memory *memory,
			     const struct gp_poll_history *answer,
			     int64_t interval_msecs, int64_t now_msecs);

/* That check waited before there was a session: it is as if it had been held here. */
void gp_poll_memory_waited(struct gp_poll_memory *memory, int64_t now_msecs);

/* The user has done what only a person does.  True if the store is to hear of it now:
   the user was away, or what it knows is older than poll.grace, or than poll.interval
   where there is no grace. */
bool gp_poll_memory_human(struct gp_poll_memory *memory, int64_t now_msecs);

/* There is a line about early checks in the journal. */
void gp_poll_memory_wrote(struct gp_poll_memory *memory, int64_t now_msecs);

/* Is there anything that the store does not know? */
bool gp_poll_memory_has_news(const struct gp_poll_memory *memory);

/* The store was brought all that it did not know, and has counted so many checks. */
void gp_poll_memory_brought(struct gp_poll_memory *memory,
			    unsigned int checks_count);

/* By the last answer, while it holds. */
bool gp_poll_memory_is_away(const struct gp_poll_memory *memory);

#endif
