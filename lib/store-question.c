/* SPDX-License-Identifier: MIT */
/* This module is documented in store-question.h. */
#include "store-question.h"

#include <string.h>

#include "store-userdb.h"

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

enum { MSECS_BYTES = 5, TIME_BYTES = 3, COUNT_BYTES = 4, NUMBER_BYTES = 6,
       RECORD_BYTES = 26, OWN_BYTES = 3 * GP_LADDER_WINDOWS_MAX };
enum { TIME_MAX = (1 << 24) - 1, BURSTS_MAX = UINT16_MAX, NOTICE_SHIFT = 6 };
enum { USERDB_SAYS_NOTHING = 1, IS_REPORT = 2, HAS_MORE = 4, HAS_NOTICE = 8 };
enum { ANY_NUMBER = 63, NEVER = TIME_MAX };
enum { FLAG_JOURNAL_DUE = 1, FLAG_HAS_WAITED = 2, FLAG_IS_AWAY = 4,
       FLAG_IS_CROWDED = 8, FLAG_NOTICE_DUE = 16, VERDICT_SHIFT = 5, TIME_SHIFT = 7 };

/* Ages that there are none of are 0. */
static int64_t with_none(bool is_there, int64_t age_msecs)
{
	return is_there && age_msecs >= 0 ? age_msecs + 1 : 0;
}

static int64_t least(int64_t value, int64_t top)
{
	return value < top ? value : top;
}

/* Most checks bring nothing of this. */
static bool has_more(const struct gp_poll_query *query)
{
	return query->early_rounds > 0 || query->journal_age_msecs >= 0 ||
		query->had_human || query->within_secs[0] > 0 ||
		(query->userdb != GP_STORE_USERDB_NOTHING &&
		 query->userdb != GP_STORE_USERDB_UNKNOWN);
}

static void put_more(unsigned char **end, const struct gp_poll_query *query)
{
	put(end, query->early_rounds, COUNT_BYTES);
	put(end, with_none(true, query->early_age_msecs), MSECS_BYTES);
	put(end, with_none(true, query->journal_age_msecs), MSECS_BYTES);
	put(end, with_none(query->had_human, query->human_age_msecs), MSECS_BYTES);
	for (size_t i = 0; i < GP_LADDER_WINDOWS_MAX; i++)
		put(end, query->within_secs[i], TIME_BYTES);
	put(end, query->userdb, 4);
}

size_t gp_store_check_pack(const struct gp_poll_query *query, unsigned int retention_secs,
			   unsigned char packed_r[GP_STORE_CHECK_BYTES])
{
	const int64_t terms[] = {
		query->interval_msecs / 10, query->tolerance_msecs / 10,
		query->round_msecs / 10, query->window_msecs / 1000,
		query->journal_msecs / 1000, retention_secs,
		query->grace_msecs / 1000,
		query->away_after_msecs > 0 ? query->away_after_msecs / 1000 : NEVER,
		query->away_interval_msecs / 1000,
		(query->notice_after - GP_NOTICE_ANYWAY) * (1 << NOTICE_SHIFT) +
			(query->programs_max > 0 ? query->programs_max : ANY_NUMBER),
		query->checks,
	};
	const bool is_more_known = has_more(query);
	unsigned char *end = packed_r;

	for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++)
		put(&end, least(terms[i], TIME_MAX), TIME_BYTES);
	put(&end, least(query->bursts, BURSTS_MAX), 2);
	put(&end, (query->userdb == GP_STORE_USERDB_NOTHING ? USERDB_SAYS_NOTHING : 0) +
	    (query->is_report ? IS_REPORT : 0) + (is_more_known ? HAS_MORE : 0) +
	    (query->notice_after != GP_NOTICE_NEVER ? HAS_NOTICE : 0), 1);
	if (is_more_known)
		put_more(&end, query);
	return (size_t)(end - packed_r);
}

/* What is early within the window of now, and a share of what was in the one before. */
static unsigned int early_lately(int64_t early, int64_t before, int64_t now_msecs,
				 int64_t window_msecs)
{
	const double passed = (double)(now_msecs % window_msecs) / (double)window_msecs;

	return (unsigned int)(early + (int64_t)((double)before * (1 - passed)));
}

static void read_within(const struct gp_poll_query *query, const unsigned char *own,
			int64_t now_msecs, struct gp_poll_history *history)
{
	for (size_t i = 0; i < GP_LADDER_WINDOWS_MAX && query->within_secs[i] > 0; i++) {
		const int64_t count = early_lately(own[3 * i], own[3 * i + 1], now_msecs,
			(int64_t)1000 * query->within_secs[i]);

		history->within_counts[i] = (unsigned int)least(count,
								GP_WITHIN_COUNT_MAX);
	}
	history->within_known = true;
}

/* The record as the script has just written it: how far its times are from now. */
static void read_record(const struct gp_poll_query *query, const unsigned char *record,
			int64_t now_msecs, struct gp_poll_history *history)
{
	const uint32_t at = (uint32_t)take(&record, 4);
	const int64_t age_msecs = (int64_t)10 * (uint32_t)((uint32_t)(now_msecs / 10) - at) +
		now_msecs % 10;
	const int64_t ahead_msecs = take(&record, 3) * 10;
	const int64_t interval = query->interval_msecs / 10;
	/* as it was told: who asks a millisecond too early has asked in vain */
	double tolerance = (double)(query->tolerance_msecs / 10 * 10);
	int64_t early, before;

	if (history->is_away && interval > 0)
		tolerance = tolerance * (double)query->away_interval_msecs /
			(double)(interval * 10);
	history->wait_msecs = (int64_t)((double)(ahead_msecs - age_msecs) - tolerance);
	if (history->wait_msecs < 0)
		history->wait_msecs = 0;
	history->round_left_msecs = query->round_msecs > age_msecs
		? query->round_msecs - age_msecs : 0;
	record += 3 + 3 + 2;
	history->every_msecs = take(&record, 3);
	history->checks_count = (unsigned int)take(&record, 3);
	early = take(&record, 2);
	before = take(&record, 2);
	history->early_count = early_lately(early, before, now_msecs,
					    query->window_msecs);
}

/* What follows the record. */
static void read_flags(int64_t flags, struct gp_poll_history *history)
{
	history->verdict = (enum gp_verdict)(flags >> VERDICT_SHIFT & 3);
	history->journal_due = (flags & FLAG_JOURNAL_DUE) != 0;
	history->has_waited = (flags & FLAG_HAS_WAITED) != 0;
	history->is_away = (flags & FLAG_IS_AWAY) != 0;
	history->is_crowded = (flags & FLAG_IS_CROWDED) != 0;
	history->notice_due = (flags & FLAG_NOTICE_DUE) != 0;
}

bool gp_store_verdict_read(const struct gp_poll_query *query, const char *bytes,
			   size_t length, struct gp_poll_history *history_r)
{
	const unsigned char *record = (const unsigned char *)bytes;
	const unsigned char *rest = record + RECORD_BYTES;
	const size_t own = query->within_secs[0] > 0 ? OWN_BYTES : 0;
	struct gp_poll_history history = { .within_known = true };
	int64_t number, now_msecs;
	bool is_free;

	if (length < RECORD_BYTES + NUMBER_BYTES)
		return false;
	number = take(&rest, NUMBER_BYTES);
	now_msecs = number >> TIME_SHIFT;
	read_flags(number, &history);
	is_free = length == RECORD_BYTES + NUMBER_BYTES + own + MSECS_BYTES;
	if ((!is_free && length != RECORD_BYTES + NUMBER_BYTES + own) ||
	    query->window_msecs <= 0)
		return false;
	read_record(query, record, now_msecs, &history);
	if (own > 0)
		read_within(query, rest, now_msecs, &history);
	rest += own;
	if (is_free)
		history.round_left_msecs = take(&rest, MSECS_BYTES);
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
