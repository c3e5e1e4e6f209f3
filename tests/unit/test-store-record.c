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
static const unsigned char packed[28] = {
	0, 0, 1, 0x86, 0xa0, 0, 0x75, 0x30, 0, 0, 200, 0, 0, 0, 0, 0, 0,
	0xea, 0x60, 0, 0, 7, 0, 5, 0, 4, 0, 0,
};

static void a_record_of_wrong_length_is_none(void **state)
{
	struct gp_poll_record record = { .checks_count = 99 };

	(void)state;
	assert_false(gp_store_record_unpack(packed, 27, 0, 3600000, &record));
	assert_false(gp_store_record_unpack(packed, 0, 0, 3600000, &record));
	assert_int_equal(record.checks_count, 99);
}

static void a_record_is_read(void **state)
{
	struct gp_poll_record record;

	(void)state;
	assert_true(gp_store_record_unpack(packed, 28, 1100000, 3600000, &record));
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
	assert_true(gp_store_record_unpack(packed, 28, 3600000, 3600000, &record));
	assert_int_equal(record.early_count, 5);
	assert_true(gp_store_record_unpack(packed, 28, 5400000, 3600000, &record));
	assert_int_equal(record.early_count, 2);
	assert_true(gp_store_record_unpack(packed, 28, 7200000, 3600000, &record));
	assert_int_equal(record.early_count, 0);
}

/* --- sending --- */

static const struct gp_rate_terms hour_and_recipients = { .limits = {
	[GP_RATE_MESSAGES] = { .windows = { { 4, 3600 } }, .count = 1 },
	[GP_RATE_RECIPIENTS] = { .windows = { { 2, 60 } }, .count = 1 } } };

static void a_question_is_packed(void **state)
{
	const struct gp_submit_query query = { .terms = &hour_and_recipients,
					       .recipients = 2 };
	/* 900 s of 3,600 in ticks; both units of the minute */
	static const unsigned char wanted[] = {
		0, 0x0e, 0x10, 0, 0, 0, 0x89, 0x54, 0x40, 0, 0, 0x02, 0x25, 0x51,
		0, 0x80, 0, 60, 0, 0, 0, 0x09, 0x27, 0xc0, 0, 0, 0, 0x09, 0x27,
		0xc0,
	};
	unsigned char packed_now[GP_STORE_SUBMISSION_BYTES];

	(void)state;
	assert_int_equal(gp_store_submission_pack(&query, packed_now),
			 sizeof(wanted));
	assert_memory_equal(packed_now, wanted, sizeof(wanted));
}

/* now 1,000,000; the hour is 9,000,000 ahead, the minute 600,000 */
static const unsigned char slots[18] = {
	0, 0x0e, 0x10, 0, 0, 0, 0x98, 0x96, 0x80,
	0x80, 0, 60, 0, 0, 0, 0x18, 0x6a, 0,
};

static void an_answer_is_read(void **state)
{
	const struct gp_submission_reply reply = { .refused_by = 2,
		.wait_ticks = 300000, .now_ticks = 1000000, .slots = slots,
		.length = sizeof(slots) };
	struct gp_submit_history history;

	(void)state;
	assert_true(gp_store_submission_read(&hour_and_recipients, &reply, 50,
					     &history));
	assert_false(history.verdict.is_admitted);
	assert_int_equal(history.verdict.kind, GP_RATE_RECIPIENTS);
	assert_int_equal(history.verdict.window.count, 2);
	assert_int_equal(history.verdict.wait_ticks, 300000);
	assert_int_equal(history.state.slots[GP_RATE_MESSAGES][0].tat_ticks,
			 9000050);
	assert_int_equal(history.state.slots[GP_RATE_RECIPIENTS][0].secs, 60);
}

static void a_strange_answer_is_none(void **state)
{
	const struct gp_submission_reply good = { .now_ticks = 1000000,
		.slots = slots, .length = sizeof(slots) };
	struct gp_submission_reply replies[] = { good, good, good, good, good,
						 good, good, good };
	struct gp_submit_history history = { .verdict = { .wait_ticks = 4711 } };

	(void)state;
	replies[0].length = 17;
	replies[1].length = 9;
	replies[2].refused_by = 3;
	replies[2].wait_ticks = 1;
	replies[3].refused_by = -1;
	replies[4].wait_ticks = 1;                      /* but not refused */
	replies[5].refused_by = 2;
	replies[5].wait_ticks = 61 * GP_RATE_TICKS_PER_SEC + 1;
	replies[6].now_ticks = 1600001;                 /* behind now */
	replies[7].now_ticks = -4000000000;             /* further than it can be */
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		assert_false(gp_store_submission_read(&hour_and_recipients,
						      &replies[i], 0, &history));
		assert_int_equal(history.verdict.wait_ticks, 4711);
	}
	assert_true(gp_store_submission_read(&hour_and_recipients, &good, 0,
					     &history));
	assert_true(history.verdict.is_admitted);
}

static void a_sender_of_wrong_form_is_none(void **state)
{
	static const unsigned char bytes[4 + 9 * 9];
	struct gp_sender_record record = { .last_age_msecs = 4711 };

	(void)state;
	assert_false(gp_store_sender_unpack(bytes, 0, 0, &record));
	assert_false(gp_store_sender_unpack(bytes, 3, 0, &record));
	assert_false(gp_store_sender_unpack(bytes, 12, 0, &record));
	assert_false(gp_store_sender_unpack(bytes, 4 + 5 * 9, 0, &record));
	assert_int_equal(record.last_age_msecs, 4711);
	assert_true(gp_store_sender_unpack(bytes, 4, 70000, &record));
	assert_int_equal(record.last_age_msecs, 7000);
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
		cmocka_unit_test(a_question_is_packed),
		cmocka_unit_test(an_answer_is_read),
		cmocka_unit_test(a_strange_answer_is_none),
		cmocka_unit_test(a_sender_of_wrong_form_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
