/* SPDX-License-Identifier: MIT */
/* This module is documented in poll-session.h. */
#include "poll-session.h"

#include <stdlib.h>
#include <string.h>

#include "held.h"
#include "log.h"
#include "login.h"
#include "policy-poll.h"
#include "poll-asker.h"
#include "poll-lines.h"
#include "poll-memory.h"
#include "pool.h"
#include "program.h"
#include "settings-parse.h"

struct gp_poll_session {
	const struct gp_settings *settings;
	char *part, *user, *session_id;
	struct gp_ip ip;
	unsigned int local_port;
	char program[GP_PROGRAM_BYTES], client[GP_PROGRAM_SELF_BYTES];

	int held_fd;                    /* its place among those held; or -1 */
	struct gp_poll_asker asker;
	struct gp_poll_memory memory;
	struct gp_poll_lines lines;     /* what the journal is told */
	bool has_idled;
	bool has_words;                 /* the check can be told something */
};

struct gp_poll_session *
gp_poll_session_create(const struct gp_settings *settings,
		       struct gp_store *store, struct gp_journal *journal,
		       const char *part, const char *user,
		       const char *session_id, const struct gp_ip *ip,
		       unsigned int local_port)
{
	struct gp_poll_session *session = gp_alloc(sizeof(*session));

	session->settings = settings;
	gp_poll_lines_init(&session->lines, settings, journal);
	session->part = gp_strdup(part);
	session->user = gp_alloc(strlen(user) + 1);
	gp_login_normalise(settings, user, session->user);
	session->session_id = session_id == NULL ? NULL : gp_strdup(session_id);
	session->ip = *ip;
	session->local_port = local_port;
	(void)gp_program_key(settings->poll.program, part, ip, NULL,
			     session->program);
	gp_poll_asker_init(&session->asker, settings, store, session->user,
			   session->program, &session->ip);
	session->held_fd = -1;
	gp_poll_memory_init(&session->memory, settings);
	return session;
}

void gp_poll_session_idled(struct gp_poll_session *session)
{
	session->has_idled = true;
}

int64_t gp_poll_session_interval_msecs(const struct gp_poll_session *session)
{
	return gp_poll_memory_is_away(&session->memory)
		? (int64_t)session->asker.terms.away_interval_secs * 1000
		: session->asker.interval_msecs;
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

/* --- journal --- */

static struct gp_poll_speaker speaker(const struct gp_poll_session *session)
{
	return (struct gp_poll_speaker){
		.part = session->part, .user = session->user,
		.session_id = session->session_id, .program = session->program,
		.ip = &session->ip, .local_port = session->local_port,
		.mode = session->asker.terms.mode,
		.policy_secs = gp_poll_session_interval_msecs(session) / 1000,
		.has_idled = session->has_idled, .client = session->client,
	};
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
		? GP_BREAKER_NO_NEWS : gp_breaker_news(session->asker.store->breaker);

	if (news == GP_BREAKER_WENT) {
		gp_log(GP_LOG_WARNING, "%s", err->text);
		write_store_line(session, check, GP_REASON_STORE_UNAVAILABLE);
	} else if (news == GP_BREAKER_BACK) {
		write_store_line(session, check, GP_REASON_STORE_BACK);
	}
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

/* Brings what the store does not know yet. */
static void report(struct gp_poll_session *session, int64_t now_msecs)
{
	struct gp_error err;

	if (session->asker.store == NULL)
		return;
	(void)gp_poll_asker_report(&session->asker, &session->memory,
				   notice_after(session), now_msecs, &err);
	tell_news(session, GP_CHECK_COUNT, &err);
}

/* One question, and a look at who is exempt by hand.  False if nobody answers. */
static bool ask_about_check(struct gp_poll_session *session,
			    enum gp_check check, int64_t now_msecs,
			    struct gp_poll_history *answer_r)
{
	struct gp_error err;
	int ret;

	if (session->asker.store == NULL)
		return false;
	ret = gp_poll_asker_check(&session->asker, &session->memory,
				  notice_after(session), now_msecs, answer_r, &err);
	tell_news(session, check, &err);
	if (ret < 0)
		return false;
	gp_poll_memory_answered(&session->memory, answer_r,
				session->asker.interval_msecs, now_msecs);
	(void)gp_poll_asker_exemptions(&session->asker, now_msecs, &err);
	tell_news(session, check, &err);
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

	facts->terms = &session->asker.terms;
	gp_held_give_back(&session->held_fd);
	if (session->asker.terms.mode == GP_MODE_OFF) {
		gp_policy_poll(session->settings, facts, decision_r);
		return;
	}
	facts->was_delayed =
		gp_poll_memory_check(&session->memory, was_delayed, now_msecs);
	facts->history_known =
		gp_poll_memory_recall(&session->memory, &session->asker.terms,
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

	if (session->asker.terms.mode == GP_MODE_OFF ||
	    (settings->poll.grace_secs == 0 && settings->poll.away_after_secs == 0))
		return;
	/* Other sessions of the user ask the store. */
	if (gp_poll_memory_human(&session->memory, now_msecs))
		report(session, now_msecs);
}

/* --- access --- */

bool gp_poll_session_is_untold(struct gp_poll_session *session, int64_t now_msecs)
{
	struct gp_error err;
	int ret;

	if (session->asker.store == NULL)
		return false;
	ret = gp_poll_asker_is_untold(&session->asker, &session->memory,
				      now_msecs, &err);
	tell_news(session, GP_CHECK_LOGIN, &err);
	return ret > 0;
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

	if (gp_poll_lines_finish(&session->lines, &whose, now_msecs))
		gp_poll_memory_wrote(&session->memory, now_msecs);
	if (gp_poll_memory_has_news(&session->memory))
		report(session, now_msecs);
	gp_poll_memory_forget(&session->memory);
	gp_poll_lines_forget(&session->lines);
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
	gp_poll_asker_begin(&session->asker);
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

	if (gp_poll_asker_own_terms(&session->asker, name, value, &err) < 0)
		gp_log(GP_LOG_ERROR, "userdb field of %s: gatepost_%s: %s",
		       session->user, name, err.text);
}

void gp_poll_session_has_no_userdb(struct gp_poll_session *session)
{
	session->asker.has_no_userdb = true;
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
