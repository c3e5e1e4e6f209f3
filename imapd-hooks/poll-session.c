/* SPDX-License-Identifier: MIT */
/*
 * This module keeps what one session knows of its program.  An answer of the
 * store says for how long the round lasts and when a new one is free; until
 * then the session needs no further answer, and counts by itself what it will
 * bring to the store with its next question.
 */
#include "poll-session.h"

#include <stdlib.h>
#include <string.h>

#include "held.h"
#include "load.h"
#include "log.h"
#include "login.h"
#include "policy-poll.h"
#include "policy-terms.h"
#include "poll-lines.h"
#include "pool.h"
#include "program.h"
#include "settings-parse.h"
#include "settings-poll.h"
#include "store-userdb.h"

struct gp_poll_session {
	const struct gp_settings *settings;
	struct gp_store *store;
	char *part, *user, *session_id;
	struct gp_ip ip;
	unsigned int local_port;
	char program[GP_PROGRAM_BYTES], client[GP_PROGRAM_SELF_BYTES];

	struct gp_poll_override own;    /* of the userdb */
	bool has_own;
	bool has_no_userdb;             /* where they could be */
	struct gp_poll_terms terms;     /* that hold for the program */

	/* the store's last answer, and until when it holds */
	bool has_answer;
	struct gp_poll_history answer;
	int64_t answer_at_msecs;
	int64_t round_until_msecs;
	int64_t early_until_msecs;

	int64_t interval_msecs;         /* that was asked with; without absence */
	int64_t human_at_msecs;         /* last human activity; -1: none */
	int64_t human_told_at_msecs;    /* what the store knows of it */

	/* what the store does not know yet; checks is below 0 when it counted
	   one check twice, because that one waited in between */
	int64_t checks;
	unsigned int bursts;
	unsigned int early_rounds;
	int64_t wrote_at_msecs;         /* -1: it knows of our last line */

	int held_fd;                    /* its place among those held; or -1 */
	int64_t last_check_at_msecs;    /* -1: none */
	int64_t waited_at_msecs;        /* end of the last delay; -1: none */
	int64_t last_answer_at_msecs;   /* when the last check was judged */
	int64_t early_round_at_msecs;   /* begin of the last one; -1: none */

	struct gp_poll_lines lines;     /* what the journal is told */
	bool has_idled;
	bool had_check, is_first_check;         /* the one that is judged */
	bool has_words;                         /* it can be told something */
};

static void forget_program(struct gp_poll_session *session)
{
	session->has_answer = false;
	session->checks = 0;
	session->bursts = 0;
	session->early_rounds = 0;
	session->wrote_at_msecs = -1;
	session->last_check_at_msecs = -1;
	session->waited_at_msecs = -1;
	session->early_round_at_msecs = -1;
	gp_poll_lines_forget(&session->lines);
}

/* by_hand: who is exempt by gatepostctl, or NULL. */
static void find_terms(struct gp_poll_session *session,
		       const struct gp_exemption_list *by_hand)
{
	const struct gp_poll_subject subject = {
		.user = session->user,
		.ip = session->ip,
		.program = session->program,
		.own = session->has_own ? &session->own : NULL,
		.now_secs = gp_clock_wall_msecs() / 1000,
		.by_hand = by_hand,
	};

	gp_poll_terms_find(session->settings, &subject, &session->terms);
}

static void begin_terms(struct gp_poll_session *session)
{
	find_terms(session, NULL);
	session->interval_msecs = (int64_t)session->terms.interval_secs * 1000;
}

struct gp_poll_session *
gp_poll_session_create(const struct gp_settings *settings,
		       struct gp_store *store, struct gp_journal *journal,
		       const char *part, const char *user,
		       const char *session_id, const struct gp_ip *ip,
		       unsigned int local_port)
{
	struct gp_poll_session *session = gp_alloc(sizeof(*session));

	session->settings = settings;
	session->store = store;
	gp_poll_lines_init(&session->lines, settings, journal);
	session->part = gp_strdup(part);
	session->user = gp_alloc(strlen(user) + 1);
	gp_login_normalise(settings, user, session->user);
	session->session_id = session_id == NULL ? NULL : gp_strdup(session_id);
	session->ip = *ip;
	session->local_port = local_port;
	(void)gp_program_key(settings->poll.program, part, ip, NULL,
			     session->program);
	begin_terms(session);
	session->held_fd = -1;
	session->human_at_msecs = -1;
	session->human_told_at_msecs = -1;
	forget_program(session);
	return session;
}

/* --- journal --- */

static struct gp_poll_speaker speaker(const struct gp_poll_session *session)
{
	return (struct gp_poll_speaker){
		.part = session->part, .user = session->user,
		.session_id = session->session_id, .program = session->program,
		.ip = &session->ip, .local_port = session->local_port,
		.mode = session->terms.mode,
		.policy_secs = gp_poll_session_interval_msecs(session) / 1000,
		.has_idled = session->has_idled, .client = session->client,
	};
}

void gp_poll_session_idled(struct gp_poll_session *session)
{
	session->has_idled = true;
}

static void write_store_line(const struct gp_poll_session *session,
			     enum gp_check check, enum gp_reason reason)
{
	const struct gp_poll_speaker whose = speaker(session);

	gp_poll_lines_store(&session->lines, &whose, check, reason);
}

static void note_decision(struct gp_poll_session *session, enum gp_check check,
			  const struct gp_poll_history *history,
			  const struct gp_decision *decision, int64_t now_msecs)
{
	const struct gp_poll_speaker whose = speaker(session);

	if (gp_poll_lines_decision(&session->lines, &whose, check, history,
				   decision, now_msecs))
		session->wrote_at_msecs = now_msecs;
}

/* Of a check that waited, and has its line for that. */
static void note_notice(const struct gp_poll_session *session,
			enum gp_check check,
			const struct gp_poll_history *history,
			const struct gp_decision *decision)
{
	const struct gp_poll_speaker whose = speaker(session);

	gp_poll_lines_notice(&session->lines, &whose, check, history, decision);
}

/* --- store --- */

/* One outage is one line when it began and one when it ended, over all sessions of the
   host.  Where there is no journal it is left to others to tell. */
static void tell_news(const struct gp_poll_session *session, enum gp_check check,
		      const struct gp_error *err)
{
	const enum gp_breaker_news news = session->lines.journal == NULL
		? GP_BREAKER_NO_NEWS : gp_breaker_news(session->store->breaker);

	if (news == GP_BREAKER_WENT) {
		gp_log(GP_LOG_WARNING, "%s", err->text);
		write_store_line(session, check, GP_REASON_STORE_UNAVAILABLE);
	} else if (news == GP_BREAKER_BACK) {
		write_store_line(session, check, GP_REASON_STORE_BACK);
	}
}

int64_t gp_poll_session_interval_msecs(const struct gp_poll_session *session)
{
	return session->has_answer && session->answer.is_away
		? (int64_t)session->terms.away_interval_secs * 1000
		: session->interval_msecs;
}

int64_t gp_poll_session_every_msecs(const struct gp_poll_session *session)
{
	return session->answer.every_msecs;
}

const char *gp_poll_session_user(const struct gp_poll_session *session)
{
	return session->user;
}

const char *gp_poll_session_program(const struct gp_poll_session *session)
{
	return session->program;
}

/* The load is only looked at if something depends on it. */
static int64_t find_interval(const struct gp_poll_session *session,
			     int64_t now_msecs)
{
	const struct gp_poll_terms *terms = &session->terms;
	const unsigned int load_percent =
		terms->interval_max_secs > terms->interval_secs
		? gp_load_percent(now_msecs) : 0;

	return (int64_t)1000 * gp_policy_poll_interval(session->settings, terms,
						       load_percent);
}

/* Who logs in for each check has nothing to wait in, and who has waited knows how to:
   they are to check less often. */
const char *gp_poll_session_notice(const struct gp_poll_session *session)
{
	const struct gp_settings *settings = session->settings;

	return session->is_first_check || session->has_idled ||
		settings->poll.idle_notice[0] == '\0'
		? settings->poll.notice : settings->poll.idle_notice;
}

/* Once the store has said that a notice is due it does not do so for a day: it is
   asked only where there are words. */
static int64_t notice_after(const struct gp_poll_session *session)
{
	return session->has_words && gp_poll_session_notice(session)[0] != '\0'
		? (int64_t)session->settings->poll.notice_after : GP_NOTICE_NEVER;
}

static void fill_query(const struct gp_poll_session *session, bool is_report,
		       int64_t now_msecs, struct gp_poll_query *query_r)
{
	const struct gp_settings *settings = session->settings;
	/* The store counts the check that asks by itself. */
	int64_t checks = session->checks - (is_report ? 0 : 1);

	*query_r = (struct gp_poll_query){
		.user = session->user,
		.program = session->program,
		.interval_msecs = session->interval_msecs,
		.round_msecs = (int64_t)settings->poll.round_secs * 1000,
		.window_msecs =
			(int64_t)settings->poll.ladder_window_secs * 1000,
		.journal_msecs = (int64_t)settings->journal.interval_secs * 1000,
		.is_report = is_report,
		.checks = checks > 0 ? (unsigned int)checks : 0,
		.bursts = session->bursts,
		.early_rounds = session->early_rounds,
		.early_age_msecs = -1,
		.journal_age_msecs = -1,
		.grace_msecs = (int64_t)settings->poll.grace_secs * 1000,
		.away_after_msecs = (int64_t)settings->poll.away_after_secs * 1000,
		.away_interval_msecs =
			(int64_t)session->terms.away_interval_secs * 1000,
		.programs_max = settings->poll.programs_max,
		.notice_after = notice_after(session),
		.had_human = session->human_at_msecs > session->human_told_at_msecs,
		.human_age_msecs = now_msecs - session->human_at_msecs,
		.userdb = session->has_no_userdb ? GP_STORE_USERDB_UNKNOWN
			: gp_store_userdb_pack(session->has_own ? &session->own : NULL),
	};
	(void)gp_poll_terms_windows(&session->terms, query_r->within_secs);
	query_r->tolerance_msecs =
		query_r->interval_msecs * settings->poll.tolerance_percent / 100;
	if (session->early_rounds > 0)
		query_r->early_age_msecs =
			now_msecs - session->early_round_at_msecs;
	if (session->wrote_at_msecs >= 0)
		query_r->journal_age_msecs =
			now_msecs - session->wrote_at_msecs;
}

/* One call of the store.  What was brought counts as brought even if no answer
   came: the store may have it, and nothing may be counted twice. */
static bool ask_store(struct gp_poll_session *session, enum gp_check check,
		      bool is_report, int64_t now_msecs,
		      struct gp_poll_history *answer_r)
{
	struct gp_poll_query query;
	struct gp_error err;
	int ret;

	if (!is_report)
		session->interval_msecs = find_interval(session, now_msecs);
	fill_query(session, is_report, now_msecs, &query);
	ret = session->store->ops->poll(session->store, &query, now_msecs,
					answer_r, &err);
	session->checks -= (int64_t)query.checks + (is_report ? 0 : 1);
	session->bursts = 0;
	session->early_rounds = 0;
	session->wrote_at_msecs = -1;
	session->human_told_at_msecs = session->human_at_msecs;
	tell_news(session, check, &err);
	return ret == 0;
}

/* For how long an answer holds.  Who is away may come back in another session: that
   shows one normal interval later at the latest. */
static int64_t valid_msecs(const struct gp_poll_session *session,
			   const struct gp_poll_history *answer)
{
	if (answer->verdict == GP_VERDICT_FREE)
		return answer->round_left_msecs;
	return answer->is_away && answer->wait_msecs > session->interval_msecs
		? session->interval_msecs : answer->wait_msecs;
}

/* Those made by hand come with the answer of the store. */
static void look_for_exemptions(struct gp_poll_session *session,
				enum gp_check check, int64_t now_msecs)
{
	const struct gp_exemption_list *by_hand;
	struct gp_error err;

	if (session->store->ops->exemptions(session->store, session->user,
					    now_msecs, &by_hand, &err) == 0)
		find_terms(session, by_hand);
	tell_news(session, check, &err);
}

static bool ask_about_check(struct gp_poll_session *session,
			    enum gp_check check, int64_t now_msecs)
{
	struct gp_poll_history *answer = &session->answer;

	session->has_answer = false;
	if (session->store == NULL ||
	    !ask_store(session, check, false, now_msecs, answer))
		return false;
	session->has_answer = true;
	session->answer_at_msecs = now_msecs;
	look_for_exemptions(session, check, now_msecs);
	session->round_until_msecs = now_msecs;
	if (answer->verdict != GP_VERDICT_EARLY)
		session->round_until_msecs += answer->round_left_msecs;
	session->early_until_msecs = now_msecs + valid_msecs(session, answer);
	if (answer->verdict != GP_VERDICT_EARLY)
		session->early_round_at_msecs = -1;
	else if (session->early_round_at_msecs < 0 ||
		 now_msecs - session->early_round_at_msecs >=
		 (int64_t)session->settings->poll.round_secs * 1000)
		session->early_round_at_msecs = now_msecs;
	if (answer->journal_due)
		session->lines.line_is_due = true;
	return true;
}

/* --- checks --- */

static void count_check(struct gp_poll_session *session, int64_t now_msecs)
{
	session->is_first_check = !session->had_check;
	session->had_check = true;
	session->checks++;
	if (session->last_check_at_msecs < 0 ||
	    now_msecs - session->last_check_at_msecs >= GP_POLL_BURST_MSECS)
		session->bursts++;
	session->last_check_at_msecs = now_msecs;
}

/* A sweep of many folders that comes too early is early once. */
static void count_early(struct gp_poll_session *session, int64_t now_msecs)
{
	int64_t round_msecs =
		(int64_t)session->settings->poll.round_secs * 1000;

	if (session->early_round_at_msecs >= 0 &&
	    now_msecs - session->early_round_at_msecs < round_msecs)
		return;
	session->early_round_at_msecs = now_msecs;
	session->early_rounds++;
}

/* Times that steps of the ladder count in may be short beside that for which an
   answer holds: what it counted gets old. */
static void recall_within(const struct gp_poll_session *session, int64_t now_msecs,
			  struct gp_poll_history *history)
{
	const int64_t age_msecs = now_msecs - session->answer_at_msecs;
	unsigned int within_secs[GP_LADDER_WINDOWS_MAX];

	(void)gp_poll_terms_windows(&session->terms, within_secs);
	for (size_t i = 0; i < GP_LADDER_WINDOWS_MAX; i++) {
		const int64_t span_msecs = (int64_t)within_secs[i] * 1000;
		unsigned int *count = &history->within_counts[i];

		*count = age_msecs >= span_msecs ? 0 : (unsigned int)
			(*count * (span_msecs - age_msecs) / span_msecs);
		*count += session->early_rounds;
	}
}

/* What the last answer says about a check that comes now. */
static void recall(struct gp_poll_session *session, bool was_counted,
		   int64_t now_msecs, struct gp_poll_history *history_r)
{
	*history_r = session->answer;
	history_r->wait_msecs = session->early_until_msecs - now_msecs;
	if (now_msecs < session->round_until_msecs) {
		if (session->answer.verdict != GP_VERDICT_FREE)
			history_r->verdict = GP_VERDICT_IN_ROUND;
		history_r->round_left_msecs =
			session->round_until_msecs - now_msecs;
	} else {
		if (!was_counted)
			count_early(session, now_msecs);
		history_r->verdict = GP_VERDICT_EARLY;
		history_r->round_left_msecs = 0;
	}
	history_r->early_count += session->early_rounds;
	recall_within(session, now_msecs, history_r);
}

/* A program that goes through 40 folders waits once, not 40 times: what comes on
   the heels of a check that was held belongs to it.  For one round at most, so
   that checking without a pause gains nothing. */
static bool burst_has_waited(const struct gp_poll_session *session,
			     int64_t now_msecs)
{
	return session->waited_at_msecs >= 0 &&
		now_msecs - session->last_answer_at_msecs < GP_POLL_BURST_MSECS &&
		now_msecs - session->waited_at_msecs <
		(int64_t)session->settings->poll.round_secs * 1000;
}

/* This login waited before there was a session: it is as if its first check had
   been held, once, and whoever held it has said so in the journal. */
static bool note_wait_before(struct gp_poll_session *session,
			     struct gp_poll_facts *facts, int64_t now_msecs)
{
	if (!session->answer.has_waited)
		return false;
	session->answer.has_waited = false;
	session->waited_at_msecs = now_msecs;
	facts->was_delayed = true;
	return true;
}

static bool human_is_present(const struct gp_poll_session *session,
			     int64_t now_msecs)
{
	return session->human_at_msecs >= 0 &&
		now_msecs - session->human_at_msecs <
		(int64_t)session->settings->poll.grace_secs * 1000;
}

/* Who is to be held needs a place for it. */
static void decide(struct gp_poll_session *session, struct gp_poll_facts *facts,
		   struct gp_decision *decision_r)
{
	enum gp_action effect;

	gp_policy_poll(session->settings, facts, decision_r);
	effect = gp_decision_effect(decision_r);
	if (effect != GP_ACTION_DELAY && effect != GP_ACTION_HOLD)
		return;
	if (gp_held_take(gp_settings_default_path(),
			 session->settings->poll.held_max, &session->held_fd))
		return;
	facts->is_full = true;
	gp_policy_poll(session->settings, facts, decision_r);
}

static void judge(struct gp_poll_session *session, struct gp_poll_facts *facts,
		  bool was_delayed, int64_t now_msecs,
		  struct gp_decision *decision_r)
{
	bool is_told = was_delayed;

	facts->terms = &session->terms;
	gp_held_give_back(&session->held_fd);
	if (session->terms.mode == GP_MODE_OFF) {
		gp_policy_poll(session->settings, facts, decision_r);
		return;
	}
	facts->was_delayed = was_delayed || burst_has_waited(session, now_msecs);
	if (was_delayed)
		session->waited_at_msecs = now_msecs;
	else
		count_check(session, now_msecs);
	session->last_answer_at_msecs = now_msecs;
	if (human_is_present(session, now_msecs)) {
		facts->history_known = true;
		facts->history = session->answer;
		facts->history.verdict = GP_VERDICT_FREE;
	} else if (session->has_answer &&
		   now_msecs < session->early_until_msecs) {
		facts->history_known = true;
		recall(session, was_delayed, now_msecs, &facts->history);
	} else if (ask_about_check(session, facts->check, now_msecs)) {
		facts->history_known = true;
		if (note_wait_before(session, facts, now_msecs))
			is_told = true;
		facts->history = session->answer;
	}
	session->answer.notice_due = false;
	decide(session, facts, decision_r);
	if (facts->history_known && !is_told)
		note_decision(session, facts->check, &facts->history,
			      decision_r, now_msecs);
	else if (facts->history_known && decision_r->gives_notice)
		note_notice(session, facts->check, &facts->history, decision_r);
}

void gp_poll_session_check(struct gp_poll_session *session,
			   enum gp_check check, int64_t told_msecs,
			   bool was_delayed, int64_t now_msecs,
			   struct gp_decision *decision_r)
{
	struct gp_poll_facts facts = {
		.check = check,
		.can_absorb = told_msecs >= 0,
		.told_msecs = told_msecs,
	};

	session->has_words = true;
	judge(session, &facts, was_delayed, now_msecs, decision_r);
}

void gp_poll_session_login(struct gp_poll_session *session, bool has_words,
			   int64_t now_msecs, struct gp_decision *decision_r)
{
	struct gp_poll_facts facts = {
		.place = GP_PLACE_LOGIN,
		.check = GP_CHECK_LOGIN,
	};

	session->has_words = has_words;
	judge(session, &facts, false, now_msecs, decision_r);
}

void gp_poll_session_released(struct gp_poll_session *session)
{
	gp_held_give_back(&session->held_fd);
}

void gp_poll_session_human(struct gp_poll_session *session, int64_t now_msecs)
{
	const int64_t grace_msecs =
		(int64_t)session->settings->poll.grace_secs * 1000;
	const bool is_news = session->human_told_at_msecs < 0 ||
		now_msecs - session->human_told_at_msecs >= grace_msecs;
	struct gp_poll_history ignored;

	if (session->terms.mode == GP_MODE_OFF ||
	    (grace_msecs == 0 && session->settings->poll.away_after_secs == 0))
		return;
	session->human_at_msecs = now_msecs;
	if (session->answer.is_away)
		session->has_answer = false;
	/* Other sessions of the user ask the store. */
	if (is_news && session->store != NULL)
		(void)ask_store(session, GP_CHECK_COUNT, true, now_msecs,
				&ignored);
}

/* --- access --- */

bool gp_poll_session_is_untold(struct gp_poll_session *session, int64_t now_msecs)
{
	struct gp_poll_history answer = { 0 };
	struct gp_poll_query query;
	struct gp_error err;
	int ret;

	if (session->store == NULL)
		return false;
	fill_query(session, true, now_msecs, &query);
	query.notice_after = GP_NOTICE_ANYWAY;
	ret = session->store->ops->poll(session->store, &query, now_msecs, &answer,
					&err);
	tell_news(session, GP_CHECK_LOGIN, &err);
	return ret == 0 && answer.notice_due;
}

void gp_poll_session_note_access(struct gp_poll_session *session,
				 const struct gp_decision *decision,
				 const char *detail)
{
	const struct gp_poll_speaker whose = speaker(session);

	gp_poll_lines_access(&session->lines, &whose, decision, detail);
}

/* --- the end, or the end of being called so --- */

static void finish_program(struct gp_poll_session *session, int64_t now_msecs)
{
	const struct gp_poll_speaker whose = speaker(session);
	struct gp_poll_history ignored;

	if (gp_poll_lines_finish(&session->lines, &whose, now_msecs))
		session->wrote_at_msecs = now_msecs;
	if (session->store != NULL &&
	    (session->checks > 0 || session->bursts > 0 ||
	     session->early_rounds > 0 || session->wrote_at_msecs >= 0 ||
	     session->human_at_msecs > session->human_told_at_msecs))
		(void)ask_store(session, GP_CHECK_COUNT, true, now_msecs,
				&ignored);
	forget_program(session);
}

void gp_poll_session_name_program(struct gp_poll_session *session,
				  const char *name, int64_t now_msecs)
{
	char program[GP_PROGRAM_BYTES];

	(void)gp_program_key(session->settings->poll.program, session->part,
			     &session->ip, name, program);
	if (strcmp(program, session->program) == 0)
		return;
	finish_program(session, now_msecs);
	memcpy(session->program, program, sizeof(program));
	begin_terms(session);
}

void gp_poll_session_identify(struct gp_poll_session *session,
			      const struct gp_program_id *id, int64_t now_msecs)
{
	if (id->name[0] != '\0')
		gp_poll_session_name_program(session, id->name, now_msecs);
	(void)gp_program_self(id, session->client);
}

void gp_poll_session_own_terms(struct gp_poll_session *session, const char *name,
			       const char *value)
{
	struct gp_error err;

	if (gp_poll_override_set(&session->own, name, value, &err) < 0) {
		gp_log(GP_LOG_ERROR, "userdb field of %s: gatepost_%s: %s",
		       session->user, name, err.text);
		return;
	}
	session->has_own = true;
	begin_terms(session);
}

void gp_poll_session_has_no_userdb(struct gp_poll_session *session)
{
	session->has_no_userdb = true;
}

void gp_poll_session_end(struct gp_poll_session **session, int64_t now_msecs)
{
	if (*session == NULL)
		return;
	finish_program(*session, now_msecs);
	gp_held_give_back(&(*session)->held_fd);
	free((*session)->part);
	free((*session)->user);
	free((*session)->session_id);
	free(*session);
	*session = NULL;
}
