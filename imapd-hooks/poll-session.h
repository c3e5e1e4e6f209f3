/* SPDX-License-Identifier: MIT */
/*
 * This module follows one session of a mail program: it counts checks, asks
 * the store when it must, remembers the answer for as long as it is valid, lets
 * the policy decide, and writes the journal.  Shared by the plugins; it knows
 * neither Dovecot nor Redis, and is told the time.
 */
#ifndef GP_POLL_SESSION_H
#define GP_POLL_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "journal.h"
#include "program.h"
#include "settings.h"
#include "store.h"

struct gp_poll_session;

/* settings, store and journal belong to the caller and must live longer; store
   may be NULL (then everything passes).  part is "imap" or "pop3". */
struct gp_poll_session *
gp_poll_session_create(const struct gp_settings *settings,
		       struct gp_store *store, struct gp_journal *journal,
		       const char *part, const char *user,
		       const char *session_id, const struct gp_ip *ip,
		       unsigned int local_port);

/* Dovecot's userdb has terms of the user's own: mode, interval, ladder or
   login_ladder.  Before the first check; a value that is wrong is logged, and the
   settings hold. */
void gp_poll_session_own_terms(struct gp_poll_session *session, const char *name,
			       const char *value);

/* Nobody knows what the userdb says: what the store knows of it stays. */
void gp_poll_session_has_no_userdb(struct gp_poll_session *session);

/* The program gave its name (IMAP ID); what was counted so far stays counted
   for the program it was counted for.  May talk to the store. */
void gp_poll_session_name_program(struct gp_poll_session *session,
				  const char *name, int64_t now_msecs);

/* The same with all that it says of itself: the rest stands in the journal only. */
void gp_poll_session_identify(struct gp_poll_session *session,
			      const struct gp_program_id *id, int64_t now_msecs);

/*
 * Decides about one check.  told_msecs: how old the answer is that is at
 * hand, not older than the interval; -1: none.  was_delayed: this check already
 * waited for the decision that came before; the rest of its burst does not wait
 * again.  At most one call of the store, none while the last answer of the store is
 * valid.  Look at gp_decision_effect().
 */
void gp_poll_session_check(struct gp_poll_session *session,
			   enum gp_check check, int64_t told_msecs,
			   bool was_delayed, int64_t now_msecs,
			   struct gp_decision *decision_r);

/* The same for a login that is the check itself, as with POP3: it can be held or
   refused, not absorbed.  has_words: the caller can tell the user something beside it. */
void gp_poll_session_login(struct gp_poll_session *session, bool has_words,
			   int64_t now_msecs, struct gp_decision *decision_r);

/* The wait that a decision asked for is over.  The next check says so too. */
void gp_poll_session_released(struct gp_poll_session *session);

/* The user has done what only a person does: checks are free for poll.grace, in all
   of their sessions.  Talks to the store once in that time at most. */
void gp_poll_session_human(struct gp_poll_session *session, int64_t now_msecs);

/* The interval in force: load and absence have made it what it is. */
int64_t gp_poll_session_interval_msecs(const struct gp_poll_session *session);

/* The words for a notice that is due by the last decision; never "" then. */
const char *gp_poll_session_notice(const struct gp_poll_session *session);

/* For words to the user: the measured time between its checks, 0 unknown; its name. */
int64_t gp_poll_session_every_msecs(const struct gp_poll_session *session);
const char *gp_poll_session_program(const struct gp_poll_session *session);

/* The person: gp_login_normalise(). */
const char *gp_poll_session_user(const struct gp_poll_session *session);

/* True if the user was given no notice for this program within a day; from now on
   one was given.  False while the store is silent.  One call of the store. */
bool gp_poll_session_is_untold(struct gp_poll_session *session, int64_t now_msecs);

/* A line of its own: about the login, not about how often. */
void gp_poll_session_note_access(struct gp_poll_session *session,
				 const struct gp_decision *decision,
				 const char *detail);

/* Brings what the store does not know yet, writes the last journal line, frees.
   Accepts NULL, leaves NULL. */
void gp_poll_session_end(struct gp_poll_session **session, int64_t now_msecs);

/* The session was in IDLE, or has asked to be told (NOTIFY): its lines will say so. */
void gp_poll_session_idled(struct gp_poll_session *session);

#endif
