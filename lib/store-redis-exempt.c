/* SPDX-License-Identifier: MIT */
/*
 * This module keeps who is exempt by hand, in one hash of Redis for all hosts, and lets
 * a user begin anew.  The hash is small and read whole: beside the question about a
 * check, when that was not done for some seconds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exemption.h"
#include "log.h"
#include "pool.h"
#include "store-record.h"
#include "store-redis.h"

#include "store-exempt.lua.h"
#include "store-reset.lua.h"

#define KEY "gp:{exemptions}:x"

/* For how long what was read is good; and the most there may be, by far. */
enum { GOOD_MSECS = 5000, EXEMPTIONS_MAX = 1000, CHANGE_DEADLINE_MSECS = 10000 };

static const char *ask_words[] = { "HGETALL", KEY };
const struct gp_redis_command gp_store_redis_ask_exemptions = {
	.argc = 2, .argv = ask_words, .key = KEY
};

/* --- what is known --- */

void gp_store_redis_free_exemptions(struct gp_store_redis *store)
{
	for (size_t i = 0; i < store->exemptions.count; i++)
		gp_exemption_free(&store->exemptions.items[i]);
	free(store->exemptions.items);
	store->exemptions = (struct gp_exemption_list){ 0 };
}

bool gp_store_redis_wants_exemptions(const struct gp_store_redis *store,
				     int64_t now_msecs)
{
	return now_msecs >= store->exemptions_until_msecs;
}

/* Whatever is there that we have not written exempts nobody, and ends as soon as
   store-exempt.lua finds no number in it. */
static void add(struct gp_store_redis *store, const redisReply *who,
		const redisReply *value)
{
	struct gp_exemption_list *list = &store->exemptions;
	struct gp_exemption exemption;
	struct gp_error ignored;

	if (who->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING)
		return;
	if (strtoll(value->str, NULL, 10) <= gp_clock_wall_msecs() / 1000)
		store->has_ended = true;
	if (gp_exemption_unpack(who->str, value->str, &exemption, &ignored) == 0)
		list->items[list->count++] = exemption;
}

/* Those that were known last hold until they are asked for once more. */
static void leave_alone(struct gp_store_redis *store, int64_t now_msecs)
{
	store->exemptions_until_msecs = now_msecs + gp_store_with_jitter(
		(int64_t)store->settings->redis.retry_secs * 1000);
}

void gp_store_redis_take_exemptions(struct gp_store_redis *store,
				    const redisReply *reply, int64_t now_msecs)
{
	struct gp_exemption_list *list = &store->exemptions;

	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) {
		leave_alone(store, now_msecs);
		return;
	}
	gp_store_redis_free_exemptions(store);
	list->items = gp_alloc((reply->elements / 2 + 1) * sizeof(*list->items));
	for (size_t i = 0; i + 1 < reply->elements; i += 2)
		add(store, reply->element[i], reply->element[i + 1]);
	store->exemptions_until_msecs = now_msecs + GOOD_MSECS;
}

/* Only a server that has all keys says something about users by its silence. */
static int note_silence(struct gp_store_redis *store, int64_t now_msecs,
			struct gp_error *err)
{
	leave_alone(store, now_msecs);
	return store->settings->redis.topology == GP_REDIS_CLUSTER ? -1
		: gp_store_redis_fail(store, now_msecs, err);
}

static int read_all(struct gp_store_redis *store, int64_t now_msecs,
		    int64_t deadline_msecs, struct gp_error *err)
{
	redisReply *reply;
	int result = 0;

	if (gp_redis_site_exchange(store->site, &gp_store_redis_ask_exemptions, 1,
				   deadline_msecs, &reply, err) < 0)
		return note_silence(store, now_msecs, err);
	gp_store_redis_take_exemptions(store, reply, now_msecs);
	if (reply->type != REDIS_REPLY_ARRAY)
		result = gp_error_set(err, "redis: %s", reply->type ==
				      REDIS_REPLY_ERROR ? reply->str
				      : "unexpected reply to HGETALL");
	freeReplyObject(reply);
	return result;
}

int gp_store_redis_exemptions(struct gp_store *generic, const char *user,
			      int64_t now_msecs,
			      const struct gp_exemption_list **list_r,
			      struct gp_error *err)
{
	struct gp_store_redis *store = (struct gp_store_redis *)generic;
	const int64_t deadline_msecs = gp_clock_monotonic_msecs() +
		store->settings->redis.deadline_msecs;
	int result;

	(void)user;
	*list_r = &store->exemptions;
	if (!gp_store_redis_wants_exemptions(store, now_msecs))
		return 0;
	if (gp_store_redis_is_left_alone(store, now_msecs, err))
		return -1;
	result = read_all(store, now_msecs, deadline_msecs, err);
	if (result == 0) {
		gp_breaker_answered(store->store.breaker, now_msecs);
		gp_store_redis_drop_ended(store, now_msecs, deadline_msecs);
	}
	gp_redis_site_disconnect(store->site);
	return result;
}

/* --- changes --- */

static int run_change(struct gp_store_redis *store, const char *who,
		      const char *value, int64_t deadline_msecs,
		      redisReply **reply_r, struct gp_error *err)
{
	char most[16];
	const char *argv[] = { NULL, NULL, "1", KEY, who, value, most };
	const struct gp_redis_script script = {
		.sha1 = STORE_EXEMPT_SHA1, .text = store_exempt_script,
		.argv = argv, .argc = sizeof(argv) / sizeof(argv[0]),
	};

	(void)snprintf(most, sizeof(most), "%d", EXEMPTIONS_MAX);
	return gp_store_redis_run(store, &script, NULL, deadline_msecs, reply_r,
				  err);
}

/* Redis may refuse, and keeps them then; but who waited for it in vain does so once
   only. */
void gp_store_redis_drop_ended(struct gp_store_redis *store, int64_t now_msecs,
			       int64_t deadline_msecs)
{
	redisReply *reply;
	struct gp_error err;

	if (!store->has_ended)
		return;
	store->has_ended = false;
	if (run_change(store, "", "", deadline_msecs, &reply, &err) == 0)
		freeReplyObject(reply);
	else if (gp_clock_monotonic_msecs() >= deadline_msecs)
		(void)note_silence(store, now_msecs, &err);
}

static int change(struct gp_store_redis *store, const char *who,
		  const char *value, struct gp_error *err)
{
	redisReply *reply;
	int result;

	if (run_change(store, who, value, gp_clock_monotonic_msecs() +
		       CHANGE_DEADLINE_MSECS, &reply, err) < 0)
		return -1;
	if (reply->type == REDIS_REPLY_INTEGER && reply->integer >= 0)
		result = reply->integer > 0;
	else if (reply->type == REDIS_REPLY_INTEGER)
		result = gp_error_set(err, "%d exemptions are there already; drop "
				      "some, or use poll.exemptions",
				      EXEMPTIONS_MAX);
	else
		result = gp_error_set(err, "redis: %s", reply->type ==
				      REDIS_REPLY_ERROR ? reply->str
				      : "unexpected reply to the script");
	freeReplyObject(reply);
	gp_redis_site_disconnect(store->site);
	store->exemptions_until_msecs = 0;
	return result;
}

int gp_store_redis_exempt(struct gp_store *generic,
			  const struct gp_exemption *exemption,
			  struct gp_error *err)
{
	char *value = gp_exemption_pack(exemption);
	int result = change((struct gp_store_redis *)generic, exemption->login,
			    value, err);

	free(value);
	return result < 0 ? -1 : 0;
}

int gp_store_redis_unexempt(struct gp_store *generic, const char *who,
			    struct gp_error *err)
{
	return change((struct gp_store_redis *)generic, who, "", err);
}

int gp_store_redis_reset(struct gp_store *generic, const char *user,
			 struct gp_error *err)
{
	struct gp_store_redis *store = (struct gp_store_redis *)generic;
	char *key = gp_store_key(user);
	const char *argv[] = { NULL, NULL, "1", key, "" };
	const struct gp_redis_script script = {
		.sha1 = STORE_RESET_SHA1, .text = store_reset_script,
		.argv = argv, .argc = sizeof(argv) / sizeof(argv[0]),
	};
	redisReply *reply;
	int result = gp_store_redis_run(store, &script, NULL,
		gp_clock_monotonic_msecs() + CHANGE_DEADLINE_MSECS, &reply, err);

	free(key);
	if (result == 0) {
		result = reply->type == REDIS_REPLY_INTEGER ? reply->integer > 0
			: gp_error_set(err, "redis: %s", reply->type ==
				       REDIS_REPLY_ERROR ? reply->str
				       : "unexpected reply to the script");
		freeReplyObject(reply);
	}
	gp_redis_site_disconnect(store->site);
	return result;
}
