/* SPDX-License-Identifier: MIT */
/*
 * This module counts the logins that are held: each is known by the second in which its
 * hold ends, since Dovecot tells nobody when a client has gone.  It is told the time, in
 * seconds of any clock.
 */
#ifndef GP_AUTHPOLICY_HOLDS_H
#define GP_AUTHPOLICY_HOLDS_H

#include <stdint.h>

/* A hold may be so long: no step of the ladder is longer. */
enum { GP_AUTH_HOLD_SECS_MAX = 60 };

/* All zero: nobody is held. */
struct gp_auth_holds {
	struct {
		int64_t second;
		unsigned int count;     /* of holds that end in it */
	} ends[GP_AUTH_HOLD_SECS_MAX + 1];
};

/* How many have not ended. */
unsigned int gp_auth_holds_count(const struct gp_auth_holds *holds,
				 int64_t now_secs);

/* One more, that ends then, and began no longer than GP_AUTH_HOLD_SECS_MAX before. */
void gp_auth_holds_add(struct gp_auth_holds *holds, int64_t end_secs);

#endif
