/* SPDX-License-Identifier: MIT */
/*
 * This module asks what a policy would have done: it takes the events of old logs
 * through the arithmetic of the store (poll-model) and the core, once for the policy
 * and once for each of some other intervals.
 *
 * It does not know what only a person does in a mail program, so nobody is away, and
 * only sending makes checks free.  What would only be observed counts as if it were
 * enforced: that is the question.
 */
#ifndef GP_REPLAY_H
#define GP_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decision.h"
#include "poll-model.h"
#include "rate.h"
#include "replay-line.h"
#include "settings.h"

/* The first is the policy as it is. */
enum { GP_REPLAY_INTERVALS_MAX = 8, GP_REPLAY_RUNS_MAX = 1 + GP_REPLAY_INTERVALS_MAX };

/* One way through the logs. */
struct gp_replay_run {
	unsigned int interval_secs;
	uint64_t users_touched, programs_touched;       /* held, absorbed, refused */
	uint64_t early_count, touched_count;            /* checks */
};

struct gp_replay_program {
	char *name;
	int64_t first_msecs, last_msecs;
	bool is_of_journal;
	unsigned int touched_runs;      /* a bit for each run */
	uint64_t checks_count;
	/* By the policy as it is: */
	uint64_t early_count, absorbed_count, held_count, refused_count;
	int64_t every_msecs;
};

struct gp_replay_user {
	uint64_t hash;
	char *name;
	struct gp_replay_program *programs;
	struct gp_poll_program *kept;           /* runs_count times programs_room */
	unsigned int programs_count, programs_room;
	struct gp_poll_person persons[GP_REPLAY_RUNS_MAX];
	unsigned int touched_runs;
	int64_t sent_at_msecs;          /* human activity; -1: none */
	struct gp_rate_state rate;
	uint64_t messages_count, messages_refused_count;
};

enum { GP_REPLAY_QUEUE = 4096, GP_REPLAY_ID_BYTES = 24 };

struct gp_replay {
	const struct gp_settings *settings;
	/* Who is exempt by hand, as of now; NULL: not known, and why, or NULL where
	   nobody can have been made so.  Of who fills them in. */
	const struct gp_exemption_list *by_hand;
	const char *by_hand_unknown;
	struct gp_replay_run runs[GP_REPLAY_RUNS_MAX];
	size_t runs_count;

	struct gp_replay_user **slots;  /* by hash, open addressing */
	size_t slots_count, users_count, programs_count;
	uint64_t seed;

	/* messages that were handed in, until they are queued */
	struct {
		char id[GP_REPLAY_ID_BYTES];
		struct gp_replay_user *user;    /* NULL: free */
		int64_t msecs;
	} queue[GP_REPLAY_QUEUE];
	bool has_queue_lines;

	int64_t first_msecs, last_msecs;        /* -1: nothing was seen */
	uint64_t lines_count, broken_count, dropped_count;
	uint64_t imap_count, pop3_count, messages_count, journal_count;
	uint64_t admitted_count;        /* lines of the journal about such checks */
};

/* intervals_secs: those to try beside the policy, rising. */
struct gp_replay *gp_replay_create(const struct gp_settings *settings,
				   const unsigned int *intervals_secs,
				   size_t count);

void gp_replay_add(struct gp_replay *replay, const struct gp_event *event);

/* When all is read: messages that were never seen to be queued, in logs that do not
   tell, count now. */
void gp_replay_finish(struct gp_replay *replay);

/* Are only the checks in the journal that came too early?  It was written without
   journal.all_checks then, and what was in time by its interval is not known. */
bool gp_replay_is_partial(const struct gp_replay *replay);

/* The longest of the intervals that touches at most that share of the users; 0 if none
   does, or without users or intervals. */
unsigned int gp_replay_suggest(const struct gp_replay *replay,
			       double share_percent);

void gp_replay_free(struct gp_replay **replay);

#endif
