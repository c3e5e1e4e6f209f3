/* SPDX-License-Identifier: MIT */
/*
 * This module tests lib/authres.c: whose word an Authentication-Results header
 * is, and that nobody's name can end a value of ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "authres.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void test_ours_in_any_spelling(void **state)
{
	static const char *const ours[] = {
		"mx.example.test; none", "MX.Example.TEST; none",
		"mx.example.test;none", "mx.example.test", " mx.example.test ;x",
		"mx.example.test 1; auth=pass", "mx.example.test/1; auth=pass",
		"mx.example.test.; none", "\"mx.example.test\"; none",
		"\" mx.example.test \"; none", "(x) mx.example.test; none",
		"(a (b) \\) c)\r\n mx.example.test (d); none",
		"\r\n\tmx.example.test; none", "mx.example.test(x); none",
		"mx.example.test..; none", "mx . example.\r\n test; none",
		"mx(c).example(d) .test(e) 1; none", "mx.example.test\v; none",
		/* nobody can say whose */
		"mx.example(.test",
		"", " ", "; auth=pass", "(mx.other.test", "\"mx.other.test",
		"\"mx\\.other.test\"; none", "\"\"; none",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ours); i++)
		if (!gp_authres_has_id(ours[i], "mx.example.test"))
			fail_msg("not ours: %s", ours[i]);
}

static void test_others(void **state)
{
	static const char *const others[] = {
		"mx.other.test; none", "x.mx.example.test; none",
		"mx.example.test.other; none", "mx.example; x=mx.example.test",
		"(mx.example.test) mx.other.test; none",
		"\"mx.other.test\"; none", "mx.other.test 1; mx.example.test", "mx.other.test(",
		"mx.example test; none", "mx example.test; none",
		"mx.example.testx.; none", "mx.example.tes; none",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (gp_authres_has_id(others[i], "mx.example.test"))
			fail_msg("ours: %s", others[i]);
}

static void test_no_name_ends_its_value(void **state)
{
	struct gp_pool *pool = gp_pool_create();

	(void)state;
	assert_string_equal(gp_authres_of_login(pool, "mx.example.test",
			"a; dkim=pass\r\nX: y", "\"b\\c\"@d"),
		"mx.example.test; auth=pass smtp.auth=\"a; dkim=pass??X: y\" "
		"smtp.mailfrom=\"\\\"b\\\\c\\\"@d\"");
	assert_string_equal(gp_authres_of_login(pool, "mx", "(x", ""),
		"mx; auth=pass smtp.auth=\"(x\"");
	assert_string_equal(gp_authres_of_login(pool, "mx", "", NULL),
		"mx; auth=pass smtp.auth=\"\"");
	assert_string_equal(gp_authres_of_login(pool, "mx.example.test", "alice",
			"alice@example.test"),
		"mx.example.test; auth=pass smtp.auth=alice "
		"smtp.mailfrom=alice@example.test");
	gp_pool_free(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours_in_any_spelling),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_no_name_ends_its_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
