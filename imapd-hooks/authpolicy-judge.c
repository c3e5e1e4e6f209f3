/* SPDX-License-Identifier: MIT */
/* This module is documented in authpolicy-judge.h. */
#include "authpolicy-judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authpolicy-holds.h"
#include "authpolicy-lines.h"
#include "authpolicy-memory.h"
#include "authpolicy-question.h"
#include "breaker.h"
#include "hash.h"
#include "journal.h"
#include "log.h"
#include "policy-access.h"
#include "policy-poll.h"
#include "poll-session.h"
#include "pool.h"
#include "store-pseudonym.h"
#include "store-redis-login.h"

enum { MSECS = 1000 };

/* So long what Redis said of a program is relied on, which may have got other terms. */
enum { GOOD_MSECS = 3600000 };

struct gp_auth_judge {
	struct gp_settings *settings;
	struct gp_login_store *logins;
	struct gp_store *store;         /* for reports */
	struct gp_journal *journal;
	struct gp_breaker *breaker;     /* with the mail processes of the host */
	struct gp_auth_memory *memory;
	struct gp_auth_holds holds;
	struct gp_auth_lines lines;
};

/* --- birth and death --- */

static bool has_history(const struct gp_settings *settings)
{
	return gp_poll_has_rules(settings) &&
		settings->redis.server[0] != '\0';
}

int gp_auth_judge_replace(struct gp_auth_judge *judge,
			  struct gp_settings *settings, struct gp_error *err)
{
	struct gp_journal *journal = gp_journal_open(settings, err);
	struct gp_breaker *breaker = gp_breaker_share(settings);
	struct gp_login_store *logins = NULL;
	struct gp_store *store = NULL;

	if (journal != NULL && has_history(settings)) {
		logins = gp_login_store_open(settings, breaker, err);
		store = gp_store_open_shared(settings, breaker, err);
	}
	if (journal == NULL || (has_history(settings) &&
				(logins == NULL || store == NULL))) {
		gp_login_store_close(&logins);
		gp_store_close(&store);
		gp_breaker_free(&breaker);
		gp_journal_close(&journal);
		return -1;
	}
	gp_login_store_close(&judge->logins);
	gp_store_close(&judge->store);
	gp_breaker_free(&judge->breaker);
	gp_journal_close(&judge->journal);
	gp_settings_free(&judge->settings);
	/* What was said holds on the terms that were asked about. */
	gp_auth_memory_free(&judge->memory);
	judge->memory = gp_auth_memory_create();
	judge->settings = settings;
	judge->logins = logins;
	judge->store = store;
	judge->breaker = breaker;
	judge->journal = journal;
	gp_auth_lines_use(&judge->lines, settings, journal);
	gp_journal_use_thread(journal);
	return 0;
}

struct gp_auth_judge *gp_auth_judge_create(struct gp_settings *settings,
					   struct gp_error *err)
{
	struct gp_auth_judge *judge = gp_alloc(sizeof(*judge));

	if (gp_auth_judge_replace(judge, settings, err) < 0)
		gp_auth_judge_free(&judge);
	return judge;
}

void gp_auth_judge_free(struct gp_auth_judge **judge)
{
	if (*judge == NULL)
		return;
	gp_login_store_close(&(*judge)->logins);
	gp_store_close(&(*judge)->store);
	gp_breaker_free(&(*judge)->breaker);
	gp_journal_close(&(*judge)->journal);
	gp_auth_memory_free(&(*judge)->memory);
	gp_settings_free(&(*judge)->settings);
	free(*judge);
	*judge = NULL;
}

/* --- questions --- */

static void note_store(struct gp_auth_judge *judge,
		       const struct gp_auth_question *question,
		       const struct gp_error *err)
{
	gp_auth_lines_store(&judge->lines, question, judge->breaker, err);
}

static bool is_judged(const struct gp_auth_judge *judge,
		      const struct gp_auth_request *request)
{
	return judge->logins != NULL && gp_auth_question_is_ours(request);
}

static unsigned int hold(struct gp_auth_judge *judge,
			 const struct gp_auth_question *question, int64_t msecs)
{
	const int64_t secs = (msecs + MSECS - 1) / MSECS;
	struct gp_error err;

	if (secs <= 0 || secs > GP_AUTH_HOLD_SECS_MAX)
		return 0;
	/* Who cannot be told from one that has not waited would wait twice. */
	if (gp_login_store_hold(judge->logins, question->request->login,
				question->program, secs * MSECS,
				question->now_msecs, &err) < 0) {
		note_store(judge, question, &err);
		return 0;
	}
	gp_auth_holds_add(&judge->holds, question->now_msecs / MSECS + secs);
	return (unsigned int)secs;
}

/* 1 with *known_r filled, and the terms and the name as they are known; 0 if the user is
   not known; -1 if Redis is silent. */
static int look_up(struct gp_auth_judge *judge, struct gp_auth_question *question,
		   struct gp_login_known *known_r)
{
	const struct gp_auth_request *request = question->request;
	const char *const programs[2] = { question->named, question->bare };
	const struct gp_exemption_list *by_hand = NULL;
	struct gp_error err;
	int result;

	result = gp_login_store_peek(judge->logins, request->login, programs,
				     question->now_msecs, known_r, &err);
	note_store(judge, question, &err);
	if (result <= 0)
		return result;
	/* Redis has just answered: nobody waits for it twice when it is silent. */
	(void)judge->store->ops->exemptions(judge->store, request->login,
					    question->now_msecs, &by_hand, &err);
	note_store(judge, question, &err);
	gp_auth_question_find_terms(judge->settings, question,
				    known_r->has_own ? &known_r->own : NULL, by_hand);
	if (known_r->program != NULL)
		question->program = known_r->program;
	return 1;
}

static unsigned int decide(struct gp_auth_judge *judge, struct gp_auth_question *question,
			   const struct gp_poll_history *history)
{
	const struct gp_poll_facts facts = {
		.place = GP_PLACE_BEFORE_LOGIN,
		.check = GP_CHECK_LOGIN,
		.terms = &question->terms,
		.history_known = true,
		.history = *history,
		.is_full = gp_auth_holds_count(&judge->holds,
					       question->now_msecs / MSECS) >=
			judge->settings->authpolicy.held_max,
	};
	struct gp_decision decision;
	unsigned int wait_secs = 0;

	gp_policy_poll(judge->settings, &facts, &decision);
	if (gp_decision_effect(&decision) == GP_ACTION_HOLD) {
		wait_secs = hold(judge, question, decision.wait_msecs);
		if (wait_secs == 0)
			return 0;
	}
	gp_auth_lines_decision(&judge->lines, question, history, &decision);
	return wait_secs;
}

/* Seconds that a login has to wait about whose user this is known. */
static unsigned int judge_known(struct gp_auth_judge *judge,
				struct gp_auth_question *question,
				const struct gp_login_known *known)
{
	const int64_t interval_msecs = question->interval_msecs;
	struct gp_poll_history history;

	question->interval_msecs = gp_login_interval(
		judge->settings, &question->terms, interval_msecs, known);
	return gp_login_judge(judge->settings, &question->terms, interval_msecs,
			      known, &history)
		? decide(judge, question, &history) : 0;
}

/* --- what need not be asked --- */

static uint64_t place_of(const struct gp_auth_question *question)
{
	const char *const texts[] = { question->request->login, question->named };

	return gp_hash_texts(texts, 2);
}

/* Only Redis knows of all who share a rate: the programs of a user who has too many,
   and those of an address that are known by no name. */
static bool shares_rate(const struct gp_auth_judge *judge,
			const struct gp_auth_question *question,
			const struct gp_login_known *known)
{
	const unsigned int programs_max = judge->settings->poll.programs_max;

	return known->program == question->bare ||
		(programs_max > 0 && known->programs_count +
		 (known->program == NULL) > programs_max);
}

/* Who will be away soon is asked about then. */
static int64_t good_msecs(const struct gp_auth_judge *judge,
			  const struct gp_login_known *known)
{
	const int64_t age = known->human_age_msecs > 0 ? known->human_age_msecs : 0;
	const int64_t left =
		(int64_t)judge->settings->poll.away_after_secs * MSECS - age;

	return left > 0 && left < GOOD_MSECS ? left : GOOD_MSECS;
}

static void remember(struct gp_auth_judge *judge, const struct gp_auth_question *question,
		     const struct gp_login_known *known, bool is_stranger,
		     unsigned int wait_secs)
{
	const int64_t now_msecs = question->now_msecs;
	const struct gp_auth_memory_news news = {
		.interval_msecs = question->interval_msecs,
		.seen_msecs = now_msecs + (int64_t)wait_secs * MSECS,
		.until_msecs = now_msecs + good_msecs(judge, known),
		.is_stranger = is_stranger,
	};

	gp_auth_memory_learn(judge->memory, place_of(question), &news, now_msecs);
}

static unsigned int ask_redis(struct gp_auth_judge *judge, struct gp_auth_question *question)
{
	struct gp_login_known known = { .program = NULL };
	const int result = look_up(judge, question, &known);
	unsigned int wait_secs = 0;

	if (result > 0)
		wait_secs = judge_known(judge, question, &known);
	if (result < 0 || shares_rate(judge, question, &known))
		gp_auth_memory_forget(judge->memory, place_of(question));
	else
		remember(judge, question, &known, result == 0, wait_secs);
	return wait_secs;
}

static unsigned int ask(struct gp_auth_judge *judge,
			const struct gp_auth_request *request,
			int64_t now_msecs)
{
	struct gp_auth_question question;

	gp_auth_question_begin(judge->settings, request, now_msecs, &question);
	gp_auth_question_find_terms(judge->settings, &question, NULL, NULL);
	/* Redis is not asked about those who are not judged at all. */
	if (question.terms.mode == GP_MODE_OFF ||
	    gp_auth_memory_see(judge->memory, place_of(&question),
			       question.interval_msecs, now_msecs))
		return 0;
	return ask_redis(judge, &question);
}

unsigned int gp_auth_judge_ask(struct gp_auth_judge *judge,
			       const struct gp_auth_request *asked,
			       int64_t now_msecs)
{
	const struct gp_auth_request request =
		gp_auth_question_about(judge->settings, asked);

	return is_judged(judge, &request) ? ask(judge, &request, now_msecs) : 0;
}

/* --- logins that are counted ------------------------------------------- */

/* What has been decided about it, nobody has to be told. */
static void count_login(struct gp_auth_judge *judge,
			const struct gp_auth_request *request,
			bool userdb_is_known, int64_t now_msecs)
{
	struct gp_auth_question question;
	struct gp_poll_session *session;
	struct gp_decision ignored;

	session = gp_poll_session_create(judge->settings, judge->store, NULL,
					 request->protocol, request->login,
					 NULL, &request->ip, request->port);
	if (!userdb_is_known)
		gp_poll_session_has_no_userdb(session);
	if (request->name[0] != '\0')
		gp_poll_session_name_program(session, request->name, now_msecs);
	gp_poll_session_login(session, false, now_msecs, &ignored);
	gp_auth_question_begin(judge->settings, request, now_msecs, &question);
	gp_auth_question_find_terms(judge->settings, &question, NULL, NULL);
	note_store(judge, &question, NULL);
	gp_poll_session_end(&session, now_msecs);
}

void gp_auth_judge_report(struct gp_auth_judge *judge,
			  const struct gp_auth_request *request,
			  int64_t now_msecs)
{
	if (is_judged(judge, request) && request->is_success)
		count_login(judge, request, false, now_msecs);
}

/* --- plain logins ------------------------------------------------------ */

/* As Dovecot would have asked about the person. */
static bool read_plain(const struct gp_auth_judge *judge,
		       const struct gp_plain_login *login,
		       struct gp_auth_request *request_r)
{
	struct gp_auth_request asked = {
		.ip = login->ip, .port = login->port
	};
	const size_t length = strlen(login->login);

	if (length >= sizeof(asked.login))
		return false;
	memcpy(asked.login, login->login, length);
	(void)snprintf(asked.protocol, sizeof(asked.protocol), "%s",
		       gp_protocol_word(login->protocol));
	(void)gp_program_name_in_id(login->id, asked.name);
	*request_r = gp_auth_question_about(judge->settings, &asked);
	return is_judged(judge, request_r);
}

/* Nothing that the session would have to refuse or write down. */
static bool may_come_so(const struct gp_auth_judge *judge,
			const struct gp_auth_question *question,
			const struct gp_plain_login *login)
{
	const struct gp_access_facts facts = {
		.protocol = login->protocol,
		.user = question->request->login,
		.client = login->ip,
		.program = question->program,
		.tls_known = true,
		.has_tls = login->has_tls,
		.mechanism = login->mechanism[0] != '\0' ? login->mechanism : NULL,
		.port = login->port,
		.now_secs = gp_clock_wall_msecs() / MSECS,
	};
	struct gp_decision decision;

	gp_policy_access(judge->settings, &facts, &decision);
	return decision.action == GP_ACTION_PASS && !decision.gives_notice;
}

/* Nothing that is told beside a check which is served. */
static bool is_silent(const struct gp_settings *settings)
{
	return !settings->journal.all_checks && settings->poll.notice[0] == '\0' &&
		settings->poll.idle_notice[0] == '\0';
}

bool gp_auth_judge_is_plain(struct gp_auth_judge *judge,
			    const struct gp_plain_login *login, int64_t now_msecs)
{
	struct gp_auth_request request;
	struct gp_auth_question question;

	if (!read_plain(judge, login, &request) || !is_silent(judge->settings))
		return false;
	gp_auth_question_begin(judge->settings, &request, now_msecs, &question);
	return may_come_so(judge, &question, login) &&
		gp_auth_memory_take(judge->memory, place_of(&question), now_msecs);
}

void gp_auth_judge_has_looked(struct gp_auth_judge *judge,
			      const struct gp_plain_login *login,
			      int64_t now_msecs)
{
	struct gp_auth_request request;

	if (read_plain(judge, login, &request))
		count_login(judge, &request, true, now_msecs);
}
