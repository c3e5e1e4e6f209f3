/* SPDX-License-Identifier: MIT */
/* This module tests imapd-hooks/poll-memory.c: up to which moment an answer holds, and
   what is counted until the next one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "poll-memory.h"

enum { INTERVAL = 300000, ROUND = 30000, GRACE = 120000 };

static struct gp_settings settings;
static struct gp_ladder ladder;
static const struct gp_poll_terms terms = { .ladder = &ladder,
	.login_ladder = &ladder };
static struct gp_poll_memory memory;
static struct gp_poll_history said;     /* by the last recall that knew */

static int setup(void **state)
{
	(void)state;
	settings = (struct gp_settings){ .poll = {
		.interval_secs = INTERVAL / 1000, .round_secs = ROUND / 1000,
		.grace_secs = GRACE / 1000 } };
	ladder = (struct gp_ladder){ { { 0, GP_ACTION_ABSORB, 0, 0 } }, 1 };
	gp_poll_memory_init(&memory, &settings);
	return 0;
}

static void answer(enum gp_verdict verdict, int64_t wait_msecs,
		   int64_t round_left_msecs, int64_t now_msecs)
{
	const struct gp_poll_history history = {
		.verdict = verdict, .wait_msecs = wait_msecs,
		.round_left_msecs = round_left_msecs, .early_count = 5,
	};

	gp_poll_memory_answered(&memory, &history, INTERVAL, now_msecs);
}

static bool knows(int64_t now_msecs)
{
	return gp_poll_memory_recall(&memory, &terms, false, now_msecs, &said);
}

static void assert_knows(int64_t now_msecs, enum gp_verdict verdict,
			 unsigned int early_count)
{
	assert_true(knows(now_msecs));
	assert_int_equal(said.verdict, verdict);
	assert_int_equal(said.early_count, early_count);
}

/* --- answers --- */

static void test_at_first_only_the_store_knows(void **state)
{
	struct gp_poll_history untouched;

	(void)state;
	memset(&said, 0x5a, sizeof(said));
	untouched = said;
	assert_false(knows(0));
	assert_memory_equal(&said, &untouched, sizeof(said));
	answer(GP_VERDICT_ADMITTED, INTERVAL, ROUND, 0);
	said = untouched;
	assert_false(knows(INTERVAL));
	assert_memory_equal(&said, &untouched, sizeof(said));
	/* what is over does not come back */
	assert_false(knows(INTERVAL - 1));
}

static void test_an_answer_holds_until_a_round_is_admitted(void **state)
{
	const int64_t at = 7000;

	(void)state;
	answer(GP_VERDICT_ADMITTED, INTERVAL, ROUND, at);
	assert_knows(at + ROUND - 1, GP_VERDICT_IN_ROUND, 5);
	assert_int_equal(said.round_left_msecs, 1);
	assert_int_equal(said.wait_msecs, INTERVAL - ROUND + 1);
	assert_knows(at + ROUND, GP_VERDICT_EARLY, 6);
	assert_int_equal(said.round_left_msecs, 0);
	assert_knows(at + INTERVAL - 1, GP_VERDICT_EARLY, 7);
	assert_int_equal(said.wait_msecs, 1);
	assert_false(knows(at + INTERVAL));
}

static void test_what_is_free_ends_with_its_round(void **state)
{
	(void)state;
	answer(GP_VERDICT_FREE, INTERVAL, ROUND, 0);
	assert_knows(ROUND - 1, GP_VERDICT_FREE, 5);
	assert_false(knows(ROUND));
}

static void test_who_is_away_may_be_back_after_an_interval(void **state)
{
	struct gp_poll_history away = { .verdict = GP_VERDICT_EARLY,
		.wait_msecs = 6 * (int64_t)INTERVAL, .is_away = true };

	(void)state;
	assert_false(gp_poll_memory_is_away(&memory));
	gp_poll_memory_answered(&memory, &away, INTERVAL, 0);
	assert_true(gp_poll_memory_is_away(&memory));
	assert_knows(INTERVAL - 1, GP_VERDICT_EARLY, 1);
	assert_false(knows(INTERVAL));
	assert_false(gp_poll_memory_is_away(&memory));
	/* not longer than there is to wait */
	away.wait_msecs = 1000;
	gp_poll_memory_answered(&memory, &away, INTERVAL, 0);
	assert_true(knows(999));
	assert_false(knows(1000));
}

static void test_what_is_said_once_is_not_said_again(void **state)
{
	const struct gp_poll_history history = { .verdict = GP_VERDICT_EARLY,
		.wait_msecs = INTERVAL, .has_waited = true, .notice_due = true };

	(void)state;
	gp_poll_memory_answered(&memory, &history, INTERVAL, 0);
	assert_true(knows(0));
	assert_false(said.has_waited);
	assert_false(said.notice_due);
}

/* --- counting --- */

static void test_a_burst_ends_with_a_pause(void **state)
{
	(void)state;
	for (int64_t now = 0; now < 3 * GP_POLL_BURST_MSECS;
	     now += GP_POLL_BURST_MSECS - 1) {
		(void)gp_poll_memory_check(&memory, false, now);
		assert_int_equal(memory.is_first_check, now == 0);
	}
	assert_int_equal(memory.checks, 4);
	assert_int_equal(memory.bursts, 1);
	(void)gp_poll_memory_check(&memory, false, memory.last_check_at_msecs +
				   GP_POLL_BURST_MSECS);
	assert_int_equal(memory.checks, 5);
	assert_int_equal(memory.bursts, 2);
}

static void test_a_burst_waits_once_and_for_a_round(void **state)
{
	int64_t now = 10000;

	(void)state;
	assert_false(gp_poll_memory_check(&memory, false, 0));
	assert_true(gp_poll_memory_check(&memory, true, now));
	assert_int_equal(memory.checks, 1);
	while ((now += 500) < 10000 + ROUND)
		assert_true(gp_poll_memory_check(&memory, false, now));
	assert_false(gp_poll_memory_check(&memory, false, now));

	assert_true(gp_poll_memory_check(&memory, true, now));
	now += GP_POLL_BURST_MSECS - 1;
	assert_true(gp_poll_memory_check(&memory, false, now));
	now += GP_POLL_BURST_MSECS;
	assert_false(gp_poll_memory_check(&memory, false, now));
}

static void test_who_waited_before_the_session_is_as_if_held_here(void **state)
{
	(void)state;
	assert_false(gp_poll_memory_check(&memory, false, 0));
	gp_poll_memory_waited(&memory, 0);
	assert_true(gp_poll_memory_check(&memory, false, 1));
	gp_poll_memory_forget(&memory);
	assert_false(gp_poll_memory_check(&memory, false, 2));
	assert_false(memory.is_first_check);
}

static void test_a_sweep_is_early_once(void **state)
{
	(void)state;
	/* the store has counted the first */
	answer(GP_VERDICT_EARLY, INTERVAL, 0, 0);
	assert_knows(ROUND - 1, GP_VERDICT_EARLY, 5);
	assert_knows(ROUND, GP_VERDICT_EARLY, 6);
	assert_knows(2 * ROUND - 1, GP_VERDICT_EARLY, 6);
	/* what waited was counted before */
	assert_true(gp_poll_memory_recall(&memory, &terms, true, 2 * ROUND, &said));
	assert_int_equal(said.early_count, 6);
	assert_knows(2 * ROUND, GP_VERDICT_EARLY, 7);
	assert_int_equal(memory.early_round_at_msecs, 2 * ROUND);
	/* an early answer amid an early round does not begin it anew */
	answer(GP_VERDICT_EARLY, INTERVAL, 0, 3 * ROUND - 1);
	assert_int_equal(memory.early_round_at_msecs, 2 * ROUND);
	answer(GP_VERDICT_EARLY, INTERVAL, 0, 3 * ROUND);
	assert_int_equal(memory.early_round_at_msecs, 3 * ROUND);
	answer(GP_VERDICT_ADMITTED, INTERVAL, ROUND, 3 * ROUND + 1);
	assert_int_equal(memory.early_round_at_msecs, -1);
}

static void test_what_the_store_counted_gets_old(void **state)
{
	const struct gp_poll_history history = { .verdict = GP_VERDICT_EARLY,
		.wait_msecs = INTERVAL, .within_known = true,
		.within_counts = { 8, 8, 8 } };
	const int64_t at = 7000;

	(void)state;
	ladder = (struct gp_ladder){ { { 0, GP_ACTION_ABSORB, 0, 40 },
		{ 3, GP_ACTION_DELAY, 10, 160 } }, 2 };
	gp_poll_memory_answered(&memory, &history, INTERVAL, at);
	assert_true(knows(at));
	assert_int_equal(said.within_counts[0], 8);
	assert_true(knows(at + 20000));
	assert_int_equal(said.within_counts[0], 4);
	assert_int_equal(said.within_counts[1], 7);
	/* of the first nothing but the round that is new */
	assert_true(knows(at + 40000));
	assert_int_equal(said.within_counts[0], 1);
	assert_int_equal(said.within_counts[1], 6 + 1);
	/* there is no third time */
	assert_int_equal(said.within_counts[2], 1);
}

/* --- people --- */

static void test_the_store_hears_of_people_once_in_a_while(void **state)
{
	(void)state;
	assert_true(gp_poll_memory_human(&memory, 1000));
	assert_true(gp_poll_memory_has_news(&memory));
	gp_poll_memory_brought(&memory, 0);
	assert_false(gp_poll_memory_has_news(&memory));
	assert_false(gp_poll_memory_human(&memory, 1000 + GRACE - 1));
	assert_true(gp_poll_memory_has_news(&memory));
	assert_true(gp_poll_memory_human(&memory, 1000 + GRACE));
}

static void test_without_a_grace_once_in_an_interval(void **state)
{
	(void)state;
	settings.poll.grace_secs = 0;
	assert_true(gp_poll_memory_human(&memory, 1000));
	gp_poll_memory_brought(&memory, 0);
	assert_false(gp_poll_memory_human(&memory, 1001));
	assert_false(gp_poll_memory_human(&memory, 1000 + INTERVAL - 1));
	assert_true(gp_poll_memory_human(&memory, 1000 + INTERVAL));
}

static void test_while_a_person_is_there_checks_are_free(void **state)
{
	(void)state;
	(void)gp_poll_memory_human(&memory, 0);
	assert_knows(GRACE - 1, GP_VERDICT_FREE, 0);
	assert_false(knows(GRACE));
	answer(GP_VERDICT_EARLY, INTERVAL, 0, GRACE);
	(void)gp_poll_memory_human(&memory, GRACE);
	assert_knows(2 * GRACE - 1, GP_VERDICT_FREE, 5);
	assert_knows(2 * GRACE, GP_VERDICT_EARLY, 6);
}

static void test_a_person_is_not_away(void **state)
{
	const struct gp_poll_history away = { .verdict = GP_VERDICT_EARLY,
		.wait_msecs = INTERVAL, .is_away = true };

	(void)state;
	settings.poll.grace_secs = 0;
	(void)gp_poll_memory_human(&memory, 0);
	gp_poll_memory_brought(&memory, 0);
	gp_poll_memory_answered(&memory, &away, INTERVAL, 0);
	assert_true(gp_poll_memory_human(&memory, 1));
	assert_false(gp_poll_memory_is_away(&memory));
	assert_false(knows(1));
	gp_poll_memory_brought(&memory, 0);
	assert_false(gp_poll_memory_human(&memory, 2));
}

/* --- what the store does not know yet --- */

static void test_a_check_counted_twice_is_set_right(void **state)
{
	(void)state;
	assert_false(gp_poll_memory_has_news(&memory));
	(void)gp_poll_memory_check(&memory, false, 0);
	gp_poll_memory_brought(&memory, 1);
	/* it waited, and the store was asked again */
	(void)gp_poll_memory_check(&memory, true, 5000);
	gp_poll_memory_brought(&memory, 1);
	assert_int_equal(memory.checks, -1);
	assert_false(gp_poll_memory_has_news(&memory));
	(void)gp_poll_memory_check(&memory, false, 5001);
	assert_int_equal(memory.checks, 0);
	gp_poll_memory_brought(&memory, 0);
	(void)gp_poll_memory_check(&memory, false, 5002);
	assert_int_equal(memory.checks, 1);
	assert_int_equal(memory.bursts, 0);
	assert_true(gp_poll_memory_has_news(&memory));
}

static void test_each_thing_is_news(void **state)
{
	(void)state;
	gp_poll_memory_wrote(&memory, 0);
	assert_true(gp_poll_memory_has_news(&memory));
	gp_poll_memory_brought(&memory, 0);
	assert_false(gp_poll_memory_has_news(&memory));
	answer(GP_VERDICT_ADMITTED, INTERVAL, ROUND, 0);
	assert_true(knows(ROUND));
	assert_int_equal(memory.early_rounds, 1);
	assert_true(gp_poll_memory_has_news(&memory));
	gp_poll_memory_brought(&memory, 0);
	assert_int_equal(memory.early_rounds, 0);
	assert_false(gp_poll_memory_has_news(&memory));
}

static void test_another_program_of_the_same_person(void **state)
{
	(void)state;
	answer(GP_VERDICT_ADMITTED, INTERVAL, ROUND, 0);
	(void)gp_poll_memory_check(&memory, false, 0);
	assert_true(knows(ROUND));
	gp_poll_memory_wrote(&memory, ROUND);
	gp_poll_memory_forget(&memory);
	assert_false(gp_poll_memory_has_news(&memory));
	assert_false(knows(ROUND));
	/* an early round of its own */
	answer(GP_VERDICT_EARLY, INTERVAL, 0, ROUND + 1);
	assert_int_equal(memory.early_round_at_msecs, ROUND + 1);
	(void)gp_poll_memory_human(&memory, ROUND);
	gp_poll_memory_forget(&memory);
	assert_true(gp_poll_memory_has_news(&memory));
	assert_true(knows(ROUND));
	assert_int_equal(said.verdict, GP_VERDICT_FREE);
}

#define MEMORY_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MEMORY_TEST(test_at_first_only_the_store_knows),
		MEMORY_TEST(test_an_answer_holds_until_a_round_is_admitted),
		MEMORY_TEST(test_what_is_free_ends_with_its_round),
		MEMORY_TEST(test_who_is_away_may_be_back_after_an_interval),
		MEMORY_TEST(test_what_is_said_once_is_not_said_again),
		MEMORY_TEST(test_a_burst_ends_with_a_pause),
		MEMORY_TEST(test_a_burst_waits_once_and_for_a_round),
		MEMORY_TEST(test_who_waited_before_the_session_is_as_if_held_here),
		MEMORY_TEST(test_a_sweep_is_early_once),
		MEMORY_TEST(test_what_the_store_counted_gets_old),
		MEMORY_TEST(test_the_store_hears_of_people_once_in_a_while),
		MEMORY_TEST(test_without_a_grace_once_in_an_interval),
		MEMORY_TEST(test_while_a_person_is_there_checks_are_free),
		MEMORY_TEST(test_a_person_is_not_away),
		MEMORY_TEST(test_a_check_counted_twice_is_set_right),
		MEMORY_TEST(test_each_thing_is_news),
		MEMORY_TEST(test_another_program_of_the_same_person),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
