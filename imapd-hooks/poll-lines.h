/* SPDX-License-Identifier: MIT */
/*
 * This module is what one session of a mail program says in the journal: not a line for
 * each early check, but one in journal.interval with their number, and one for each step
 * up the ladder.
 */
#ifndef GP_POLL_LINES_H
#define GP_POLL_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "facts.h"
#include "journal.h"
#include "settings.h"

/* What stands on each line; nothing is kept of it. */
struct gp_poll_speaker {
	const char *part, *user, *session_id, *program;
	const struct gp_ip *ip;
	unsigned int local_port;
	enum gp_mode mode;
	int64_t policy_secs;            /* the interval in force */
	bool has_idled;                 /* used IDLE or NOTIFY so far */
	const char *client;             /* gp_program_self() */
};

/* What a line says about an early check. */
struct gp_poll_note {
	enum gp_check check;
	struct gp_poll_history history;
	struct gp_decision decision;
};

struct gp_poll_lines {
	const struct gp_settings *settings;
	struct gp_journal *journal;     /* NULL: no lines */
	bool line_is_due;               /* the store says so */
	int64_t last_line_at_msecs;     /* -1: none in this session */
	enum gp_action worst_action;    /* that the journal shows */
	bool has_worst_action;
	unsigned int unwritten_count;   /* early checks since the last line */
	struct gp_poll_note note;       /* the latest of them */
	unsigned int served_count;      /* others since their last line */
	struct gp_poll_note served;     /* the latest of those */
	int64_t served_since_msecs;     /* the first of those */
};

/* settings and journal, which may be NULL, must live as long. */
void gp_poll_lines_init(struct gp_poll_lines *lines,
			const struct gp_settings *settings,
			struct gp_journal *journal);

/* What comes is about another program. */
void gp_poll_lines_forget(struct gp_poll_lines *lines);

/* A check was decided.  True if a line was written about early ones, which the store is
   to know. */
bool gp_poll_lines_decision(struct gp_poll_lines *lines,
			    const struct gp_poll_speaker *speaker,
			    enum gp_check check,
			    const struct gp_poll_history *history,
			    const struct gp_decision *decision,
			    int64_t now_msecs);

/* The user is given a notice; a decision that says so has its line by the function
   above. */
void gp_poll_lines_notice(const struct gp_poll_lines *lines,
			  const struct gp_poll_speaker *speaker,
			  enum gp_check check,
			  const struct gp_poll_history *history,
			  const struct gp_decision *decision);

/* No more checks of the program will come.  True as above. */
bool gp_poll_lines_finish(struct gp_poll_lines *lines,
			  const struct gp_poll_speaker *speaker,
			  int64_t now_msecs);

/* The store went or came back, at a check (or GP_CHECK_COUNT). */
void gp_poll_lines_store(const struct gp_poll_lines *lines,
			 const struct gp_poll_speaker *speaker,
			 enum gp_check check, enum gp_reason reason);

/* About the login, not about how often. */
void gp_poll_lines_access(const struct gp_poll_lines *lines,
			  const struct gp_poll_speaker *speaker,
			  const struct gp_decision *decision, const char *detail);

#endif
