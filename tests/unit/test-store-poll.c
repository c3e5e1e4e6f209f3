/* SPDX-License-Identifier: MIT */
/*
 * This module holds store-poll.lua, in a Redis of its own, to the arithmetic of
 * poll-model.c by random histories, and both to what is promised of any clock.
 * Time is not waited for: the script is given a clock.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "own-redis.h"
#include "poll-model.h"
#include "pool.h"

#include "store-poll.lua.h"

enum {
	HISTORIES = 10000,
	TOGETHER = 250,         /* histories that go on at the same time */
	STEPS = 10,
	NUMBERS = 18, REPLIES = 7,
	WORDS = 5 + NUMBERS + 2
};

static const int64_t retention = 7 * 86400 * (int64_t)SECS;

enum { MODEL_PROGRAMS = 8 };

struct history {
	struct gp_poll_query query;
	struct gp_poll_person user;
	struct gp_poll_program programs[MODEL_PROGRAMS];
	int64_t now;
	int number;                     /* of the program that checks */
	char key[32], program[32], texts[NUMBERS + 2][32];
	const char *argv[WORDS];
};

static uint64_t seed = 88172645463325252u;

static int64_t random_to(int64_t top)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (int64_t)(seed % (uint64_t)(top + 1));
}

static bool happens(int one_in)
{
	return random_to(one_in - 1) == 0;
}

static void invent_policy(struct gp_poll_query *query)
{
	query->interval_msecs = (1 + random_to(600)) * SECS;
	query->tolerance_msecs = query->interval_msecs / 20;
	query->round_msecs = random_to(30) * SECS;
	query->window_msecs = (60 + random_to(3600)) * SECS;
	query->journal_msecs = random_to(600) * SECS;
	query->grace_msecs = happens(2) ? 0 : random_to(120) * SECS;
	query->away_after_msecs = happens(2) ? 0 : (1 + random_to(10800)) * SECS;
	query->away_interval_msecs = random_to(1800) * SECS;
	query->programs_max = (unsigned int)random_to(4);
	query->notice_after = random_to(6) + GP_NOTICE_ANYWAY;
}

static void invent_check(struct gp_poll_query *query)
{
	query->is_report = happens(12);
	query->checks = (unsigned int)random_to(5);
	query->bursts = (unsigned int)random_to(3);
	query->early_rounds = happens(4) ? 1 + (unsigned int)random_to(3) : 0;
	query->early_age_msecs = query->early_rounds > 0
		? random_to(60 * SECS) : -1;
	query->journal_age_msecs = happens(6) ? random_to(60 * SECS) : -1;
	query->had_human = happens(12);
	query->human_age_msecs = random_to(60 * SECS);
}

/* Mostly a little, sometimes about an interval, a night or weeks; and clocks are
   set by an hour, in either direction. */
static void let_pass(struct history *history)
{
	const int64_t interval = history->query.interval_msecs;

	history->now += random_to(happens(2) ? 2 * SECS : interval);
	if (happens(20))
		history->now += random_to(10 * retention / 7);
	if (happens(15))
		history->now += random_to(7200 * SECS) - 3600 * SECS;
}

static void write_words(struct history *history)
{
	const struct gp_poll_query *query = &history->query;
	const int64_t numbers[NUMBERS + 2] = {
		query->interval_msecs, query->tolerance_msecs, query->round_msecs,
		query->window_msecs, query->journal_msecs, retention,
		query->is_report, query->checks, query->bursts,
		query->early_rounds, query->early_age_msecs,
		query->journal_age_msecs, query->grace_msecs,
		query->away_after_msecs, query->away_interval_msecs,
		query->programs_max,
		query->had_human ? query->human_age_msecs : -1,
		query->notice_after,
		history->now / 1000, history->now % 1000 * 1000 + random_to(999),
	};

	(void)snprintf(history->program, sizeof(history->program),
		       "imap/192.0.2.%d", history->number);
	for (int i = 0; i < NUMBERS + 2; i++) {
		(void)snprintf(history->texts[i], sizeof(history->texts[i]),
			       "%" PRId64, numbers[i]);
		history->argv[5 + i] = history->texts[i];
	}
}

static struct gp_redis_command take_step(struct history *history,
					 const char *script)
{
	if (happens(12))
		invent_policy(&history->query);
	let_pass(history);
	invent_check(&history->query);
	history->number = (int)random_to(happens(3) ? MODEL_PROGRAMS - 1 : 1);
	memcpy(history->argv, (const char *[5]){ "EVAL", script, "1",
	       history->key, history->program }, 5 * sizeof(char *));
	write_words(history);
	return (struct gp_redis_command){ .argc = WORDS, .argv = history->argv };
}

/* Whatever the clock did, the wait is of one interval at most. */
static bool is_locked_out(const struct history *history,
			  const struct gp_poll_history *said)
{
	const struct gp_poll_query *query = &history->query;
	const int64_t interval = !said->is_away ? query->interval_msecs
						: query->away_interval_msecs;

	return said->wait_msecs > interval + 2 * SECS;
}

/* Who checks does not keep alive what is older than the retention. */
static bool is_old_known(const struct history *history)
{
	for (int i = 0; i < MODEL_PROGRAMS; i++) {
		const struct gp_poll_program *program = &history->user.programs[i];

		if (program->is_known && program->at * 10 + program->last * 100 <
		    (double)(history->now - retention))
			return true;
	}
	return false;
}

static void expect_the_same(struct history *history, const redisReply *reply)
{
	const struct gp_poll_history model = gp_poll_model_check(&history->user,
		(unsigned int)history->number, &history->query, retention,
		history->now);
	const int64_t expected[REPLIES] = {
		model.verdict, model.wait_msecs, model.round_left_msecs,
		model.early_count, model.checks_count, model.every_msecs,
		model.journal_due + 2 * model.has_waited + 4 * model.is_away +
		8 * model.is_crowded + 16 * model.notice_due,
	};

	if (reply->type != REDIS_REPLY_ARRAY)
		fail_msg("%s", reply->str);
	assert_int_equal(reply->elements, REPLIES);
	for (int i = 0; i < REPLIES; i++)
		if (reply->element[i]->integer != expected[i])
			fail_msg("%s: number %d is %lld, expected %" PRId64,
				 history->key, i, reply->element[i]->integer,
				 expected[i]);
	if (is_locked_out(history, &model))
		fail_msg("%s: a wait of %" PRId64 " ms", history->key,
			 model.wait_msecs);
	if (model.verdict == GP_VERDICT_ADMITTED && is_old_known(history))
		fail_msg("%s: older than the retention", history->key);
}

/* The script as it is, but with a clock that the test sets. */
static char *script_with_clock(void)
{
	static const char asked[] = "redis.call('TIME')";
	static const char given[] = "{ ARGV[20], ARGV[21] }";
	const char *place = strstr(store_poll_script, asked);
	char *text = gp_alloc(sizeof(store_poll_script) + sizeof(given));

	assert_non_null(place);
	(void)sprintf(text, "%.*s%s%s", (int)(place - store_poll_script),
		      store_poll_script, given, place + sizeof(asked) - 1);
	return text;
}

/* A login of the program was held, as store-redis-login.c notes it. */
static void hold_some(struct history *histories)
{
	char field[64], until[32];

	for (int i = 0; i < TOGETHER; i++) {
		struct history *history = &histories[i];
		struct gp_poll_program *program =
			&history->user.programs[history->number];

		if (!program->is_known || !happens(50))
			continue;
		program->held_until = (double)(history->now +
					       random_to(30 * SECS));
		(void)snprintf(field, sizeof(field), "held %s", history->program);
		(void)snprintf(until, sizeof(until), "%.0f", program->held_until);
		assert_int_equal(DO("HSET", history->key, field, until), 0);
	}
}

static void go_on(struct history *histories, const char *script)
{
	struct gp_redis_command commands[TOGETHER];
	redisReply *replies[TOGETHER];

	for (int i = 0; i < TOGETHER; i++)
		commands[i] = take_step(&histories[i], script);
	assert_int_equal(own_redis_commands(commands, TOGETHER, replies), 0);
	for (int i = 0; i < TOGETHER; i++) {
		expect_the_same(&histories[i], replies[i]);
		freeReplyObject(replies[i]);
	}
	hold_some(histories);
}

static void script_and_arithmetic_agree(void **state)
{
	struct history *histories = gp_alloc(TOGETHER * sizeof(*histories));
	char *script = script_with_clock();

	(void)state;
	for (int first = 0; first < HISTORIES; first += TOGETHER) {
		memset(histories, 0, TOGETHER * sizeof(*histories));
		for (int i = 0; i < TOGETHER; i++) {
			invent_policy(&histories[i].query);
			histories[i].user.programs = histories[i].programs;
			histories[i].user.programs_count = MODEL_PROGRAMS;
			histories[i].now = (int64_t)1700000000 * SECS;
			(void)snprintf(histories[i].key, sizeof(histories[i].key),
				       "gp:{u%d}:p", first + i);
		}
		for (int step = 0; step < STEPS; step++)
			go_on(histories, script);
	}
	free(script);
	free(histories);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(script_and_arithmetic_agree,
				       own_redis_empty),
	};
	int result = TEST_SKIPPED;

	if (own_redis_start())
		result = cmocka_run_group_tests(tests, NULL, NULL);
	own_redis_end();
	return result;
}
