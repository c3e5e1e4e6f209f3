/* SPDX-License-Identifier: MIT */
/* This module tests lib/rate-memory.c: users do not mix, entries end, room is
   bounded, and threads together get no more than one would. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rate-memory.h"

enum { SECS = GP_RATE_TICKS_PER_SEC, THREADS = 8, TRIES = 200 };

static const struct gp_rate_terms ten_in_an_hour = { .limits = {
	[GP_RATE_MESSAGES] = { .windows = { { 10, 3600 } }, .count = 1 } } };

static bool charge(struct gp_rate_memory *memory, const char *user, int64_t now)
{
	struct gp_rate_verdict verdict;

	gp_rate_memory_charge(memory, user, &ten_in_an_hour, 1, now, &verdict);
	return verdict.is_admitted;
}

static bool is_refused(struct gp_rate_memory *memory, const char *user,
		       int64_t now)
{
	struct gp_rate_verdict verdict;

	gp_rate_memory_look(memory, user, &ten_in_an_hour, 1, now, &verdict);
	return !verdict.is_admitted;
}

static void each_user_has_a_budget(void **state)
{
	struct gp_rate_memory *memory = gp_rate_memory_create(64);

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true(charge(memory, "alice", 5 * SECS));
	assert_false(charge(memory, "alice", 5 * SECS));
	assert_true(is_refused(memory, "alice", 5 * SECS));
	assert_false(is_refused(memory, "bob", 5 * SECS));
	assert_true(charge(memory, "bob", 5 * SECS));
	assert_true(charge(memory, "alice@example.test", 5 * SECS));
	gp_rate_memory_free(&memory);
	assert_null(memory);
}

static void what_redis_says_replaces_all(void **state)
{
	struct gp_rate_memory *memory = gp_rate_memory_create(64);
	struct gp_rate_state said = { 0 };

	(void)state;
	for (int i = 0; i < 10; i++)
		(void)charge(memory, "alice", 5 * SECS);
	gp_rate_memory_learn(memory, "alice", &said, 5 * SECS);
	assert_false(is_refused(memory, "alice", 5 * SECS));
	said.slots[GP_RATE_MESSAGES][0] = (struct gp_rate_slot){
		.secs = 3600, .tat_ticks = (int64_t)3605 * SECS };
	gp_rate_memory_learn(memory, "alice", &said, 5 * SECS);
	assert_true(is_refused(memory, "alice", 5 * SECS));
	assert_true(is_refused(memory, "alice", 365 * SECS - 1));
	assert_false(is_refused(memory, "alice", 365 * SECS));
	gp_rate_memory_free(&memory);
}

/* Only Redis knows of other hosts. */
static void who_is_far_was_spoken_of_lately(void **state)
{
	const struct gp_rate_terms eighty = { .limits = {
		[GP_RATE_MESSAGES] = { .windows = { { 80, 3600 } }, .count = 1 } } };
	const struct gp_rate_load load = { 10, 10 }, more = { 11, 11 };
	struct gp_rate_memory *memory = gp_rate_memory_create(64);
	struct gp_rate_state said = { 0 };

	(void)state;
	assert_false(gp_rate_memory_is_far(memory, "alice", &eighty, &load,
					   5 * SECS));
	(void)charge(memory, "alice", 5 * SECS);
	assert_false(gp_rate_memory_is_far(memory, "alice", &eighty, &load,
					   5 * SECS));
	said.slots[GP_RATE_MESSAGES][0] = (struct gp_rate_slot){
		.secs = 3600, .tat_ticks = (int64_t)50 * SECS };
	gp_rate_memory_learn(memory, "alice", &said, 5 * SECS);
	assert_true(gp_rate_memory_is_far(memory, "alice", &eighty, &load,
					  5 * SECS));
	assert_false(gp_rate_memory_is_far(memory, "alice", &eighty, &more,
					   5 * SECS));
	assert_true(gp_rate_memory_is_far(memory, "alice", &eighty, &load,
					  15 * SECS - 1));
	assert_false(gp_rate_memory_is_far(memory, "alice", &eighty, &load,
					   15 * SECS));
	assert_false(gp_rate_memory_is_far(memory, "bob", &eighty, &load,
					   5 * SECS));
	gp_rate_memory_free(&memory);
}

static void room_is_bounded_and_the_fullest_stay(void **state)
{
	struct gp_rate_memory *memory = gp_rate_memory_create(16);
	char user[16];

	(void)state;
	for (int i = 0; i < 10; i++)
		(void)charge(memory, "busy", 5 * SECS);
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(user, sizeof(user), "u%d", i);
		assert_true(charge(memory, user, 5 * SECS));
	}
	assert_true(is_refused(memory, "busy", 5 * SECS));
	gp_rate_memory_free(&memory);
}

struct shared {
	struct gp_rate_memory *memory;
	atomic_int admitted;
};

static void *try_often(void *context)
{
	struct shared *shared = context;

	for (int i = 0; i < TRIES; i++)
		if (charge(shared->memory, "alice", 5 * SECS))
			(void)atomic_fetch_add(&shared->admitted, 1);
	return NULL;
}

static void threads_share_one_budget(void **state)
{
	struct shared shared = { .memory = gp_rate_memory_create(64) };
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, try_often,
						&shared), 0);
	for (int i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	assert_int_equal(shared.admitted, 10);
	gp_rate_memory_free(&shared.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_user_has_a_budget),
		cmocka_unit_test(what_redis_says_replaces_all),
		cmocka_unit_test(who_is_far_was_spoken_of_lately),
		cmocka_unit_test(room_is_bounded_and_the_fullest_stay),
		cmocka_unit_test(threads_share_one_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
