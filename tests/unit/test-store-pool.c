/* SPDX-License-Identifier: MIT */
/* This module tests milter/store-pool.c against a Redis of its own: many threads
   share few connections and one budget, and news of Redis come once. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log.h"
#include "own-redis.h"
#include "store-pool.h"

enum { THREADS = 32, TRIES = 40, LIMIT = 100, CONNECTIONS_MAX = 16 };

static const struct gp_rate_terms terms = { .limits = {
	[GP_RATE_MESSAGES] = { .windows = { { LIMIT, 86400 } }, .count = 1 } } };

static atomic_int admitted, refused, silent, went, came_back;
static int64_t shift_msecs;     /* as if so much time had passed */

static void submit_once(const char *user)
{
	const struct gp_submit_query query = { .user = user, .terms = &terms,
					       .recipients = 1 };
	struct gp_submit_history history;
	enum gp_store_news news;
	struct gp_error err;
	int result = gp_store_pool_submit(&own_redis_settings, &query,
					  gp_clock_monotonic_msecs() + shift_msecs,
					  &history, &news, &err);

	if (result < 0)
		(void)atomic_fetch_add(&silent, 1);
	else if (history.verdict.is_admitted)
		(void)atomic_fetch_add(&admitted, 1);
	else
		(void)atomic_fetch_add(&refused, 1);
	if (news == GP_STORE_WENT)
		(void)atomic_fetch_add(&went, 1);
	if (news == GP_STORE_CAME_BACK)
		(void)atomic_fetch_add(&came_back, 1);
}

static void *submit_often(void *user)
{
	for (int i = 0; i < TRIES; i++)
		submit_once(user);
	return NULL;
}

static void submit_from_all(const char *user)
{
	pthread_t threads[THREADS];

	admitted = refused = silent = went = came_back = 0;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, submit_often,
						(void *)(uintptr_t)user), 0);
	for (int i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
}

static int clients_of_redis(void)
{
	redisReply *reply = own_redis_command(2, (const char *[]){ "INFO",
								   "clients" });
	const char *found = strstr(reply->str, "connected_clients:");
	int count = found != NULL ? atoi(found + strlen("connected_clients:")) : -1;

	freeReplyObject(reply);
	return count;
}

static void threads_share_connections_and_a_budget(void **state)
{
	(void)state;
	submit_from_all("alice");
	assert_int_equal(silent, 0);
	assert_int_equal(admitted, LIMIT);
	assert_int_equal(refused, THREADS * TRIES - LIMIT);
	/* and the test's own */
	assert_in_range(clients_of_redis(), 2, CONNECTIONS_MAX + 1);
}

static void news_come_once(void **state)
{
	(void)state;
	own_redis_settings.redis.deadline_msecs = 50;
	own_redis_signal(SIGSTOP);
	submit_from_all("bob");
	assert_int_equal(silent, THREADS * TRIES);
	assert_int_equal(went, 1);
	assert_true(gp_store_pool_is_silent(gp_clock_monotonic_msecs()));
	own_redis_signal(SIGCONT);
	own_redis_settings.redis.deadline_msecs = 2 * SECS;
	assert_int_equal(DO("FLUSHALL"), 0);

	shift_msecs = 20 * SECS;
	came_back = 0;
	submit_once("carol");
	assert_int_equal(came_back, 1);
	submit_from_all("carol");
	assert_int_equal(came_back, 0);
	shift_msecs = 0;
	assert_int_equal(went, 0);
	assert_int_equal(silent, 0);
	assert_int_equal(admitted, LIMIT - 1);
	assert_false(gp_store_pool_is_silent(gp_clock_monotonic_msecs()));
}

static void a_restarted_redis_is_no_news(void **state)
{
	(void)state;
	submit_from_all("dave");
	assert_true(own_redis_restart());
	submit_from_all("dave");
	assert_int_equal(silent, 0);
	assert_int_equal(went, 0);
	assert_int_equal(admitted, LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_share_connections_and_a_budget),
		cmocka_unit_test(news_come_once),
		cmocka_unit_test(a_restarted_redis_is_no_news),
	};
	int result = TEST_SKIPPED;

	(void)signal(SIGPIPE, SIG_IGN);
	if (own_redis_start())
		result = cmocka_run_group_tests(tests, NULL, NULL);
	own_redis_end();
	return result;
}
