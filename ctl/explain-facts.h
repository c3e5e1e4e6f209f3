/* SPDX-License-Identifier: MIT */
/*
 * This module reads facts as people type them ("port=587 tls=no") into the
 * structs that the core decides on.
 */
#ifndef GP_EXPLAIN_FACTS_H
#define GP_EXPLAIN_FACTS_H

#include <stdbool.h>

#include "error.h"
#include "facts.h"
#include "pool.h"

enum gp_submit_stage {
	GP_STAGE_MAIL,
	GP_STAGE_RCPT,
	GP_STAGE_MESSAGE,       /* its end: headers are known */
	GP_STAGE_ACCESS         /* a login to read mail */
};

struct gp_typed_facts {
	bool is_poll;           /* a check for mail; else a submission */
	enum gp_submit_stage stage;
	bool cipher_given, tls_given, verdict_given;
	struct gp_pool *pool;
	struct gp_submit_facts submit;
	struct gp_poll_facts poll;
	bool has_rate;          /* how much the user has sent was typed */
	struct gp_rate_facts rate;
	const char *user;       /* whose check it is; NULL: does not matter */
	const char *program;    /* gp_program_name(); NULL: made from address */
	int64_t every_secs;     /* measured between its checks; -1: not known */
	int64_t elapsed_secs;   /* since its last round; -1: not known */
	int64_t policy_secs;    /* the interval it was judged by; -1: not known */
	int64_t now_secs;       /* Unix time: for what has an end */
	/* Who is exempt by hand; NULL: not known, and why not. */
	const struct gp_exemption_list *by_hand;
	const char *by_hand_unknown;
	/* What a line of the journal does not tell: */
	struct {
		bool tls, cipher, mechanism, author;
		bool headers[GP_AUTHOR_FIELDS];
	} unknown;
};

/* Strings of facts_r point into words or pool.  0, or -1 with *err filled. */
int gp_typed_facts_parse(char **words, int count, struct gp_pool *pool,
			 struct gp_typed_facts *facts_r, struct gp_error *err);

/* For --help: one line per fact. */
#define GP_TYPED_FACTS_HELP \
"Facts of a submission (part=milter); \"-\" stands for: the MTA did not say.\n" \
"  port=587            port the client came to; 0: handed in on the server itself\n" \
"  tls=yes|no          TLS proven, or its version (TLSv1.3)\n" \
"  cipher=NAME         cipher of that session\n" \
"  login=NAME          who logged in; auth=yes|no if the name does not matter\n" \
"  mechanism=PLAIN     SASL mechanism of the login\n" \
"  author=NAME         AUTH= of MAIL FROM\n" \
"  subject=, issuer=   of the client's certificate; verify=OK if Sendmail\n" \
"                      trusts it\n" \
"  proxy=192.0.2.1     who spoke XCLIENT, with mechanism=XCLIENT\n" \
"  day=2026-12-31      when; today if it is not given\n" \
"  ip=192.0.2.7        address of the client\n" \
"  sender='<a@b>'      as in MAIL FROM\n" \
"  mail_addr=a@b       what the MTA made of the sender\n" \
"  recipient='<a@b>'   as in RCPT TO; makes it a question about relaying\n" \
"  resolved=a@b        what the MTA made of the recipient ({rcpt_addr})\n" \
"  mailer=local        by what the MTA would deliver ({rcpt_mailer})\n" \
"  mta=postfix         or sendmail\n" \
"  from='A <a@b>'      header From; also sender_header=, reply_to=, resent_from=,\n" \
"                      resent_sender=: makes it a question about headers\n" \
"  headers=no          the MTA does not hand them over\n" \
"  stage=mail|rcpt|message\n" \
"                      step of the question, if no other fact tells\n" \
"  stopping=yes        the milter is about to stop\n" \
"  recipients=3        recipients of the message, with this one\n" \
"  rate=messages       the limit that is reached: messages, recipients, or none;\n" \
"                      \"-\": Redis is silent\n" \
"  rate_wait=17        seconds until that is over\n" \
"Facts of a login to read mail (stage=access, part=imap or pop3): login, ip,\n" \
"port, tls=yes|no or \"-\", mechanism, day.\n" \
"Facts of a check for mail (part=imap):\n" \
"  check=noop          login, noop, check, status, select, examine or\n" \
"                      list-status\n" \
"  verdict=early       admitted, in-round, early, free (soon after human\n" \
"                      activity); \"-\": Redis is silent\n" \
"  user=NAME           whose check; also ip= and program=imap/192.0.2.7/NAME: for\n" \
"                      poll.exemptions and poll.overrides\n" \
"  every=60            measured seconds between checks; without verdict= they are\n" \
"                      held against the interval\n" \
"  early=14            early rounds lately, with this one\n" \
"  wait=200            seconds until a new round would be admitted\n" \
"  remembered=yes|no   the session was told the answer less than an interval ago\n" \
"  told=5              and so many seconds ago\n" \
"  left=25             seconds that are left of the round\n" \
"  delayed=yes         this check has waited already\n" \
"  away=yes            the user has done nothing for poll.away_after\n" \
"  crowded=yes         all programs of the user together check too often\n"

#endif
