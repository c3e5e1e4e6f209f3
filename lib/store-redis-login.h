/* SPDX-License-Identifier: MIT */
/*
 * This module asks the history in Redis about a login that has not happened yet.
 * Anybody can try to log in, so it only reads, and what it notes it notes of
 * users that are known, in room that is there: nobody can fill Redis by trying.
 */
#ifndef GP_STORE_REDIS_LOGIN_H
#define GP_STORE_REDIS_LOGIN_H

#include <stdint.h>

#include "breaker.h"
#include "error.h"
#include "facts.h"
#include "policy-terms.h"
#include "settings.h"
#include "store.h"

struct gp_login_store;

/* NULL with *err filled when the settings cannot be used.  settings must outlive
   the store, and so must the breaker that it heeds (NULL: one of its own). */
struct gp_login_store *gp_login_store_open(const struct gp_settings *settings,
					   struct gp_breaker *breaker,
					   struct gp_error *err);

/* What is known of a user and of the program that logs in; ages in milliseconds. */
struct gp_login_known {
	const char *program;            /* by which name; NULL: by none */
	struct gp_poll_record record;   /* of it */
	unsigned int programs_count;    /* of the user */
	int64_t human_age_msecs;        /* below 0: nothing known */
	int64_t crowd_ahead_msecs;      /* theoretical arrival time of all programs
	                                   together; <= 0: they are not too many */
	unsigned int crowd_early;
	bool has_own;                   /* the userdb has said something: */
	struct gp_poll_override own;
};

/*
 * Looks the user up.  programs are two names of the program, the better one first, NULL
 * for none; known_r->program is one of them.  now_msecs is the monotonic clock.
 * 1 with *known_r filled; 0 if the user is not known; -1 with *err filled.  Untouched
 * then.
 */
int gp_login_store_peek(struct gp_login_store *store, const char *user,
			const char *const programs[2], int64_t now_msecs,
			struct gp_login_known *known_r, struct gp_error *err);

/* What the history would say if the program logged in now; nothing is counted.
   interval_msecs is the one in force: gp_policy_poll_interval().  False, with
   *history_r untouched, if it says nothing: the program is not known, and all together
   are not too many. */
bool gp_login_judge(const struct gp_settings *settings,
		    const struct gp_poll_terms *terms, int64_t interval_msecs,
		    const struct gp_login_known *known,
		    struct gp_poll_history *history_r);

/* The interval in force, in milliseconds, once it is known whether the user is away. */
int64_t gp_login_interval(const struct gp_settings *settings,
			  const struct gp_poll_terms *terms, int64_t interval_msecs,
			  const struct gp_login_known *known);

/* A login of the user is held for so long: the next check of its program will not wait
   again.  0, or -1 with *err filled. */
int gp_login_store_hold(struct gp_login_store *store, const char *user,
			const char *program, int64_t msecs, int64_t now_msecs,
			struct gp_error *err);

/* Accepts NULL, leaves NULL. */
void gp_login_store_close(struct gp_login_store **store);

#endif
