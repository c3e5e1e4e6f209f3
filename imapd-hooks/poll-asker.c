/* SPDX-License-Identifier: MIT */
/* This module is documented in poll-asker.h. */
#include "poll-asker.h"

#include "load.h"
#include "log.h"
#include "policy-poll.h"
#include "settings-poll.h"
#include "store-userdb.h"

/* --- terms --- */

static const struct gp_poll_override *own_terms(const struct gp_poll_asker *asker)
{
	return asker->has_own ? &asker->own : NULL;
}

/* by_hand: who is exempt by gatepostctl, or NULL. */
static void find_terms(struct gp_poll_asker *asker,
		       const struct gp_exemption_list *by_hand)
{
	const struct gp_poll_subject subject = {
		.user = asker->user,
		.ip = *asker->ip,
		.program = asker->program,
		.own = own_terms(asker),
		.now_secs = gp_clock_wall_msecs() / 1000,
		.by_hand = by_hand,
	};

	gp_poll_terms_find(asker->settings, &subject, &asker->terms);
}

void gp_poll_asker_begin(struct gp_poll_asker *asker)
{
	find_terms(asker, NULL);
	asker->interval_msecs = (int64_t)asker->terms.interval_secs * 1000;
}

void gp_poll_asker_init(struct gp_poll_asker *asker,
			const struct gp_settings *settings,
			struct gp_store *store, const char *user,
			const char *program, const struct gp_ip *ip)
{
	*asker = (struct gp_poll_asker){
		.settings = settings, .store = store,
		.user = user, .program = program, .ip = ip,
	};
	gp_poll_asker_begin(asker);
}

int gp_poll_asker_own_terms(struct gp_poll_asker *asker, const char *name,
			    const char *value, struct gp_error *err)
{
	if (gp_poll_override_set(&asker->own, name, value, err) < 0)
		return -1;
	asker->has_own = true;
	gp_poll_asker_begin(asker);
	return 0;
}

/* --- questions --- */

/* The load is only looked at if something depends on it. */
static int64_t find_interval(const struct gp_poll_asker *asker, int64_t now_msecs)
{
	const struct gp_poll_terms *terms = &asker->terms;
	const unsigned int load_percent =
		terms->interval_max_secs > terms->interval_secs
		? gp_load_percent(now_msecs) : 0;

	return (int64_t)1000 * gp_policy_poll_interval(asker->settings, terms,
						       load_percent);
}

/* Who is meant, and what holds for them. */
static void fill_terms(const struct gp_poll_asker *asker,
		       struct gp_poll_query *query)
{
	const struct gp_settings *settings = asker->settings;

	query->user = asker->user;
	query->program = asker->program;
	query->interval_msecs = asker->interval_msecs;
	query->tolerance_msecs =
		asker->interval_msecs * settings->poll.tolerance_percent / 100;
	query->round_msecs = (int64_t)settings->poll.round_secs * 1000;
	query->window_msecs = (int64_t)settings->poll.ladder_window_secs * 1000;
	(void)gp_poll_terms_windows(&asker->terms, query->within_secs);
	query->journal_msecs = (int64_t)settings->journal.interval_secs * 1000;
	query->grace_msecs = (int64_t)settings->poll.grace_secs * 1000;
	query->away_after_msecs = (int64_t)settings->poll.away_after_secs * 1000;
	query->away_interval_msecs =
		(int64_t)asker->terms.away_interval_secs * 1000;
	query->programs_max = settings->poll.programs_max;
	query->userdb = asker->has_no_userdb ? GP_STORE_USERDB_UNKNOWN
		: gp_store_userdb_pack(own_terms(asker));
}

/* What the store does not know; the check that asks, it counts by itself. */
static void fill_news(const struct gp_poll_memory *memory, int64_t now_msecs,
		      struct gp_poll_query *query)
{
	const int64_t checks = memory->checks - (query->is_report ? 0 : 1);

	query->checks = checks > 0 ? (unsigned int)checks : 0;
	query->bursts = memory->bursts;
	query->early_rounds = memory->early_rounds;
	query->early_age_msecs = memory->early_rounds > 0
		? now_msecs - memory->early_round_at_msecs : -1;
	query->journal_age_msecs = memory->wrote_at_msecs >= 0
		? now_msecs - memory->wrote_at_msecs : -1;
	query->had_human = memory->human_at_msecs > memory->human_told_at_msecs;
	query->human_age_msecs = now_msecs - memory->human_at_msecs;
}

static int ask(const struct gp_poll_asker *asker,
	       const struct gp_poll_memory *memory, struct gp_poll_query *query,
	       int64_t now_msecs, struct gp_poll_history *answer_r,
	       struct gp_error *err)
{
	fill_terms(asker, query);
	fill_news(memory, now_msecs, query);
	return asker->store->ops->poll(asker->store, query, now_msecs, answer_r,
				       err);
}

int gp_poll_asker_check(struct gp_poll_asker *asker,
			struct gp_poll_memory *memory, int64_t notice_after,
			int64_t now_msecs, struct gp_poll_history *answer_r,
			struct gp_error *err)
{
	struct gp_poll_query query = { .notice_after = notice_after };
	int ret;

	asker->interval_msecs = find_interval(asker, now_msecs);
	ret = ask(asker, memory, &query, now_msecs, answer_r, err);
	gp_poll_memory_brought(memory, query.checks + 1);
	return ret;
}

int gp_poll_asker_report(const struct gp_poll_asker *asker,
			 struct gp_poll_memory *memory, int64_t notice_after,
			 int64_t now_msecs, struct gp_error *err)
{
	struct gp_poll_query query = { .is_report = true,
		.notice_after = notice_after };
	struct gp_poll_history ignored;
	const int ret = ask(asker, memory, &query, now_msecs, &ignored, err);

	gp_poll_memory_brought(memory, query.checks);
	return ret;
}

int gp_poll_asker_is_untold(const struct gp_poll_asker *asker,
			    const struct gp_poll_memory *memory,
			    int64_t now_msecs, struct gp_error *err)
{
	struct gp_poll_query query = { .is_report = true,
		.notice_after = GP_NOTICE_ANYWAY };
	struct gp_poll_history answer;

	if (ask(asker, memory, &query, now_msecs, &answer, err) < 0)
		return -1;
	return answer.notice_due ? 1 : 0;
}

int gp_poll_asker_exemptions(struct gp_poll_asker *asker, int64_t now_msecs,
			     struct gp_error *err)
{
	const struct gp_exemption_list *by_hand;

	if (asker->store->ops->exemptions(asker->store, asker->user, now_msecs,
					  &by_hand, err) < 0)
		return -1;
	find_terms(asker, by_hand);
	return 0;
}
