/* SPDX-License-Identifier: MIT */
/*
 * This module is the interface to the history: who checked for mail and who sent
 * some, and when.
 * The store answers from facts and never decides what its own silence means.
 */
#ifndef GP_STORE_H
#define GP_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "breaker.h"
#include "error.h"
#include "facts.h"
#include "rate.h"
#include "settings.h"

struct gp_store;

enum {
	GP_NOTICE_NEVER = -1,
	GP_NOTICE_ANYWAY = -2           /* whatever was counted */
};

/* One check, with the terms under which it is judged, and what the session has
   seen since it last asked.  Times relative to now, so that clocks need not
   agree. */
struct gp_poll_query {
	const char *user;
	const char *program;            /* gp_program_name() */
	int64_t interval_msecs;
	int64_t tolerance_msecs;        /* so much before the interval is in time */
	int64_t round_msecs;
	int64_t window_msecs;           /* in which early rounds are counted */
	unsigned int within_secs[GP_LADDER_WINDOWS_MAX]; /* and in these; 0: no more */
	int64_t journal_msecs;          /* least time between journal lines */
	bool is_report;                 /* no check now: only bring the counts */
	unsigned int checks;            /* since the last question, without this */
	unsigned int bursts;            /* GP_POLL_BURST_MSECS apart */
	unsigned int early_rounds;      /* rounds of early checks among them */
	int64_t early_age_msecs;        /* since the last of those began; -1 none */
	int64_t journal_age_msecs;      /* since the session wrote; -1 none */
	int64_t grace_msecs;            /* free after human activity */
	int64_t away_after_msecs;       /* without human activity; 0: never away */
	int64_t away_interval_msecs;    /* the interval of who is away */
	unsigned int programs_max;      /* so many together; 0: no limit */
	int64_t notice_after;           /* early rounds, or one of these */
	bool had_human;                 /* activity in the session, untold yet */
	int64_t human_age_msecs;        /* since then */
	uint32_t userdb;                /* what it says: store-userdb.h */
};

/* What is kept of one program, for those who review. */
struct gp_poll_record {
	const char *user;
	const char *program;
	int64_t wait_msecs;             /* until a new round; <= 0: at once */
	int64_t last_age_msecs;         /* since it was last heard of */
	int64_t round_age_msecs;        /* since a round was admitted; below 0: the
	                                   clock went back */
	int64_t every_msecs;
	unsigned int checks_count;
	unsigned int early_count;
	/* for gp_store_record_within() */
	bool has_within;
	int64_t now_msecs;
	struct gp_poll_within {
		unsigned char early, before, number;
	} within[GP_LADDER_WINDOWS_MAX];
};
typedef void gp_store_visit(void *context, const struct gp_poll_record *record);

/* One message that all other rules let through. */
struct gp_submit_query {
	const char *user;
	const struct gp_rate_terms *terms;      /* may hold no window */
	unsigned int recipients;                /* at least 1 */
	bool passes_anyway;             /* a refusal is only observed: even then
	                                   the user was active */
};

struct gp_submit_history {
	struct gp_rate_verdict verdict;
	/* After the message; the clock is the one of the question, in ticks. */
	struct gp_rate_state state;
};

/* What is kept of one user who sent, for those who review. */
struct gp_sender_record {
	const char *user;
	int64_t last_age_msecs;         /* since the last message */
	struct gp_rate_state state;     /* relative to now: now is 0 */
};
typedef void gp_store_visit_sender(void *context,
				   const struct gp_sender_record *record);

/* When the person last did what only a person does; who was never seen to is counted
   from when they were first heard of. */
typedef void gp_store_visit_human(void *context, int64_t age_msecs);

/* Those that are NULL are not called. */
struct gp_store_visitors {
	gp_store_visit *program;
	gp_store_visit_sender *sender;
	gp_store_visit_human *human;
	void *context;
};

/* What became of a user's history. */
struct gp_removal {
	bool was_known;
	bool is_left;                   /* there is something again */
	unsigned int programs_count;
};

struct gp_store_ops {
	/* 0 with *history_r filled, or -1 with *err filled and it untouched.
	   now_msecs is the monotonic clock; times in the history count from the
	   question, and are not over before the store finds them over. */
	int (*poll)(struct gp_store *store, const struct gp_poll_query *query,
		    int64_t now_msecs, struct gp_poll_history *history_r,
		    struct gp_error *err);
	/* Judges a message that no window is too small for and, if all admit
	   it, charges it to all of them; records that the user was active.  As
	   poll(); but keeps its connection, for the next message. */
	int (*submit)(struct gp_store *store,
		      const struct gp_submit_query *query, int64_t now_msecs,
		      struct gp_submit_history *history_r, struct gp_error *err);
	/* submit() for several messages in one go, judged in this order: all
	   histories are filled, or none. */
	int (*submit_all)(struct gp_store *store,
			  const struct gp_submit_query *const *queries, int count,
			  int64_t now_msecs,
			  struct gp_submit_history *histories_r,
			  struct gp_error *err);
	/* Visits the programs of a user, or of all when user is NULL. */
	int (*list)(struct gp_store *store, const char *user, int64_t window_msecs,
		    gp_store_visit *visit, void *context, struct gp_error *err);
	/* The same for those who sent. */
	int (*list_senders)(struct gp_store *store, const char *user,
			    gp_store_visit_sender *visit, void *context,
			    struct gp_error *err);
	/* All that is kept of one user, in one question. */
	int (*look_up)(struct gp_store *store, const char *user,
		       int64_t window_msecs,
		       const struct gp_store_visitors *visitors,
		       struct gp_error *err);
	/* When any program was last heard of; who was within enough_msecs will do,
	   so that this looks at few on a busy site.  -1 with *err filled; 0 with
	   *age_msecs_r filled, -1 for never. */
	int (*last_heard)(struct gp_store *store, int64_t enough_msecs,
			  int64_t *age_msecs_r, struct gp_error *err);
	/*
	 * Who is exempt by hand, of all hosts: *list_r is of the store and good until
	 * the next call of it.  It may be some seconds old; poll() brings it on its
	 * way.  0, or -1 with *err filled and *list_r as it was last known.
	 * Where there are pseudonyms, the one of user (NULL: nobody) stands there as
	 * user.
	 */
	int (*exemptions)(struct gp_store *store, const char *user,
			  int64_t now_msecs,
			  const struct gp_exemption_list **list_r,
			  struct gp_error *err);
	/* Adds one, in place of another of the same login; 0 or -1. */
	int (*exempt)(struct gp_store *store,
		      const struct gp_exemption *exemption, struct gp_error *err);
	/* Takes one away: 1, 0 if there was none, or -1. */
	int (*unexempt)(struct gp_store *store, const char *who,
			struct gp_error *err);
	/* Forgets how often a user's programs have checked and how much was sent, but
	   not when there was a human last.  1, 0 if nothing was known, or -1. */
	int (*reset)(struct gp_store *store, const char *user,
		     struct gp_error *err);
	/* Removes all that is held of a user, and looks whether it is gone.  As
	   poll(), but without a breaker. */
	int (*forget)(struct gp_store *store, const char *user,
		      struct gp_removal *removal_r, struct gp_error *err);
	void (*close)(struct gp_store *store);
};

struct gp_store {
	const struct gp_store_ops *ops;
	struct gp_breaker *breaker;     /* that it heeds; its news are to be told */
};

/* Redis, as settings->redis says; connects when first asked.  NULL with *err
   filled when the settings cannot be used.  settings must outlive the store. */
struct gp_store *gp_store_redis_open(const struct gp_settings *settings,
				     struct gp_error *err);

/* The same, but it heeds a breaker that others heed too and that outlives it; NULL for
   one of its own. */
struct gp_store *gp_store_redis_open_shared(const struct gp_settings *settings,
					    struct gp_breaker *breaker,
					    struct gp_error *err);

/* A number that no other process is likely to have. */
uint64_t gp_store_chance(void);

/* About so long, up to an eighth more or less: hosts that lost Redis together must
   not come back to it together.  msecs is at least 0. */
int64_t gp_store_with_jitter(int64_t msecs);

/* Accepts NULL, leaves NULL. */
void gp_store_close(struct gp_store **store);

#endif
