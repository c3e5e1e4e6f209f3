/* SPDX-License-Identifier: MIT */
/*
 * This module writes and reads the journal: one line of key=value for each
 * decision that did something or would have.  A value is escaped byte by byte,
 * so that nothing a client sends can end a field or a line.  The fields are
 * documented in gatepost-journal(5).
 */
#ifndef GP_JOURNAL_H
#define GP_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "breaker.h"
#include "decision.h"
#include "error.h"
#include "settings.h"

/* In this order on the line; NULL and negative numbers are written as "-". */
struct gp_journal_entry {
	int64_t time_msecs;             /* since 1970, UTC */
	const char *host;
	const char *session;
	const char *part;               /* milter, imap, pop3 */
	const char *action;             /* gp_decision_word() */
	const char *mode;
	const char *reason;
	const char *user;
	const char *program;
	const char *ip;
	int64_t port;
	const char *check;
	int64_t every_secs;
	int64_t policy_secs;
	const char *why;
	int64_t early;
	int64_t wait_secs;
	const char *sender;
	const char *recipient;
	const char *answer;             /* the reply's code and status */
	const char *detail;             /* what was wrong, or in which header */
	const char *address;            /* in that header */
	const char *limit;              /* that was reached: "30/1m" */
	const char *idle;               /* "yes": the session has used IDLE */
	const char *client;             /* gp_program_self() */
	int64_t count;                  /* decisions that this line stands for */
};

struct gp_journal;

/* Opens the file of the settings, or syslog.  Returns NULL with *err filled
   when the file cannot be opened for appending, or pseudonyms are wanted and have no
   good secret.  settings must outlive the journal. */
struct gp_journal *gp_journal_open(const struct gp_settings *settings,
				   struct gp_error *err);

/* What has the form of a pseudonym was typed by an administrator, and stays. */
void gp_journal_accept_pseudonyms(struct gp_journal *journal);

/* Writes one line; time and host are filled in when not known.  The file may be
   rotated at any time.  A line that cannot be written goes to the log; the
   decision stands. */
void gp_journal_write(struct gp_journal *journal,
		      const struct gp_journal_entry *entry);

/*
 * With journal.stream each line goes to Redis as well, but not before one of these: a
 * thread of its own from the next line on; or an exchange now, when nobody waits; or, at
 * the end, an exchange after which what did not get there is given up.  Lines that were
 * lost on the way are a line of the journal.  gp_journal_close() finishes too.
 */
void gp_journal_use_thread(struct gp_journal *journal);
void gp_journal_bring(struct gp_journal *journal);
void gp_journal_finish(struct gp_journal *journal);

/* The detail of such a line: does Redis know of them? */
#define GP_JOURNAL_TOLD "told"
#define GP_JOURNAL_UNTOLD "untold"

/* For who has no thread: wake is called for each line to bring, and must not bring it
   at once. */
typedef void gp_journal_waker(struct gp_journal *journal);
void gp_journal_set_waker(struct gp_journal *journal, gp_journal_waker *wake);

/* For who has no thread, too: nothing is brought while the breaker, which must outlive
   the journal, says that Redis is left alone, and it is told when Redis is silent.
   What is news then is a line of part, which must stay. */
void gp_journal_heed(struct gp_journal *journal, struct gp_breaker *breaker,
		     const char *part);

/* Accepts NULL, leaves NULL. */
void gp_journal_close(struct gp_journal **journal);

/* An entry with nothing in it: NULL and -1 everywhere. */
void gp_journal_entry_init(struct gp_journal_entry *entry_r);

/* The line without its newline, in memory to free(). */
char *gp_journal_format(const struct gp_journal_entry *entry);

/*
 * Reads a line of length bytes, in place: line[length] must be writable too.  What
 * syslog puts before "time=" is passed over, in its classic form ("mx imap[12]: "),
 * that of RFC 5424, or nothing; inside another program's message it is no journal
 * line.  The strings of *entry_r point into the line, which is no longer a line
 * afterwards, whatever is returned.
 * Returns 1, 0 if this is no journal line, -1 with *err if it is a broken one;
 * *entry_r is touched only by 1.
 */
int gp_journal_read(char *line, size_t length, struct gp_journal_entry *entry_r,
		    struct gp_error *err);

/* The same from a copy, which is *memory_r then, to be freed by the caller. */
int gp_journal_parse(const char *line, struct gp_journal_entry *entry_r,
		     char **memory_r, struct gp_error *err);

#endif
