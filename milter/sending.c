/* SPDX-License-Identifier: MIT */
/* This module is documented in sending.h. */
#include "sending.h"

#include <pthread.h>

#include "answer.h"
#include "log.h"
#include "policy-rate.h"
#include "policy-terms.h"
#include "rate-memory.h"
#include "store-queue.h"

/* About 1 MiB when it is full, and 8 MiB where nothing else remembers.  Only what is
   used is really taken. */
enum { REMEMBERED_USERS_MAX = 8192, COUNTED_USERS_MAX = 65536 };

static struct gp_rate_memory *memory;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void create_memory(void)
{
	struct gp_snapshot *snapshot = gp_snapshot_acquire();

	memory = gp_rate_memory_create(
		gp_snapshot_settings(snapshot)->redis.server[0] == '\0'
		? COUNTED_USERS_MAX : REMEMBERED_USERS_MAX);
	gp_snapshot_release(&snapshot);
}

/* One question about one message. */
struct sending {
	const struct gp_settings *settings;
	const char *user;
	struct gp_rate_policy policy;
	int64_t now_msecs;
	struct gp_rate_facts facts;
};

/* False if nobody is to be counted. */
static bool begin(const struct gp_session *session, unsigned int recipients,
		  struct sending *sending_r)
{
	const struct gp_settings *settings =
		gp_snapshot_settings(session->snapshot);

	sending_r->user = gp_policy_rate_user(&session->facts);
	if (sending_r->user == NULL)
		return false;
	(void)pthread_once(&once, create_memory);
	sending_r->settings = settings;
	gp_policy_rate_find(settings, sending_r->user, &sending_r->policy);
	if (settings->rate.mode == GP_MODE_OFF)
		sending_r->policy.terms = (struct gp_rate_terms){ 0 };
	sending_r->now_msecs = gp_clock_monotonic_msecs();
	sending_r->facts = (struct gp_rate_facts){
		.recipients = recipients,
		.verdict = { .is_admitted = true },
	};
	return true;
}

static bool has_redis(const struct gp_settings *settings)
{
	return settings->redis.server[0] != '\0';
}

/* An observed message is written down once, not at each of its commands. */
static sfsistat answer(SMFICTX *context, struct gp_journal *journal,
		       struct gp_session *session,
		       const struct sending *sending)
{
	struct gp_decision decision;

	gp_policy_rate(sending->settings, &sending->policy, &sending->facts,
		       &decision);
	if (decision.mode == GP_MODE_OBSERVE &&
	    decision.action != GP_ACTION_PASS) {
		if (session->rate_is_noted)
			return SMFIS_CONTINUE;
		session->rate_is_noted = true;
	}
	return gp_answer(context, journal, session, &decision);
}

/* What is known without asking.  It may be less than what Redis knows, never
   more: other messages only make the wait longer. */
static void recall(struct sending *sending, unsigned int recipients)
{
	const struct gp_rate_terms *terms = &sending->policy.terms;

	if (gp_rate_is_limited(terms))
		gp_rate_memory_look(memory, sending->user, terms, recipients,
				    sending->now_msecs * GP_RATE_TICKS_PER_MSEC,
				    &sending->facts.verdict);
	sending->facts.store_is_silent = has_redis(sending->settings) &&
		gp_store_keeper_is_silent(sending->now_msecs);
}

sfsistat gp_sending_at_mail(SMFICTX *context, struct gp_journal *journal,
			    struct gp_session *session)
{
	struct sending sending;

	if (!begin(session, 0, &sending))
		return SMFIS_CONTINUE;
	recall(&sending, 1);
	return answer(context, journal, session, &sending);
}

sfsistat gp_sending_at_rcpt(SMFICTX *context, struct gp_journal *journal,
			    struct gp_session *session)
{
	const unsigned int recipients = session->facts.recipients_count + 1;
	struct sending sending;
	sfsistat result = SMFIS_CONTINUE;

	if (begin(session, recipients, &sending)) {
		recall(&sending, recipients);
		result = answer(context, journal, session, &sending);
	}
	if (result == SMFIS_CONTINUE)
		session->facts.recipients_count = recipients;
	return result;
}

/* While Redis is silent this process counts by itself, unless the message will be
   deferred anyway. */
static void charge_here(struct sending *sending)
{
	const struct gp_settings *settings = sending->settings;

	sending->facts.store_is_silent = has_redis(settings);
	if (!gp_rate_is_limited(&sending->policy.terms) ||
	    (sending->facts.store_is_silent && settings->rate.mode ==
	     GP_MODE_ENFORCE && settings->rate.on_store_failure ==
	     GP_STORE_FAILURE_DEFER))
		return;
	gp_rate_memory_charge(memory, sending->user, &sending->policy.terms,
			      sending->facts.recipients,
			      sending->now_msecs * GP_RATE_TICKS_PER_MSEC,
			      &sending->facts.verdict);
}

/* No history lets it pass: nobody need be asked. */
static bool is_too_large(struct sending *sending)
{
	static const struct gp_rate_state empty;
	struct gp_rate_verdict verdict;

	gp_rate_look(&sending->policy.terms, &empty, sending->facts.recipients, 0,
		     &verdict);
	if (verdict.is_never)
		sending->facts.verdict = verdict;
	return verdict.is_never;
}

/* The one question to Redis; who is far from all limits does not wait for its
   answer. */
static void charge(struct sending *sending)
{
	const struct gp_settings *settings = sending->settings;
	const struct gp_submit_query query = {
		.user = sending->user,
		.terms = &sending->policy.terms,
		.recipients = sending->facts.recipients,
		.passes_anyway = settings->rate.mode != GP_MODE_ENFORCE,
	};
	/* Else a message would pass that Redis has not heard of. */
	const bool may_defer = settings->rate.mode != GP_MODE_ENFORCE ||
		settings->rate.on_store_failure != GP_STORE_FAILURE_DEFER;
	struct gp_error err;

	if (is_too_large(sending))
		return;
	if (gp_store_queue_submit(settings, memory, &query, may_defer,
				  sending->now_msecs, &sending->facts.verdict,
				  &err) < 0)
		charge_here(sending);
}

sfsistat gp_sending_at_end(SMFICTX *context, struct gp_journal *journal,
			   struct gp_session *session)
{
	struct sending sending;

	/* What the last RCPT had is gone with it. */
	session->facts.recipient = NULL;
	if (!begin(session, session->facts.recipients_count, &sending))
		return SMFIS_CONTINUE;
	if (!has_redis(sending.settings))
		charge_here(&sending);
	else if (gp_rate_is_limited(&sending.policy.terms) ||
		 gp_poll_has_rules(sending.settings))
		charge(&sending);
	return answer(context, journal, session, &sending);
}

/* --- where it is counted --- */

static struct gp_journal *journal_of_news;      /* set before any thread starts */

/* It is nobody's doing, so the line names neither session nor user. */
static void write_line(const struct gp_settings *settings, enum gp_reason reason)
{
	struct gp_journal_entry entry;

	gp_journal_entry_init(&entry);
	entry.part = "milter";
	entry.action = "pass";
	entry.mode = gp_mode_word(settings->rate.mode);
	entry.reason = gp_reason_word(reason);
	entry.why = settings->store.kind == GP_STORE_MEMORY ? "store.kind"
		: "redis.server";
	gp_journal_write(journal_of_news, &entry);
}

static void write_news(enum gp_store_news news, const struct gp_error *err)
{
	struct gp_snapshot *snapshot = gp_snapshot_acquire();

	if (news == GP_STORE_WENT)
		gp_log(GP_LOG_WARNING, "%s", err->text);
	write_line(gp_snapshot_settings(snapshot),
		   news == GP_STORE_WENT ? GP_REASON_STORE_UNAVAILABLE
		   : GP_REASON_STORE_BACK);
	gp_snapshot_release(&snapshot);
}

void gp_sending_tell_store(const struct gp_settings *old,
			   const struct gp_settings *settings)
{
	if (has_redis(settings) || (old != NULL && !has_redis(old)))
		return;
	gp_log(GP_LOG_INFO, "no Redis: what users send is counted in the memory of "
	       "this milter, for this host and until it ends");
	write_line(settings, GP_REASON_STORE_MEMORY);
}

void gp_sending_use_journal(struct gp_journal *journal)
{
	journal_of_news = journal;
	gp_store_keeper_set_listener(write_news);
}
