/* SPDX-License-Identifier: MIT */
/*
 * This module remembers in the process when programs were last about to log in, and what
 * Redis said of them: who comes no sooner than the interval cannot be early, and Redis
 * need not be asked about that login.  It has room for some thousands of programs, and
 * takes no more, however many try.  It knows neither Redis nor Dovecot, and is told the
 * time, in milliseconds of the monotonic clock.
 */
#ifndef GP_AUTHPOLICY_MEMORY_H
#define GP_AUTHPOLICY_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* From the question before the login to the session. */
enum { GP_AUTH_MEMORY_LOGIN_MSECS = 30000 };

struct gp_auth_memory;

/* What Redis has said of a program. */
struct gp_auth_memory_news {
	int64_t interval_msecs;         /* that is in force for it */
	int64_t seen_msecs;             /* when it goes on with its login */
	int64_t until_msecs;            /* from then on Redis is asked anew */
	bool is_stranger;               /* nothing is known of its user */
};

struct gp_auth_memory *gp_auth_memory_create(void);

/*
 * A program is about to log in, which is noted.  True if it cannot be early: what Redis
 * said still holds, and since it was last seen the interval has passed, the one that Redis
 * was asked with and interval_msecs.
 */
bool gp_auth_memory_see(struct gp_auth_memory *memory, uint64_t program,
			int64_t interval_msecs, int64_t now_msecs);

/* Whether it is that login which now goes on: gp_auth_memory_see() was true of it within
   GP_AUTH_MEMORY_LOGIN_MSECS, and this has not been asked since. */
bool gp_auth_memory_take(struct gp_auth_memory *memory, uint64_t program,
			 int64_t now_msecs);

/* Redis has just spoken of it.  Where there is no room, who was not seen for the longest
   time gives way, but nobody whose place is good yet gives way to a stranger. */
void gp_auth_memory_learn(struct gp_auth_memory *memory, uint64_t program,
			  const struct gp_auth_memory_news *news, int64_t now_msecs);

/* Redis is asked about it next time. */
void gp_auth_memory_forget(struct gp_auth_memory *memory, uint64_t program);

/* Accepts NULL, leaves NULL. */
void gp_auth_memory_free(struct gp_auth_memory **memory);

#endif
