/* SPDX-License-Identifier: MIT */
/* This module tests how lib/journal.c and lib/journal-stream.c heed a breaker, with a
   Redis of its own that is frozen, left alone, back, or has something else there. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "breaker.h"
#include "journal.h"
#include "journal-stream.h"
#include "log.h"
#include "own-redis.h"

enum { RETRY = 60 * SECS, SHORT_DEADLINE = 100 };

static char folder[] = "/tmp/gatepost-stream.XXXXXX", path[64];
static struct gp_settings settings;
static struct gp_journal *journal;
static struct gp_breaker *breaker;

static int setup_with(unsigned int deadline_msecs)
{
	struct gp_error err;

	(void)unlink(path);
	settings = own_redis_settings;
	settings.redis.deadline_msecs = deadline_msecs;
	settings.redis.retry_secs = RETRY / SECS;
	settings.journal.file = path;
	settings.journal.stream = 100;
	breaker = gp_breaker_create(RETRY);
	journal = gp_journal_open(&settings, &err);
	assert_non_null(journal);
	gp_journal_heed(journal, breaker, "imap");
	return own_redis_empty(NULL);
}

static int setup(void **state)
{
	(void)state;
	return setup_with(own_redis_settings.redis.deadline_msecs);
}

static int setup_impatient(void **state)
{
	(void)state;
	return setup_with(SHORT_DEADLINE);
}

static int teardown(void **state)
{
	(void)state;
	gp_journal_close(&journal);
	gp_breaker_free(&breaker);
	return 0;
}

static void write_and_bring(void)
{
	struct gp_journal_entry entry;

	gp_journal_entry_init(&entry);
	entry.part = "imap";
	entry.reason = "early";
	gp_journal_write(journal, &entry);
	gp_journal_bring(journal);
}

/* Lines of the file that have both. */
static unsigned int count_lines(const char *one, const char *other)
{
	FILE *file = fopen(path, "re");
	unsigned int count = 0;
	char line[1024];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL)
		count += strstr(line, one) != NULL && strstr(line, other) != NULL;
	(void)fclose(file);
	return count;
}

static int64_t stream_length(void)
{
	const char *words[] = { "XLEN", GP_JOURNAL_STREAM_KEY };
	redisReply *reply = own_redis_command(2, words);
	int64_t length;

	assert_non_null(reply);
	assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
	length = reply->integer;
	freeReplyObject(reply);
	return length;
}

/* By somebody else, who has told it. */
static void failed_at(int64_t now_msecs)
{
	gp_breaker_failed(breaker, now_msecs);
	assert_int_equal(gp_breaker_news(breaker), GP_BREAKER_WENT);
}

static bool is_admitted(void)
{
	return gp_breaker_admits(breaker, gp_clock_monotonic_msecs());
}

static void an_outage_that_lines_find_is_told_once(void **state)
{
	(void)state;
	own_redis_signal(SIGSTOP);
	write_and_bring();
	write_and_bring();
	own_redis_signal(SIGCONT);
	assert_int_equal(count_lines("reason=store-unavailable", "part=imap"), 1);
	assert_int_equal(gp_breaker_news(breaker), GP_BREAKER_NO_NEWS);
	assert_false(is_admitted());
}

static void who_is_left_alone_gets_no_lines(void **state)
{
	(void)state;
	failed_at(gp_clock_monotonic_msecs());
	write_and_bring();
	assert_int_equal(stream_length(), 0);
	gp_journal_close(&journal);
	assert_int_equal(stream_length(), 0);
	/* With the line that says so. */
	assert_int_equal(count_lines("reason=stream-lost", "count=2"), 1);
	assert_int_equal(count_lines("reason=store-", "part="), 0);
}

static void its_return_is_told_once(void **state)
{
	(void)state;
	failed_at(gp_clock_monotonic_msecs() - 2 * RETRY);
	write_and_bring();
	write_and_bring();
	assert_int_equal(count_lines("reason=store-back", "part=imap"), 1);
	assert_true(is_admitted());
	gp_journal_close(&journal);
	assert_int_equal(stream_length(), 3);
}

static void an_error_is_neither(void **state)
{
	(void)state;
	assert_int_equal(DO("SET", GP_JOURNAL_STREAM_KEY, "x"), 0);
	write_and_bring();
	assert_true(is_admitted());
	assert_int_equal(count_lines("reason=store-", "part="), 0);
}

static void an_error_is_no_return(void **state)
{
	(void)state;
	assert_int_equal(DO("SET", GP_JOURNAL_STREAM_KEY, "x"), 0);
	failed_at(gp_clock_monotonic_msecs() - 2 * RETRY);
	write_and_bring();
	assert_false(is_admitted());
	assert_int_equal(count_lines("reason=store-", "part="), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_is_left_alone_gets_no_lines),
		TEST(its_return_is_told_once),
		TEST(an_error_is_neither),
		TEST(an_error_is_no_return),
		/* The last, since what a frozen Redis got it may do at any time. */
		cmocka_unit_test_setup_teardown(
			an_outage_that_lines_find_is_told_once, setup_impatient,
			teardown),
	};
	int failed;

	if (!own_redis_start()) {
		own_redis_end();
		return TEST_SKIPPED;
	}
	if (mkdtemp(folder) == NULL)
		return 1;
	(void)snprintf(path, sizeof(path), "%s/journal", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(path);
	(void)rmdir(folder);
	own_redis_end();
	return failed;
}
