/* SPDX-License-Identifier: MIT */
/* This module tests lib/store-record.c, store-question.c and store-program.c: keys that
   nobody can escape from, and records that must have the right form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store-userdb.h"
#include "store-program.h"
#include "store-question.h"
#include "store-record.h"

static void no_name_leaves_its_braces(void **state)
{
	static const char *const names[] = {
		"alice", "alice@example.test", "}:u", "a}b{c", "*", "a b",
		"\r\nFLUSHALL", "%", "%41", "", "j\xc3\xb6rg", "\xff", "{", "a:b",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *key = gp_store_key(names[i]);
		char *user = gp_store_key_user(key, strlen(key));
		size_t inside = strspn(key + 4, "abcdefghijklmnopqrstuvwxyz"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				       "._+@-%");

		assert_string_equal(key + 4 + inside, "}:u");
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
	assert_null(gp_store_key_user("gp:{a}:p", 8));
	assert_null(gp_store_key_user("xp:{a}:u", 8));
	assert_null(gp_store_key_user("", 0));
}

/* Human activity 20 s, no marks; then "x": at=1000000 ms, ahead=300 s, last=20 s,
   every=60 s, 7 checks, 5 early rounds in window 0 and 4 in the one before. */
static const char packed[] =
	"\0\0\0\24\0" "\1x" "\0\1\206\240" "\0\165\60" "\0\0\310" "\0\0\0" "\0\0"
	"\0\352\140" "\0\0\7" "\0\5" "\0\4" "\0";
enum { PACKED_BYTES = sizeof(packed) - 1 };

static void what_is_cut_off_is_none(void **state)
{
	struct gp_store_program program;
	struct gp_store_user user;

	(void)state;
	for (size_t length = 0; length < PACKED_BYTES; length++) {
		char *copy = malloc(length + 1);        /* so that a sanitizer sees */

		memcpy(copy, packed, length);
		assert_int_equal(gp_store_user_open(copy, length, &user),
				 length >= 5);
		if (length >= 5)
			assert_false(gp_store_user_next(&user, &program));
		free(copy);
	}
}

static struct gp_poll_record record_at(int64_t now_msecs)
{
	struct gp_poll_record record;
	struct gp_store_program program;
	struct gp_store_user user;

	assert_true(gp_store_user_open(packed, PACKED_BYTES, &user));
	assert_true(gp_store_user_next(&user, &program));
	assert_int_equal(program.name_bytes, 1);
	assert_int_equal(program.name[0], 'x');
	gp_store_record_unpack(&program, now_msecs, 3600000, &record);
	assert_false(gp_store_user_next(&user, &program));
	return record;
}

static void a_record_is_read(void **state)
{
	const struct gp_poll_record record = record_at(1100000);
	struct gp_store_user user;

	(void)state;
	assert_int_equal(record.wait_msecs, 200000);
	assert_int_equal(record.last_age_msecs, 80000);
	assert_int_equal(record.every_msecs, 60000);
	assert_int_equal(record.checks_count, 7);
	/* 1,100 s into the window of 3,600 s: of the 4 before, 2.7 count */
	assert_int_equal(record.early_count, 5 + 2);
	assert_true(gp_store_user_open(packed, PACKED_BYTES, &user));
	assert_int_equal(gp_store_human_age(&user, 50000), 30000);
	assert_int_equal(gp_store_human_age(&user, 10000), 0);
}

static void early_rounds_fade_with_time(void **state)
{
	(void)state;
	assert_int_equal(record_at(3600000).early_count, 5);
	assert_int_equal(record_at(5400000).early_count, 2);
	assert_int_equal(record_at(7200000).early_count, 0);
	/* the number of the window has come round */
	assert_int_equal(record_at(256 * (int64_t)3600000).early_count, 0);
}

/* The same program with 5 early rounds in a window of 600 s and 4 in the one before,
   its number 1; 3 in one of 3600 s; and another program behind it. */
static void each_time_has_its_own_count(void **state)
{
	static const unsigned int windows[GP_LADDER_WINDOWS_MAX] = { 600, 3600 };
	static const char own[] = "\200\0\0\0\0" "\0\0\0\0"
		"\5\4\1" "\3\0\0" "\0\0\0";
	struct gp_poll_history history = { 0 };
	char bytes[2 * sizeof(packed) + sizeof(own)], *end;
	struct gp_poll_record record;
	struct gp_store_program program;
	struct gp_store_user user;

	(void)state;
	end = (char *)mempcpy(bytes, packed, PACKED_BYTES);
	bytes[5] = (char)(bytes[5] | 128);
	end = (char *)mempcpy(end, own, sizeof(own) - 1);
	end = (char *)mempcpy(end, packed + 5, PACKED_BYTES - 5);
	assert_true(gp_store_user_open(bytes, (size_t)(end - bytes), &user));
	assert_true(gp_store_user_next(&user, &program));
	gp_store_record_unpack(&program, 900000, 3600000, &record);
	gp_store_record_within(&record, windows, &history);
	assert_true(history.within_known);
	assert_int_equal(history.within_counts[0], 5 + 2);
	assert_int_equal(history.within_counts[1], 3);
	gp_store_record_unpack(&program, 1500000, 3600000, &record);
	gp_store_record_within(&record, windows, &history);
	assert_int_equal(history.within_counts[0], 2);
	gp_store_record_unpack(&program, 1100000 + 1200000, 3600000, &record);
	gp_store_record_within(&record, windows, &history);
	assert_int_equal(history.within_counts[0], 0);
	/* cut off it is none */
	for (size_t cut = PACKED_BYTES; cut < PACKED_BYTES + sizeof(own) - 1; cut++) {
		assert_true(gp_store_user_open(bytes, cut, &user));
		assert_false(gp_store_user_next(&user, &program));
	}
	assert_true(gp_store_user_open(bytes, (size_t)(end - bytes), &user));
	assert_true(gp_store_user_next(&user, &program));
	assert_true(gp_store_user_next(&user, &program));
	assert_null(program.own);
	assert_int_equal(program.name[0], 'x');
	assert_false(gp_store_user_next(&user, &program));
}

/* Rounds are kept by 32 bits of 10 ms, which turn over every 497 days. */
static void a_round_is_of_the_present(void **state)
{
	const int64_t turn = ((int64_t)1 << 32) * 10;

	(void)state;
	assert_int_equal(record_at(40 * turn + 1100000).round_age_msecs, 100000);
	assert_int_equal(record_at(40 * turn + 900000).round_age_msecs, -100000);
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

/* What a userdb may say, packed and back. */
static void terms_of_the_userdb_come_back(void **state)
{
	static const struct gp_poll_override said[] = {
		{ .names_mode = true, .mode = GP_MODE_OFF },
		{ .names_mode = true, .mode = GP_MODE_ENFORCE },
		{ .names_interval = true, .interval_secs = 86400 },
		{ .names_login_ladder = true },
		{ .names_mode = true, .mode = GP_MODE_OBSERVE,
		  .names_interval = true, .interval_secs = 1,
		  .names_login_ladder = true },
	};
	struct gp_poll_override own;

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		const uint32_t packed_now = gp_store_userdb_pack(&said[i]);

		assert_int_not_equal(packed_now, GP_STORE_USERDB_UNKNOWN);
		assert_true(gp_store_userdb_unpack(packed_now, &own));
		assert_memory_equal(&own, &said[i], sizeof(own));
	}
	assert_int_equal(gp_store_userdb_pack(NULL), GP_STORE_USERDB_NOTHING);
	assert_false(gp_store_userdb_unpack(GP_STORE_USERDB_NOTHING, &own));
	assert_false(gp_store_userdb_unpack(GP_STORE_USERDB_UNKNOWN, &own));
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

static bool sender_of(const char *bytes, size_t length,
		      struct gp_sender_record *record_r)
{
	struct gp_store_user user;

	return gp_store_user_open(bytes, length, &user) &&
		gp_store_sender_unpack(&user, 70000, record_r);
}

static void a_sender_of_wrong_form_is_none(void **state)
{
	char bytes[5 + 1 + 4 + 9 * 9] = { [4] = 64 };
	struct gp_sender_record record = { .last_age_msecs = 4711 };

	(void)state;
	assert_false(sender_of(bytes, 5, &record));
	assert_false(sender_of(bytes, 9, &record));
	bytes[5] = 1;
	assert_false(sender_of(bytes, 18, &record));
	bytes[5] = 9;                   /* more windows than there can be */
	assert_false(sender_of(bytes, sizeof(bytes), &record));
	assert_int_equal(record.last_age_msecs, 4711);
	bytes[5] = 0;
	assert_true(sender_of(bytes, 10, &record));
	assert_int_equal(record.last_age_msecs, 7000);
}

/* --- names of programs --- */

static void each_name_comes_back(void **state)
{
	static const struct { const char *program; size_t bytes; } names[] = {
		{ "imap/192.0.2.7", 5 }, { "pop3/192.0.2.7", 5 },
		{ "imap/192.0.2.7/Thunderbird", 16 },
		{ "imap/2001:db8:1:2::/64", 9 },
		{ "imap/2001:db8:1:2::/64/iPhone_Mail", 20 },
		{ "imap/-/K-9_Mail", 9 }, { "imap/-", 1 },
		/* as text */
		{ "imap/192.0.2.7/", 16 }, { "imap/192.0.2.07", 16 },
		{ "imap/2001:db8:1:2::1", 21 }, { "imap/2001:db8:1:2::/65", 23 },
		{ "imap/2001:DB8:1:2::/64", 23 }, { "imap/::ffff:1.2.3.4", 20 },
		{ "smtp/192.0.2.7", 15 }, { "imap/a-abcdefghijklmnop/x", 26 },
		{ "imap/x/y", 9 }, { "x", 2 }, { "", 1 },
	};
	unsigned char bytes[GP_STORE_PROGRAM_BYTES];
	char text[GP_PROGRAM_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t length = gp_store_program_pack(names[i].program, bytes);

		assert_string_equal(gp_store_program_unpack(bytes, length, text),
				    names[i].program);
		assert_int_equal(length, names[i].bytes);
	}
}

static void the_longest_name_fits(void **state)
{
	unsigned char bytes[GP_STORE_PROGRAM_BYTES];
	char text[GP_PROGRAM_BYTES], long_text[GP_PROGRAM_BYTES];

	(void)state;
	(void)snprintf(long_text, sizeof(long_text), "%016d/%045d/64/%032d", 1, 2, 3);
	assert_string_equal(gp_store_program_unpack(bytes,
		gp_store_program_pack(long_text, bytes), text), long_text);
}

static void any_bytes_are_some_name(void **state)
{
	char text[GP_PROGRAM_BYTES];

	(void)state;
	for (int first = 0; first < 256; first++) {
		for (size_t length = 0; length < 12; length++) {
			unsigned char *bytes = malloc(length + 1);

			memset(bytes, first, length);
			(void)gp_store_program_unpack(bytes, length, text);
			free(bytes);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_name_leaves_its_braces),
		cmocka_unit_test(two_names_never_share_a_key),
		cmocka_unit_test(foreign_keys_are_not_ours),
		cmocka_unit_test(what_is_cut_off_is_none),
		cmocka_unit_test(a_record_is_read),
		cmocka_unit_test(early_rounds_fade_with_time),
		cmocka_unit_test(each_time_has_its_own_count),
		cmocka_unit_test(a_round_is_of_the_present),
		cmocka_unit_test(a_question_is_packed),
		cmocka_unit_test(terms_of_the_userdb_come_back),
		cmocka_unit_test(an_answer_is_read),
		cmocka_unit_test(a_strange_answer_is_none),
		cmocka_unit_test(a_sender_of_wrong_form_is_none),
		cmocka_unit_test(each_name_comes_back),
		cmocka_unit_test(the_longest_name_fits),
		cmocka_unit_test(any_bytes_are_some_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
