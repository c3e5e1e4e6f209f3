/* SPDX-License-Identifier: MIT */
/* This module is documented in explain-line.h. */
#include "explain-line.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "author.h"
#include "cipher.h"
#include "identity.h"
#include "network-text.h"
#include "policy-rate.h"
#include "settings-rate.h"

static const char would[] = "would-";

static const char *plain_action(const char *action)
{
	return strncmp(action, would, sizeof(would) - 1) == 0
		? action + sizeof(would) - 1 : action;
}

/* "30/1m", or a number alone for one message. */
static void read_limit(const char *text, struct gp_rate_window *window_r)
{
	struct gp_rate_limits limits = { .count = 0 };
	struct gp_error unused;
	char *end;
	unsigned long count;

	*window_r = (struct gp_rate_window){ 0 };
	if (text == NULL)
		return;
	count = strtoul(text, &end, 10);
	if (*end == '\0' && count <= GP_RATE_COUNT_MAX)
		window_r->count = (unsigned int)count;
	else if (gp_rate_limits_store(&limits, text, 0, &unused) == 0 &&
		 limits.count == 1)
		*window_r = limits.windows[0];
}

int gp_line_decision(const struct gp_journal_entry *entry,
		     struct gp_decision *decision_r, struct gp_error *err)
{
	struct gp_decision decision = {
		.why = entry->why != NULL ? entry->why : "-",
		.detail = entry->detail,
		.address = entry->address,
		.wait_msecs = entry->wait_secs > 0 ? entry->wait_secs * 1000 : 0,
	};

	if (entry->action == NULL || entry->reason == NULL ||
	    entry->mode == NULL || entry->part == NULL)
		return gp_error_set(err, "the line does not say what was decided");
	if (!gp_action_from_word(plain_action(entry->action), &decision.action))
		return gp_error_set(err, "the line's action '%s' is not known",
				    entry->action);
	if (!gp_reason_from_word(entry->reason, &decision.reason))
		return gp_error_set(err, "the line's reason '%s' is not known",
				    entry->reason);
	if (!gp_mode_from_word(entry->mode, &decision.mode))
		return gp_error_set(err, "the line's mode '%s' is not known",
				    entry->mode);
	read_limit(entry->limit, &decision.limit);
	*decision_r = decision;
	return 0;
}

/* --- submission --- */

static void know_nothing_else(struct gp_typed_facts *facts)
{
	facts->unknown.tls = true;
	facts->unknown.cipher = true;
	facts->unknown.mechanism = true;
	facts->unknown.author = true;
	for (int i = 0; i < GP_AUTHOR_FIELDS; i++)
		facts->unknown.headers[i] = true;
	facts->submit.tls_version = "TLSv1.3";
	facts->submit.cipher = "TLS_AES_256_GCM_SHA384";
	if (facts->submit.login != NULL)
		facts->submit.mechanism = "PLAIN";
}

static void set_cipher(struct gp_typed_facts *facts, const char *detail)
{
	facts->submit.cipher = detail;
	facts->unknown.cipher = detail == NULL;
}

/* The reason is what the line knows of the session. */
static void know_reason(enum gp_reason reason, const char *detail,
			struct gp_typed_facts *facts)
{
	switch (reason) {
	case GP_REASON_TLS_REQUIRED:
	case GP_REASON_PLAINTEXT_LOGIN:
		facts->submit.tls_version = NULL;
		facts->submit.cipher = NULL;
		facts->unknown.tls = facts->unknown.cipher = false;
		if (reason == GP_REASON_TLS_REQUIRED || detail == NULL)
			return;
		facts->submit.mechanism = detail;
		facts->unknown.mechanism = false;
		return;
	case GP_REASON_TLS_VERSION:
		facts->submit.tls_version = detail != NULL ? detail : "TLSv1";
		facts->unknown.tls = detail == NULL;
		return;
	case GP_REASON_CIPHER_UNKNOWN:
	case GP_REASON_CIPHER_DENIED:
	case GP_REASON_CIPHER_WEAK:
	case GP_REASON_NO_FORWARD_SECRECY:
		set_cipher(facts, detail);
		return;
	case GP_REASON_MECHANISM:
		facts->submit.mechanism = detail != NULL ? detail : "";
		facts->unknown.mechanism = detail == NULL;
		return;
	case GP_REASON_AUTHOR_MISMATCH:
		facts->submit.author = "somebody-else@invalid";
		return;
	default:
		return;
	}
}

/* A header as bad as the reason says. */
static void set_header(struct gp_typed_facts *facts, enum gp_author_field field,
		       const char *text)
{
	struct gp_author_facts *author = &facts->submit.authors[field];

	*author = (struct gp_author_facts){ 0 };
	if (text != NULL)
		gp_author_add(facts->pool, text, author);
}

/* The header that the line has an address of.  It is taken as it stands: a pseudonym
   is no address, and nobody's either. */
static bool know_address(const struct gp_decision *decision,
			 struct gp_typed_facts *facts)
{
	const char **addresses;
	enum gp_author_field field;

	if (decision->address == NULL || decision->detail == NULL ||
	    !gp_author_field_from_name(decision->detail, &field))
		return false;
	addresses = gp_pool_alloc(facts->pool, sizeof(*addresses));
	addresses[0] = decision->address;
	facts->submit.authors[field] = (struct gp_author_facts){
		.fields_count = 1, .addresses = addresses, .addresses_count = 1,
	};
	facts->unknown.headers[field] = false;
	return true;
}

/* The header that the setting of a rule is about, or the first of them. */
static enum gp_author_field field_of(const char *why)
{
	return strcmp(why, "identity.sender") == 0 ? GP_AUTHOR_SENDER
		: strcmp(why, "identity.reply_to") == 0 ? GP_AUTHOR_REPLY_TO
		: strcmp(why, "identity.resent") == 0 ? GP_AUTHOR_RESENT_FROM
		: GP_AUTHOR_FROM;
}

static void know_headers(const struct gp_settings *settings,
			 const struct gp_decision *decision,
			 struct gp_typed_facts *facts)
{
	static const char stranger[] = "<somebody-else@invalid>";
	const struct gp_str_list *domains = gp_identity_domains(settings);
	const enum gp_author_field field = field_of(decision->why);
	struct gp_author_facts *author = &facts->submit.authors[field];

	facts->submit.headers_known = decision->reason != GP_REASON_HEADER_UNKNOWN;
	set_header(facts, GP_AUTHOR_FROM, facts->submit.primary);
	if (know_address(decision, facts))
		return;
	switch (decision->reason) {
	case GP_REASON_FROM_MISSING:
		set_header(facts, GP_AUTHOR_FROM, NULL);
		facts->unknown.headers[GP_AUTHOR_FROM] = false;
		return;
	case GP_REASON_FROM_NOT_OWNED:
	case GP_REASON_SENDER_HEADER_NOT_OWNED:
	case GP_REASON_REPLY_TO_NOT_OWNED:
	case GP_REASON_RESENT_NOT_OWNED:
		set_header(facts, field, stranger);
		return;
	case GP_REASON_HEADER_AMBIGUOUS:
		if (author->fields_count == 0)
			author->fields_count = 1;
		facts->unknown.headers[field] = false;
		author->trouble = decision->detail != NULL ? decision->detail
							   : "several";
		return;
	case GP_REASON_INBOUND_IDENTITY:
		if (domains->count > 0)
			set_header(facts, GP_AUTHOR_FROM, gp_pool_printf(
				facts->pool, "<postmaster@%s>",
				domains->items[0]));
		return;
	default:
		return;
	}
}

/* How much was sent is not in the line; that a limit was reached is.  Somebody who
   may send more now was let through at that moment. */
static void know_rate(const struct gp_settings *settings,
		      const struct gp_decision *decision,
		      struct gp_typed_facts *facts)
{
	struct gp_rate_verdict *verdict = &facts->rate.verdict;
	struct gp_rate_policy policy;

	facts->has_rate = true;
	facts->rate.recipients = 1;
	verdict->is_admitted = true;
	verdict->wait_ticks = decision->wait_msecs * GP_RATE_TICKS_PER_MSEC;
	facts->rate.store_is_silent =
		decision->reason == GP_REASON_RATE_STORE_FAILURE;
	if (decision->reason == GP_REASON_RECIPIENTS_PER_MESSAGE)
		facts->rate.recipients = decision->limit.count + 1;
	if (decision->reason != GP_REASON_RATE_MESSAGES &&
	    decision->reason != GP_REASON_RATE_RECIPIENTS)
		return;
	verdict->kind = decision->reason == GP_REASON_RATE_RECIPIENTS
		? GP_RATE_RECIPIENTS : GP_RATE_MESSAGES;
	gp_policy_rate_find(settings, facts->submit.login, &policy);
	for (size_t i = 0; i < policy.terms.limits[verdict->kind].count; i++) {
		const struct gp_rate_window *window =
			&policy.terms.limits[verdict->kind].windows[i];

		if (window->secs != decision->limit.secs ||
		    window->count > decision->limit.count)
			continue;
		verdict->is_admitted = false;
		verdict->window = *window;
	}
}

static enum gp_submit_stage stage_of(const struct gp_journal_entry *entry,
				     const struct gp_decision *decision)
{
	const char *why = decision->why;

	if (strcmp(why, "relay.local_domains") == 0 ||
	    strncmp(why, "relay.", 6) == 0)
		return GP_STAGE_RCPT;
	if (decision->reason == GP_REASON_INBOUND_IDENTITY)
		return entry->recipient != NULL || entry->address != NULL
			? GP_STAGE_MESSAGE : GP_STAGE_MAIL;
	if (strncmp(why, "identity.", 9) == 0 &&
	    strcmp(why, "identity.envelope") != 0)
		return GP_STAGE_MESSAGE;
	return GP_STAGE_MAIL;
}

static bool is_about_rate(const struct gp_decision *decision)
{
	return decision->reason == GP_REASON_RATE_MESSAGES ||
		decision->reason == GP_REASON_RATE_RECIPIENTS ||
		decision->reason == GP_REASON_RECIPIENTS_PER_MESSAGE ||
		decision->reason == GP_REASON_RATE_STORE_FAILURE;
}

static void submission_facts(const struct gp_journal_entry *entry,
			     const struct gp_settings *settings,
			     const struct gp_decision *decision,
			     struct gp_typed_facts *facts)
{
	struct gp_submit_facts *submit = &facts->submit;

	submit->port_known = entry->port >= 0;
	submit->port = entry->port >= 0 ? (unsigned int)entry->port : 0;
	submit->login = entry->user;
	submit->sender = entry->sender != NULL ? entry->sender : "<>";
	submit->recipient = entry->recipient;
	submit->headers_known = true;
	submit->is_stopping = decision->reason == GP_REASON_STOPPING;
	facts->stage = stage_of(entry, decision);
	know_nothing_else(facts);
	know_reason(decision->reason, entry->detail, facts);
	gp_cipher_look_up(submit->cipher, &submit->cipher_facts);
	if (submit->login != NULL)
		submit->primary = gp_identity_primary(
			settings, submit->login, gp_pool_alloc(
				facts->pool, gp_identity_primary_bytes(
					settings, submit->login)));
	if (facts->stage == GP_STAGE_MESSAGE)
		know_headers(settings, decision, facts);
	if (is_about_rate(decision) && submit->login != NULL)
		know_rate(settings, decision, facts);
}

/* --- checks for mail --- */

static enum gp_verdict verdict_of(enum gp_reason reason)
{
	return reason == GP_REASON_ADMITTED ? GP_VERDICT_ADMITTED
		: reason == GP_REASON_IN_ROUND || reason == GP_REASON_REPEATED
		? GP_VERDICT_IN_ROUND
		: reason == GP_REASON_GRACE ? GP_VERDICT_FREE : GP_VERDICT_EARLY;
}

/* How long the last round was ago: what was early by another interval may be in time
   by this one.  The wait of what was held tells nothing. */
static int64_t elapsed_of(const struct gp_journal_entry *entry,
			  const struct gp_decision *decision)
{
	if (decision->reason == GP_REASON_EARLY_SERVED ||
	    (decision->reason == GP_REASON_EARLY &&
	     decision->action != GP_ACTION_DELAY &&
	     decision->action != GP_ACTION_HOLD &&
	     decision->action != GP_ACTION_NOTICE &&
	     entry->wait_secs >= 0 && entry->policy_secs >= entry->wait_secs))
		return entry->policy_secs - entry->wait_secs;
	return entry->every_secs > 0 ? entry->every_secs : -1;
}

/* As soon after the round began as can be. */
static void know_repeated(const struct gp_settings *settings,
			  struct gp_poll_facts *poll)
{
	const int64_t round_msecs = (int64_t)settings->poll.round_secs * 1000;

	poll->told_msecs = round_msecs / 10;
	poll->history.round_left_msecs = round_msecs - poll->told_msecs;
}

static void check_facts(const struct gp_settings *settings,
			const struct gp_journal_entry *entry,
			const struct gp_decision *decision,
			struct gp_typed_facts *facts)
{
	const enum gp_reason reason = decision->reason;
	struct gp_poll_facts *poll = &facts->poll;
	const bool is_served = reason == GP_REASON_EARLY_SERVED;

	poll->place = strcmp(entry->part, "pop3") == 0 ? GP_PLACE_LOGIN
		: strcmp(entry->part, "auth") == 0 ? GP_PLACE_BEFORE_LOGIN
		: GP_PLACE_SESSION;
	poll->check = GP_CHECK_NOOP;
	if (entry->check != NULL)
		(void)gp_check_from_word(entry->check, &poll->check);
	poll->history_known = reason != GP_REASON_STORE_UNAVAILABLE;
	poll->history = (struct gp_poll_history){
		.verdict = verdict_of(reason),
		.wait_msecs = decision->wait_msecs,
		.early_count = entry->early > 0 ? (unsigned int)entry->early : 0,
		.is_away = strcmp(decision->why, "poll.away_interval") == 0,
		.is_crowded = strcmp(decision->why, "poll.programs_max") == 0,
	};
	poll->can_absorb = !is_served;
	poll->was_delayed = is_served || decision->action == GP_ACTION_ABSORB;
	poll->is_full = reason == GP_REASON_HELD_MAX;
	if (reason == GP_REASON_REPEATED)
		know_repeated(settings, poll);
	facts->user = entry->user;
	facts->program = entry->program;
	facts->every_secs = entry->every_secs > 0 ? entry->every_secs : -1;
	facts->policy_secs = entry->policy_secs;
	facts->elapsed_secs = elapsed_of(entry, decision);
	facts->verdict_given = reason == GP_REASON_IN_ROUND ||
		reason == GP_REASON_REPEATED || reason == GP_REASON_GRACE;
}

static bool is_about_access(enum gp_reason reason)
{
	return reason == GP_REASON_PROTOCOL_DENIED ||
		reason == GP_REASON_PROTOCOL_RETIRING ||
		reason == GP_REASON_TLS_REQUIRED || reason == GP_REASON_MECHANISM;
}

/* What was good enough is not in the line. */
static void access_facts(const struct gp_journal_entry *entry,
			 enum gp_reason reason, struct gp_typed_facts *facts)
{
	facts->stage = GP_STAGE_ACCESS;
	facts->poll.place = strcmp(entry->part, "pop3") == 0 ? GP_PLACE_LOGIN
							     : GP_PLACE_SESSION;
	facts->user = entry->user;
	facts->program = entry->program;
	facts->submit.port = entry->port > 0 ? (unsigned int)entry->port : 0;
	facts->tls_given = reason == GP_REASON_TLS_REQUIRED;
	facts->submit.mechanism = reason == GP_REASON_MECHANISM
		? entry->detail : NULL;
}

int gp_line_facts(const struct gp_journal_entry *entry,
		  const struct gp_settings *settings, struct gp_pool *pool,
		  struct gp_typed_facts *facts_r, struct gp_error *err)
{
	struct gp_typed_facts facts = {
		.pool = pool,
		.every_secs = -1, .elapsed_secs = -1, .policy_secs = -1,
		.submit = { .mta = GP_MTA_UNKNOWN },
	};
	struct gp_decision decision;
	struct gp_error unused;

	if (gp_line_decision(entry, &decision, err) < 0)
		return -1;
	if (decision.reason >= GP_REASON_STORE_BACK ||
	    (decision.reason == GP_REASON_STORE_UNAVAILABLE &&
	     strcmp(entry->part, "milter") == 0))
		return 0;
	facts.now_secs = facts.submit.now_secs = (int64_t)time(NULL);
	if (entry->ip != NULL)
		(void)gp_ip_parse(entry->ip, &facts.submit.client, &unused);
	facts.is_poll = strcmp(entry->part, "milter") != 0;
	if (facts.is_poll && is_about_access(decision.reason))
		access_facts(entry, decision.reason, &facts);
	else if (facts.is_poll)
		check_facts(settings, entry, &decision, &facts);
	else
		submission_facts(entry, settings, &decision, &facts);
	*facts_r = facts;
	return 1;
}
