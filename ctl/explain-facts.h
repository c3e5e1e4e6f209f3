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

struct gp_typed_facts {
	bool is_poll;           /* a check for mail; else a submission */
	bool is_recipient;      /* the question is asked at RCPT */
	struct gp_submit_facts submit;
	struct gp_poll_facts poll;
};

/* Strings of facts_r point into words.  0, or -1 with *err filled. */
int gp_typed_facts_parse(char **words, int count,
			 struct gp_typed_facts *facts_r, struct gp_error *err);

/* For --help: one line per fact. */
#define GP_TYPED_FACTS_HELP \
"Facts of a submission (part=milter); \"-\" stands for: the MTA did not say.\n" \
"  port=587            port the client came to; 0: handed in on the server itself\n" \
"  tls=yes|no          TLS proven, or its version (TLSv1.3)\n" \
"  cipher=NAME         cipher of that session\n" \
"  login=NAME          who logged in; auth=yes|no if the name does not matter\n" \
"  mechanism=PLAIN     SASL mechanism of the login\n" \
"  ip=192.0.2.7        address of the client\n" \
"  sender='<a@b>'      as in MAIL FROM\n" \
"  recipient='<a@b>'   as in RCPT TO; makes it a question about relaying\n" \
"  resolved=a@b        what the MTA made of the recipient ({rcpt_addr})\n" \
"  mailer=local        by what the MTA would deliver ({rcpt_mailer})\n" \
"  mta=postfix         or sendmail\n" \
"  stage=mail|rcpt     step of the question, if recipient= does not tell\n" \
"  stopping=yes        the milter is about to stop\n" \
"Facts of a check for mail (part=imap):\n" \
"  check=noop          login, noop, check, status, select or examine\n" \
"  verdict=early       admitted, in-round, early; \"-\": Redis is silent\n" \
"  early=14            early rounds lately, with this one\n" \
"  wait=200            seconds until a new round would be admitted\n" \
"  remembered=yes|no   the session was told the answer less than an interval ago\n" \
"  delayed=yes         this check has waited already\n"

#endif
