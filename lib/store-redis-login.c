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
#include "store-program.h"
#include "store-record.h"
#include "store-redis-site.h"
#include "store.h"

#include "store-hold.lua.h"

enum { NUMBER_BYTES = 24 };

struct gp_login_store {
	const struct gp_settings *settings;
	struct gp_redis_site *site;
	struct gp_pseudonyms *pseudonyms;
	struct gp_breaker *breaker, *own_breaker;
	struct gp_error last_error;
};

struct gp_login_store *gp_login_store_open(const struct gp_settings *settings,
					   struct gp_breaker *breaker,
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
	if (breaker == NULL)
		breaker = store->own_breaker = gp_breaker_create(
			(int64_t)settings->redis.retry_secs * 1000);
	store->breaker = breaker;
	return store;
}

void gp_login_store_close(struct gp_login_store **store)
{
	if (*store == NULL)
		return;
	gp_redis_site_close(&(*store)->site);
	gp_pseudonyms_close(&(*store)->pseudonyms);
	gp_breaker_free(&(*store)->own_breaker);
	free(*store);
	*store = NULL;
}

/* Nobody asks again until redis.retry has passed. */
static int fail(struct gp_login_store *store, int64_t now_msecs,
		const struct gp_error *err)
{
	gp_redis_site_disconnect(store->site);
	gp_breaker_failed(store->breaker, now_msecs);
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

	if (!gp_breaker_admits(store->breaker, now_msecs)) {
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
		  const unsigned int within_secs[GP_LADDER_WINDOWS_MAX],
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
	gp_store_record_within(record, within_secs, history_r);
	if (is_free(settings, known)) {
		history_r->verdict = GP_VERDICT_FREE;
	} else if (wait <= 0 || record->round_age_msecs < 0) {
		history_r->verdict = GP_VERDICT_ADMITTED;
	} else if (round_left > 0) {
		history_r->verdict = GP_VERDICT_IN_ROUND;
		history_r->round_left_msecs = round_left;
	} else {
		history_r->early_count++;
		for (size_t i = 0; i < GP_LADDER_WINDOWS_MAX; i++)
			history_r->within_counts[i]++;
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

/* The packed names of the two programs that a login may be of. */
struct asked {
	unsigned char names[2][GP_STORE_PROGRAM_BYTES];
	size_t lengths[2];
};

static void pack_names(const struct gp_login_store *store,
		       const char *const programs[2], struct asked *asked_r)
{
	char program[GP_PROGRAM_BYTES];

	for (int i = 0; i < 2; i++)
		asked_r->lengths[i] = gp_store_program_pack(gp_pseudonym_program(
			store->pseudonyms, programs[i], program),
			asked_r->names[i]);
}

static bool is_asked(const struct asked *asked, size_t i,
		     const struct gp_store_program *program)
{
	return asked->lengths[i] == program->name_bytes &&
		memcmp(asked->names[i], program->name, program->name_bytes) == 0;
}

/* The index of the first of those asked about that is known; 2 for none. */
static size_t find_program(struct gp_store_user user, const struct asked *asked,
			   struct gp_store_program *program_r)
{
	struct gp_store_program program;
	size_t found = 2;

	while (gp_store_user_next(&user, &program)) {
		for (size_t i = 0; i < found; i++) {
			if (is_asked(asked, i, &program)) {
				*program_r = program;
				found = i;
			}
		}
	}
	return found;
}

/* 1 with *index_r and *known_r, 0 if neither program is there. */
static int read_known(const struct gp_settings *settings,
		      redisReply *const replies[2], const struct asked *asked,
		      size_t *index_r, struct known *known_r, struct gp_error *err)
{
	const int64_t now_msecs = read_time(replies[0]);
	const redisReply *value = replies[1];
	struct gp_store_program program;
	struct gp_store_user user;

	if (now_msecs < 0 || (value->type != REDIS_REPLY_STRING &&
			      value->type != REDIS_REPLY_NIL))
		return gp_error_set(err, "redis: %s",
			replies[0]->type == REDIS_REPLY_ERROR ? replies[0]->str :
			value->type == REDIS_REPLY_ERROR ? value->str
			: "unexpected reply to GET");
	if (value->type == REDIS_REPLY_NIL ||
	    !gp_store_user_open(value->str, value->len, &user))
		return 0;
	*index_r = find_program(user, asked, &program);
	if (*index_r == 2)
		return 0;
	known_r->human_age = gp_store_human_age(&user, now_msecs);
	gp_store_record_unpack(&program, now_msecs, (int64_t)1000 *
			       settings->poll.ladder_window_secs,
			       &known_r->record);
	return 1;
}

int gp_login_store_peek(struct gp_login_store *store, const char *user,
			const char *const programs[2], int64_t interval_msecs,
			const unsigned int within_secs[GP_LADDER_WINDOWS_MAX],
			int64_t now_msecs, const char **program_r,
			struct gp_poll_history *history_r, struct gp_error *err)
{
	const char *const names[2] = {
		programs[0], programs[1] != NULL ? programs[1] : programs[0],
	};
	char pseudonym[GP_PSEUDONYM_BYTES];
	char *key = gp_store_key(gp_pseudonym(store->pseudonyms, GP_PSEUDONYM_USER,
					      user, pseudonym));
	const char *time_argv[] = { "TIME" }, *known_argv[] = { "GET", key };
	const struct gp_redis_command commands[] = {
		{ .argc = 1, .argv = time_argv, .key = key },
		{ .argc = 2, .argv = known_argv, .key = key },
	};
	struct asked asked;
	struct known known;
	redisReply *replies[2];
	size_t index = 0;
	int result = exchange(store, commands, 2, now_msecs, replies, err);

	free(key);
	if (result < 0)
		return -1;
	pack_names(store, names, &asked);
	result = read_known(store->settings, replies, &asked, &index, &known, err);
	freeReplyObject(replies[0]);
	freeReplyObject(replies[1]);
	if (result < 0)
		return fail(store, now_msecs, err);
	gp_breaker_answered(store->breaker);
	if (result > 0) {
		*program_r = names[index];
		judge(store->settings, interval_msecs, within_secs, &known,
		      history_r);
	}
	return result;
}

int gp_login_store_hold(struct gp_login_store *store, const char *user,
			const char *program, int64_t msecs, int64_t now_msecs,
			struct gp_error *err)
{
	char pseudonym[GP_PSEUDONYM_BYTES], name[GP_PROGRAM_BYTES];
	char number[NUMBER_BYTES];
	unsigned char packed[GP_STORE_PROGRAM_BYTES];
	char *key = gp_store_key(gp_pseudonym(store->pseudonyms, GP_PSEUDONYM_USER,
					      user, pseudonym));
	const char *argv[] = { "EVAL", store_hold_script, "1", key,
			       (char *)packed, number };
	const size_t lengths[] = {
		strlen(argv[0]), strlen(argv[1]), strlen(argv[2]), strlen(key),
		gp_store_program_pack(gp_pseudonym_program(
			store->pseudonyms, program, name), packed),
		(size_t)snprintf(number, sizeof(number), "%" PRId64, msecs),
	};
	const struct gp_redis_command command = {
		.argc = 6, .argv = argv, .lengths = lengths, .key = key
	};
	redisReply *reply;
	int result = exchange(store, &command, 1, now_msecs, &reply, err);

	free(key);
	if (result < 0)
		return -1;
	if (reply->type != REDIS_REPLY_INTEGER)
		result = gp_error_set(err, "redis: %s",
				      reply->type == REDIS_REPLY_ERROR
				      ? reply->str : "unexpected reply to EVAL");
	freeReplyObject(reply);
	if (result < 0)
		return fail(store, now_msecs, err);
	gp_breaker_answered(store->breaker);
	return 0;
}
