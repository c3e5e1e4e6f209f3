/* SPDX-License-Identifier: MIT */
/*
 * This module asks the history in Redis about a login that has not happened yet.
 * Anybody can try to log in, so it only reads, and what it notes it notes of
 * programs that are known: nobody can fill Redis by trying.
 */
#ifndef GP_STORE_REDIS_LOGIN_H
#define GP_STORE_REDIS_LOGIN_H

#include <stdint.h>

#include "breaker.h"
#include "error.h"
#include "facts.h"
#include "settings.h"

struct gp_login_store;

/* NULL with *err filled when the settings cannot be used.  settings must outlive
   the store, and so must the breaker that it heeds (NULL: one of its own). */
struct gp_login_store *gp_login_store_open(const struct gp_settings *settings,
					   struct gp_breaker *breaker,
					   struct gp_error *err);

/*
 * What the history would say if a program of the user logged in now.  programs are
 * two names of it, the better one first, NULL for none; *program_r is the one that
 * is known.  interval_msecs is the one in force (gp_policy_poll_interval());
 * within_secs is of gp_poll_terms_windows(); now_msecs is the monotonic clock.
 *
 * 1 with *program_r and *history_r filled; 0 if no program of that name is known;
 * -1 with *err filled.  Both are untouched then.
 */
int gp_login_store_peek(struct gp_login_store *store, const char *user,
			const char *const programs[2], int64_t interval_msecs,
			const unsigned int within_secs[GP_LADDER_WINDOWS_MAX],
			int64_t now_msecs, const char **program_r,
			struct gp_poll_history *history_r, struct gp_error *err);

/* A login of a known program is held for so long: its next check will not wait
   again.  0, or -1 with *err filled. */
int gp_login_store_hold(struct gp_login_store *store, const char *user,
			const char *program, int64_t msecs, int64_t now_msecs,
			struct gp_error *err);

/* Accepts NULL, leaves NULL. */
void gp_login_store_close(struct gp_login_store **store);

#endif
