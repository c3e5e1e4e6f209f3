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
#include "store-userdb.h"
#include "store-program.h"
#include "store-record.h"
#include "store-redis-site.h"
#include "store.h"

#include "store-hold.lua.h"

enum { NUMBER_BYTES = 24, CLOCK_SLACK_MSECS = 1000 };

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

/* --- the same sums as in store-poll.lua, but nothing is counted --- */

/* What is in force for one login. */
struct in_force {
	const struct gp_settings *settings;
	const struct gp_poll_terms *terms;
	const struct gp_login_known *known;
	int64_t interval, tolerance;
	bool is_away, is_free;
};

/* An interval that is longer than that of who is away stays. */
static void find_in_force(struct in_force *force)
{
	const struct gp_settings *settings = force->settings;
	const int64_t age = force->known->human_age_msecs;
	const int64_t away_interval =
		(int64_t)force->terms->away_interval_secs * 1000;

	force->is_free = age >= 0 &&
		age < (int64_t)settings->poll.grace_secs * 1000;
	force->is_away = settings->poll.away_after_secs > 0 &&
		age >= (int64_t)settings->poll.away_after_secs * 1000 &&
		away_interval > force->interval;
	if (force->is_away)
		force->interval = away_interval;
	force->tolerance = force->interval *
		settings->poll.tolerance_percent / 100;
}

/* The login is one more early round. */
static void count_early(struct gp_poll_history *history)
{
	history->verdict = GP_VERDICT_EARLY;
	history->early_count++;
	history->within_known = true;
	for (size_t i = 0; i < GP_LADDER_WINDOWS_MAX; i++)
		history->within_counts[i]++;
}

static void judge_record(const struct in_force *force,
			 struct gp_poll_history *history)
{
	const struct gp_poll_record *record = &force->known->record;
	const int64_t longest = force->interval + force->tolerance -
		record->round_age_msecs;
	const int64_t round_left =
		(int64_t)force->settings->poll.round_secs * 1000 -
		record->round_age_msecs;
	/* The interval may have been shortened since. */
	const int64_t wait = (record->wait_msecs < longest
			      ? record->wait_msecs : longest) - force->tolerance;
	unsigned int within_secs[GP_LADDER_WINDOWS_MAX];

	(void)gp_poll_terms_windows(force->terms, within_secs);
	gp_store_record_within(record, within_secs, history);
	history->wait_msecs = wait > 0 ? wait : 0;
	history->early_count = record->early_count;
	history->checks_count = record->checks_count;
	history->every_msecs = record->every_msecs;
	if (wait <= 0 || record->round_age_msecs < 0) {
		history->verdict = GP_VERDICT_ADMITTED;
	} else if (round_left > 0) {
		history->verdict = GP_VERDICT_IN_ROUND;
		history->round_left_msecs = round_left;
	} else {
		count_early(history);
	}
}

/* Who would begin a round does so for all programs of the user. */
static void judge_all_programs(const struct in_force *force,
			       struct gp_poll_history *history)
{
	const struct gp_login_known *known = force->known;
	const unsigned int programs_max = force->settings->poll.programs_max;
	int64_t wait;

	/* further ahead than any check moves it: the clock went back */
	if (programs_max == 0 || known->crowd_ahead_msecs <= 0 ||
	    known->crowd_ahead_msecs >
	    force->interval + force->tolerance + CLOCK_SLACK_MSECS ||
	    known->programs_count + (known->program == NULL) <= programs_max)
		return;
	wait = known->crowd_ahead_msecs + force->interval / programs_max -
		force->interval - force->tolerance;
	if (wait <= 0)
		return;
	count_early(history);
	history->is_crowded = true;
	history->wait_msecs = wait;
	if (history->early_count < known->crowd_early + 1)
		history->early_count = known->crowd_early + 1;
}

int64_t gp_login_interval(const struct gp_settings *settings,
			  const struct gp_poll_terms *terms, int64_t interval_msecs,
			  const struct gp_login_known *known)
{
	struct in_force force = { .settings = settings, .terms = terms,
				  .known = known, .interval = interval_msecs };

	find_in_force(&force);
	return force.interval;
}

bool gp_login_judge(const struct gp_settings *settings,
		    const struct gp_poll_terms *terms, int64_t interval_msecs,
		    const struct gp_login_known *known,
		    struct gp_poll_history *history_r)
{
	struct in_force force = { .settings = settings, .terms = terms,
				  .known = known, .interval = interval_msecs };
	struct gp_poll_history history = { .verdict = GP_VERDICT_ADMITTED };

	find_in_force(&force);
	history.is_away = force.is_away;
	if (known->program != NULL)
		judge_record(&force, &history);
	if (force.is_free)
		history.verdict = GP_VERDICT_FREE;
	else if (history.verdict == GP_VERDICT_ADMITTED)
		judge_all_programs(&force, &history);
	if (known->program == NULL && !history.is_crowded)
		return false;
	*history_r = history;
	return true;
}

/* --- what Redis knows --- */

static int64_t read_time(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    reply->element[0]->type != REDIS_REPLY_STRING ||
	    reply->element[1]->type != REDIS_REPLY_STRING)
		return -1;
	return strtoll(reply->element[0]->str, NULL, 10) * 1000 +
		strtoll(reply->element[1]->str, NULL, 10) / 1000;
}

/* The two names of the program that a login may be of, also packed. */
struct asked {
	const char *programs[2];
	unsigned char names[2][GP_STORE_PROGRAM_BYTES];
	size_t lengths[2];
};

static void pack_names(const struct gp_login_store *store,
		       const char *const programs[2], struct asked *asked_r)
{
	char program[GP_PROGRAM_BYTES];

	for (int i = 0; i < 2; i++) {
		asked_r->programs[i] = programs[i] != NULL ? programs[i]
							   : programs[0];
		asked_r->lengths[i] = gp_store_program_pack(gp_pseudonym_program(
			store->pseudonyms, asked_r->programs[i], program),
			asked_r->names[i]);
	}
}

static bool is_asked(const struct asked *asked, size_t i,
		     const struct gp_store_program *program)
{
	return asked->lengths[i] == program->name_bytes &&
		memcmp(asked->names[i], program->name, program->name_bytes) == 0;
}

/* The index of the first of those asked about that is known; 2 for none. */
static size_t find_program(struct gp_store_user user, const struct asked *asked,
			   struct gp_store_program *program_r,
			   unsigned int *count_r)
{
	struct gp_store_program program;
	size_t found = 2;

	for (*count_r = 0; gp_store_user_next(&user, &program); (*count_r)++) {
		for (size_t i = 0; i < found; i++) {
			if (is_asked(asked, i, &program)) {
				*program_r = program;
				found = i;
			}
		}
	}
	return found;
}

static void fill_known(const struct gp_settings *settings,
		       const struct gp_store_user *user, const struct asked *asked,
		       int64_t now_msecs, struct gp_login_known *known_r)
{
	struct gp_store_program program;
	size_t index;

	*known_r = (struct gp_login_known){
		.human_age_msecs = gp_store_human_age(user, now_msecs),
		.crowd_ahead_msecs = user->crowd_msecs - now_msecs,
		.crowd_early = user->crowd_early,
	};
	known_r->has_own = gp_store_userdb_unpack(user->userdb, &known_r->own);
	index = find_program(*user, asked, &program, &known_r->programs_count);
	if (index == 2)
		return;
	known_r->program = asked->programs[index];
	gp_store_record_unpack(&program, now_msecs, (int64_t)1000 *
			       settings->poll.ladder_window_secs,
			       &known_r->record);
}

static int read_known(const struct gp_settings *settings,
		      redisReply *const replies[2], const struct asked *asked,
		      struct gp_login_known *known_r, struct gp_error *err)
{
	const int64_t now_msecs = read_time(replies[0]);
	const redisReply *value = replies[1];
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
	fill_known(settings, &user, asked, now_msecs, known_r);
	return 1;
}

int gp_login_store_peek(struct gp_login_store *store, const char *user,
			const char *const programs[2], int64_t now_msecs,
			struct gp_login_known *known_r, struct gp_error *err)
{
	char pseudonym[GP_PSEUDONYM_BYTES];
	char *key = gp_store_key(gp_pseudonym(store->pseudonyms, GP_PSEUDONYM_USER,
					      user, pseudonym));
	const char *time_argv[] = { "TIME" }, *known_argv[] = { "GET", key };
	const struct gp_redis_command commands[] = {
		{ .argc = 1, .argv = time_argv, .key = key },
		{ .argc = 2, .argv = known_argv, .key = key },
	};
	struct asked asked;
	redisReply *replies[2];
	int result = exchange(store, commands, 2, now_msecs, replies, err);

	free(key);
	if (result < 0)
		return -1;
	pack_names(store, programs, &asked);
	result = read_known(store->settings, replies, &asked, known_r, err);
	freeReplyObject(replies[0]);
	freeReplyObject(replies[1]);
	if (result < 0)
		return fail(store, now_msecs, err);
	gp_breaker_answered(store->breaker, now_msecs);
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
	gp_breaker_answered(store->breaker, now_msecs);
	return 0;
}
