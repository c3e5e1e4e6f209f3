/* SPDX-License-Identifier: MIT */
/*
 * This module tests lib/store-redis-exempt.c and store-exempt.lua against a Redis of its
 * own.  Time is not waited for: what has ended is written as such.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log.h"
#include "own-redis.h"
#include "store.h"

#define KEY "gp:{exemptions}:x"

static const struct gp_poll_query query = {
	.user = "alice", .program = "imap/192.0.2.7",
	.interval_msecs = 300 * SECS, .window_msecs = 3600 * SECS,
	.early_age_msecs = -1, .journal_age_msecs = -1,
};

static struct gp_store *open_store(void)
{
	struct gp_error err;
	struct gp_store *store = gp_store_redis_open(&own_redis_settings, &err);

	assert_non_null(store);
	return store;
}

/* A check of alice, which brings exemptions when those known are older than 5 s. */
static void poll_at(struct gp_store *store, int64_t now_msecs)
{
	struct gp_poll_history history;
	struct gp_error err;

	if (store->ops->poll(store, &query, now_msecs, &history, &err) < 0)
		fail_msg("%s", err.text);
}

static void exempt(struct gp_store *store, const char *who, int64_t secs)
{
	const struct gp_exemption exemption = {
		.login = (char *)(uintptr_t)who,
		.until_secs = gp_clock_wall_msecs() / 1000 + secs,
		.author = (char *)(uintptr_t)"a", .reason = (char *)(uintptr_t)"b",
	};
	struct gp_error err;

	if (store->ops->exempt(store, &exemption, &err) < 0)
		fail_msg("%s", err.text);
}

static bool is_kept(const char *who)
{
	redisReply *reply = own_redis_command(3, (const char *[]){
		"HEXISTS", KEY, who });
	bool is_kept;

	assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
	is_kept = reply->integer == 1;
	freeReplyObject(reply);
	return is_kept;
}

/* How often Redis has run a script that it knew. */
static int calls_of_scripts(void)
{
	static const char name[] = "cmdstat_evalsha:calls=";
	redisReply *reply = own_redis_command(2, (const char *[]){
		"INFO", "commandstats" });
	const char *found = strstr(reply->str, name);
	const int count = found != NULL ? atoi(found + strlen(name)) : 0;

	freeReplyObject(reply);
	return count;
}

/* The login names in it are nobody's business any more. */
static void what_has_ended_is_dropped_by_the_next_check(void **state)
{
	struct gp_store *store = open_store();

	(void)state;
	exempt(store, "joe", 3600);
	poll_at(store, 0);
	assert_int_equal(DO("HSET", KEY, "ann", "1000000000 a: b"), 0);
	assert_int_equal(DO("HSET", KEY, "tim", "junk"), 0);
	poll_at(store, 4 * SECS);
	assert_true(is_kept("ann"));    /* nobody has looked */
	poll_at(store, 6 * SECS);
	assert_false(is_kept("ann"));
	assert_false(is_kept("tim"));
	assert_true(is_kept("joe"));
	gp_store_close(&store);
}

static void it_is_dropped_by_the_list(void **state)
{
	struct gp_store *store = open_store();
	const struct gp_exemption_list *list;
	struct gp_error err;

	(void)state;
	exempt(store, "joe", 3600);
	assert_int_equal(DO("HSET", KEY, "ann", "1000000000 a: b"), 0);
	assert_int_equal(store->ops->exemptions(store, NULL, 0, &list, &err), 0);
	assert_false(is_kept("ann"));
	assert_true(is_kept("joe"));
	gp_store_close(&store);
}

static void where_nothing_has_ended_a_check_is_one_question(void **state)
{
	struct gp_store *store = open_store();
	int calls;

	(void)state;
	exempt(store, "joe", 3600);
	poll_at(store, 0);
	calls = calls_of_scripts();
	poll_at(store, 6 * SECS);
	assert_int_equal(calls_of_scripts(), calls + 1);
	assert_int_equal(DO("HSET", KEY, "ann", "1000000000 a: b"), 0);
	poll_at(store, 12 * SECS);
	assert_int_equal(calls_of_scripts(), calls + 3);
	poll_at(store, 18 * SECS);
	assert_int_equal(calls_of_scripts(), calls + 4);
	gp_store_close(&store);
}

/* This host's clock may be wrong, and somebody may just have made it longer. */
static void it_has_ended_when_redis_says_so(void **state)
{
	struct gp_store *store = open_store();
	struct gp_error err;

	(void)state;
	exempt(store, "joe", 3600);
	exempt(store, "ann", 3600);
	assert_int_equal(store->ops->unexempt(store, "nobody", &err), 0);
	assert_int_equal(store->ops->unexempt(store, "", &err), 0);
	assert_true(is_kept("joe"));
	assert_true(is_kept("ann"));
	gp_store_close(&store);
}

/* What stands where exemptions should be costs users nothing: what was known last
   holds, and is not asked for with each check. */
static void exemptions_that_cannot_be_read_are_no_outage(void **state)
{
	const struct gp_exemption_list *list;
	struct gp_poll_history history;
	struct gp_store *store;
	struct gp_error err;

	(void)state;
	store = gp_store_redis_open(&own_redis_settings, &err);
	exempt(store, "joe", 3600);
	assert_int_equal(store->ops->poll(store, &query, 0, &history, &err), 0);
	assert_int_equal(store->ops->exemptions(store, "alice", 0, &list, &err), 0);
	assert_int_equal(list->count, 1);
	assert_int_equal(DO("SET", "gp:{exemptions}:x", "x"), 0);
	for (int64_t now = 6 * SECS; now < 15 * SECS; now += SECS) {
		/* on the way */
		assert_int_equal(store->ops->poll(store, &query, now, &history,
						  &err), 0);
		assert_int_equal(store->ops->exemptions(store, "alice", now, &list,
							&err), 0);
		assert_int_equal(list->count, 1);
	}
	assert_int_equal(DO("DEL", "gp:{exemptions}:x"), 0);
	assert_int_equal(store->ops->poll(store, &query, 30 * SECS, &history, &err),
			 0);
	assert_int_equal(store->ops->exemptions(store, "alice", 30 * SECS, &list,
						&err), 0);
	assert_int_equal(list->count, 0);
	/* asked for by themselves: said, and no reason to leave users alone */
	assert_int_equal(DO("SET", "gp:{exemptions}:x", "x"), 0);
	assert_int_equal(store->ops->exemptions(store, "alice", 60 * SECS, &list,
						&err), -1);
	assert_non_null(strstr(err.text, "WRONGTYPE"));
	assert_int_equal(store->ops->poll(store, &query, 60 * SECS, &history, &err),
			 0);
	gp_store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_has_ended_is_dropped_by_the_next_check,
				       own_redis_empty),
		cmocka_unit_test_setup(it_is_dropped_by_the_list, own_redis_empty),
		cmocka_unit_test_setup(where_nothing_has_ended_a_check_is_one_question,
				       own_redis_empty),
		cmocka_unit_test_setup(it_has_ended_when_redis_says_so,
				       own_redis_empty),
		cmocka_unit_test_setup(exemptions_that_cannot_be_read_are_no_outage,
				       own_redis_empty),
	};
	int result = TEST_SKIPPED;

	if (own_redis_start())
		result = cmocka_run_group_tests(tests, NULL, NULL);
	own_redis_end();
	return result;
}
