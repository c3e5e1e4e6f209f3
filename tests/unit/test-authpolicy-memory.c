/* SPDX-License-Identifier: MIT */
/* This module tests imapd-hooks/authpolicy-memory.c: about whom Redis is asked, for how
   long what it said holds, and who loses a place when there are too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "authpolicy-memory.h"

enum { INTERVAL = 300000, HOUR = 3600000, START = 1000, MANY = 200000 };

static struct gp_auth_memory *memory;

static int setup(void **state)
{
	(void)state;
	memory = gp_auth_memory_create();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gp_auth_memory_free(&memory);
	assert_null(memory);
	gp_auth_memory_free(&memory);
	return 0;
}

static void learn(uint64_t program, int64_t interval_msecs, int64_t now_msecs)
{
	const struct gp_auth_memory_news news = {
		.interval_msecs = interval_msecs, .seen_msecs = now_msecs,
		.until_msecs = now_msecs + HOUR,
	};

	gp_auth_memory_learn(memory, program, &news, now_msecs);
}

static void learn_stranger(uint64_t program, int64_t now_msecs)
{
	const struct gp_auth_memory_news news = {
		.interval_msecs = INTERVAL, .seen_msecs = now_msecs,
		.until_msecs = now_msecs + HOUR, .is_stranger = true,
	};

	gp_auth_memory_learn(memory, program, &news, now_msecs);
}

static bool see(uint64_t program, int64_t now_msecs)
{
	return gp_auth_memory_see(memory, program, INTERVAL, now_msecs);
}

/* --- who is asked about --- */

static void who_is_not_known_is_asked_about(void **state)
{
	(void)state;
	assert_false(see(7, START));
	/* being seen is not being known, however long ago */
	assert_false(see(7, START + INTERVAL));
	assert_false(see(0, START));
	learn(7, INTERVAL, START);
	assert_false(see(8, START + INTERVAL));
}

static void who_comes_sooner_is_asked_about(void **state)
{
	(void)state;
	learn(7, INTERVAL, START);
	assert_false(see(7, START));
	learn(7, INTERVAL, START);
	assert_false(see(7, START + INTERVAL - 1));
}

static void who_comes_in_time_is_not(void **state)
{
	(void)state;
	learn(7, INTERVAL, START);
	learn(0, INTERVAL, START);
	for (int i = 1; i <= 5; i++)
		assert_true(see(7, START + i * INTERVAL));
	assert_true(see(0, START + INTERVAL));
}

/* Also one that was let in unasked, or that Redis was silent about. */
static void the_interval_is_since_it_was_last_seen(void **state)
{
	(void)state;
	learn(7, INTERVAL, START);
	assert_true(see(7, START + INTERVAL));
	assert_false(see(7, START + 2 * INTERVAL - 1));
	assert_false(see(7, START + 3 * INTERVAL - 2));
	assert_true(see(7, START + 4 * INTERVAL - 2));
}

static void who_is_held_comes_when_that_is_over(void **state)
{
	const struct gp_auth_memory_news news = {
		.interval_msecs = INTERVAL, .seen_msecs = START + 10000,
		.until_msecs = START + HOUR,
	};

	(void)state;
	gp_auth_memory_learn(memory, 7, &news, START);
	/* one more connection meanwhile does not make it sooner */
	assert_false(see(7, START + 5000));
	assert_false(see(7, START + 5000 + INTERVAL));
	gp_auth_memory_learn(memory, 7, &news, START);
	assert_true(see(7, START + 10000 + INTERVAL));
}

static void the_longer_interval_counts(void **state)
{
	(void)state;
	/* Redis was asked about one who is away */
	learn(7, 6 * INTERVAL, START);
	assert_false(see(7, START + 6 * INTERVAL - 1));
	learn(7, 6 * INTERVAL, START);
	assert_true(see(7, START + 6 * INTERVAL));
	/* the load has become high since */
	learn(7, INTERVAL, START);
	assert_false(gp_auth_memory_see(memory, 7, 2 * INTERVAL,
					START + 2 * INTERVAL - 1));
	learn(7, INTERVAL, START);
	assert_true(gp_auth_memory_see(memory, 7, 2 * INTERVAL,
				       START + 2 * INTERVAL));
}

static void what_was_said_holds_for_a_time(void **state)
{
	(void)state;
	learn(7, INTERVAL, START);
	assert_true(see(7, START + HOUR / 2));
	assert_true(see(7, START + HOUR - 1));
	learn(7, INTERVAL, START);
	assert_false(see(7, START + HOUR));
	learn(7, INTERVAL, START + HOUR);
	assert_true(see(7, START + HOUR + INTERVAL));
}

static void who_is_forgotten_is_asked_about(void **state)
{
	(void)state;
	learn(7, INTERVAL, START);
	learn(8, INTERVAL, START);
	gp_auth_memory_forget(memory, 7);
	gp_auth_memory_forget(memory, 9);
	assert_false(see(7, START + INTERVAL));
	assert_true(see(8, START + INTERVAL));
}

/* --- room --- */

static int count_known(uint64_t first, int count, int64_t now_msecs)
{
	int known = 0;

	for (int i = 0; i < count; i++)
		known += see(first + (uint64_t)i, now_msecs);
	return known;
}

static void there_is_room_for_thousands_and_no_more(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < MANY; i++)
		learn(i, INTERVAL, START);
	assert_in_range(count_known(0, MANY, START + INTERVAL), 10000, 20000);
}

static void who_was_not_seen_for_longest_gives_way(void **state)
{
	const uint64_t step = UINT64_C(1) << 32;        /* all want the same places */
	int kept = 0;

	(void)state;
	for (uint64_t i = 1; i <= 8; i++) {
		learn(i * step, INTERVAL, START);
		(void)see(step, START + (int64_t)i);
	}
	assert_true(see(step, START + 10 + INTERVAL));
	for (uint64_t i = 2; i <= 8; i++)
		kept += see(i * step, START + 10 + INTERVAL);
	assert_in_range(kept, 1, 6);
}

static void strangers_take_no_place_that_is_good(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 10000; i++)
		learn(i, INTERVAL, START);
	for (uint64_t i = 10000; i < MANY; i++)
		learn_stranger(i, START);
	assert_int_equal(count_known(0, 10000, START + INTERVAL), 10000);
	/* what is free they may have, and what is good no more */
	assert_true(count_known(10000, MANY - 10000, START + INTERVAL) > 0);
	learn_stranger(MANY, START + HOUR);
	assert_true(see(MANY, START + HOUR + INTERVAL));
}

static void strangers_give_way(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < MANY; i++)
		learn_stranger(i, START);
	learn(MANY, INTERVAL, START);
	assert_true(see(MANY, START + INTERVAL));
}

/* --- plain logins --- */

static void who_comes_in_time_is_taken_once(void **state)
{
	(void)state;
	learn(1, INTERVAL, START);
	assert_false(gp_auth_memory_take(memory, 1, START));
	assert_true(see(1, START + INTERVAL));
	assert_false(gp_auth_memory_take(memory, 2, START + INTERVAL));
	assert_true(gp_auth_memory_take(memory, 1, START + INTERVAL));
	assert_false(gp_auth_memory_take(memory, 1, START + INTERVAL));
}

static void who_comes_sooner_is_not_taken(void **state)
{
	(void)state;
	learn(1, INTERVAL, START);
	assert_true(see(1, START + INTERVAL));
	assert_false(see(1, START + INTERVAL + 1));
	assert_false(gp_auth_memory_take(memory, 1, START + INTERVAL + 1));
}

static void a_login_does_not_take_for_ever(void **state)
{
	const int64_t late = START + INTERVAL + GP_AUTH_MEMORY_LOGIN_MSECS;

	(void)state;
	learn(1, INTERVAL, START);
	assert_true(see(1, START + INTERVAL));
	assert_false(gp_auth_memory_take(memory, 1, late));
	assert_true(gp_auth_memory_take(memory, 1, late - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_is_not_known_is_asked_about,
						setup, teardown),
		cmocka_unit_test_setup_teardown(who_comes_sooner_is_asked_about,
						setup, teardown),
		cmocka_unit_test_setup_teardown(who_comes_in_time_is_not, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			the_interval_is_since_it_was_last_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(who_is_held_comes_when_that_is_over,
						setup, teardown),
		cmocka_unit_test_setup_teardown(the_longer_interval_counts, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_was_said_holds_for_a_time,
						setup, teardown),
		cmocka_unit_test_setup_teardown(who_is_forgotten_is_asked_about,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			there_is_room_for_thousands_and_no_more, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_was_not_seen_for_longest_gives_way, setup, teardown),
		cmocka_unit_test_setup_teardown(strangers_take_no_place_that_is_good,
						setup, teardown),
		cmocka_unit_test_setup_teardown(strangers_give_way, setup, teardown),
		cmocka_unit_test_setup_teardown(who_comes_in_time_is_taken_once,
						setup, teardown),
		cmocka_unit_test_setup_teardown(who_comes_sooner_is_not_taken, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_login_does_not_take_for_ever,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
