/* SPDX-License-Identifier: MIT */
/* This module tests lib/breaker.c: one of its own, and one that many processes of
   different users share, with whatever somebody else may do to its file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "breaker.h"
#include "settings-parse.h"

enum { RETRY = 10000, LONGEST = RETRY + RETRY / 8 + 1, NOW = 5000000 };
enum { PROCESSES = 30, NOBODY = 65534 };

static char folder[] = "/tmp/gp-test-XXXXXX";
static struct gp_settings *settings;
static char file[80];                   /* of the shared breaker */

static void find_file(void)
{
	struct gp_breaker *breaker = gp_breaker_share(settings);
	glob_t before, after;

	(void)glob("/dev/shm/gatepost-breaker-*", 0, NULL, &before);
	gp_breaker_failed(breaker, NOW);
	gp_breaker_free(&breaker);
	assert_int_equal(glob("/dev/shm/gatepost-breaker-*", 0, NULL, &after), 0);
	for (size_t i = 0; i < after.gl_pathc; i++) {
		bool is_new = true;

		for (size_t j = 0; j < before.gl_pathc; j++)
			is_new = is_new && strcmp(after.gl_pathv[i],
						  before.gl_pathv[j]) != 0;
		if (is_new)
			(void)snprintf(file, sizeof(file), "%s",
				       after.gl_pathv[i]);
	}
	globfree(&before);
	globfree(&after);
	assert_true(file[0] != '\0');
}

static int setup_group(void **state)
{
	char path[sizeof(folder) + 16];
	struct gp_error err;
	FILE *conf;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/conf", folder);
	conf = fopen(path, "w");
	assert_non_null(conf);
	(void)fprintf(conf, "redis { server = \"unix:%s/redis\" retry = 10s }\n",
		      folder);
	(void)fclose(conf);
	if (gp_settings_load(path, &settings, &err) < 0)
		fail_msg("%s", err.text);
	find_file();
	return 0;
}

static int teardown_group(void **state)
{
	char path[sizeof(folder) + 16];

	(void)state;
	gp_settings_free(&settings);
	(void)snprintf(path, sizeof(path), "%s/conf", folder);
	(void)unlink(path);
	(void)unlink(file);
	return rmdir(folder);
}

static struct gp_breaker *one, *other;

static int setup(void **state)
{
	(void)state;
	(void)unlink(file);
	(void)rmdir(file);
	one = gp_breaker_share(settings);
	other = gp_breaker_share(settings);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gp_breaker_free(&one);
	gp_breaker_free(&other);
	return 0;
}

/* --- one of its own --- */

static void nobody_asks_until_the_period_is_over(void **state)
{
	struct gp_breaker *own = gp_breaker_create(RETRY);

	(void)state;
	assert_true(gp_breaker_admits(own, NOW));
	gp_breaker_answered(own, NOW);
	assert_int_equal(gp_breaker_news(own), GP_BREAKER_NO_NEWS);
	assert_true(gp_breaker_admits(own, NOW));
	gp_breaker_failed(own, NOW);
	assert_int_equal(gp_breaker_news(own), GP_BREAKER_WENT);
	assert_int_equal(gp_breaker_news(own), GP_BREAKER_NO_NEWS);
	assert_false(gp_breaker_admits(own, NOW + RETRY - RETRY / 8 - 1));
	assert_true(gp_breaker_admits(own, NOW + LONGEST));
	gp_breaker_failed(own, NOW + LONGEST);
	assert_int_equal(gp_breaker_news(own), GP_BREAKER_NO_NEWS);
	assert_false(gp_breaker_admits(own, NOW + LONGEST + 1));
	assert_true(gp_breaker_admits(own, NOW + 2 * LONGEST));
	gp_breaker_answered(own, NOW);
	assert_int_equal(gp_breaker_news(own), GP_BREAKER_BACK);
	assert_true(gp_breaker_admits(own, NOW + 2 * LONGEST));
	gp_breaker_free(&own);
	assert_null(own);
	assert_int_equal(gp_breaker_news(NULL), GP_BREAKER_NO_NEWS);
}

/* --- a shared one --- */

static void a_failure_of_one_keeps_the_others_away(void **state)
{
	struct gp_breaker_state found;

	(void)state;
	assert_false(gp_breaker_look(settings, NOW, &found));
	assert_true(gp_breaker_admits(one, NOW));
	gp_breaker_answered(one, NOW);
	assert_int_equal(access(file, F_OK), -1);       /* no outage, no file */
	assert_true(gp_breaker_admits(other, NOW));
	gp_breaker_failed(one, NOW);
	assert_int_equal(gp_breaker_news(one), GP_BREAKER_WENT);
	assert_false(gp_breaker_admits(other, NOW));
	assert_true(gp_breaker_look(settings, NOW + 1, &found));
	assert_true(found.is_silent);
	assert_int_equal(found.outage.since_msecs, NOW);
	assert_in_range(found.closed_until_msecs, NOW + 1, NOW + LONGEST);
	/* one that had asked before */
	gp_breaker_failed(other, NOW);
	assert_int_equal(gp_breaker_news(other), GP_BREAKER_NO_NEWS);
}

static void one_asks_again_and_tells_the_others(void **state)
{
	struct gp_breaker_state found;

	(void)state;
	gp_breaker_failed(one, NOW);
	assert_true(gp_breaker_admits(other, NOW + LONGEST));
	assert_false(gp_breaker_admits(one, NOW + LONGEST));
	gp_breaker_answered(other, NOW);
	assert_int_equal(gp_breaker_news(other), GP_BREAKER_BACK);
	assert_true(gp_breaker_admits(one, NOW + LONGEST));
	gp_breaker_answered(one, NOW);
	assert_int_equal(gp_breaker_news(one), GP_BREAKER_WENT);        /* untold */
	assert_true(gp_breaker_look(settings, NOW + LONGEST, &found));
	assert_false(found.is_silent);
}

/* It was killed while it waited: the next one asks a period later. */
static void who_asks_again_may_end_without_a_word(void **state)
{
	(void)state;
	gp_breaker_failed(one, NOW);
	assert_true(gp_breaker_admits(one, NOW + LONGEST));
	assert_false(gp_breaker_admits(other, NOW + LONGEST + 1));
	assert_true(gp_breaker_admits(other, NOW + 2 * LONGEST));
}

static void who_asked_before_the_outage_does_not_end_it(void **state)
{
	(void)state;
	assert_true(gp_breaker_admits(one, NOW));
	gp_breaker_failed(other, NOW);
	gp_breaker_answered(one, NOW);
	assert_int_equal(gp_breaker_news(one), GP_BREAKER_NO_NEWS);
	assert_false(gp_breaker_admits(one, NOW + 1));
}

static void another_server_is_another_breaker(void **state)
{
	char *server = settings->redis.server;
	char elsewhere[] = "127.0.0.1:1";
	struct gp_breaker *third;

	(void)state;
	settings->redis.server = elsewhere;
	third = gp_breaker_share(settings);
	settings->redis.server = server;
	gp_breaker_failed(one, NOW);
	assert_true(gp_breaker_admits(third, NOW));
	gp_breaker_free(&third);
}

/* --- a cluster, where one master is away and another is not --- */

enum { TRIAL = 2 * RETRY };

static int setup_cluster(void **state)
{
	settings->redis.topology = GP_REDIS_CLUSTER;
	return setup(state);
}

static int teardown_cluster(void **state)
{
	settings->redis.topology = GP_REDIS_SINGLE;
	return teardown(state);
}

static void answer(struct gp_breaker *breaker, int64_t now_msecs)
{
	assert_true(gp_breaker_admits(breaker, now_msecs));
	gp_breaker_answered(breaker, now_msecs);
}

static void a_master_that_flaps_is_one_outage(void **state)
{
	int64_t now = NOW;

	(void)state;
	gp_breaker_failed(one, now);
	assert_int_equal(gp_breaker_news(one), GP_BREAKER_WENT);
	for (int i = 0; i < 20; i++) {
		now += LONGEST;
		answer(other, now);
		answer(one, now);               /* who may ask is as ever */
		assert_true(gp_breaker_admits(one, ++now));
		gp_breaker_failed(one, now);
		assert_false(gp_breaker_admits(other, now + 1));
		assert_int_equal(gp_breaker_news(one), GP_BREAKER_NO_NEWS);
		assert_int_equal(gp_breaker_news(other), GP_BREAKER_NO_NEWS);
	}
}

static void it_is_over_when_all_have_answered_for_a_while(void **state)
{
	struct gp_breaker_state found;

	(void)state;
	gp_breaker_failed(one, NOW);
	answer(other, NOW + LONGEST);
	answer(one, NOW + LONGEST + TRIAL - 1);
	assert_int_equal(gp_breaker_news(one), GP_BREAKER_WENT);
	assert_int_equal(gp_breaker_news(other), GP_BREAKER_NO_NEWS);
	assert_true(gp_breaker_look(settings, NOW + LONGEST + TRIAL, &found));
	assert_false(found.is_silent);
	assert_true(found.outage.is_on);
	assert_int_equal(found.outage.since_msecs, NOW);
	answer(one, NOW + LONGEST + TRIAL);
	answer(other, NOW + LONGEST + TRIAL);
	assert_int_equal(gp_breaker_news(one), GP_BREAKER_BACK);
	assert_int_equal(gp_breaker_news(other), GP_BREAKER_NO_NEWS);
}

static void who_asked_before_another_failed_is_no_witness(void **state)
{
	(void)state;
	gp_breaker_failed(one, NOW);
	answer(one, NOW + LONGEST);
	assert_true(gp_breaker_admits(one, NOW + LONGEST + TRIAL));
	gp_breaker_failed(other, NOW + LONGEST + TRIAL);
	(void)gp_breaker_news(one);
	gp_breaker_answered(one, NOW + LONGEST + TRIAL);
	assert_int_equal(gp_breaker_news(one), GP_BREAKER_NO_NEWS);
	assert_false(gp_breaker_admits(one, NOW + LONGEST + TRIAL + 1));
}

/* --- many processes of several users --- */

static int fail_now(struct gp_breaker *breaker)
{
	gp_breaker_failed(breaker, NOW);
	return gp_breaker_news(breaker) == GP_BREAKER_WENT;
}

static int ask_later(struct gp_breaker *breaker)
{
	return gp_breaker_admits(breaker, NOW + LONGEST);
}

/* In how many of as many processes at once is it true. */
static int count_processes(int (*act)(struct gp_breaker *breaker))
{
	pid_t children[PROCESSES];
	int count = 0, status, gate[2];
	char byte;

	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] > 0)
			continue;
		(void)close(gate[1]);
		(void)umask(077);
		if (geteuid() == 0 && setuid((uid_t)(NOBODY - i)) < 0)
			_exit(2);
		(void)!read(gate[0], &byte, 1);         /* until all are there */
		_exit(act(one));
	}
	(void)close(gate[0]);
	(void)close(gate[1]);
	for (int i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status));
		assert_in_range(WEXITSTATUS(status), 0, 1);
		count += WEXITSTATUS(status);
	}
	return count;
}

static void of_many_one_tells_and_one_asks(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		(void)unlink(file);
		assert_int_equal(count_processes(fail_now), 1);
		assert_int_equal(count_processes(ask_later), 1);
	}
}

/* --- a file that is not as it should be --- */

static void write_file(const char *path, const void *bytes, size_t length)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	(void)close(fd);
}

/* Each has one of its own then. */
static void assert_unshared(void)
{
	assert_true(gp_breaker_admits(one, NOW));
	assert_true(gp_breaker_admits(other, NOW));
	gp_breaker_failed(one, NOW);
	assert_int_equal(gp_breaker_news(one), GP_BREAKER_WENT);
	assert_false(gp_breaker_admits(one, NOW + 1));
	assert_true(gp_breaker_admits(other, NOW + 1));
	gp_breaker_failed(other, NOW + 1);
	assert_int_equal(gp_breaker_news(other), GP_BREAKER_WENT);
	assert_true(gp_breaker_admits(one, NOW + LONGEST));
	gp_breaker_answered(one, NOW);
	assert_int_equal(gp_breaker_news(one), GP_BREAKER_BACK);
}

static void nonsense_stops_nobody(void **state)
{
	static const char nonsense[4096] = "gpbreak2";
	static const size_t lengths[] = { 0, 1, 8, 63, 64, 72, sizeof(nonsense) };
	struct gp_breaker_state found;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		(void)teardown(NULL);
		(void)setup(NULL);
		write_file(file, nonsense, lengths[i]);
		assert_false(gp_breaker_look(settings, NOW, &found));
		assert_true(gp_breaker_admits(one, NOW));
		gp_breaker_failed(one, NOW);    /* and it is mended */
		assert_false(gp_breaker_admits(other, NOW + 1));
		/* cut short while nobody asks */
		assert_int_equal(truncate(file, 3), 0);
		assert_true(gp_breaker_admits(other, NOW + 2));
	}
}

static void times_far_ahead_are_not_believed(void **state)
{
	struct gp_breaker_state found;

	(void)state;
	gp_breaker_failed(one, INT64_MAX / 2);
	assert_true(gp_breaker_look(settings, NOW, &found));
	assert_int_equal(found.closed_until_msecs, NOW);
	assert_int_equal(found.outage.since_msecs, NOW);
	assert_true(gp_breaker_admits(other, NOW));
	assert_false(gp_breaker_admits(one, NOW));      /* from then on as ever */
	gp_breaker_answered(other, NOW);
	assert_int_equal(gp_breaker_news(other), GP_BREAKER_BACK);
}

static void nor_where_an_outage_is_nearly_over(void **state)
{
	(void)state;
	gp_breaker_failed(one, NOW);
	answer(one, INT64_MAX / 2);
	answer(one, NOW + LONGEST);
	answer(one, NOW + LONGEST + TRIAL);
	assert_int_equal(gp_breaker_news(one), GP_BREAKER_BACK);
}

static void nothing_of_others_is_written_to(void **state)
{
	char target[sizeof(folder) + 16], text[8] = "";
	int fd;

	(void)state;
	(void)snprintf(target, sizeof(target), "%s/target", folder);
	write_file(target, "mine", 4);
	assert_int_equal(symlink(target, file), 0);
	assert_unshared();
	(void)teardown(NULL);
	(void)setup(NULL);
	assert_int_equal(mkfifo(file, 0666), 0);
	assert_unshared();
	(void)teardown(NULL);
	(void)setup(NULL);
	assert_int_equal(mkdir(file, 0777), 0);
	assert_unshared();
	fd = open(target, O_RDONLY);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	assert_string_equal(text, "mine");
	(void)close(fd);
	(void)unlink(target);
}

static void a_file_with_two_names_is_not_ours(void **state)
{
	static const char second[] = "/dev/shm/gatepost-test-second-name";

	(void)state;
	write_file(second, "mine", 4);
	assert_int_equal(link(second, file), 0);
	assert_unshared();
	(void)unlink(second);
}

static int hold_the_lock(const int gate[2])
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const int fd = open(file, O_RDWR);
	char byte = 0;

	if (fd < 0 || fcntl(fd, F_OFD_SETLK, &lock) < 0)
		_exit(1);
	(void)!write(gate[1], &byte, 1);
	(void)pause();
	_exit(0);
}

static void who_keeps_the_lock_stops_nobody(void **state)
{
	int gate[2], status;
	pid_t child;
	char byte;

	(void)state;
	gp_breaker_failed(one, NOW);
	assert_true(gp_breaker_admits(one, NOW + LONGEST));
	gp_breaker_answered(one, NOW);
	assert_int_equal(pipe(gate), 0);
	child = fork();
	if (child == 0)
		_exit(hold_the_lock(gate));
	assert_int_equal(read(gate[0], &byte, 1), 1);
	(void)gp_breaker_news(one);
	assert_unshared();
	(void)kill(child, SIGKILL);
	(void)waitpid(child, &status, 0);
	(void)close(gate[0]);
	(void)close(gate[1]);
}

#define BREAKER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define CLUSTER_TEST(name) \
	cmocka_unit_test_setup_teardown(name, setup_cluster, teardown_cluster)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BREAKER_TEST(nobody_asks_until_the_period_is_over),
		BREAKER_TEST(a_failure_of_one_keeps_the_others_away),
		BREAKER_TEST(one_asks_again_and_tells_the_others),
		BREAKER_TEST(who_asks_again_may_end_without_a_word),
		BREAKER_TEST(who_asked_before_the_outage_does_not_end_it),
		BREAKER_TEST(another_server_is_another_breaker),
		CLUSTER_TEST(a_master_that_flaps_is_one_outage),
		CLUSTER_TEST(it_is_over_when_all_have_answered_for_a_while),
		CLUSTER_TEST(who_asked_before_another_failed_is_no_witness),
		BREAKER_TEST(of_many_one_tells_and_one_asks),
		BREAKER_TEST(nonsense_stops_nobody),
		BREAKER_TEST(times_far_ahead_are_not_believed),
		CLUSTER_TEST(nor_where_an_outage_is_nearly_over),
		BREAKER_TEST(nothing_of_others_is_written_to),
		BREAKER_TEST(a_file_with_two_names_is_not_ours),
		BREAKER_TEST(who_keeps_the_lock_stops_nobody),
	};

	if (access("/dev/shm", W_OK) < 0) {
		(void)printf("/dev/shm cannot be written to\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
