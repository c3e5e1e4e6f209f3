/* SPDX-License-Identifier: MIT */
/* This module is documented in store-redis-login.h; the records stand at the head
   of store-poll.lua. */
#include "store-redis-login.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pool.h"
#include "pseudonym.h"
#include "store-record.h"
#include "store-redis-site.h"
#include "store.h"

enum { NUMBER_BYTES = 24, KNOWN_FIELDS = 3 };

struct gp_login_store {
	const struct gp_settings *settings;
	struct gp_redis_site *site;
	struct gp_pseudonyms *pseudonyms;
	int64_t closed_until_msecs;     /* breaker; monotonic */
	struct gp_error last_error;
};

/* A key that is not there stays so: no user is made up here, and no key lives
   longer for it. */
static const char hold_script[] =
	"if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end\n"
	"local t = redis.call('TIME')\n"
	"redis.call('HSET', KEYS[1], 'held ' .. ARGV[1], string.format('%d',\n"
	"  t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[2]))\n"
	"return 1\n";

struct gp_login_store *gp_login_store_open(const struct gp_settings *settings,
					   struct gp_error *err)
{
	struct gp_redis_site *site = gp_redis_site_open(settings, err);
	struct gp_pseudonyms *pseudonyms;
	struct gp_login_store *store;

	if (site == NULL || gp_pseudonyms_open(settings, &pseudonyms, err) < 0) {
		gp_redis_site_close(&site);
		return NULL;
	}
	store = gp_alloc(sizeof(*store));
	store->settings = settings;
	store->site = site;
	store->pseudonyms = pseudonyms;
	return store;
}

void gp_login_store_close(struct gp_login_store **store)
{
	if (*store == NULL)
		return;
	gp_redis_site_close(&(*store)->site);
	gp_pseudonyms_close(&(*store)->pseudonyms);
	free(*store);
	*store = NULL;
}

/* Nobody asks again until redis.retry has passed. */
static int fail(struct gp_login_store *store, int64_t now_msecs,
		const struct gp_error *err)
{
	gp_redis_site_disconnect(store->site);
	store->closed_until_msecs = now_msecs + gp_store_with_jitter(
		(int64_t)store->settings->redis.retry_secs * 1000);
	store->last_error = *err;
	return -1;
}

/* One exchange within the deadline, or none after a failure. */
static int exchange(struct gp_login_store *store,
		    const struct gp_redis_command *commands, int count,
		    int64_t now_msecs, redisReply **replies_r,
		    struct gp_error *err)
{
	const int64_t deadline_msecs = gp_clock_monotonic_msecs() +
		store->settings->redis.deadline_msecs;

	if (now_msecs < store->closed_until_msecs) {
		*err = store->last_error;
		return -1;
	}
	if (gp_redis_site_exchange(store->site, commands, count, deadline_msecs,
				   replies_r, err) < 0)
		return fail(store, now_msecs, err);
	return 0;
}

/* What is known of the program and of the person; ages in milliseconds. */
struct known {
	struct gp_poll_record record;
	int64_t human_age;              /* below 0: nothing known */
};

static bool is_away(const struct gp_settings *settings, const struct known *known)
{
	return settings->poll.away_after_secs > 0 && known->human_age >=
		(int64_t)settings->poll.away_after_secs * 1000;
}

static bool is_free(const struct gp_settings *settings, const struct known *known)
{
	return known->human_age >= 0 && known->human_age <
		(int64_t)settings->poll.grace_secs * 1000;
}

/* The same sums as in store-poll.lua, but nothing is counted. */
static void judge(const struct gp_settings *settings, int64_t interval,
		  const struct known *known, struct gp_poll_history *history_r)
{
	const struct gp_poll_record *record = &known->record;
	const int64_t away_interval =
		(int64_t)settings->poll.away_interval_secs * 1000;
	const int64_t round_left = (int64_t)settings->poll.round_secs * 1000 -
		record->round_age_msecs;
	/* An interval that is longer than that of who is away stays. */
	const bool has_grown = is_away(settings, known) &&
		away_interval > interval;
	int64_t wait = record->wait_msecs, tolerance;

	if (has_grown)
		interval = away_interval;
	tolerance = interval * settings->poll.tolerance_percent / 100;
	/* The interval may have been shortened since. */
	if (wait > interval + tolerance - record->round_age_msecs)
		wait = interval + tolerance - record->round_age_msecs;
	wait -= tolerance;
	*history_r = (struct gp_poll_history){
		.verdict = GP_VERDICT_EARLY,
		.wait_msecs = wait > 0 ? wait : 0,
		.early_count = record->early_count,
		.checks_count = record->checks_count,
		.every_msecs = record->every_msecs,
		.is_away = has_grown,
	};
	if (is_free(settings, known)) {
		history_r->verdict = GP_VERDICT_FREE;
	} else if (wait <= 0 || record->round_age_msecs < 0) {
		history_r->verdict = GP_VERDICT_ADMITTED;
	} else if (round_left > 0) {
		history_r->verdict = GP_VERDICT_IN_ROUND;
		history_r->round_left_msecs = round_left;
	} else {
		history_r->early_count++;
	}
}

static int64_t read_time(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    reply->element[0]->type != REDIS_REPLY_STRING ||
	    reply->element[1]->type != REDIS_REPLY_STRING)
		return -1;
	return strtoll(reply->element[0]->str, NULL, 10) * 1000 +
		strtoll(reply->element[1]->str, NULL, 10) / 1000;
}

static int64_t read_human_age(const redisReply *value, int64_t now_msecs)
{
	const unsigned char *bytes = (const unsigned char *)value->str;
	int64_t age;

	if (value->type != REDIS_REPLY_STRING || value->len < 4)
		return -1;
	age = now_msecs - 1000 * ((int64_t)bytes[0] << 24 | bytes[1] << 16 |
				  bytes[2] << 8 | bytes[3]);
	return age > 0 ? age : 0;
}

/* 1 with *index_r and *known_r, 0 if none of the records is there. */
static int read_records(const struct gp_settings *settings,
			redisReply *const replies[2], size_t *index_r,
			struct known *known_r, struct gp_error *err)
{
	const int64_t now_msecs = read_time(replies[0]);
	const redisReply *records = replies[1];

	if (now_msecs < 0 || records->type != REDIS_REPLY_ARRAY ||
	    records->elements != KNOWN_FIELDS)
		return gp_error_set(err, "redis: %s",
			replies[0]->type == REDIS_REPLY_ERROR ? replies[0]->str :
			records->type == REDIS_REPLY_ERROR ? records->str
			: "unexpected reply to HMGET");
	known_r->human_age = read_human_age(records->element[2], now_msecs);
	for (size_t i = 0; i < 2; i++) {
		const redisReply *value = records->element[i];

		if (value->type != REDIS_REPLY_STRING ||
		    !gp_store_record_unpack((const unsigned char *)value->str,
			value->len, now_msecs,
			(int64_t)settings->poll.ladder_window_secs * 1000,
			&known_r->record))
			continue;
		*index_r = i;
		return 1;
	}
	return 0;
}

int gp_login_store_peek(struct gp_login_store *store, const char *user,
			const char *const programs[2], int64_t interval_msecs,
			int64_t now_msecs, const char **program_r,
			struct gp_poll_history *history_r, struct gp_error *err)
{
	const char *const asked[2] = {
		programs[0], programs[1] != NULL ? programs[1] : programs[0],
	};
	char pseudonym[GP_PSEUDONYM_BYTES], fields[2][GP_PROGRAM_BYTES];
	char *key = gp_store_key(gp_pseudonym(store->pseudonyms, GP_PSEUDONYM_USER,
					      user, pseudonym));
	const char *time_argv[] = { "TIME" };
	const char *hash_argv[] = {
		"HMGET", key,
		gp_pseudonym_program(store->pseudonyms, asked[0], fields[0]),
		gp_pseudonym_program(store->pseudonyms, asked[1], fields[1]), "h",
	};
	const struct gp_redis_command commands[] = {
		{ .argc = 1, .argv = time_argv, .key = key },
		{ .argc = 2 + KNOWN_FIELDS, .argv = hash_argv, .key = key },
	};
	struct known known;
	redisReply *replies[2];
	size_t index = 0;
	int result = exchange(store, commands, 2, now_msecs, replies, err);

	free(key);
	if (result < 0)
		return -1;
	result = read_records(store->settings, replies, &index, &known, err);
	freeReplyObject(replies[0]);
	freeReplyObject(replies[1]);
	if (result < 0)
		return fail(store, now_msecs, err);
	if (result > 0) {
		*program_r = asked[index];
		judge(store->settings, interval_msecs, &known, history_r);
	}
	return result;
}

int gp_login_store_hold(struct gp_login_store *store, const char *user,
			const char *program, int64_t msecs, int64_t now_msecs,
			struct gp_error *err)
{
	char pseudonym[GP_PSEUDONYM_BYTES], field[GP_PROGRAM_BYTES];
	char number[NUMBER_BYTES];
	char *key = gp_store_key(gp_pseudonym(store->pseudonyms, GP_PSEUDONYM_USER,
					      user, pseudonym));
	const char *argv[] = {
		"EVAL", hold_script, "1", key,
		gp_pseudonym_program(store->pseudonyms, program, field), number,
	};
	const struct gp_redis_command command = { .argc = 6, .argv = argv,
						  .key = key };
	redisReply *reply;
	int result;

	(void)snprintf(number, sizeof(number), "%" PRId64, msecs);
	result = exchange(store, &command, 1, now_msecs, &reply, err);
	free(key);
	if (result < 0)
		return -1;
	if (reply->type != REDIS_REPLY_INTEGER)
		result = gp_error_set(err, "redis: %s",
				      reply->type == REDIS_REPLY_ERROR
				      ? reply->str : "unexpected reply to EVAL");
	freeReplyObject(reply);
	return result < 0 ? fail(store, now_msecs, err) : 0;
}
