/* SPDX-License-Identifier: MIT */
/* This module is documented in store-question.h. */
#include "store-question.h"

#include <string.h>

enum {
	TICKS_BYTES = 6,
	SLOT_BYTES = 9,
	RECIPIENTS_BIT = 1 << 23        /* of a window's name */
};

static int64_t take(const unsigned char **bytes, int count)
{
	int64_t value = 0;

	while (count-- > 0)
		value = value * 256 + *(*bytes)++;
	return value;
}

static void put(unsigned char **bytes, int64_t value, int count)
{
	for (int shift = 8 * (count - 1); shift >= 0; shift -= 8)
		*(*bytes)++ = (unsigned char)(value >> shift);
}

/* --- checks: store-poll.lua --- */

enum { MSECS_BYTES = 5, COUNT_BYTES = 4 };
enum { FLAG_JOURNAL_DUE = 1, FLAG_HAS_WAITED = 2, FLAG_IS_AWAY = 4,
       FLAG_IS_CROWDED = 8, FLAG_NOTICE_DUE = 16 };

/* Ages that there are none of are 0. */
static int64_t with_none(bool is_there, int64_t age_msecs)
{
	return is_there && age_msecs >= 0 ? age_msecs + 1 : 0;
}

void gp_store_check_pack(const struct gp_poll_query *query, int64_t retention_msecs,
			 unsigned char packed_r[GP_STORE_CHECK_BYTES])
{
	const int64_t times[] = {
		query->interval_msecs, query->tolerance_msecs, query->round_msecs,
		query->window_msecs, query->journal_msecs, retention_msecs,
		query->grace_msecs, query->away_after_msecs,
		query->away_interval_msecs,
	};
	const int64_t ages[] = {
		with_none(true, query->early_age_msecs),
		with_none(true, query->journal_age_msecs),
		with_none(query->had_human, query->human_age_msecs),
	};
	unsigned char *end = packed_r;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		put(&end, times[i], MSECS_BYTES);
	put(&end, query->programs_max, 2);
	put(&end, query->notice_after - GP_NOTICE_ANYWAY, COUNT_BYTES);
	put(&end, query->is_report, 1);
	put(&end, query->checks, COUNT_BYTES);
	put(&end, query->bursts, COUNT_BYTES);
	put(&end, query->early_rounds, COUNT_BYTES);
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++)
		put(&end, ages[i], MSECS_BYTES);
	for (size_t i = 0; i < GP_LADDER_WINDOWS_MAX; i++)
		put(&end, query->within_secs[i], 3);
	put(&end, query->userdb, 4);
}

bool gp_store_verdict_read(const char *bytes, size_t length,
			   struct gp_poll_history *history_r)
{
	const unsigned char *packed = (const unsigned char *)bytes;
	struct gp_poll_history history = { 0 };
	unsigned int flags;

	if (length != GP_STORE_VERDICT_BYTES || packed[0] > GP_VERDICT_FREE)
		return false;
	history.verdict = (enum gp_verdict)take(&packed, 1);
	flags = (unsigned int)take(&packed, 1);
	history.wait_msecs = take(&packed, MSECS_BYTES);
	history.round_left_msecs = take(&packed, MSECS_BYTES);
	history.early_count = (unsigned int)take(&packed, COUNT_BYTES);
	history.checks_count = (unsigned int)take(&packed, COUNT_BYTES);
	history.every_msecs = take(&packed, MSECS_BYTES);
	history.within_known = true;
	for (size_t i = 0; i < GP_LADDER_WINDOWS_MAX; i++)
		history.within_counts[i] = (unsigned int)take(&packed, 1);
	history.journal_due = (flags & FLAG_JOURNAL_DUE) != 0;
	history.has_waited = (flags & FLAG_HAS_WAITED) != 0;
	history.is_away = (flags & FLAG_IS_AWAY) != 0;
	history.is_crowded = (flags & FLAG_IS_CROWDED) != 0;
	history.notice_due = (flags & FLAG_NOTICE_DUE) != 0;
	if (history.early_count > INT32_MAX || history.checks_count > INT32_MAX)
		return false;
	*history_r = history;
	return true;
}

/* --- messages: store-submit.lua --- */

static int64_t name_of(const struct gp_rate_window *window, int kind)
{
	return (int64_t)window->secs +
		(kind == GP_RATE_RECIPIENTS ? RECIPIENTS_BIT : 0);
}

size_t gp_store_submission_pack(const struct gp_submit_query *query,
				unsigned char packed_r[GP_STORE_SUBMISSION_BYTES])
{
	unsigned char *end = packed_r;

	for (int kind = 0; kind < GP_RATE_KINDS; kind++) {
		const struct gp_rate_limits *limits = &query->terms->limits[kind];

		for (size_t i = 0; i < limits->count; i++) {
			const struct gp_rate_window *window = &limits->windows[i];

			put(&end, name_of(window, kind), 3);
			put(&end, gp_rate_cost(window, (enum gp_rate_kind)kind,
					       query->recipients), TICKS_BYTES);
			put(&end, gp_rate_whole(window), TICKS_BYTES);
		}
	}
	return (size_t)(end - packed_r);
}

/* Nothing is further ahead than this; see rate.c. */
static int64_t longest_ticks(const struct gp_rate_window *window)
{
	return ((int64_t)window->secs + GP_RATE_CLOCK_SLACK_SECS) *
		GP_RATE_TICKS_PER_SEC;
}

/* Windows are counted from 1, those of messages first. */
static bool read_verdict(const struct gp_rate_terms *terms, int64_t refused_by,
			 int64_t wait_ticks, struct gp_rate_verdict *verdict_r)
{
	*verdict_r = (struct gp_rate_verdict){ .is_admitted = refused_by == 0 };
	if (refused_by <= 0)
		return refused_by == 0 && wait_ticks == 0;
	for (int kind = 0; kind < GP_RATE_KINDS; kind++) {
		const int64_t count = (int64_t)terms->limits[kind].count;

		if (refused_by <= count) {
			verdict_r->kind = (enum gp_rate_kind)kind;
			verdict_r->window =
				terms->limits[kind].windows[refused_by - 1];
			verdict_r->wait_ticks = wait_ticks;
			return wait_ticks > 0 &&
				wait_ticks <= longest_ticks(&verdict_r->window);
		}
		refused_by -= count;
	}
	return false;
}

bool gp_store_submission_read(const struct gp_rate_terms *terms,
			      const struct gp_submission_reply *reply,
			      int64_t now_ticks,
			      struct gp_submit_history *history_r)
{
	const unsigned char *bytes = reply->slots;
	struct gp_submit_history history;

	memset(&history, 0, sizeof(history));
	if (reply->length != SLOT_BYTES * (
	    terms->limits[GP_RATE_MESSAGES].count +
	    terms->limits[GP_RATE_RECIPIENTS].count) ||
	    !read_verdict(terms, reply->refused_by, reply->wait_ticks,
			  &history.verdict))
		return false;
	for (int kind = 0; kind < GP_RATE_KINDS; kind++) {
		for (size_t i = 0; i < terms->limits[kind].count; i++) {
			const struct gp_rate_window *window =
				&terms->limits[kind].windows[i];
			const int64_t name = take(&bytes, 3);
			const int64_t ahead_ticks = take(&bytes, TICKS_BYTES) -
				reply->now_ticks;

			if (name != name_of(window, kind) || ahead_ticks < 0 ||
			    ahead_ticks > longest_ticks(window))
				return false;
			history.state.slots[kind][i] = (struct gp_rate_slot){
				.secs = window->secs,
				.tat_ticks = now_ticks + ahead_ticks,
			};
		}
	}
	*history_r = history;
	return true;
}
