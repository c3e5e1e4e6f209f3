/* SPDX-License-Identifier: MIT */
/*
 * This module removes all that Redis holds of one user, and looks afterwards.
 * A user has one key and no index, so nothing can be left elsewhere.
 */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "store-record.h"
#include "store-redis.h"

enum { FORGET_DEADLINE_MSECS = 10000 };
enum { KNOWN, REMOVED, LEFT, REPLIES };

static unsigned int count_programs(const redisReply *known)
{
	struct gp_store_program ignored;
	struct gp_store_user user;
	unsigned int count = 0;

	if (known->type != REDIS_REPLY_STRING ||
	    !gp_store_user_open(known->str, known->len, &user))
		return 0;
	while (gp_store_user_next(&user, &ignored))
		count++;
	return count;
}

static int read_removal(redisReply *const *replies,
			struct gp_removal *removal_r, struct gp_error *err)
{
	for (int i = 0; i < REPLIES; i++) {
		const bool is_number = i != KNOWN;

		if (replies[i]->type == REDIS_REPLY_ERROR)
			return gp_error_set(err, "redis: %s", replies[i]->str);
		if (is_number != (replies[i]->type == REDIS_REPLY_INTEGER))
			return gp_error_set(err, "redis: unexpected reply about a "
					    "user to forget");
	}
	*removal_r = (struct gp_removal){
		.was_known = replies[REMOVED]->integer > 0,
		.is_left = replies[LEFT]->integer > 0,
		.programs_count = count_programs(replies[KNOWN]),
	};
	return 0;
}

/* All in one go.  A session that writes in between is seen by the last of them:
   it is said, and the user can be forgotten once more. */
int gp_store_redis_forget(struct gp_store *generic, const char *user,
			  struct gp_removal *removal_r, struct gp_error *err)
{
	struct gp_store_redis *store = (struct gp_store_redis *)generic;
	char *key = gp_store_key(user);
	const char *known[] = { "GET", key }, *remove[] = { "DEL", key },
		*look[] = { "EXISTS", key };
	const struct gp_redis_command commands[REPLIES] = {
		[KNOWN] = { .argc = 2, .argv = known, .key = key },
		[REMOVED] = { .argc = 2, .argv = remove, .key = key },
		[LEFT] = { .argc = 2, .argv = look, .key = key },
	};
	redisReply *replies[REPLIES];
	int result = gp_redis_site_exchange(store->site, commands, REPLIES,
		gp_clock_monotonic_msecs() + FORGET_DEADLINE_MSECS, replies, err);

	free(key);
	if (result < 0)
		return -1;
	result = read_removal(replies, removal_r, err);
	for (int i = 0; i < REPLIES; i++)
		freeReplyObject(replies[i]);
	gp_redis_site_disconnect(store->site);
	return result;
}
