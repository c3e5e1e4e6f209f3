/* SPDX-License-Identifier: MIT */
/*
 * This module keeps the history in Redis: one script call for each decision
 * (store-poll.lua), on Redis's own clock.
 *
 * A decision is needed once per interval and program, so no connection is kept
 * between two of them: thousands of idle sessions hold none.  After a failure
 * nobody waits again until redis.retry has passed (a circuit breaker).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pool.h"
#include "store-record.h"
#include "store-redis-link.h"
#include "store.h"

#include "store-poll.lua.h"

enum { POLL_NUMBERS = 12, POLL_REPLIES = 7, NUMBER_BYTES = 24 };
enum { LIST_DEADLINE_MSECS = 10000 };

struct store_redis {
	struct gp_store store;          /* first: the interface */
	const struct gp_settings *settings;
	struct gp_redis_link *link;
	int64_t closed_until_msecs;     /* breaker; monotonic */
	struct gp_error last_error;
};

/* Hosts that lost Redis together must not come back to it together. */
static int64_t with_jitter(int64_t msecs)
{
	return msecs - msecs / 8 + random() % (msecs / 4 + 1);
}

static int fail(struct store_redis *store, int64_t now_msecs,
		struct gp_error *err)
{
	gp_redis_link_disconnect(store->link);
	store->closed_until_msecs = now_msecs + with_jitter(
		(int64_t)store->settings->redis.retry_secs * 1000);
	if (err != NULL)
		store->last_error = *err;
	return -1;
}

/* EVALSHA or EVAL with one key, the program and the numbers. */
static int call_script(struct store_redis *store, const char *verb,
		       const char *script, const char *key, const char *program,
		       const int64_t *numbers, int64_t deadline_msecs,
		       redisReply **reply_r, struct gp_error *err)
{
	char texts[POLL_NUMBERS][NUMBER_BYTES];
	const char *argv[5 + POLL_NUMBERS] = { verb, script, "1", key, program };
	struct gp_redis_command command = { .argc = 5 + POLL_NUMBERS,
					    .argv = argv };

	for (int i = 0; i < POLL_NUMBERS; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "%" PRId64, numbers[i]);
		argv[5 + i] = texts[i];
	}
	return gp_redis_link_exchange(store->link, &command, 1, deadline_msecs,
				      reply_r, err);
}

static bool is_noscript(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ERROR &&
		strncmp(reply->str, "NOSCRIPT", 8) == 0;
}

static int read_history(const redisReply *reply,
			struct gp_poll_history *history_r, struct gp_error *err)
{
	int64_t values[POLL_REPLIES];

	if (reply->type == REDIS_REPLY_ERROR)
		return gp_error_set(err, "redis: %s", reply->str);
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != POLL_REPLIES)
		return gp_error_set(err, "redis: unexpected reply to the script");
	for (int i = 0; i < POLL_REPLIES; i++) {
		if (reply->element[i]->type != REDIS_REPLY_INTEGER ||
		    reply->element[i]->integer < 0)
			return gp_error_set(err, "redis: unexpected reply to the script");
		values[i] = reply->element[i]->integer;
	}
	if (values[0] > GP_VERDICT_EARLY || values[3] > INT32_MAX ||
	    values[4] > INT32_MAX)
		return gp_error_set(err, "redis: unexpected reply to the script");
	*history_r = (struct gp_poll_history){
		.verdict = (enum gp_verdict)values[0],
		.wait_msecs = values[1],
		.round_left_msecs = values[2],
		.early_count = (unsigned int)values[3],
		.checks_count = (unsigned int)values[4],
		.every_msecs = values[5],
		.journal_due = values[6] == 1,
	};
	return 0;
}

static int ask(struct store_redis *store, const struct gp_poll_query *query,
	       const char *key, int64_t deadline_msecs,
	       struct gp_poll_history *history_r, struct gp_error *err)
{
	const int64_t numbers[POLL_NUMBERS] = {
		query->interval_msecs, query->tolerance_msecs,
		query->round_msecs, query->window_msecs, query->journal_msecs,
		(int64_t)store->settings->redis.retention_secs * 1000,
		query->is_report, query->checks, query->bursts,
		query->early_rounds, query->early_age_msecs,
		query->journal_age_msecs,
	};
	redisReply *reply;
	int result;

	if (call_script(store, "EVALSHA", STORE_POLL_SHA1, key, query->program,
			numbers, deadline_msecs, &reply, err) < 0)
		return -1;
	if (is_noscript(reply)) {
		freeReplyObject(reply);
		if (call_script(store, "EVAL", store_poll_script, key,
				query->program, numbers, deadline_msecs, &reply,
				err) < 0)
			return -1;
	}
	result = read_history(reply, history_r, err);
	freeReplyObject(reply);
	return result;
}

static int store_redis_poll(struct gp_store *generic,
			    const struct gp_poll_query *query, int64_t now_msecs,
			    struct gp_poll_history *history_r,
			    struct gp_error *err)
{
	struct store_redis *store = (struct store_redis *)generic;
	int64_t deadline_msecs = gp_clock_monotonic_msecs() +
		store->settings->redis.deadline_msecs;
	char *key;
	int result;

	if (now_msecs < store->closed_until_msecs) {
		if (err != NULL)
			*err = store->last_error;
		return -1;
	}
	key = gp_store_key(query->user);
	result = ask(store, query, key, deadline_msecs, history_r, err);
	free(key);
	if (result < 0)
		return fail(store, now_msecs, err);
	store->closed_until_msecs = 0;
	gp_redis_link_disconnect(store->link);
	return 0;
}

/* One page of SCAN: the reply is the next cursor and some keys. */
static int scan(struct store_redis *store, const char *cursor,
		int64_t deadline_msecs, redisReply **reply_r,
		struct gp_error *err)
{
	const char *argv[] = { "SCAN", cursor, "MATCH", "gp:{*}:p",
			       "COUNT", "500" };
	struct gp_redis_command command = { .argc = 6, .argv = argv };
	redisReply *reply;

	if (gp_redis_link_exchange(store->link, &command, 1, deadline_msecs,
				   &reply, err) < 0)
		return -1;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    reply->element[0]->type != REDIS_REPLY_STRING ||
	    reply->element[1]->type != REDIS_REPLY_ARRAY) {
		(void)gp_error_set(err, "redis: %s", reply->type ==
				   REDIS_REPLY_ERROR ? reply->str
				   : "unexpected reply to SCAN");
		freeReplyObject(reply);
		return -1;
	}
	*reply_r = reply;
	return 0;
}

static void visit_programs(const char *user, const redisReply *hash,
			   int64_t now_msecs, int64_t window_msecs,
			   gp_store_visit *visit, void *context)
{
	struct gp_poll_record record = { .user = user };

	for (size_t i = 0; i + 1 < hash->elements; i += 2) {
		const redisReply *field = hash->element[i];
		const redisReply *value = hash->element[i + 1];

		if (field->type != REDIS_REPLY_STRING ||
		    value->type != REDIS_REPLY_STRING ||
		    !gp_store_record_unpack((const unsigned char *)value->str,
					    value->len, now_msecs, window_msecs,
					    &record))
			continue;
		record.program = field->str;
		visit(context, &record);
	}
}

/* The clock of the records is Redis's, so it is asked with them. */
static int list_user(struct store_redis *store, const char *key,
		     const char *user, int64_t window_msecs,
		     int64_t deadline_msecs, gp_store_visit *visit,
		     void *context, struct gp_error *err)
{
	const char *time_argv[] = { "TIME" }, *hash_argv[] = { "HGETALL", key };
	const struct gp_redis_command commands[] = {
		{ .argc = 1, .argv = time_argv }, { .argc = 2, .argv = hash_argv },
	};
	redisReply *replies[2], *time;
	int result = 0;

	if (gp_redis_link_exchange(store->link, commands, 2, deadline_msecs,
				   replies, err) < 0)
		return -1;
	time = replies[0];
	if (time->type == REDIS_REPLY_ARRAY && time->elements == 2 &&
	    time->element[0]->type == REDIS_REPLY_STRING &&
	    time->element[1]->type == REDIS_REPLY_STRING &&
	    replies[1]->type == REDIS_REPLY_ARRAY)
		visit_programs(user, replies[1],
			       strtoll(time->element[0]->str, NULL, 10) * 1000 +
			       strtoll(time->element[1]->str, NULL, 10) / 1000,
			       window_msecs, visit, context);
	else
		result = gp_error_set(err, "redis: %s",
			time->type == REDIS_REPLY_ERROR ? time->str :
			replies[1]->type == REDIS_REPLY_ERROR ? replies[1]->str
			: "unexpected reply to HGETALL");
	freeReplyObject(replies[0]);
	freeReplyObject(replies[1]);
	return result;
}

static int list_page(struct store_redis *store, const redisReply *keys,
		     int64_t window_msecs, int64_t deadline_msecs,
		     gp_store_visit *visit, void *context, struct gp_error *err)
{
	int result = 0;

	for (size_t i = 0; i < keys->elements && result == 0; i++) {
		const redisReply *key = keys->element[i];
		char *user = key->type != REDIS_REPLY_STRING ? NULL
			: gp_store_key_user(key->str, key->len);

		if (user != NULL)
			result = list_user(store, key->str, user, window_msecs,
					   deadline_msecs, visit, context, err);
		free(user);
	}
	return result;
}

static int list_all(struct store_redis *store, int64_t window_msecs,
		    int64_t deadline_msecs, gp_store_visit *visit,
		    void *context, struct gp_error *err)
{
	char cursor[NUMBER_BYTES] = "0";
	redisReply *reply;
	int result;

	do {
		if (scan(store, cursor, deadline_msecs, &reply, err) < 0)
			return -1;
		(void)snprintf(cursor, sizeof(cursor), "%s",
			       reply->element[0]->str);
		result = list_page(store, reply->element[1], window_msecs,
				   deadline_msecs, visit, context, err);
		freeReplyObject(reply);
	} while (result == 0 && strcmp(cursor, "0") != 0);
	return result;
}

static int store_redis_list(struct gp_store *generic, const char *user,
			    int64_t window_msecs, gp_store_visit *visit,
			    void *context, struct gp_error *err)
{
	struct store_redis *store = (struct store_redis *)generic;
	int64_t deadline_msecs = gp_clock_monotonic_msecs() +
		LIST_DEADLINE_MSECS;
	char *key;
	int result;

	if (user == NULL) {
		result = list_all(store, window_msecs, deadline_msecs, visit,
				  context, err);
	} else {
		key = gp_store_key(user);
		result = list_user(store, key, user, window_msecs,
				   deadline_msecs, visit, context, err);
		free(key);
	}
	gp_redis_link_disconnect(store->link);
	return result;
}

static void store_redis_close(struct gp_store *generic)
{
	struct store_redis *store = (struct store_redis *)generic;

	gp_redis_link_free(&store->link);
	free(store);
}

struct gp_store *gp_store_redis_open(const struct gp_settings *settings,
				     struct gp_error *err)
{
	static const struct gp_store_ops ops = {
		.poll = store_redis_poll,
		.list = store_redis_list,
		.close = store_redis_close,
	};
	struct gp_redis_link *link = gp_redis_link_create(settings, err);
	struct store_redis *store;

	if (link == NULL)
		return NULL;
	store = gp_alloc(sizeof(*store));
	store->store.ops = &ops;
	store->settings = settings;
	store->link = link;
	return &store->store;
}
