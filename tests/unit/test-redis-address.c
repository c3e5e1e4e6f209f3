/* SPDX-License-Identifier: MIT */
/* This module tests lib/redis-address.c: what names servers of Redis, and to which of
   them a cluster sends a client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "redis-address.h"

static const struct gp_socket asked = {
	.kind = GP_SOCKET_INET, .host = "192.0.2.1", .host_is_literal = true,
	.port = 7000
};

static void assert_no_servers(const char *text, const char *wanted)
{
	struct gp_socket servers[GP_REDIS_SERVERS_MAX];
	struct gp_error err;

	assert_int_equal(gp_redis_servers_parse(text, servers, &err), -1);
	if (strstr(err.text, wanted) == NULL)
		fail_msg("'%s': %s", text, err.text);
}

static void test_wrong_lists_are_refused(void **state)
{
	char many[17 * 8 + 1] = "";

	(void)state;
	for (int i = 0; i < 17; i++)
		strcat(many, "[::1]:7 ");
	assert_no_servers("", "no server");
	assert_no_servers(" , ", "no server");
	assert_no_servers("one", "not a server");
	assert_no_servers("192.0.2.1:1 192.0.2.2", "not a server");
	assert_no_servers("192.0.2.1:1;192.0.2.2:2", "192.0.2.1:1;192.0.2.2");
	assert_no_servers(many, "more than 16");
}

static void test_lists_are_read(void **state)
{
	struct gp_socket servers[GP_REDIS_SERVERS_MAX];
	char shown[GP_SOCKET_TEXT_BYTES];
	struct gp_error err;

	(void)state;
	assert_int_equal(gp_redis_servers_parse(" 192.0.2.1:1,\t[2001:db8::1]:2, "
						"redis.example:3 unix:/a/b",
						servers, &err), 4);
	assert_string_equal(gp_redis_address_format(&servers[0], shown),
			    "192.0.2.1:1");
	assert_string_equal(gp_redis_address_format(&servers[1], shown),
			    "[2001:db8::1]:2");
	assert_string_equal(gp_redis_address_format(&servers[2], shown),
			    "redis.example:3");
	assert_string_equal(gp_redis_address_format(&servers[3], shown),
			    "unix:/a/b");
}

static void assert_stays(const char *error)
{
	struct gp_socket server = { .port = 1 };
	unsigned int slot = 99;

	assert_int_equal(gp_redis_turn_read(error, &asked, &slot, &server),
			 GP_REDIS_STAY);
	assert_int_equal(slot, 99);
}

static void test_words_that_lead_nowhere_are_errors(void **state)
{
	static const char *const errors[] = {
		"", "MOVED", "MOVED ", "MOVED 1", "MOVED 1 ", "MOVED 1 :",
		"MOVED 1 192.0.2.2", "MOVED 1 192.0.2.2:", "MOVED 1 192.0.2.2:0",
		"MOVED 1 192.0.2.2:65536", "MOVED 1 192.0.2.2:1x",
		"MOVED 16384 192.0.2.2:1", "MOVED -1 192.0.2.2:1",
		"MOVED 999999999999 192.0.2.2:1", "MOVED 1 ?:7000",
		"MOVED 1 a b:7000", "MOVED 1 a\nb:7000", "MOVED 1 unix:/tmp/x:1",
		"moved 1 192.0.2.2:1", "ERR MOVED 1 192.0.2.2:1", "ASKING",
		"CLUSTERDOWN Hash slot not served", "NOSCRIPT no",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		assert_stays(errors[i]);
}

static void assert_turn(const char *error, enum gp_redis_turn turn,
			unsigned int wanted_slot, const char *wanted)
{
	char shown[GP_SOCKET_TEXT_BYTES];
	struct gp_socket server;
	unsigned int slot;

	assert_int_equal(gp_redis_turn_read(error, &asked, &slot, &server), turn);
	assert_int_equal(slot, wanted_slot);
	assert_string_equal(gp_redis_address_format(&server, shown), wanted);
}

static void test_who_is_no_master_says_so(void **state)
{
	static const char *const others[] = {
		"", "ERR LOADING ", "LOADING", "BUSY Redis is busy", "MOVED 1 192.0.2.2:1",
		"NOPERM this user has no permissions to run the 'readonly' command",
	};
	static const char *const refusals[] = {
		"LOADING Redis is loading the dataset in memory",
		"CLUSTERDOWN The cluster is down",
		("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is "
		 "set to 'no'."),
		"READONLY You can't write against a read only replica.",
		"ERR Error running script: @user_script: 9: -READONLY You can't write",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (gp_redis_is_no_master(others[i]))
			fail_msg("'%s' is taken for a refusal", others[i]);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (!gp_redis_is_no_master(refusals[i]))
			fail_msg("'%s' is not taken for a refusal", refusals[i]);
}

static void test_turns_are_read(void **state)
{
	(void)state;
	assert_turn("MOVED 3999 127.0.0.1:6381", GP_REDIS_MOVED, 3999,
		    "127.0.0.1:6381");
	assert_turn("ASK 0 2001:db8::7:6381", GP_REDIS_ASK, 0,
		    "[2001:db8::7]:6381");
	assert_turn("MOVED 16383 node-1.example:1", GP_REDIS_MOVED, 16383,
		    "node-1.example:1");
	assert_turn("MOVED 5 :7001", GP_REDIS_MOVED, 5, "192.0.2.1:7001");
}

/* The values of the Redis cluster specification, and of CLUSTER KEYSLOT. */
static void test_slots_are_those_of_redis(void **state)
{
	(void)state;
	assert_int_equal(gp_redis_slot("123456789"), 0x31c3);
	assert_int_equal(gp_redis_slot("foo"), 12182);
	assert_int_equal(gp_redis_slot(""), 0);
	assert_int_equal(gp_redis_slot("gp:{foo}:p"), 12182);
	assert_int_equal(gp_redis_slot("{foo}{bar}"), 12182);
	assert_int_equal(gp_redis_slot("foo{}{bar}"), 8363);
	assert_int_equal(gp_redis_slot("foo{{bar}}zap"), 4015);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_lists_are_refused),
		cmocka_unit_test(test_lists_are_read),
		cmocka_unit_test(test_words_that_lead_nowhere_are_errors),
		cmocka_unit_test(test_who_is_no_master_says_so),
		cmocka_unit_test(test_turns_are_read),
		cmocka_unit_test(test_slots_are_those_of_redis),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
