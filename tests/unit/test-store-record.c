/* SPDX-License-Identifier: MIT */
/* This module tests lib/store-record.c: keys that nobody can escape from, and
   records that must have the right form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store-record.h"

static void no_name_leaves_its_braces(void **state)
{
	static const char *const names[] = {
		"alice", "alice@example.test", "}:p", "a}b{c", "*", "a b",
		"\r\nFLUSHALL", "%", "%41", "", "j\xc3\xb6rg", "\xff", "{", "a:b",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *key = gp_store_key(names[i]);
		char *user = gp_store_key_user(key, strlen(key));
		size_t inside = strspn(key + 4, "abcdefghijklmnopqrstuvwxyz"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				       "._+@-%");

		assert_string_equal(key + 4 + inside, "}:p");
		assert_non_null(user);
		assert_string_equal(user, names[i]);
		free(user);
		free(key);
	}
}

static void two_names_never_share_a_key(void **state)
{
	char *one = gp_store_key("%41"), *two = gp_store_key("A");

	(void)state;
	assert_string_not_equal(one, two);
	free(one);
	free(two);
}

static void foreign_keys_are_not_ours(void **state)
{
	(void)state;
	assert_null(gp_store_key_user("gp:{", 4));
	assert_null(gp_store_key_user("gp:{a}:q", 8));
	assert_null(gp_store_key_user("xp:{a}:p", 8));
	assert_null(gp_store_key_user("", 0));
}

/* at=1000000 ms, ahead=300 s, last=20 s, every=60 s, 7 checks, 5 early rounds in
   window 0 and 4 in the one before. */
static const unsigned char packed[30] = {
	0, 0, 0, 0x0f, 0x42, 0x40, 0, 0x75, 0x30, 0, 0, 200, 0, 0, 0, 0, 0, 0,
	0, 0xea, 0x60, 0, 0, 7, 0, 5, 0, 4, 0, 0,
};

static void a_record_of_wrong_length_is_none(void **state)
{
	struct gp_poll_record record = { .checks_count = 99 };

	(void)state;
	assert_false(gp_store_record_unpack(packed, 29, 0, 3600000, &record));
	assert_false(gp_store_record_unpack(packed, 0, 0, 3600000, &record));
	assert_int_equal(record.checks_count, 99);
}

static void a_record_is_read(void **state)
{
	struct gp_poll_record record;

	(void)state;
	assert_true(gp_store_record_unpack(packed, 30, 1100000, 3600000, &record));
	assert_int_equal(record.wait_msecs, 200000);
	assert_int_equal(record.last_age_msecs, 80000);
	assert_int_equal(record.every_msecs, 60000);
	assert_int_equal(record.checks_count, 7);
	/* 1,100 s into the window of 3,600 s: of the 4 before, 2.7 count */
	assert_int_equal(record.early_count, 5 + 2);
}

static void early_rounds_fade_with_time(void **state)
{
	struct gp_poll_record record;

	(void)state;
	assert_true(gp_store_record_unpack(packed, 30, 3600000, 3600000, &record));
	assert_int_equal(record.early_count, 5);
	assert_true(gp_store_record_unpack(packed, 30, 5400000, 3600000, &record));
	assert_int_equal(record.early_count, 2);
	assert_true(gp_store_record_unpack(packed, 30, 7200000, 3600000, &record));
	assert_int_equal(record.early_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_name_leaves_its_braces),
		cmocka_unit_test(two_names_never_share_a_key),
		cmocka_unit_test(foreign_keys_are_not_ours),
		cmocka_unit_test(a_record_of_wrong_length_is_none),
		cmocka_unit_test(a_record_is_read),
		cmocka_unit_test(early_rounds_fade_with_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
