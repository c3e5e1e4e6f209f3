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
enum { LIST_DEADLINE_MSECS = 10000 };

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

/* --- reviewing --- */

/* One page of SCAN on one server: the reply is the next cursor and some keys. */
static int scan(struct gp_store_redis *store, int server, const char *cursor,
		int64_t deadline_msecs, redisReply **reply_r,
		struct gp_error *err)
{
	const char *argv[] = { "SCAN", cursor, "MATCH", "gp:{*}:p",
			       "COUNT", "500" };
	struct gp_redis_command command = { .argc = 6, .argv = argv };
	redisReply *reply;

	if (gp_redis_site_ask_server(store->site, server, &command, deadline_msecs,
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

/* What is done with each user who is listed. */
struct review {
	struct gp_store_visitors visitors;
	int64_t window_msecs;
	const bool *is_done;            /* the visitor has seen enough; may be NULL */
};

static bool goes_on(const struct review *review)
{
	return review->is_done == NULL || !*review->is_done;
}

static void visit_program(struct gp_poll_record *record, const redisReply *field,
			  const redisReply *value, int64_t now_msecs,
			  const struct review *review)
{
	if (field->len <= 1 ||
	    !gp_store_record_unpack((const unsigned char *)value->str, value->len,
				    now_msecs, review->window_msecs, record))
		return;
	record->program = field->str;
	review->visitors.program(review->visitors.context, record);
}

static void visit_sender(struct gp_sender_record *record, const redisReply *field,
			 const redisReply *value, int64_t now_ticks,
			 const struct review *review)
{
	if (field->len == 1 && field->str[0] == 's' &&
	    gp_store_sender_unpack((const unsigned char *)value->str, value->len,
				   now_ticks, record))
		review->visitors.sender(review->visitors.context, record);
}

static void visit_human(const redisReply *field, const redisReply *value,
			int64_t now_msecs, const struct review *review)
{
	int64_t age_msecs;

	if (field->len == 1 && field->str[0] == 'h' &&
	    gp_store_human_unpack((const unsigned char *)value->str, value->len,
				  now_msecs, &age_msecs))
		review->visitors.human(review->visitors.context, age_msecs);
}

static void visit_user(const char *user, const redisReply *hash,
		       int64_t now_usecs, const struct review *review)
{
	struct gp_poll_record program = { .user = user };
	struct gp_sender_record sender = { .user = user };

	for (size_t i = 0; i + 1 < hash->elements; i += 2) {
		const redisReply *field = hash->element[i];
		const redisReply *value = hash->element[i + 1];

		if (field->type != REDIS_REPLY_STRING ||
		    value->type != REDIS_REPLY_STRING)
			continue;
		if (review->visitors.program != NULL)
			visit_program(&program, field, value, now_usecs / 1000,
				      review);
		if (review->visitors.sender != NULL)
			visit_sender(&sender, field, value, now_usecs *
				     GP_RATE_TICKS_PER_MSEC / 1000, review);
		if (review->visitors.human != NULL)
			visit_human(field, value, now_usecs / 1000, review);
	}
}

/* The clock of the records is Redis's, so it is asked with them. */
static int list_user(struct gp_store_redis *store, const char *key,
		     const char *user, const struct review *review,
		     int64_t deadline_msecs, struct gp_error *err)
{
	const char *time_argv[] = { "TIME" }, *hash_argv[] = { "HGETALL", key };
	const struct gp_redis_command commands[] = {
		{ .argc = 1, .argv = time_argv, .key = key },
		{ .argc = 2, .argv = hash_argv, .key = key },
	};
	redisReply *replies[2], *time;
	int result = 0;

	if (gp_redis_site_exchange(store->site, commands, 2, deadline_msecs,
				   replies, err) < 0)
		return -1;
	time = replies[0];
	if (time->type == REDIS_REPLY_ARRAY && time->elements == 2 &&
	    time->element[0]->type == REDIS_REPLY_STRING &&
	    time->element[1]->type == REDIS_REPLY_STRING &&
	    replies[1]->type == REDIS_REPLY_ARRAY)
		visit_user(user, replies[1],
			   strtoll(time->element[0]->str, NULL, 10) * 1000000 +
			   strtoll(time->element[1]->str, NULL, 10), review);
	else
		result = gp_error_set(err, "redis: %s",
			time->type == REDIS_REPLY_ERROR ? time->str :
			replies[1]->type == REDIS_REPLY_ERROR ? replies[1]->str
			: "unexpected reply to HGETALL");
	freeReplyObject(replies[0]);
	freeReplyObject(replies[1]);
	return result;
}

static int list_page(struct gp_store_redis *store, const redisReply *keys,
		     const struct review *review, int64_t deadline_msecs,
		     struct gp_error *err)
{
	int result = 0;

	for (size_t i = 0; i < keys->elements && result == 0 && goes_on(review);
	     i++) {
		const redisReply *key = keys->element[i];
		char *user = key->type != REDIS_REPLY_STRING ? NULL
			: gp_store_key_user(key->str, key->len);

		if (user != NULL)
			result = list_user(store, key->str, user, review,
					   deadline_msecs, err);
		free(user);
	}
	return result;
}

static int list_server(struct gp_store_redis *store, int server,
		       const struct review *review, int64_t deadline_msecs,
		       struct gp_error *err)
{
	char cursor[NUMBER_BYTES] = "0";
	redisReply *reply;
	int result;

	do {
		if (scan(store, server, cursor, deadline_msecs, &reply, err) < 0)
			return -1;
		(void)snprintf(cursor, sizeof(cursor), "%s",
			       reply->element[0]->str);
		result = list_page(store, reply->element[1], review,
				   deadline_msecs, err);
		freeReplyObject(reply);
	} while (result == 0 && goes_on(review) && strcmp(cursor, "0") != 0);
	return result;
}

static int list_all(struct gp_store_redis *store, const struct review *review,
		    int64_t deadline_msecs, struct gp_error *err)
{
	const int servers = gp_redis_site_servers(store->site, deadline_msecs, err);
	int result = servers < 0 ? -1 : 0;

	for (int i = 0; i < servers && result == 0 && goes_on(review); i++)
		result = list_server(store, i, review, deadline_msecs, err);
	return result;
}

static int list(struct gp_store_redis *store, const char *user,
		const struct review *review, struct gp_error *err)
{
	int64_t deadline_msecs = gp_clock_monotonic_msecs() +
		LIST_DEADLINE_MSECS;
	char *key;
	int result;

	if (user == NULL) {
		result = list_all(store, review, deadline_msecs, err);
	} else {
		key = gp_store_key(user);
		result = list_user(store, key, user, review, deadline_msecs, err);
		free(key);
	}
	gp_redis_site_disconnect(store->site);
	return result;
}

static int store_redis_list(struct gp_store *generic, const char *user,
			    int64_t window_msecs, gp_store_visit *visit,
			    void *context, struct gp_error *err)
{
	const struct review review = {
		.visitors = { .program = visit, .context = context },
		.window_msecs = window_msecs,
	};

	return list((struct gp_store_redis *)generic, user, &review, err);
}

static int store_redis_list_senders(struct gp_store *generic, const char *user,
				    gp_store_visit_sender *visit, void *context,
				    struct gp_error *err)
{
	const struct review review = {
		.visitors = { .sender = visit, .context = context },
	};

	return list((struct gp_store_redis *)generic, user, &review, err);
}

static int store_redis_look_up(struct gp_store *generic, const char *user,
			       int64_t window_msecs,
			       const struct gp_store_visitors *visitors,
			       struct gp_error *err)
{
	const struct review review = { .visitors = *visitors,
				       .window_msecs = window_msecs };

	return list((struct gp_store_redis *)generic, user, &review, err);
}

struct heard {
	int64_t enough_msecs, age_msecs;
	bool is_enough;
};

static void note_heard(void *context, const struct gp_poll_record *record)
{
	struct heard *heard = context;

	if (heard->age_msecs < 0 || record->last_age_msecs < heard->age_msecs)
		heard->age_msecs = record->last_age_msecs < 0
			? 0 : record->last_age_msecs;
	heard->is_enough = heard->age_msecs <= heard->enough_msecs;
}

static int store_redis_last_heard(struct gp_store *generic, int64_t enough_msecs,
				  int64_t *age_msecs_r, struct gp_error *err)
{
	struct heard heard = { .enough_msecs = enough_msecs, .age_msecs = -1 };
	/* Early rounds do not matter here. */
	const struct review review = {
		.visitors = { .program = note_heard, .context = &heard },
		.window_msecs = 1000, .is_done = &heard.is_enough,
	};

	if (list((struct gp_store_redis *)generic, NULL, &review, err) < 0)
		return -1;
	*age_msecs_r = heard.age_msecs;
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
		.list = store_redis_list,
		.list_senders = store_redis_list_senders,
		.look_up = store_redis_look_up,
		.last_heard = store_redis_last_heard,
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
