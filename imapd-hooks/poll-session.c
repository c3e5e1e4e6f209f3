/* SPDX-License-Identifier: MIT */
/* This module is documented in poll-session.h. */
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
#include "poll-memory.h"
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

	int64_t interval_msecs;         /* that was asked with; without absence */
	int held_fd;                    /* its place among those held; or -1 */
	struct gp_poll_memory memory;
	struct gp_poll_lines lines;     /* what the journal is told */
	bool has_idled;
	bool has_words;                 /* the check can be told something */
};

static void forget_program(struct gp_poll_session *session)
{
	gp_poll_memory_forget(&session->memory);
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
	gp_poll_memory_init(&session->memory, settings);
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
		gp_poll_memory_wrote(&session->memory, now_msecs);
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
	return gp_poll_memory_is_away(&session->memory)
		? (int64_t)session->terms.away_interval_secs * 1000
		: session->interval_msecs;
}

int64_t gp_poll_session_every_msecs(const struct gp_poll_session *session)
{
	return session->memory.answer.every_msecs;
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

	return session->memory.is_first_check || session->has_idled ||
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
	const struct gp_poll_memory *memory = &session->memory;
	/* The store counts the check that asks by itself. */
	int64_t checks = memory->checks - (is_report ? 0 : 1);

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
		.bursts = memory->bursts,
		.early_rounds = memory->early_rounds,
		.early_age_msecs = -1,
		.journal_age_msecs = -1,
		.grace_msecs = (int64_t)settings->poll.grace_secs * 1000,
		.away_after_msecs = (int64_t)settings->poll.away_after_secs * 1000,
		.away_interval_msecs =
			(int64_t)session->terms.away_interval_secs * 1000,
		.programs_max = settings->poll.programs_max,
		.notice_after = notice_after(session),
		.had_human = memory->human_at_msecs > memory->human_told_at_msecs,
		.human_age_msecs = now_msecs - memory->human_at_msecs,
		.userdb = session->has_no_userdb ? GP_STORE_USERDB_UNKNOWN
			: gp_store_userdb_pack(session->has_own ? &session->own : NULL),
	};
	(void)gp_poll_terms_windows(&session->terms, query_r->within_secs);
	query_r->tolerance_msecs =
		query_r->interval_msecs * settings->poll.tolerance_percent / 100;
	if (memory->early_rounds > 0)
		query_r->early_age_msecs =
			now_msecs - memory->early_round_at_msecs;
	if (memory->wrote_at_msecs >= 0)
		query_r->journal_age_msecs =
			now_msecs - memory->wrote_at_msecs;
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
	gp_poll_memory_brought(&session->memory,
			       query.checks + (is_report ? 0 : 1));
	tell_news(session, check, &err);
	return ret == 0;
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
			    enum gp_check check, int64_t now_msecs,
			    struct gp_poll_history *answer_r)
{
	if (session->store == NULL ||
	    !ask_store(session, check, false, now_msecs, answer_r))
		return false;
	gp_poll_memory_answered(&session->memory, answer_r,
				session->interval_msecs, now_msecs);
	look_for_exemptions(session, check, now_msecs);
	if (answer_r->journal_due)
		session->lines.line_is_due = true;
	return true;
}

/* --- checks --- */

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
	facts->was_delayed =
		gp_poll_memory_check(&session->memory, was_delayed, now_msecs);
	facts->history_known =
		gp_poll_memory_recall(&session->memory, &session->terms,
				      was_delayed, now_msecs, &facts->history) ||
		ask_about_check(session, facts->check, now_msecs,
				&facts->history);
	/* Whoever held this login before there was a session has said so in the
	   journal. */
	if (facts->history.has_waited) {
		gp_poll_memory_waited(&session->memory, now_msecs);
		facts->was_delayed = true;
		is_told = true;
	}
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
	const struct gp_settings *settings = session->settings;
	struct gp_poll_history ignored;

	if (session->terms.mode == GP_MODE_OFF ||
	    (settings->poll.grace_secs == 0 && settings->poll.away_after_secs == 0))
		return;
	/* Other sessions of the user ask the store. */
	if (gp_poll_memory_human(&session->memory, now_msecs) &&
	    session->store != NULL)
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
		gp_poll_memory_wrote(&session->memory, now_msecs);
	if (session->store != NULL && gp_poll_memory_has_news(&session->memory))
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
