/* SPDX-License-Identifier: MIT */
/* This module tests lib/outage.c: one server is back with its answer; a cluster when
   for a while nothing failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "outage.h"

enum { TRIAL = 20000, NOW = 5000000 };

static void the_trial_is_for_a_cluster(void **state)
{
	struct gp_settings settings = { .redis = { .retry_secs = 10 } };

	(void)state;
	settings.redis.topology = GP_REDIS_SINGLE;
	assert_int_equal(gp_outage_trial_msecs(&settings), 0);
	settings.redis.topology = GP_REDIS_BY_SENTINEL;
	assert_int_equal(gp_outage_trial_msecs(&settings), 0);
	settings.redis.topology = GP_REDIS_CLUSTER;
	assert_int_equal(gp_outage_trial_msecs(&settings), TRIAL);
}

static void one_server_is_back_with_its_answer(void **state)
{
	struct gp_outage_state outage = { 0 };

	(void)state;
	assert_false(gp_outage_answer(&outage, 0, NOW));
	assert_true(gp_outage_fail(&outage, NOW));
	assert_false(gp_outage_fail(&outage, NOW + 1));
	assert_int_equal(outage.since_msecs, NOW);
	assert_true(gp_outage_answer(&outage, 0, NOW + 2));
	assert_false(outage.is_on);
	assert_false(gp_outage_answer(&outage, 0, NOW + 3));
	assert_true(gp_outage_fail(&outage, NOW + 4));
	assert_int_equal(outage.since_msecs, NOW + 4);
}

static void a_cluster_is_back_when_the_trial_is_over(void **state)
{
	struct gp_outage_state outage = { 0 };

	(void)state;
	assert_true(gp_outage_fail(&outage, NOW));
	/* However late the first answer is, it says nothing of other masters. */
	assert_false(gp_outage_answer(&outage, TRIAL, NOW + 9 * TRIAL));
	assert_false(gp_outage_answer(&outage, TRIAL, NOW + 10 * TRIAL - 1));
	assert_true(gp_outage_answer(&outage, TRIAL, NOW + 10 * TRIAL));
	assert_false(outage.is_on);
	assert_false(gp_outage_answer(&outage, TRIAL, NOW + 10 * TRIAL));
}

static void a_failure_begins_the_trial_anew(void **state)
{
	struct gp_outage_state outage = { 0 };

	(void)state;
	assert_true(gp_outage_fail(&outage, NOW));
	assert_false(gp_outage_answer(&outage, TRIAL, NOW + 1));
	assert_false(gp_outage_fail(&outage, NOW + TRIAL));
	assert_int_equal(outage.since_msecs, NOW);
	assert_false(gp_outage_answer(&outage, TRIAL, NOW + TRIAL + 1));
	assert_false(gp_outage_answer(&outage, TRIAL, NOW + 2 * TRIAL));
	assert_true(gp_outage_answer(&outage, TRIAL, NOW + 2 * TRIAL + 1));
}

/* One master is well, one is not, and each is asked, often or seldom. */
static void masters_that_differ_are_one_outage(void **state)
{
	(void)state;
	for (int64_t pause = 1; pause < 100 * (int64_t)TRIAL; pause *= 3) {
		struct gp_outage_state outage = { 0 };
		int64_t now = NOW;

		assert_true(gp_outage_fail(&outage, now));
		for (int i = 0; i < 100; i++) {
			assert_false(gp_outage_answer(&outage, TRIAL,
						      now += pause));
			assert_false(gp_outage_fail(&outage, now += pause));
		}
		assert_int_equal(outage.since_msecs, NOW);
	}
}

/* The answer to a question from before those that ended its silence. */
static void a_late_answer_changes_nothing(void **state)
{
	struct gp_outage_state outage = { 0 };

	(void)state;
	assert_true(gp_outage_fail(&outage, NOW));
	assert_false(gp_outage_answer(&outage, TRIAL, NOW + 10));
	assert_false(gp_outage_answer(&outage, TRIAL, NOW - 10));
	assert_false(gp_outage_answer(&outage, TRIAL, NOW + TRIAL + 9));
	assert_true(gp_outage_answer(&outage, TRIAL, NOW + TRIAL + 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_trial_is_for_a_cluster),
		cmocka_unit_test(one_server_is_back_with_its_answer),
		cmocka_unit_test(a_cluster_is_back_when_the_trial_is_over),
		cmocka_unit_test(a_failure_begins_the_trial_anew),
		cmocka_unit_test(masters_that_differ_are_one_outage),
		cmocka_unit_test(a_late_answer_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
