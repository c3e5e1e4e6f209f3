/* SPDX-License-Identifier: MIT */
/* This module tests milter/store-queue.c and milter/store-keeper.c against a Redis
   of its own: many threads share a connection and a budget, who is far from a limit
   does not wait, and news of Redis come once. */
#include <poll.h>
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
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"
#include "own-redis.h"
#include "store-queue.h"

enum { THREADS = 32, TRIES = 40, LIMIT = 1000 };

static const struct gp_rate_terms terms = { .limits = {
	[GP_RATE_MESSAGES] = { .windows = { { LIMIT, 86400 } }, .count = 1 },
	[GP_RATE_RECIPIENTS] = { .windows = { { LIMIT, 86400 } }, .count = 1 } } };

static struct gp_rate_memory *memory;
static atomic_int admitted, refused, silent, went, came_back;
static int64_t shift_msecs;     /* as if so much time had passed */

static void submit_once(const char *user)
{
	const struct gp_submit_query query = { .user = user, .terms = &terms,
					       .recipients = 1 };
	struct gp_rate_verdict verdict;
	struct gp_error err;
	int result = gp_store_queue_submit(&own_redis_settings, memory, &query,
		true, gp_clock_monotonic_msecs() + shift_msecs, &verdict, &err);

	if (result < 0)
		(void)atomic_fetch_add(&silent, 1);
	else if (verdict.is_admitted)
		(void)atomic_fetch_add(&admitted, 1);
	else
		(void)atomic_fetch_add(&refused, 1);
}

static void listen_to_news(enum gp_store_news news, const struct gp_error *err)
{
	if (news == GP_STORE_WENT)
		assert_true(err->text[0] != '\0');
	(void)atomic_fetch_add(news == GP_STORE_WENT ? &went : &came_back, 1);
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

static void threads_share_a_connection_and_a_budget(void **state)
{
	(void)state;
	submit_from_all("alice");
	assert_int_equal(silent, 0);
	assert_int_equal(admitted, LIMIT);
	assert_int_equal(refused, THREADS * TRIES - LIMIT);
	/* and the test's own */
	assert_int_equal(clients_of_redis(), 2);
}

static void news_come_once(void **state)
{
	(void)state;
	own_redis_settings.redis.deadline_msecs = 50;
	own_redis_signal(SIGSTOP);
	submit_from_all("bob");
	assert_int_equal(silent, THREADS * TRIES);
	assert_int_equal(went, 1);
	assert_true(gp_store_keeper_is_silent(gp_clock_monotonic_msecs()));
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
	assert_false(gp_store_keeper_is_silent(gp_clock_monotonic_msecs()));
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

/* As another host does.  Returns how many recipients are in use after it. */
static unsigned int submit_elsewhere(const char *user, unsigned int recipients)
{
	const struct gp_submit_query query = { .user = user, .terms = &terms,
					       .recipients = recipients };
	const int64_t now_msecs = gp_clock_monotonic_msecs();
	struct gp_submit_history history;
	struct gp_store *store;
	struct gp_error err;

	store = gp_store_redis_open(&own_redis_settings, &err);
	if (store->ops->submit(store, &query, now_msecs, &history, &err) < 0)
		fail_msg("%s", err.text);
	gp_store_close(&store);
	return gp_rate_used(&terms.limits[GP_RATE_RECIPIENTS].windows[0],
		history.state.slots[GP_RATE_RECIPIENTS][0].tat_ticks,
		now_msecs * GP_RATE_TICKS_PER_MSEC);
}

static void who_is_far_does_not_wait(void **state)
{
	(void)state;
	submit_once("erin");
	admitted = refused = silent = went = came_back = 0;
	own_redis_signal(SIGSTOP);
	for (int i = 0; i < 5; i++)
		submit_once("erin");
	assert_int_equal(admitted, 5);
	own_redis_signal(SIGCONT);
	gp_store_queue_flush();
	assert_int_equal(submit_elsewhere("erin", 1), 7);
}

/* Another host has used up what this one believes to be there. */
static void the_next_answer_ends_what_is_believed(void **state)
{
	(void)state;
	submit_once("frank");
	assert_int_equal(submit_elsewhere("frank", LIMIT - 1), LIMIT);
	admitted = refused = 0;
	submit_once("frank");
	assert_int_equal(admitted, 1);
	gp_store_queue_flush();
	for (int i = 0; i < 5; i++)
		submit_once("frank");
	assert_int_equal(admitted, 1);
	assert_int_equal(refused, 5);
}

/* Before that answer it can only be an eighth of the limit. */
static void what_is_believed_is_not_much(void **state)
{
	(void)state;
	submit_once("george");
	assert_int_equal(submit_elsewhere("george", LIMIT - 1), LIMIT);
	admitted = refused = silent = went = 0;
	own_redis_signal(SIGSTOP);
	while (silent == 0)
		submit_once("george");
	/* Another thread finds that out, at the same time. */
	for (int i = 0; i < 10000 && went == 0; i++)
		(void)poll(NULL, 0, 1);
	own_redis_signal(SIGCONT);
	assert_int_equal(admitted, LIMIT / 8);
	assert_int_equal(went, 1);
}

static void what_redis_did_not_take_is_counted_here(void **state)
{
	struct gp_rate_verdict verdict;
	unsigned int count = 0;

	(void)state;
	shift_msecs = 40 * SECS;
	submit_once("henry");
	admitted = silent = went = came_back = 0;
	own_redis_settings.redis.deadline_msecs = 50;
	own_redis_signal(SIGSTOP);
	for (int i = 0; i < 9; i++)
		submit_once("henry");
	gp_store_queue_flush();
	own_redis_signal(SIGCONT);
	assert_int_equal(admitted, 9);
	for (;;) {
		gp_rate_memory_charge(memory, "henry", &terms, 1,
			(gp_clock_monotonic_msecs() + shift_msecs) *
			GP_RATE_TICKS_PER_MSEC, &verdict);
		if (!verdict.is_admitted)
			break;
		count++;
	}
	assert_int_equal(count, LIMIT - 10);
	/* told by the thread that found out, although nobody waited for it */
	assert_int_equal(went, 1);
}

/* --- a Redis that answers, but slowly --- */

enum { SLOW_MSECS = 1500, SLOW_DEADLINE_MSECS = 2000 };

struct slow {
	int listener;
	char path[64], server[80];
	const char *redis_path;
	atomic_int questions;
	pthread_t thread;
};

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)),
			 0);
	return fd;
}

/* Brings each question to Redis, and its answer back long after. */
static void *be_slow(void *context)
{
	struct slow *slow = context;
	const int client = accept(slow->listener, NULL, NULL);
	const int redis = connect_to(slow->redis_path);
	char buffer[65536];
	ssize_t length;

	while ((length = read(client, buffer, sizeof(buffer))) > 0) {
		(void)atomic_fetch_add(&slow->questions, 1);
		assert_int_equal(write(redis, buffer, (size_t)length), length);
		length = read(redis, buffer, sizeof(buffer));
		(void)poll(NULL, 0, SLOW_MSECS);
		if (write(client, buffer, (size_t)length) < 0)
			break;
	}
	(void)close(client);
	(void)close(redis);
	return NULL;
}

static void start_slow(struct slow *slow)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	slow->redis_path = own_redis_settings.redis.server + strlen("unix:");
	(void)snprintf(slow->path, sizeof(slow->path), "/tmp/gatepost-slow.%ld",
		       (long)getpid());
	(void)snprintf(slow->server, sizeof(slow->server), "unix:%s", slow->path);
	(void)strcpy(address.sun_path, slow->path);
	slow->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(slow->listener, (struct sockaddr *)&address,
			      sizeof(address)), 0);
	assert_int_equal(listen(slow->listener, 5), 0);
	assert_int_equal(pthread_create(&slow->thread, NULL, be_slow, slow), 0);
}

static void *submit_first(void *user)
{
	submit_once(user);
	return NULL;
}

/* Who comes while another question is under way waits for that one and for its own,
   but not for two deadlines. */
static void the_deadline_is_one_of_the_message(void **state)
{
	struct slow slow = { .questions = 0 };
	char *const server = own_redis_settings.redis.server;
	pthread_t before;
	int64_t began_msecs;

	(void)state;
	own_redis_settings.redis.deadline_msecs = SLOW_DEADLINE_MSECS;
	shift_msecs = 80 * SECS;
	submit_once("kate");
	start_slow(&slow);
	own_redis_settings.redis.server = slow.server;
	admitted = silent = went = came_back = 0;
	assert_int_equal(pthread_create(&before, NULL, submit_first,
					(void *)(uintptr_t)"ivan"), 0);
	while (slow.questions == 0)
		(void)poll(NULL, 0, 1);
	began_msecs = gp_clock_monotonic_msecs();
	submit_once("judy");
	assert_in_range(gp_clock_monotonic_msecs() - began_msecs,
			SLOW_DEADLINE_MSECS - 1, 2 * SLOW_MSECS - 300);
	(void)pthread_join(before, NULL);
	/* Redis has answered in time, so it is no outage */
	assert_int_equal(admitted, 1);
	assert_int_equal(silent, 1);
	assert_int_equal(went, 0);
	gp_store_queue_flush();
	own_redis_settings.redis.server = server;
	submit_once("ivan");
	/* what was under way was charged */
	assert_int_equal(submit_elsewhere("judy", 1), 2);
	(void)pthread_join(slow.thread, NULL);
	(void)close(slow.listener);
	(void)unlink(slow.path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_share_a_connection_and_a_budget),
		cmocka_unit_test(news_come_once),
		cmocka_unit_test(a_restarted_redis_is_no_news),
		cmocka_unit_test(who_is_far_does_not_wait),
		cmocka_unit_test(the_next_answer_ends_what_is_believed),
		cmocka_unit_test(what_is_believed_is_not_much),
		cmocka_unit_test(what_redis_did_not_take_is_counted_here),
		cmocka_unit_test(the_deadline_is_one_of_the_message),
	};
	int result = TEST_SKIPPED;

	(void)signal(SIGPIPE, SIG_IGN);
	gp_store_keeper_set_listener(listen_to_news);
	memory = gp_rate_memory_create(64);
	if (own_redis_start())
		result = cmocka_run_group_tests(tests, NULL, NULL);
	own_redis_end();
	return result;
}
