/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in poll-memory.h.  An answer of the store says for how
 * long the round lasts and when a new one is free; until then no further answer is
 * needed.
 */
#include "poll-memory.h"

void gp_poll_memory_forget(struct gp_poll_memory *memory)
{
	memory->has_answer = false;
	memory->checks = 0;
	memory->bursts = 0;
	memory->early_rounds = 0;
	memory->early_round_at_msecs = -1;
	memory->wrote_at_msecs = -1;
	memory->last_check_at_msecs = -1;
	memory->waited_at_msecs = -1;
}

void gp_poll_memory_init(struct gp_poll_memory *memory,
			 const struct gp_settings *settings)
{
	*memory = (struct gp_poll_memory){
		.settings = settings,
		.human_at_msecs = -1,
		.human_told_at_msecs = -1,
	};
	gp_poll_memory_forget(memory);
}

static int64_t round_msecs(const struct gp_poll_memory *memory)
{
	return (int64_t)memory->settings->poll.round_secs * 1000;
}

static int64_t grace_msecs(const struct gp_poll_memory *memory)
{
	return (int64_t)memory->settings->poll.grace_secs * 1000;
}

/* --- checks --- */

static void count_check(struct gp_poll_memory *memory, int64_t now_msecs)
{
	memory->is_first_check = !memory->had_check;
	memory->had_check = true;
	memory->checks++;
	if (memory->last_check_at_msecs < 0 ||
	    now_msecs - memory->last_check_at_msecs >= GP_POLL_BURST_MSECS)
		memory->bursts++;
	memory->last_check_at_msecs = now_msecs;
}

/* A program that goes through 40 folders waits once, not 40 times: what comes on
   the heels of a check that was held belongs to it.  For one round at most, so
   that checking without a pause gains nothing. */
static bool burst_has_waited(const struct gp_poll_memory *memory,
			     int64_t now_msecs)
{
	return memory->waited_at_msecs >= 0 &&
		now_msecs - memory->judged_at_msecs < GP_POLL_BURST_MSECS &&
		now_msecs - memory->waited_at_msecs < round_msecs(memory);
}

bool gp_poll_memory_check(struct gp_poll_memory *memory, bool was_delayed,
			  int64_t now_msecs)
{
	const bool has_waited =
		was_delayed || burst_has_waited(memory, now_msecs);

	if (was_delayed)
		memory->waited_at_msecs = now_msecs;
	else
		count_check(memory, now_msecs);
	memory->judged_at_msecs = now_msecs;
	return has_waited;
}

void gp_poll_memory_waited(struct gp_poll_memory *memory, int64_t now_msecs)
{
	memory->waited_at_msecs = now_msecs;
}

/* --- the last answer --- */

/* A sweep of many folders that comes too early is early once. */
static bool begins_early_round(const struct gp_poll_memory *memory,
			       int64_t now_msecs)
{
	return memory->early_round_at_msecs < 0 ||
		now_msecs - memory->early_round_at_msecs >= round_msecs(memory);
}

/* For how long an answer holds.  Who is away may come back in another session: that
   shows one normal interval later at the latest. */
static int64_t valid_msecs(const struct gp_poll_history *answer,
			   int64_t interval_msecs)
{
	if (answer->verdict == GP_VERDICT_FREE)
		return answer->round_left_msecs;
	return answer->is_away && answer->wait_msecs > interval_msecs
		? interval_msecs : answer->wait_msecs;
}

void gp_poll_memory_answered(struct gp_poll_memory *memory,
			     const struct gp_poll_history *answer,
			     int64_t interval_msecs, int64_t now_msecs)
{
	memory->has_answer = true;
	memory->answer = *answer;
	memory->answer.has_waited = false;
	memory->answer.notice_due = false;
	memory->answer_at_msecs = now_msecs;
	memory->early_until_msecs =
		now_msecs + valid_msecs(answer, interval_msecs);
	memory->round_until_msecs = now_msecs;
	if (answer->verdict != GP_VERDICT_EARLY) {
		memory->round_until_msecs += answer->round_left_msecs;
		memory->early_round_at_msecs = -1;
	} else if (begins_early_round(memory, now_msecs)) {
		memory->early_round_at_msecs = now_msecs;
	}
}

static void count_early(struct gp_poll_memory *memory, int64_t now_msecs)
{
	if (!begins_early_round(memory, now_msecs))
		return;
	memory->early_round_at_msecs = now_msecs;
	memory->early_rounds++;
}

/* Times that steps of the ladder count in may be short beside that for which an
   answer holds: what it counted gets old. */
static void recall_within(const struct gp_poll_memory *memory,
			  const struct gp_poll_terms *terms, int64_t now_msecs,
			  struct gp_poll_history *history)
{
	const int64_t age_msecs = now_msecs - memory->answer_at_msecs;
	unsigned int within_secs[GP_LADDER_WINDOWS_MAX];

	(void)gp_poll_terms_windows(terms, within_secs);
	for (size_t i = 0; i < GP_LADDER_WINDOWS_MAX; i++) {
		const int64_t span_msecs = (int64_t)within_secs[i] * 1000;
		unsigned int *count = &history->within_counts[i];

		*count = age_msecs >= span_msecs ? 0 : (unsigned int)
			(*count * (span_msecs - age_msecs) / span_msecs);
		*count += memory->early_rounds;
	}
}

/* What the last answer says about a check that comes now. */
static void recall_answer(struct gp_poll_memory *memory,
			  const struct gp_poll_terms *terms, bool was_delayed,
			  int64_t now_msecs, struct gp_poll_history *history_r)
{
	*history_r = memory->answer;
	history_r->wait_msecs = memory->early_until_msecs - now_msecs;
	if (now_msecs < memory->round_until_msecs) {
		if (memory->answer.verdict != GP_VERDICT_FREE)
			history_r->verdict = GP_VERDICT_IN_ROUND;
		history_r->round_left_msecs =
			memory->round_until_msecs - now_msecs;
	} else {
		if (!was_delayed)
			count_early(memory, now_msecs);
		history_r->verdict = GP_VERDICT_EARLY;
		history_r->round_left_msecs = 0;
	}
	history_r->early_count += memory->early_rounds;
	recall_within(memory, terms, now_msecs, history_r);
}

static bool human_is_present(const struct gp_poll_memory *memory,
			     int64_t now_msecs)
{
	return memory->human_at_msecs >= 0 &&
		now_msecs - memory->human_at_msecs < grace_msecs(memory);
}

bool gp_poll_memory_recall(struct gp_poll_memory *memory,
			   const struct gp_poll_terms *terms, bool was_delayed,
			   int64_t now_msecs, struct gp_poll_history *history_r)
{
	if (human_is_present(memory, now_msecs)) {
		*history_r = memory->answer;
		history_r->verdict = GP_VERDICT_FREE;
		return true;
	}
	if (memory->has_answer && now_msecs < memory->early_until_msecs) {
		recall_answer(memory, terms, was_delayed, now_msecs, history_r);
		return true;
	}
	memory->has_answer = false;
	return false;
}

bool gp_poll_memory_is_away(const struct gp_poll_memory *memory)
{
	return memory->has_answer && memory->answer.is_away;
}

/* --- what the store does not know yet --- */

/* Without a grace only an absence depends on it, and that ends for others within an
   interval. */
static int64_t fresh_msecs(const struct gp_poll_memory *memory)
{
	return memory->settings->poll.grace_secs > 0 ? grace_msecs(memory)
		: (int64_t)memory->settings->poll.interval_secs * 1000;
}

bool gp_poll_memory_human(struct gp_poll_memory *memory, int64_t now_msecs)
{
	const bool was_away = gp_poll_memory_is_away(memory);

	memory->human_at_msecs = now_msecs;
	if (was_away)
		memory->has_answer = false;
	return was_away || memory->human_told_at_msecs < 0 ||
		now_msecs - memory->human_told_at_msecs >= fresh_msecs(memory);
}

void gp_poll_memory_wrote(struct gp_poll_memory *memory, int64_t now_msecs)
{
	memory->wrote_at_msecs = now_msecs;
}

bool gp_poll_memory_has_news(const struct gp_poll_memory *memory)
{
	return memory->checks > 0 || memory->bursts > 0 ||
		memory->early_rounds > 0 || memory->wrote_at_msecs >= 0 ||
		memory->human_at_msecs > memory->human_told_at_msecs;
}

void gp_poll_memory_brought(struct gp_poll_memory *memory,
			    unsigned int checks_count)
{
	memory->checks -= (int64_t)checks_count;
	memory->bursts = 0;
	memory->early_rounds = 0;
	memory->wrote_at_msecs = -1;
	memory->human_told_at_msecs = memory->human_at_msecs;
}
