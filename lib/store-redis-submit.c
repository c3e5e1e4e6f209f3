/* SPDX-License-Identifier: MIT */
/*
 * This module asks Redis about messages: store-submit.lua, one call for each of
 * them, several in one go.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pool.h"
#include "store-question.h"
#include "store-record.h"
#include "store-redis.h"

#include "store-submit.lua.h"

/* The token: the flag and the number of the question. */
enum { TOKEN_BYTES = 17, WORDS = 8, NUMBER_BYTES = 24 };

/* One call of the script. */
struct call {
	const struct gp_submit_query *query;
	char *key;
	char retention[NUMBER_BYTES], token[TOKEN_BYTES + 1];
	unsigned char windows[GP_STORE_SUBMISSION_BYTES];
	const char *argv[WORDS];
	size_t lengths[WORDS];
};

static int read_submission(const struct call *call, const redisReply *reply,
			   int64_t now_msecs,
			   struct gp_submit_history *history_r,
			   struct gp_error *err)
{
	struct gp_submission_reply fields;
	redisReply *const *element = reply->element;

	if (reply->type == REDIS_REPLY_ERROR)
		return gp_error_set(err, "redis: %s", reply->str);
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 4 ||
	    element[0]->type != REDIS_REPLY_INTEGER ||
	    element[1]->type != REDIS_REPLY_INTEGER ||
	    element[2]->type != REDIS_REPLY_INTEGER ||
	    element[3]->type != REDIS_REPLY_STRING ||
	    element[3]->len < TOKEN_BYTES ||
	    memcmp(element[3]->str, call->token, TOKEN_BYTES) != 0)
		return gp_error_set(err, "redis: unexpected reply to the script");
	fields = (struct gp_submission_reply){
		.refused_by = element[0]->integer,
		.wait_ticks = element[1]->integer,
		.now_ticks = element[2]->integer,
		.slots = (const unsigned char *)element[3]->str + TOKEN_BYTES,
		.length = element[3]->len - TOKEN_BYTES,
	};
	if (!gp_store_submission_read(call->query->terms, &fields, now_msecs *
				      GP_RATE_TICKS_PER_MSEC, history_r))
		return gp_error_set(err, "redis: unexpected reply to the script");
	return 0;
}

static void prepare(struct gp_store_redis *store,
		    const struct gp_submit_query *query, struct call *call)
{
	const char *argv[WORDS] = {
		"EVALSHA", STORE_SUBMIT_SHA1, "1", gp_store_key(query->user),
		"", call->retention, call->token, (const char *)call->windows
	};

	call->query = query;
	call->key = (char *)(uintptr_t)argv[3];
	(void)snprintf(call->retention, sizeof(call->retention), "%" PRId64,
		(int64_t)store->settings->redis.retention_secs * 1000);
	(void)snprintf(call->token, sizeof(call->token), "%d%016" PRIx64,
		       query->passes_anyway, ++store->question);
	memcpy(call->argv, argv, sizeof(argv));
	for (int i = 0; i < WORDS - 1; i++)
		call->lengths[i] = strlen(argv[i]);
	call->lengths[WORDS - 1] = gp_store_submission_pack(query, call->windows);
}

/* --- asking --- */

/* In one go, those that have no reply yet. */
static int ask_together(struct gp_store_redis *store, const struct call *calls,
			int count, int64_t deadline_msecs, redisReply **replies,
			struct gp_error *err)
{
	struct gp_redis_command *commands =
		gp_alloc((size_t)count * sizeof(*commands));
	redisReply **found = gp_alloc((size_t)count * sizeof(redisReply *));
	int asked = 0, result;

	for (int i = 0; i < count; i++)
		if (replies[i] == NULL)
			commands[asked++] = (struct gp_redis_command){
				.argc = WORDS,
				.argv = (const char **)(uintptr_t)calls[i].argv,
				.lengths = calls[i].lengths, .key = calls[i].key,
			};
	result = gp_redis_site_exchange(store->site, commands, asked,
					deadline_msecs, found, err);
	for (int i = count - 1; result == 0 && i >= 0; i--)
		if (replies[i] == NULL)
			replies[i] = found[--asked];
	free(commands);
	free(found);
	return result;
}

static void send_in_full(struct call *call)
{
	call->argv[0] = "EVAL";
	call->lengths[0] = strlen("EVAL");
	call->argv[1] = store_submit_script;
	call->lengths[1] = strlen(store_submit_script);
}

/* A server that does not know the script learns it from the first that comes there;
   which that is, is known only where there is one server.  True if there is anything
   to ask once more. */
static bool prepare_again(const struct gp_store_redis *store, struct call *calls,
			  int count, redisReply **replies)
{
	const bool is_one = store->settings->redis.topology != GP_REDIS_CLUSTER;
	bool is_any = false;

	for (int i = 0; i < count; i++) {
		if (!gp_store_redis_is_noscript(replies[i]))
			continue;
		freeReplyObject(replies[i]);
		replies[i] = NULL;
		if (!is_any || !is_one)
			send_in_full(&calls[i]);
		is_any = true;
	}
	return is_any;
}

/* All of them, or -1; replies may hold some all the same. */
static int ask(struct gp_store_redis *store, struct call *calls, int count,
	       int64_t deadline_msecs, redisReply **replies, struct gp_error *err)
{
	if (ask_together(store, calls, count, deadline_msecs, replies, err) < 0)
		return -1;
	if (!prepare_again(store, calls, count, replies))
		return 0;
	return ask_together(store, calls, count, deadline_msecs, replies, err);
}

static int submit_all(struct gp_store_redis *store, struct call *calls, int count,
		      int64_t now_msecs, struct gp_submit_history *histories,
		      struct gp_error *err)
{
	redisReply **replies = gp_alloc((size_t)count * sizeof(redisReply *));
	int result = ask(store, calls, count, gp_clock_monotonic_msecs() +
			 store->settings->redis.deadline_msecs, replies, err);

	for (int i = 0; i < count && result == 0; i++)
		result = read_submission(&calls[i], replies[i], now_msecs,
					 &histories[i], err);
	for (int i = 0; i < count; i++)
		if (replies[i] != NULL)
			freeReplyObject(replies[i]);
	free(replies);
	return result;
}

int gp_store_redis_submit_all(struct gp_store *generic,
			      const struct gp_submit_query *const *queries,
			      int count, int64_t now_msecs,
			      struct gp_submit_history *histories_r,
			      struct gp_error *err)
{
	struct gp_store_redis *store = (struct gp_store_redis *)generic;
	struct gp_submit_history *histories;
	struct call *calls;
	int result;

	if (gp_store_redis_is_left_alone(store, now_msecs, err))
		return -1;
	calls = gp_alloc((size_t)count * sizeof(*calls));
	histories = gp_alloc((size_t)count * sizeof(*histories));
	for (int i = 0; i < count; i++)
		prepare(store, queries[i], &calls[i]);
	result = submit_all(store, calls, count, now_msecs, histories, err);
	for (int i = 0; i < count; i++)
		free(calls[i].key);
	free(calls);
	if (result == 0) {
		memcpy(histories_r, histories, (size_t)count * sizeof(*histories));
		gp_breaker_answered(store->store.breaker, now_msecs);
	} else {
		(void)gp_store_redis_fail(store, now_msecs, err);
	}
	free(histories);
	return result;
}

int gp_store_redis_submit(struct gp_store *generic,
			  const struct gp_submit_query *query, int64_t now_msecs,
			  struct gp_submit_history *history_r,
			  struct gp_error *err)
{
	return gp_store_redis_submit_all(generic, &query, 1, now_msecs, history_r,
					 err);
}
