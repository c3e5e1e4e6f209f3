/* SPDX-License-Identifier: MIT */
/* This module is documented in authpolicy-judge.h. */
#include "authpolicy-judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authpolicy-holds.h"
#include "authpolicy-memory.h"
#include "breaker.h"
#include "hash.h"
#include "journal.h"
#include "load.h"
#include "log.h"
#include "login.h"
#include "network-text.h"
#include "policy-access.h"
#include "policy-poll.h"
#include "poll-session.h"
#include "policy-terms.h"
#include "pool.h"
#include "program.h"
#include "store-pseudonym.h"
#include "store-redis-login.h"

enum { MSECS = 1000, LINES = 4096 };

/* So long what Redis said of a program is relied on, which may have got other terms. */
enum { GOOD_MSECS = 3600000 };

/* When a program's last line was written, by the hash of its name.  Programs that
   share a place cost each other lines, and nothing else. */
struct line {
	uint64_t program;
	int64_t at_msecs;
	unsigned int count;             /* decisions since then */
};

struct gp_auth_judge {
	struct gp_settings *settings;
	struct gp_login_store *logins;
	struct gp_store *store;         /* for reports */
	struct gp_journal *journal;
	struct gp_breaker *breaker;     /* with the mail processes of the host */
	struct gp_auth_memory *memory;
	struct gp_auth_holds holds;
	struct line lines[LINES];
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

/* --- journal --- */

/* Over the texts and their ends. */
static uint64_t hash_of(const char *const *texts, size_t count)
{
	uint64_t hash = GP_HASH_START;

	for (size_t i = 0; i < count; i++)
		hash = gp_hash_add(hash, texts[i], strlen(texts[i]) + 1);
	return hash;
}

/* The number of decisions that a line now stands for; 0: no line is due. */
static unsigned int count_for_line(struct gp_auth_judge *judge, uint64_t hash,
				   int64_t now_msecs)
{
	const int64_t interval =
		(int64_t)judge->settings->journal.interval_secs * MSECS;
	struct line *line = &judge->lines[hash % LINES];
	unsigned int count;

	if (line->program != hash)
		*line = (struct line){ .program = hash,
				       .at_msecs = now_msecs - interval };
	line->count++;
	if (now_msecs - line->at_msecs < interval)
		return 0;
	count = line->count;
	line->count = 0;
	line->at_msecs = now_msecs;
	return count;
}

/* One login that is asked about. */
struct question {
	const struct gp_auth_request *request;
	char named[GP_PROGRAM_BYTES], bare[GP_PROGRAM_BYTES];
	const char *program;            /* one of them: as it is known */
	struct gp_poll_terms terms;     /* that hold for it */
	int64_t interval_msecs;         /* in force */
	int64_t now_msecs;
};

static void write_line(struct gp_auth_judge *judge,
		       const struct question *question,
		       struct gp_journal_entry *entry)
{
	const struct gp_auth_request *request = question->request;
	char ip_text[GP_IP_TEXT_BYTES];

	entry->part = "auth";
	entry->session = request->session[0] != '\0' ? request->session : NULL;
	entry->user = request->login;
	entry->program = question->program;
	entry->ip = gp_ip_format(&request->ip, ip_text);
	entry->port = request->port > 0 ? (int64_t)request->port : -1;
	entry->mode = gp_mode_word(question->terms.mode);
	entry->check = gp_check_word(GP_CHECK_LOGIN);
	entry->policy_secs = question->interval_msecs / MSECS;
	gp_journal_write(judge->journal, entry);
}

static void note_decision(struct gp_auth_judge *judge,
			  const struct question *question,
			  const struct gp_poll_history *history,
			  const struct gp_decision *decision)
{
	const bool is_full = decision->reason == GP_REASON_HELD_MAX;
	/* An overload is one line, not one for each program. */
	const char *const whose[] = {
		is_full ? "held-max" : gp_action_word(decision->action),
		is_full ? "" : question->request->login,
		is_full ? "" : question->program,
	};
	struct gp_journal_entry entry;
	unsigned int count;

	if (decision->action != GP_ACTION_HOLD &&
	    decision->action != GP_ACTION_NOTE && !is_full)
		return;
	count = count_for_line(judge, hash_of(whose, 3), question->now_msecs);
	if (count == 0)
		return;
	gp_journal_entry_init(&entry);
	entry.action = gp_decision_word(decision);
	entry.reason = gp_reason_word(decision->reason);
	entry.why = decision->why;
	if (history->every_msecs > 0)
		entry.every_secs = (history->every_msecs + MSECS - 1) / MSECS;
	entry.early = history->early_count;
	entry.wait_secs = (decision->wait_msecs + MSECS - 1) / MSECS;
	entry.count = count;
	write_line(judge, question, &entry);
}

/* err: what went wrong; NULL where it is not known. */
static void note_store(struct gp_auth_judge *judge,
		       const struct question *question, const struct gp_error *err)
{
	const enum gp_breaker_news news = gp_breaker_news(judge->breaker);
	struct gp_journal_entry entry;

	if (news == GP_BREAKER_NO_NEWS)
		return;
	if (news == GP_BREAKER_WENT && err != NULL)
		gp_log(GP_LOG_WARNING, "%s", err->text);
	gp_journal_entry_init(&entry);
	entry.action = gp_action_word(GP_ACTION_PASS);
	entry.reason = gp_reason_word(news == GP_BREAKER_WENT
				      ? GP_REASON_STORE_UNAVAILABLE
				      : GP_REASON_STORE_BACK);
	entry.why = "redis.server";
	write_line(judge, question, &entry);
}

/* --- questions --- */

/* Dovecot asks for every service, also for those that send mail. */
static bool is_ours(const struct gp_auth_judge *judge,
		    const struct gp_auth_request *request)
{
	return judge->logins != NULL && request->login[0] != '\0' &&
		request->ip.is_known &&
		(strcmp(request->protocol, "imap") == 0 ||
		 strcmp(request->protocol, "pop3") == 0);
}

/* The question as it is about the person behind the login name. */
static struct gp_auth_request about_person(const struct gp_auth_judge *judge,
					   const struct gp_auth_request *asked)
{
	struct gp_auth_request request = *asked;

	gp_login_normalise(judge->settings, asked->login, request.login);
	return request;
}

static unsigned int hold(struct gp_auth_judge *judge,
			 const struct question *question, int64_t msecs)
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

/* own: what the userdb said when the user last logged in; by_hand: who is exempt by
   gatepostctl; NULL for nothing. */
static void find_terms(const struct gp_auth_judge *judge, struct question *question,
		       const struct gp_poll_override *own,
		       const struct gp_exemption_list *by_hand)
{
	const struct gp_poll_subject subject = {
		.user = question->request->login,
		.ip = question->request->ip,
		.program = question->program,
		.own = own,
		.now_secs = gp_clock_wall_msecs() / MSECS,
		.by_hand = by_hand,
	};

	gp_poll_terms_find(judge->settings, &subject, &question->terms);
	question->interval_msecs = (int64_t)MSECS * gp_policy_poll_interval(
		judge->settings, &question->terms,
		gp_load_percent(question->now_msecs));
}

/* The program with the name that it gave, and without. */
static void name_program(const struct gp_auth_judge *judge,
			 struct question *question)
{
	const struct gp_auth_request *request = question->request;
	const enum gp_program_key key = judge->settings->poll.program;

	question->program = gp_program_key(key, request->protocol, &request->ip,
					   request->name, question->named);
	(void)gp_program_key(key, request->protocol, &request->ip, NULL,
			     question->bare);
}

/* 1 with *known_r filled, and the terms and the name as they are known; 0 if the user is
   not known; -1 if Redis is silent. */
static int look_up(struct gp_auth_judge *judge, struct question *question,
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
	find_terms(judge, question, known_r->has_own ? &known_r->own : NULL, by_hand);
	if (known_r->program != NULL)
		question->program = known_r->program;
	return 1;
}

static unsigned int decide(struct gp_auth_judge *judge, struct question *question,
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
	note_decision(judge, question, history, &decision);
	return wait_secs;
}

/* Seconds that a login has to wait about whose user this is known. */
static unsigned int judge_known(struct gp_auth_judge *judge,
				struct question *question,
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

static uint64_t place_of(const struct question *question)
{
	const char *const texts[] = { question->request->login, question->named };

	return hash_of(texts, 2);
}

/* Only Redis knows of all who share a rate: the programs of a user who has too many,
   and those of an address that are known by no name. */
static bool shares_rate(const struct gp_auth_judge *judge,
			const struct question *question,
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

static void remember(struct gp_auth_judge *judge, const struct question *question,
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

static unsigned int ask_redis(struct gp_auth_judge *judge, struct question *question)
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
	struct question question = { .request = request, .now_msecs = now_msecs };

	name_program(judge, &question);
	find_terms(judge, &question, NULL, NULL);
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
	const struct gp_auth_request request = about_person(judge, asked);

	return is_ours(judge, &request) ? ask(judge, &request, now_msecs) : 0;
}

/* --- logins that are counted ------------------------------------------- */

/* What has been decided about it, nobody has to be told. */
static void count_login(struct gp_auth_judge *judge,
			const struct gp_auth_request *request,
			bool userdb_is_known, int64_t now_msecs)
{
	struct question question = { .request = request, .now_msecs = now_msecs };
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
	name_program(judge, &question);
	find_terms(judge, &question, NULL, NULL);
	note_store(judge, &question, NULL);
	gp_poll_session_end(&session, now_msecs);
}

void gp_auth_judge_report(struct gp_auth_judge *judge,
			  const struct gp_auth_request *request,
			  int64_t now_msecs)
{
	if (is_ours(judge, request) && request->is_success)
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
	*request_r = about_person(judge, &asked);
	return is_ours(judge, request_r);
}

/* Nothing that the session would have to refuse or write down. */
static bool may_come_so(const struct gp_auth_judge *judge,
			const struct question *question,
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
	struct question question = { .request = &request, .now_msecs = now_msecs };

	if (!read_plain(judge, login, &request) || !is_silent(judge->settings))
		return false;
	name_program(judge, &question);
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
