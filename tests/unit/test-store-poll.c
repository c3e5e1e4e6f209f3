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
#include "store-userdb.h"
#include "store-program.h"
#include "store-question.h"

#include "store-hold.lua.h"
#include "store-poll.lua.h"

enum {
	HISTORIES = 10000,
	TOGETHER = 250,         /* histories that go on at the same time */
	STEPS = 20,
	WORDS = 8, CLOCK_BYTES = 24
};

static const int64_t retention = 7 * 86400 * (int64_t)SECS;

enum { MODEL_PROGRAMS = 8 };

struct history {
	struct gp_poll_query query;
	struct gp_poll_person user;
	struct gp_poll_program programs[MODEL_PROGRAMS];
	int64_t now;
	int number;                     /* of the program that checks */
	size_t name_bytes;              /* of each of them */
	char key[32], held_msecs[CLOCK_BYTES];
	unsigned char program[GP_STORE_PROGRAM_BYTES];
	unsigned char numbers[GP_STORE_CHECK_BYTES];
	char seconds[CLOCK_BYTES], microseconds[CLOCK_BYTES];
	const char *argv[WORDS];
	size_t lengths[WORDS];
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
	for (int64_t i = 0, count = random_to(GP_LADDER_WINDOWS_MAX);
	     i < GP_LADDER_WINDOWS_MAX; i++)
		query->within_secs[i] = i < count
			? (unsigned int)(60 + random_to(3600)) : 0;
	query->journal_msecs = random_to(600) * SECS;
	query->grace_msecs = happens(2) ? 0 : random_to(120) * SECS;
	query->away_after_msecs = happens(2) ? 0 : (1 + random_to(10800)) * SECS;
	query->away_interval_msecs = random_to(1800) * SECS;
	query->programs_max = (unsigned int)random_to(happens(2) ? 4 : 16);
	query->notice_after = random_to(6) + GP_NOTICE_ANYWAY;
	if (happens(2)) {       /* what most sites have: store-poll-plain.lua */
		memset(query->within_secs, 0, sizeof(query->within_secs));
		query->notice_after = GP_NOTICE_NEVER;
	}
}

/* Of a name.  Records begin at bytes of one, two, three and four digits. */
static size_t invent_length(void)
{
	const size_t least = 2, most = GP_STORE_PROGRAM_BYTES;

	return happens(3) ? most
		: least + (size_t)random_to(happens(2) ? 8 : (int64_t)(most - least));
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
	query->userdb = happens(6) ? (uint32_t)random_to(7) << 23
		: happens(3) ? GP_STORE_USERDB_NOTHING : GP_STORE_USERDB_UNKNOWN;
	if (happens(2)) {       /* what most checks are */
		query->is_report = query->had_human = false;
		query->early_rounds = 0;
		query->early_age_msecs = query->journal_age_msecs = -1;
		if (query->userdb != GP_STORE_USERDB_NOTHING)
			query->userdb = GP_STORE_USERDB_UNKNOWN;
	}
}

/* Mostly a little, sometimes about an interval, a night or days, but less than Redis
   keeps a key; and clocks are set by an hour, in either direction. */
static void let_pass(struct history *history)
{
	const int64_t interval = history->query.interval_msecs;

	history->now += random_to(happens(2) ? 2 * SECS : interval);
	if (happens(20))
		history->now += random_to(retention * 60 / 64);
	if (happens(15))
		history->now += random_to(7200 * SECS) - 3600 * SECS;
}

/* A call of a script with the program, what it asks, and a clock. */
static struct gp_redis_command call(struct history *history, const char *script,
				    const char *asked, size_t asked_bytes)
{
	memset(history->program, 'x', history->name_bytes);
	history->program[history->name_bytes - 1] = (unsigned char)history->number;
	(void)snprintf(history->seconds, CLOCK_BYTES, "%" PRId64,
		       history->now / 1000);
	(void)snprintf(history->microseconds, CLOCK_BYTES, "%" PRId64,
		       history->now % 1000 * 1000 + random_to(999));
	memcpy(history->argv, (const char *[WORDS]){ "EVAL", script, "1",
	       history->key, (char *)history->program, asked, history->seconds,
	       history->microseconds }, sizeof(history->argv));
	for (int i = 0; i < WORDS; i++)
		history->lengths[i] = strlen(history->argv[i]);
	history->lengths[4] = history->name_bytes;
	history->lengths[5] = asked_bytes;
	return (struct gp_redis_command){ .argc = WORDS, .argv = history->argv,
					  .lengths = history->lengths };
}

static struct gp_redis_command take_step(struct history *history,
					 const char *script)
{
	if (happens(12))
		invent_policy(&history->query);
	let_pass(history);
	invent_check(&history->query);
	history->number = (int)random_to(happens(3) ? MODEL_PROGRAMS - 1 : 1);
	return call(history, script, (char *)history->numbers,
		    gp_store_check_pack(&history->query, retention / SECS,
					history->numbers));
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

static void expect_number(const struct history *history, const char *what,
			  int64_t found, int64_t expected)
{
	if (found != expected)
		fail_msg("%s: %s is %" PRId64 ", expected %" PRId64, history->key,
			 what, found, expected);
}

static void expect_the_same(struct history *history, const redisReply *reply)
{
	const struct gp_poll_history model = gp_poll_model_check(&history->user,
		(unsigned int)history->number, &history->query, retention,
		history->now);
	struct gp_poll_history said;

	if (reply->type != REDIS_REPLY_STRING)
		fail_msg("%s", reply->str);
	assert_true(gp_store_verdict_read(&history->query, reply->str, reply->len,
					  &said));
	expect_number(history, "verdict", said.verdict, model.verdict);
	expect_number(history, "wait", said.wait_msecs, model.wait_msecs);
	expect_number(history, "round_left", said.round_left_msecs,
		      model.round_left_msecs);
	expect_number(history, "early", said.early_count, model.early_count);
	for (int i = 0; i < GP_LADDER_WINDOWS_MAX; i++)
		expect_number(history, "within", said.within_counts[i],
			      model.within_counts[i]);
	expect_number(history, "checks", said.checks_count, model.checks_count);
	expect_number(history, "every", said.every_msecs, model.every_msecs);
	expect_number(history, "journal_due", said.journal_due, model.journal_due);
	expect_number(history, "has_waited", said.has_waited, model.has_waited);
	expect_number(history, "is_away", said.is_away, model.is_away);
	expect_number(history, "is_crowded", said.is_crowded, model.is_crowded);
	expect_number(history, "notice_due", said.notice_due, model.notice_due);
	if (is_locked_out(history, &model))
		fail_msg("%s: a wait of %" PRId64 " ms", history->key,
			 model.wait_msecs);
	if (model.verdict == GP_VERDICT_ADMITTED && is_old_known(history))
		fail_msg("%s: older than the retention", history->key);
}

/* A script as it is, but with the clock of its last two arguments. */
static char *with_clock(const char *script)
{
	static const char asked[] = "redis.call('TIME')";
	static const char given[] = "{ ARGV[#ARGV - 1], ARGV[#ARGV] }";
	const char *place = strstr(script, asked);
	char *text = gp_alloc(strlen(script) + sizeof(given));

	assert_non_null(place);
	(void)sprintf(text, "%.*s%s%s", (int)(place - script), script, given,
		      place + sizeof(asked) - 1);
	return text;
}

/* What is noted of a login that is held; where nothing is known of the program, beside
   the rate of all.  False if there is none. */
static bool note_held(struct history *history, int64_t msecs)
{
	struct gp_poll_person *user = &history->user;
	struct gp_poll_program *program = &user->programs[history->number];
	const double until = (double)((history->now + msecs) / 10);

	if (program->is_known)
		program->held_until = until * 10;
	else if (user->crowd_tat * 10 > (double)history->now)
		user->crowd_held = until;
	else
		return false;
	return true;
}

/* A login of the program was held: store-hold.lua. */
static void hold_some(struct history *histories, const char *script)
{
	for (int i = 0; i < TOGETHER; i++) {
		struct history *history = &histories[i];
		const int64_t msecs = random_to(30 * SECS);
		struct gp_redis_command command;
		redisReply *reply;

		if (!happens(20))
			continue;
		(void)snprintf(history->held_msecs, CLOCK_BYTES, "%" PRId64, msecs);
		if (happens(2))
			history->number = (int)random_to(MODEL_PROGRAMS - 1);
		command = call(history, script, history->held_msecs,
			       strlen(history->held_msecs));
		assert_int_equal(own_redis_commands(&command, 1, &reply), 0);
		assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
		expect_number(history, "held", reply->integer,
			      note_held(history, msecs));
		freeReplyObject(reply);
	}
}

static void go_on(struct history *histories, const char *script,
		  const char *hold_script)
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
	hold_some(histories, hold_script);
}

static void script_and_arithmetic_agree(void **state)
{
	struct history *histories = gp_alloc(TOGETHER * sizeof(*histories));
	char *script = with_clock(store_poll_script);
	char *hold_script = with_clock(store_hold_script);

	(void)state;
	for (int first = 0; first < HISTORIES; first += TOGETHER) {
		memset(histories, 0, TOGETHER * sizeof(*histories));
		for (int i = 0; i < TOGETHER; i++) {
			invent_policy(&histories[i].query);
			histories[i].name_bytes = invent_length();
			histories[i].user.programs = histories[i].programs;
			histories[i].user.programs_count = MODEL_PROGRAMS;
			histories[i].now = (int64_t)1700000000 * SECS;
			(void)snprintf(histories[i].key, sizeof(histories[i].key),
				       "gp:{u%d}:u", first + i);
		}
		for (int step = 0; step < STEPS; step++)
			go_on(histories, script, hold_script);
	}
	free(script);
	free(hold_script);
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
