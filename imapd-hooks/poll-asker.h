/* SPDX-License-Identifier: MIT */
/*
 * This module asks the store about the checks of one program, on the terms that hold
 * for it, and brings what the session remembers.  It tells nobody that the store is
 * silent, and does not decide what that means.
 */
#ifndef GP_POLL_ASKER_H
#define GP_POLL_ASKER_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "facts.h"
#include "policy-terms.h"
#include "poll-memory.h"
#include "settings.h"
#include "store.h"

/* For others to read, but for has_no_userdb. */
struct gp_poll_asker {
	const struct gp_settings *settings;
	struct gp_store *store;         /* NULL: nobody to ask */
	const char *user, *program;
	const struct gp_ip *ip;

	struct gp_poll_override own;    /* of the userdb */
	bool has_own;
	bool has_no_userdb;             /* where they could be */
	struct gp_poll_terms terms;     /* that hold for the program */
	int64_t interval_msecs;         /* that was asked with; without absence */
};

/* All must live as long.  The caller may write another program's name where program
   is, and then calls gp_poll_asker_begin(). */
void gp_poll_asker_init(struct gp_poll_asker *asker,
			const struct gp_settings *settings,
			struct gp_store *store, const char *user,
			const char *program, const struct gp_ip *ip);

/* The program is another one: finds its terms. */
void gp_poll_asker_begin(struct gp_poll_asker *asker);

/* The user has terms of their own.  -1, with *err filled and nothing changed, if value
   is wrong. */
int gp_poll_asker_own_terms(struct gp_poll_asker *asker, const char *name,
			    const char *value, struct gp_error *err);

/*
 * Each of these is one call of the store, which there must be; -1 with *err filled if
 * it is silent.  What memory has not brought yet counts as brought even then: the
 * store may have it, and nothing may be counted twice.  notice_after: as in struct
 * gp_poll_query.
 */

/* About the check that memory has counted last. */
int gp_poll_asker_check(struct gp_poll_asker *asker,
			struct gp_poll_memory *memory, int64_t notice_after,
			int64_t now_msecs, struct gp_poll_history *answer_r,
			struct gp_error *err);

/* No check: only brings. */
int gp_poll_asker_report(const struct gp_poll_asker *asker,
			 struct gp_poll_memory *memory, int64_t notice_after,
			 int64_t now_msecs, struct gp_error *err);

/* 1 if the user was given no notice within a day, and is given one now; or 0.  Leaves
   memory as it is: for a session that has counted nothing yet. */
int gp_poll_asker_is_untold(const struct gp_poll_asker *asker,
			    const struct gp_poll_memory *memory,
			    int64_t now_msecs, struct gp_error *err);

/* Who is exempt by hand comes with the answer about a check: finds the terms that hold
   with that. */
int gp_poll_asker_exemptions(struct gp_poll_asker *asker, int64_t now_msecs,
			     struct gp_error *err);

#endif
