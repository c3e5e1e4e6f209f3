/* SPDX-License-Identifier: MIT */
/* This module is documented in explain-facts.h. */
#include "explain-facts.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "author.h"
#include "cipher.h"
#include "idn.h"
#include "network-text.h"

enum group { SUBMIT, POLL, EITHER };

struct fact {
	const char *name;
	enum group group;
	int (*set)(struct gp_typed_facts *facts, const char *value,
		   struct gp_error *err);
};

static const char *text_or_null(const char *value)
{
	return strcmp(value, "-") == 0 || strcmp(value, "no") == 0 ||
		*value == '\0' ? NULL : value;
}

static int parse_bool(const char *value, bool *flag_r, struct gp_error *err)
{
	if (strcmp(value, "yes") == 0)
		*flag_r = true;
	else if (strcmp(value, "no") == 0)
		*flag_r = false;
	else
		return gp_error_set(err, "'%s' is neither yes nor no", value);
	return 0;
}

static int parse_number(const char *value, long max, long *number_r,
			struct gp_error *err)
{
	char *end;
	long number = strtol(value, &end, 10);

	if (*value < '0' || *value > '9' || *end != '\0' || number > max)
		return gp_error_set(err, "'%s' is not a number from 0 to %ld",
				    value, max);
	*number_r = number;
	return 0;
}

static int set_part(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	if (strcmp(value, "milter") == 0)
		facts->is_poll = false;
	else if (strcmp(value, "imap") != 0 && strcmp(value, "pop3") != 0 &&
		 strcmp(value, "auth") != 0)
		return gp_error_set(err, "'%s' is none of milter, imap, pop3, auth",
				    value);
	else
		facts->is_poll = true;
	facts->poll.place = strcmp(value, "pop3") == 0 ? GP_PLACE_LOGIN
		: strcmp(value, "auth") == 0 ? GP_PLACE_BEFORE_LOGIN
		: GP_PLACE_SESSION;
	return 0;
}

static int set_stage(struct gp_typed_facts *facts, const char *value,
		     struct gp_error *err)
{
	if (strcmp(value, "mail") == 0)
		facts->stage = GP_STAGE_MAIL;
	else if (strcmp(value, "rcpt") == 0)
		facts->stage = GP_STAGE_RCPT;
	else if (strcmp(value, "message") == 0)
		facts->stage = GP_STAGE_MESSAGE;
	else if (strcmp(value, "access") == 0)
		facts->stage = GP_STAGE_ACCESS;
	else
		return gp_error_set(err, "'%s' is none of mail, rcpt, message, "
				    "access", value);
	return 0;
}

static int set_mta(struct gp_typed_facts *facts, const char *value,
		   struct gp_error *err)
{
	if (strcmp(value, "postfix") == 0)
		facts->submit.mta = GP_MTA_POSTFIX;
	else if (strcmp(value, "sendmail") == 0)
		facts->submit.mta = GP_MTA_SENDMAIL;
	else if (strcmp(value, "-") == 0)
		facts->submit.mta = GP_MTA_UNKNOWN;
	else
		return gp_error_set(err, "'%s' is none of postfix, sendmail, -",
				    value);
	return 0;
}

static int set_port(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	long port = 0;

	facts->submit.port_known = strcmp(value, "-") != 0;
	if (!facts->submit.port_known)
		return 0;
	if (parse_number(value, 65535, &port, err) < 0)
		return -1;
	facts->submit.port = (unsigned int)port;
	return 0;
}

static int set_ip(struct gp_typed_facts *facts, const char *value,
		  struct gp_error *err)
{
	if (strcmp(value, "-") != 0)
		return gp_ip_parse(value, &facts->submit.client, err);
	facts->submit.client.is_known = false;
	return 0;
}

static int set_tls(struct gp_typed_facts *facts, const char *value,
		   struct gp_error *err)
{
	(void)err;
	facts->tls_given = strcmp(value, "-") != 0;
	facts->submit.tls_version = strcmp(value, "yes") == 0
		? "TLSv1.3" : text_or_null(value);
	return 0;
}

static int set_cipher(struct gp_typed_facts *facts, const char *value,
		      struct gp_error *err)
{
	(void)err;
	facts->submit.cipher = text_or_null(value);
	facts->cipher_given = true;
	return 0;
}

static int set_auth(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	bool is_logged_in;

	if (parse_bool(value, &is_logged_in, err) < 0)
		return -1;
	facts->submit.login = is_logged_in ? "user" : NULL;
	return 0;
}

static int set_login(struct gp_typed_facts *facts, const char *value,
		     struct gp_error *err)
{
	(void)err;
	facts->submit.login = text_or_null(value);
	return 0;
}

/* "" and not NULL: somebody said that there is none. */
static int set_mechanism(struct gp_typed_facts *facts, const char *value,
			 struct gp_error *err)
{
	(void)err;
	facts->submit.mechanism = strcmp(value, "-") == 0 ? "" : value;
	return 0;
}

static int set_sender(struct gp_typed_facts *facts, const char *value,
		      struct gp_error *err)
{
	(void)err;
	facts->submit.sender = gp_idn_address(facts->pool, value);
	return 0;
}

static int set_author(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	(void)err;
	facts->submit.author = text_or_null(value);
	return 0;
}

static int set_subject(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	(void)err;
	facts->submit.cert_subject = text_or_null(value);
	return 0;
}

static int set_issuer(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	(void)err;
	facts->submit.cert_issuer = text_or_null(value);
	return 0;
}

static int set_verify(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	(void)err;
	facts->submit.cert_verify = text_or_null(value);
	return 0;
}

static int set_sender_resolved(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	(void)err;
	facts->submit.sender_resolved = text_or_null(value);
	return 0;
}

static int set_proxy(struct gp_typed_facts *facts, const char *value,
		     struct gp_error *err)
{
	return gp_ip_parse(value, &facts->submit.proxy, err);
}

/* A day, at its beginning in UTC. */
static int set_day(struct gp_typed_facts *facts, const char *value,
		   struct gp_error *err)
{
	struct tm day = { 0 };
	const char *end = strptime(value, "%Y-%m-%d", &day);

	if (end == NULL || *end != '\0')
		return gp_error_set(err, "'%s' is not YYYY-MM-DD", value);
	facts->submit.now_secs = (int64_t)timegm(&day);
	return 0;
}

static int set_recipient(struct gp_typed_facts *facts, const char *value,
			 struct gp_error *err)
{
	(void)err;
	facts->submit.recipient = gp_idn_address(facts->pool, value);
	facts->stage = GP_STAGE_RCPT;
	return 0;
}

static int set_resolved(struct gp_typed_facts *facts, const char *value,
			struct gp_error *err)
{
	(void)err;
	facts->submit.recipient_resolved = text_or_null(value);
	return 0;
}

static int set_mailer(struct gp_typed_facts *facts, const char *value,
		      struct gp_error *err)
{
	(void)err;
	facts->submit.recipient_mailer = text_or_null(value);
	return 0;
}

/* One more line of an author header. */
static int add_header(struct gp_typed_facts *facts, const char *value,
		      enum gp_author_field field)
{
	facts->stage = GP_STAGE_MESSAGE;
	if (strcmp(value, "-") != 0)
		gp_author_add(facts->pool, value, &facts->submit.authors[field]);
	return 0;
}

static int set_from(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	(void)err;
	return add_header(facts, value, GP_AUTHOR_FROM);
}

static int set_sender_header(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	(void)err;
	return add_header(facts, value, GP_AUTHOR_SENDER);
}

static int set_reply_to(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	(void)err;
	return add_header(facts, value, GP_AUTHOR_REPLY_TO);
}

static int set_resent_from(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	(void)err;
	return add_header(facts, value, GP_AUTHOR_RESENT_FROM);
}

static int set_resent_sender(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	(void)err;
	return add_header(facts, value, GP_AUTHOR_RESENT_SENDER);
}

static int set_headers(struct gp_typed_facts *facts, const char *value,
		       struct gp_error *err)
{
	facts->stage = GP_STAGE_MESSAGE;
	return parse_bool(value, &facts->submit.headers_known, err);
}

static int set_stopping(struct gp_typed_facts *facts, const char *value,
			struct gp_error *err)
{
	return parse_bool(value, &facts->submit.is_stopping, err);
}

static int set_recipients(struct gp_typed_facts *facts, const char *value,
			  struct gp_error *err)
{
	long count = 0;

	if (parse_number(value, 1000000, &count, err) < 0)
		return -1;
	facts->has_rate = true;
	facts->rate.recipients = (unsigned int)count;
	return 0;
}

static int set_rate(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	struct gp_rate_verdict *verdict = &facts->rate.verdict;

	facts->has_rate = true;
	facts->rate.store_is_silent = strcmp(value, "-") == 0;
	verdict->is_admitted = facts->rate.store_is_silent ||
		strcmp(value, "none") == 0;
	verdict->kind = strcmp(value, "recipients") == 0 ? GP_RATE_RECIPIENTS
							 : GP_RATE_MESSAGES;
	if (!verdict->is_admitted && strcmp(value, "messages") != 0 &&
	    strcmp(value, "recipients") != 0)
		return gp_error_set(err, "'%s' is none of messages, recipients, "
				    "none, -", value);
	return 0;
}

static int set_rate_wait(struct gp_typed_facts *facts, const char *value,
			 struct gp_error *err)
{
	long secs = 0;

	if (parse_number(value, 1000000, &secs, err) < 0)
		return -1;
	facts->rate.verdict.wait_ticks = secs * GP_RATE_TICKS_PER_SEC;
	return 0;
}

static int set_user(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	(void)err;
	facts->user = text_or_null(value);
	return 0;
}

static int set_program(struct gp_typed_facts *facts, const char *value,
		       struct gp_error *err)
{
	(void)err;
	facts->program = text_or_null(value);
	return 0;
}

static int set_every(struct gp_typed_facts *facts, const char *value,
		     struct gp_error *err)
{
	long secs = 0;

	if (parse_number(value, 1000000, &secs, err) < 0)
		return -1;
	facts->every_secs = facts->elapsed_secs = secs;
	return 0;
}

static int set_check(struct gp_typed_facts *facts, const char *value,
		     struct gp_error *err)
{
	if (!gp_check_from_word(value, &facts->poll.check))
		return gp_error_set(err, "'%s' is none of login, noop, check, "
				    "status, select, examine, list-status", value);
	return 0;
}

static int set_away(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	return parse_bool(value, &facts->poll.history.is_away, err);
}

static int set_crowded(struct gp_typed_facts *facts, const char *value,
		       struct gp_error *err)
{
	return parse_bool(value, &facts->poll.history.is_crowded, err);
}

static int set_verdict(struct gp_typed_facts *facts, const char *value,
		       struct gp_error *err)
{
	facts->poll.history_known = strcmp(value, "-") != 0;
	facts->verdict_given = true;
	if (facts->poll.history_known &&
	    !gp_verdict_from_word(value, &facts->poll.history.verdict))
		return gp_error_set(err, "'%s' is none of admitted, in-round, "
				    "early, free, -", value);
	return 0;
}

static int set_early(struct gp_typed_facts *facts, const char *value,
		     struct gp_error *err)
{
	long count = 0;

	if (parse_number(value, 1000000, &count, err) < 0)
		return -1;
	facts->poll.history.early_count = (unsigned int)count;
	return 0;
}

static int set_wait(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	long secs = 0;

	if (parse_number(value, 1000000, &secs, err) < 0)
		return -1;
	facts->poll.history.wait_msecs = secs * 1000;
	return 0;
}

static int set_left(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	long secs = 0;

	if (parse_number(value, 1000000, &secs, err) < 0)
		return -1;
	facts->poll.history.round_left_msecs = secs * 1000;
	return 0;
}

static int set_remembered(struct gp_typed_facts *facts, const char *value,
			  struct gp_error *err)
{
	return parse_bool(value, &facts->poll.can_absorb, err);
}

static int set_told(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	long secs = 0;

	if (parse_number(value, 1000000, &secs, err) < 0)
		return -1;
	facts->poll.told_msecs = secs * 1000;
	return 0;
}

static int set_delayed(struct gp_typed_facts *facts, const char *value,
		       struct gp_error *err)
{
	return parse_bool(value, &facts->poll.was_delayed, err);
}

static int set_full(struct gp_typed_facts *facts, const char *value,
		    struct gp_error *err)
{
	return parse_bool(value, &facts->poll.is_full, err);
}

static const struct fact facts_table[] = {
	{ "part", EITHER, set_part },
	{ "stage", EITHER, set_stage },
	{ "mta", SUBMIT, set_mta },
	{ "port", SUBMIT, set_port },
	{ "ip", SUBMIT, set_ip },
	{ "tls", SUBMIT, set_tls },
	{ "cipher", SUBMIT, set_cipher },
	{ "auth", SUBMIT, set_auth },
	{ "login", SUBMIT, set_login },
	{ "mechanism", SUBMIT, set_mechanism },
	{ "author", SUBMIT, set_author },
	{ "proxy", SUBMIT, set_proxy },
	{ "subject", SUBMIT, set_subject },
	{ "issuer", SUBMIT, set_issuer },
	{ "verify", SUBMIT, set_verify },
	{ "day", SUBMIT, set_day },
	{ "sender", SUBMIT, set_sender },
	{ "mail_addr", SUBMIT, set_sender_resolved },
	{ "recipient", SUBMIT, set_recipient },
	{ "resolved", SUBMIT, set_resolved },
	{ "mailer", SUBMIT, set_mailer },
	{ "from", SUBMIT, set_from },
	{ "sender_header", SUBMIT, set_sender_header },
	{ "reply_to", SUBMIT, set_reply_to },
	{ "resent_from", SUBMIT, set_resent_from },
	{ "resent_sender", SUBMIT, set_resent_sender },
	{ "headers", SUBMIT, set_headers },
	{ "stopping", SUBMIT, set_stopping },
	{ "recipients", SUBMIT, set_recipients },
	{ "rate", SUBMIT, set_rate },
	{ "rate_wait", SUBMIT, set_rate_wait },
	{ "user", POLL, set_user },
	{ "program", POLL, set_program },
	{ "every", POLL, set_every },
	{ "check", POLL, set_check },
	{ "verdict", POLL, set_verdict },
	{ "early", POLL, set_early },
	{ "wait", POLL, set_wait },
	{ "left", POLL, set_left },
	{ "remembered", POLL, set_remembered },
	{ "told", POLL, set_told },
	{ "delayed", POLL, set_delayed },
	{ "full", POLL, set_full },
	{ "away", POLL, set_away },
	{ "crowded", POLL, set_crowded },
};

static const struct fact *find_fact(const char *word, size_t length)
{
	for (size_t i = 0; i < sizeof(facts_table) / sizeof(facts_table[0]); i++)
		if (strlen(facts_table[i].name) == length &&
		    memcmp(facts_table[i].name, word, length) == 0)
			return &facts_table[i];
	return NULL;
}

static int parse_word(const char *word, struct gp_typed_facts *facts,
		      struct gp_error *err)
{
	const char *equals = strchr(word, '=');
	const struct fact *fact;
	struct gp_error inner;

	if (equals == NULL)
		return gp_error_set(err, "'%s' is not of the form fact=value", word);
	fact = find_fact(word, (size_t)(equals - word));
	if (fact == NULL)
		return gp_error_set(err, "there is no fact '%.*s'; see: gatepostctl "
				    "explain --help", (int)(equals - word), word);
	if (fact->group == POLL)
		facts->is_poll = true;
	if (fact->set(facts, equals + 1, &inner) < 0)
		return gp_error_set(err, "%s: %.300s", fact->name, inner.text);
	return 0;
}

int gp_typed_facts_parse(char **words, int count, struct gp_pool *pool,
			 struct gp_typed_facts *facts_r, struct gp_error *err)
{
	struct gp_typed_facts facts = {
		.pool = pool,
		.submit = { .mta = GP_MTA_POSTFIX, .headers_known = true },
		.poll = { .check = GP_CHECK_NOOP, .history_known = true,
			  .history = { .verdict = GP_VERDICT_EARLY,
				       .early_count = 1 },
			  .can_absorb = true },
		.every_secs = -1, .elapsed_secs = -1, .policy_secs = -1,
		.rate = { .verdict = { .is_admitted = true,
			  .wait_ticks = 60 * GP_RATE_TICKS_PER_SEC } },
	};

	for (int i = 0; i < count; i++)
		if (parse_word(words[i], &facts, err) < 0)
			return -1;
	/* Who types a login means a good one, unless told otherwise; the same
	   goes for TLS. */
	if (facts.submit.login != NULL && facts.submit.mechanism == NULL)
		facts.submit.mechanism = "PLAIN";
	if (facts.submit.tls_version != NULL && !facts.cipher_given)
		facts.submit.cipher = "TLS_AES_256_GCM_SHA384";
	if (facts.submit.sender == NULL)
		facts.submit.sender = "<>";
	if (facts.submit.now_secs == 0)
		facts.submit.now_secs = (int64_t)time(NULL);
	facts.now_secs = facts.submit.now_secs;
	gp_cipher_look_up(facts.submit.cipher, &facts.submit.cipher_facts);
	*facts_r = facts;
	return 0;
}
