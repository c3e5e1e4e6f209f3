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
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pool.h"
#include "store-record.h"
#include "store-redis.h"

#include "store-poll.lua.h"

enum { POLL_NUMBERS = 18, POLL_REPLIES = 7, NUMBER_BYTES = 24 };
enum { FLAG_JOURNAL_DUE = 1, FLAG_HAS_WAITED = 2, FLAG_IS_AWAY = 4,
       FLAG_IS_CROWDED = 8, FLAG_NOTICE_DUE = 16 };

int gp_store_redis_fail(struct gp_store_redis *store, int64_t now_msecs,
			struct gp_error *err)
{
	gp_redis_site_disconnect(store->site);
	store->closed_until_msecs = now_msecs + gp_store_with_jitter(
		(int64_t)store->settings->redis.retry_secs * 1000);
	if (err != NULL)
		store->last_error = *err;
	return -1;
}

static bool is_noscript(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ERROR &&
		strncmp(reply->str, "NOSCRIPT", 8) == 0;
}

static void free_replies(redisReply *replies[2])
{
	for (int i = 0; i < 2; i++) {
		if (replies[i] != NULL)
			freeReplyObject(replies[i]);
		replies[i] = NULL;
	}
}

int gp_store_redis_run(struct gp_store_redis *store,
		       const struct gp_redis_script *script,
		       const struct gp_redis_command *beside,
		       int64_t deadline_msecs, redisReply **replies_r,
		       struct gp_error *err)
{
	const char *const tries[][2] = { { "EVALSHA", script->sha1 },
					 { "EVAL", script->text } };
	const int count = beside == NULL ? 1 : 2;
	struct gp_redis_command commands[2] = {
		{ .argc = script->argc, .argv = script->argv,
		  .lengths = script->lengths, .key = script->argv[3] },
	};
	redisReply *replies[2] = { NULL, NULL };

	if (beside != NULL)
		commands[1] = *beside;
	for (int i = 0; i < 2; i++) {
		free_replies(replies);
		for (int word = 0; word < 2; word++) {
			script->argv[word] = tries[i][word];
			if (script->lengths != NULL)
				script->lengths[word] = strlen(tries[i][word]);
		}
		if (beside == NULL
		    ? gp_redis_site_exchange(store->site, commands, 1,
					     deadline_msecs, replies, err) < 0
		    : gp_redis_site_exchange_beside(store->site, commands,
						    deadline_msecs, replies,
						    err) < 0)
			return -1;
		if (!is_noscript(replies[0]))
			break;
	}
	memcpy(replies_r, replies, (size_t)count * sizeof(*replies));
	return 0;
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
	if (values[0] > GP_VERDICT_FREE || values[3] > INT32_MAX ||
	    values[4] > INT32_MAX)
		return gp_error_set(err, "redis: unexpected reply to the script");
	*history_r = (struct gp_poll_history){
		.verdict = (enum gp_verdict)values[0],
		.wait_msecs = values[1],
		.round_left_msecs = values[2],
		.early_count = (unsigned int)values[3],
		.checks_count = (unsigned int)values[4],
		.every_msecs = values[5],
		.journal_due = (values[6] & FLAG_JOURNAL_DUE) != 0,
		.has_waited = (values[6] & FLAG_HAS_WAITED) != 0,
		.is_away = (values[6] & FLAG_IS_AWAY) != 0,
		.notice_due = (values[6] & FLAG_NOTICE_DUE) != 0,
		.is_crowded = (values[6] & FLAG_IS_CROWDED) != 0,
	};
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
	const int64_t numbers[POLL_NUMBERS] = {
		query->interval_msecs, query->tolerance_msecs,
		query->round_msecs, query->window_msecs, query->journal_msecs,
		(int64_t)store->settings->redis.retention_secs * 1000,
		query->is_report, query->checks, query->bursts,
		query->early_rounds, query->early_age_msecs,
		query->journal_age_msecs, query->grace_msecs,
		query->away_after_msecs, query->away_interval_msecs,
		query->programs_max,
		query->had_human ? query->human_age_msecs : -1,
		query->notice_after,
	};
	char texts[POLL_NUMBERS][NUMBER_BYTES];
	const char *argv[5 + POLL_NUMBERS] = { NULL, NULL, "1", key,
					       query->program };
	const struct gp_redis_script script = {
		.sha1 = STORE_POLL_SHA1, .text = store_poll_script,
		.argv = argv, .argc = 5 + POLL_NUMBERS,
	};
	redisReply *replies[2];
	int result;

	for (int i = 0; i < POLL_NUMBERS; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "%" PRId64, numbers[i]);
		argv[5 + i] = texts[i];
	}
	if (gp_store_redis_run(store, &script, beside, deadline_msecs, replies,
			       err) < 0)
		return -1;
	result = read_history(replies[0], history_r, err);
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
	if (now_msecs >= store->closed_until_msecs)
		return false;
	if (err != NULL)
		*err = store->last_error;
	return true;
}

static int store_redis_poll(struct gp_store *generic,
			    const struct gp_poll_query *query, int64_t now_msecs,
			    struct gp_poll_history *history_r,
			    struct gp_error *err)
{
	struct gp_store_redis *store = (struct gp_store_redis *)generic;
	int64_t deadline_msecs = gp_clock_monotonic_msecs() +
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
	store->closed_until_msecs = 0;
	gp_redis_site_disconnect(store->site);
	return 0;
}

static void store_redis_close(struct gp_store *generic)
{
	struct gp_store_redis *store = (struct gp_store_redis *)generic;

	gp_store_redis_free_exemptions(store);
	gp_redis_site_close(&store->site);
	free(store);
}

struct gp_store *gp_store_redis_open(const struct gp_settings *settings,
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
	return &store->store;
}
