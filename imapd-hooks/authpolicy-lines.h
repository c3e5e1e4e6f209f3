/* SPDX-License-Identifier: MIT */
/*
 * This module writes the journal of gatepost-authpolicy: what was decided about a program,
 * once per journal.interval, and when Redis went and came back.
 */
#ifndef GP_AUTHPOLICY_LINES_H
#define GP_AUTHPOLICY_LINES_H

#include "authpolicy-question.h"
#include "breaker.h"
#include "decision.h"
#include "error.h"
#include "journal.h"
#include "settings.h"
#include "store.h"

enum { GP_AUTH_LINES = 4096 };

/* When a program's last line was written, by the hash of its name.  Programs that
   share a place cost each other lines, and nothing else. */
struct gp_auth_lines {
	const struct gp_settings *settings;
	struct gp_journal *journal;
	struct gp_auth_line {
		uint64_t program;
		int64_t at_msecs;
		unsigned int count;     /* decisions since then */
	} lines[GP_AUTH_LINES];
};

/* Goes on with these, which stay the caller's; what was written stays known. */
void gp_auth_lines_use(struct gp_auth_lines *lines, const struct gp_settings *settings,
		       struct gp_journal *journal);

/* Passes are not written. */
void gp_auth_lines_decision(struct gp_auth_lines *lines,
			    const struct gp_auth_question *question,
			    const struct gp_poll_history *history,
			    const struct gp_decision *decision);

/* What the breaker has to tell of Redis, if anything.  err: what went wrong; NULL where
   it is not known. */
void gp_auth_lines_store(const struct gp_auth_lines *lines,
			 const struct gp_auth_question *question,
			 struct gp_breaker *breaker, const struct gp_error *err);

#endif
