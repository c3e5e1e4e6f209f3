/* SPDX-License-Identifier: MIT */
/*
 * This module finds in a line of a log what the policy would have been asked about: a
 * login of Dovecot, a message of Postfix by somebody who logged in, or a line of our
 * journal; and when it was.
 *
 * A log is shared with what strangers write into it, so a line counts only by what the
 * server itself has put at its beginning.
 */
#ifndef GP_REPLAY_LINE_H
#define GP_REPLAY_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal.h"

enum gp_event_kind {
	GP_EVENT_IMAP_LOGIN,
	GP_EVENT_POP3_LOGIN,
	GP_EVENT_CLIENT,        /* a message is handed in, by its queue ID */
	GP_EVENT_QUEUED,        /* it was taken, for so many recipients */
	GP_EVENT_JOURNAL
};

struct gp_event {
	enum gp_event_kind kind;
	int64_t msecs;          /* since 1970 */
	const char *user, *ip;  /* in the line; of a login; user of CLIENT */
	const char *queue_id;   /* of CLIENT and QUEUED */
	unsigned int recipients;
	struct gp_journal_entry entry;
};

/* Of one file: the year of times that have none, and what was worked out last. */
struct gp_event_clock {
	int64_t latest_secs;    /* no line of the file is later */
	char hour_text[16];     /* "Nov 24 05" */
	int64_t hour_secs;      /* and when that was */
};

void gp_event_clock_init(struct gp_event_clock *clock_r, int64_t latest_secs);

/*
 * Reads a line of length bytes in place: line[length] must be writable too, and it is
 * no line afterwards.  1 with *event_r; 0 if there is nothing in it for us; -1 if there
 * should be, but it is damaged.
 */
int gp_event_read(struct gp_event_clock *clock, char *line, size_t length,
		  struct gp_event *event_r);

/* The time at its beginning, of whatever line; -1: none. */
int64_t gp_event_time(struct gp_event_clock *clock, const char *line,
		      size_t length);

#endif
