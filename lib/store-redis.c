/* SPDX-License-Identifier: MIT */
/*
 * This module keeps the history in Redis: one script call for each decision
 * (store-poll.lua; store-submit.lua in store-redis-submit.c), on Redis's own clock.
 *
 * A check needs a decision once per interval and program, so no connection is kept
 * between two of them: thousands of idle sessions hold none.  The milter has few
 * stores and many messages: those keep it.  After a failure
 * nobody waits again until redis.retry has passed (a circuit breaker).
 */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pool.h"
#include "store-program.h"
#include "store-question.h"
#include "store-record.h"
#include "store-redis.h"

#include "store-poll.lua.h"

int gp_store_redis_fail(struct gp_store_redis *store, int64_t now_msecs,
			struct gp_error *err)
{
	gp_redis_site_disconnect(store->site);
	gp_breaker_failed(store->store.breaker, now_msecs);
	if (err != NULL)
		store->last_error = *err;
	return -1;
}

bool gp_store_redis_is_noscript(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ERROR &&
		strncmp(reply->str, "NOSCRIPT", 8) == 0;
}

/* A script by its SHA1, or in full. */
static void name_script(const struct gp_redis_script *script, const char *how,
			const char *what)
{
	const char *const words[2] = { how, what };

	for (int i = 0; i < 2; i++) {
		script->argv[i] = words[i];
		if (script->lengths != NULL)
			script->lengths[i] = strlen(words[i]);
	}
}

int gp_store_redis_run(struct gp_store_redis *store,
		       const struct gp_redis_script *script,
		       const struct gp_redis_command *beside,
		       int64_t deadline_msecs, redisReply **replies_r,
		       struct gp_error *err)
{
	struct gp_redis_command commands[2] = {
		{ .argc = script->argc, .argv = script->argv,
		  .lengths = script->lengths, .key = script->argv[3] },
	};
	redisReply *replies[2] = { NULL, NULL };
	int result;

	if (beside != NULL)
		commands[1] = *beside;
	name_script(script, "EVALSHA", script->sha1);
	result = beside == NULL
		? gp_redis_site_exchange(store->site, commands, 1, deadline_msecs,
					 replies, err)
		: gp_redis_site_exchange_beside(store->site, commands,
						deadline_msecs, replies, err);
	if (result == 0 && gp_store_redis_is_noscript(replies[0])) {
		freeReplyObject(replies[0]);
		name_script(script, "EVAL", script->text);
		result = gp_redis_site_exchange(store->site, commands, 1,
						deadline_msecs, replies, err);
		if (result < 0 && replies[1] != NULL)
			freeReplyObject(replies[1]);
	}
	if (result < 0)
		return -1;
	memcpy(replies_r, replies, (beside == NULL ? 1 : 2) * sizeof(*replies));
	return 0;
}

static int read_history(const struct gp_poll_query *query, const redisReply *reply,
			struct gp_poll_history *history_r, struct gp_error *err)
{
	if (reply->type == REDIS_REPLY_ERROR)
		return gp_error_set(err, "redis: %s", reply->str);
	if (reply->type != REDIS_REPLY_STRING ||
	    !gp_store_verdict_read(query, reply->str, reply->len, history_r))
		return gp_error_set(err, "redis: unexpected reply to the script");
	return 0;
}

/* Who is exempt by hand comes with the answer, when that was not asked lately. */
static int ask(struct gp_store_redis *store, const struct gp_poll_query *query,
	       const char *key, int64_t now_msecs, int64_t deadline_msecs,
	       struct gp_poll_history *history_r, struct gp_error *err)
{
	const struct gp_redis_command *beside =
		gp_store_redis_wants_exemptions(store, now_msecs)
		? &gp_store_redis_ask_exemptions : NULL;
	unsigned char program[GP_STORE_PROGRAM_BYTES];
	unsigned char numbers[GP_STORE_CHECK_BYTES];
	const char *argv[] = { NULL, NULL, "1", key, (char *)program,
			       (char *)numbers };
	size_t lengths[] = { 0, 0, 1, strlen(key),
		gp_store_program_pack(query->program, program),
		gp_store_check_pack(query, store->settings->redis.retention_secs,
				    numbers) };
	const struct gp_redis_script script = {
		.sha1 = STORE_POLL_SHA1, .text = store_poll_script,
		.argv = argv, .lengths = lengths,
		.argc = sizeof(argv) / sizeof(argv[0]),
	};
	redisReply *replies[2];
	int result;

	if (gp_store_redis_run(store, &script, beside, deadline_msecs, replies,
			       err) < 0)
		return -1;
	result = read_history(query, replies[0], history_r, err);
	freeReplyObject(replies[0]);
	if (beside == NULL)
		return result;
	if (result == 0)
		gp_store_redis_take_exemptions(store, replies[1], now_msecs);
	if (replies[1] != NULL)
		freeReplyObject(replies[1]);
	return result;
}

bool gp_store_redis_is_left_alone(const struct gp_store_redis *store,
				  int64_t now_msecs, struct gp_error *err)
{
	if (gp_breaker_admits(store->store.breaker, now_msecs))
		return false;
	if (err != NULL && store->last_error.text[0] != '\0')
		*err = store->last_error;
	else if (err != NULL)
		(void)gp_error_set(err, "redis: it failed others and is left alone");
	return true;
}

/* What Redis counted from when it judged, the caller counts from when it asked, and
   both clocks are cut to milliseconds.  Who comes a moment too early has to ask again. */
static void count_from_question(struct gp_poll_history *history, int64_t began_msecs)
{
	const int64_t took_msecs = gp_clock_monotonic_msecs() - began_msecs + 1;

	if (history->wait_msecs > 0)
		history->wait_msecs += took_msecs;
	if (history->round_left_msecs > 0)
		history->round_left_msecs += took_msecs;
}

static int store_redis_poll(struct gp_store *generic,
			    const struct gp_poll_query *query, int64_t now_msecs,
			    struct gp_poll_history *history_r,
			    struct gp_error *err)
{
	struct gp_store_redis *store = (struct gp_store_redis *)generic;
	const int64_t began_msecs = gp_clock_monotonic_msecs();
	const int64_t deadline_msecs = began_msecs +
		store->settings->redis.deadline_msecs;
	char *key;
	int result;

	if (gp_store_redis_is_left_alone(store, now_msecs, err))
		return -1;
	key = gp_store_key(query->user);
	result = ask(store, query, key, now_msecs, deadline_msecs, history_r, err);
	free(key);
	if (result < 0)
		return gp_store_redis_fail(store, now_msecs, err);
	count_from_question(history_r, began_msecs);
	gp_breaker_answered(store->store.breaker, now_msecs);
	gp_store_redis_drop_ended(store, now_msecs, deadline_msecs);
	gp_redis_site_disconnect(store->site);
	return 0;
}

static void store_redis_close(struct gp_store *generic)
{
	struct gp_store_redis *store = (struct gp_store_redis *)generic;

	gp_store_redis_free_exemptions(store);
	gp_redis_site_close(&store->site);
	gp_breaker_free(&store->own_breaker);
	free(store);
}

struct gp_store *gp_store_redis_open_shared(const struct gp_settings *settings,
					    struct gp_breaker *breaker,
					    struct gp_error *err)
{
	static const struct gp_store_ops ops = {
		.poll = store_redis_poll,
		.submit = gp_store_redis_submit,
		.submit_all = gp_store_redis_submit_all,
		.list = gp_store_redis_list,
		.list_senders = gp_store_redis_list_senders,
		.look_up = gp_store_redis_look_up,
		.last_heard = gp_store_redis_last_heard,
		.exemptions = gp_store_redis_exemptions,
		.exempt = gp_store_redis_exempt,
		.unexempt = gp_store_redis_unexempt,
		.reset = gp_store_redis_reset,
		.forget = gp_store_redis_forget,
		.close = store_redis_close,
	};
	struct gp_redis_site *site = gp_redis_site_open(settings, err);
	struct gp_store_redis *store;

	if (site == NULL)
		return NULL;
	store = gp_alloc(sizeof(*store));
	store->store.ops = &ops;
	store->settings = settings;
	store->site = site;
	store->question = gp_store_chance();
	if (breaker == NULL)
		breaker = store->own_breaker = gp_breaker_create(
			(int64_t)settings->redis.retry_secs * 1000);
	store->store.breaker = breaker;
	return &store->store;
}

struct gp_store *gp_store_redis_open(const struct gp_settings *settings,
				     struct gp_error *err)
{
	return gp_store_redis_open_shared(settings, NULL, err);
}
