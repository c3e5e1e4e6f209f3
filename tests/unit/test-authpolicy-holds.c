/* SPDX-License-Identifier: MIT */
/* This module tests imapd-hooks/authpolicy-holds.c: each hold counts until it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "authpolicy-holds.h"

enum { NOW = 1000, LONGEST = GP_AUTH_HOLD_SECS_MAX };

static void nobody_is_held_at_first(void **state)
{
	const struct gp_auth_holds holds = { .ends = { { 0, 0 } } };

	(void)state;
	assert_int_equal(gp_auth_holds_count(&holds, 0), 0);
	assert_int_equal(gp_auth_holds_count(&holds, NOW), 0);
}

static void a_hold_counts_until_it_ends(void **state)
{
	struct gp_auth_holds holds = { .ends = { { 0, 0 } } };

	(void)state;
	gp_auth_holds_add(&holds, NOW + 1);
	gp_auth_holds_add(&holds, NOW + 10);
	gp_auth_holds_add(&holds, NOW + 10);
	gp_auth_holds_add(&holds, NOW + LONGEST);
	assert_int_equal(gp_auth_holds_count(&holds, NOW), 4);
	assert_int_equal(gp_auth_holds_count(&holds, NOW + 1), 3);
	assert_int_equal(gp_auth_holds_count(&holds, NOW + 9), 3);
	assert_int_equal(gp_auth_holds_count(&holds, NOW + 10), 1);
	assert_int_equal(gp_auth_holds_count(&holds, NOW + LONGEST), 0);
}

/* No second is taken for one that was long ago, or is to come. */
static void holds_of_any_time_are_counted_apart(void **state)
{
	struct gp_auth_holds holds = { .ends = { { 0, 0 } } };

	(void)state;
	for (int64_t now = NOW; now < NOW + 10 * LONGEST; now++) {
		gp_auth_holds_add(&holds, now + 1);
		gp_auth_holds_add(&holds, now + LONGEST);
		assert_int_equal(gp_auth_holds_count(&holds, now),
				 now - NOW < LONGEST ? now - NOW + 2
						     : LONGEST + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_held_at_first),
		cmocka_unit_test(a_hold_counts_until_it_ends),
		cmocka_unit_test(holds_of_any_time_are_counted_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
