/* SPDX-License-Identifier: MIT */
/*
 * This module measures what users cost Redis: memory for each of many users with
 * two programs, and the time of a decision through our store beside bare calls of
 * an empty script and of the least that a decision needs, each over a new connection
 * as the plugin makes it, in turns in one run.  It starts a Redis of its own.
 *
 * Usage: scale [--check] [USERS]     100000; --check fails when a budget is missed
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "own-redis.h"
#include "log.h"
#include "pool.h"
#include "store-record.h"
#include "store.h"

enum { PROGRAMS = 2, SAMPLES = 20000, BYTES_MAX = 240 };

static const char empty_script[] = "return 0";
/* What no decision can do without: the clock, what is kept, and a change of it. */
static const char least_script[] =
	"redis.call('TIME') local value = redis.call('GET', KEYS[1]) "
	"redis.call('SETRANGE', KEYS[1], '4', string.sub(value, 5, 5)) return value";
static int users_count = 100000;

static void die(const char *what)
{
	(void)fprintf(stderr, "scale: %s\n", what);
	own_redis_end();
	exit(1);
}

static double now_usecs(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare_times(const void *left, const void *right)
{
	const double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double info_of(const char *section, const char *name)
{
	redisReply *reply = own_redis_command(2, (const char *[]){ "INFO",
								   section });
	const char *line = reply == NULL ? NULL : strstr(reply->str, name);
	double value;

	if (line == NULL)
		die("no INFO of Redis");
	value = atof(line + strlen(name));
	freeReplyObject(reply);
	return value;
}

static double cpu_usecs(void)
{
	return 1e6 * (info_of("cpu", "used_cpu_user:") +
		      info_of("cpu", "used_cpu_sys:"));
}

static void name_user(int number, char user_r[32])
{
	(void)snprintf(user_r, 32, "user%06d", number);
}

/* A user's mail program. */
struct reader {
	char user[32], program[64];
};

static struct reader reader_of(int number, int program_number)
{
	struct reader reader;

	name_user(number, reader.user);
	(void)snprintf(reader.program, sizeof(reader.program),
		       "imap/198.51.%d.%d/%s", number / 250 % 250, number % 250,
		       program_number == 0 ? "Thunderbird" : "iPhone_Mail");
	return reader;
}

static void check(struct gp_store *store, const struct reader *reader)
{
	struct gp_poll_query query = {
		.user = reader->user, .program = reader->program,
		.interval_msecs = 300 * SECS,
		.tolerance_msecs = 15 * SECS, .round_msecs = 30 * SECS,
		.window_msecs = 3600 * SECS, .journal_msecs = 300 * SECS,
		.bursts = 1, .early_age_msecs = -1, .journal_age_msecs = -1,
		.grace_msecs = 120 * SECS, .away_after_msecs = 10800 * SECS,
		.away_interval_msecs = 1800 * SECS, .programs_max = 4,
		.notice_after = -1,
	};
	struct gp_poll_history history;
	struct gp_error err;

	if (store->ops->poll(store, &query, gp_clock_monotonic_msecs(), &history,
			     &err) < 0)
		die(err.text);
}

static void fill(struct gp_store *store)
{
	for (int program = 0; program < PROGRAMS; program++)
		for (int number = 0; number < users_count; number++) {
			const struct reader reader = reader_of(number, program);

			check(store, &reader);
		}
}

/* What Redis itself says of keys here and there. */
static double bytes_of_a_key(void)
{
	long long sum = 0;
	int count = 0;

	for (int number = 0; number < users_count;
	     number += 1 + users_count / 1000, count++) {
		char user[32], *key;
		redisReply *reply;

		name_user(number, user);
		key = gp_store_key(user);
		reply = own_redis_command(3, (const char *[]){ "MEMORY", "USAGE",
							       key });
		if (reply == NULL || reply->type != REDIS_REPLY_INTEGER)
			die("no MEMORY USAGE of a user");
		sum += reply->integer;
		freeReplyObject(reply);
		free(key);
	}
	return (double)sum / count;
}

static char *load_script(const char *text)
{
	redisReply *reply = own_redis_command(3, (const char *[]){ "SCRIPT", "LOAD",
								   text });
	char *sha1;

	if (reply == NULL || reply->type != REDIS_REPLY_STRING)
		die("a script cannot be loaded");
	sha1 = gp_strdup(reply->str);
	freeReplyObject(reply);
	return sha1;
}

/* key: NULL for none */
static void call_bare(struct gp_redis_site *site, const char *sha1, const char *key)
{
	const char *argv[] = { "EVALSHA", sha1, key == NULL ? "0" : "1", key };
	const struct gp_redis_command command = {
		.argc = key == NULL ? 3 : 4, .argv = argv
	};
	redisReply *reply;
	struct gp_error err;

	if (gp_redis_site_exchange(site, &command, 1, gp_clock_monotonic_msecs() +
				   10 * SECS, &reply, &err) < 0)
		die(err.text);
	freeReplyObject(reply);
	gp_redis_site_disconnect(site);
}

/* How long each took, in the order of size. */
struct times {
	double ours[SAMPLES], bare[SAMPLES], least[SAMPLES];
};

static void time_all(struct gp_store *store, struct times *times)
{
	struct gp_error err;
	struct gp_redis_site *site = gp_redis_site_open(&own_redis_settings, &err);
	char *empty = load_script(empty_script), *least = load_script(least_script);

	if (site == NULL)
		die(err.text);
	for (int i = 0; i < SAMPLES; i++) {
		const struct reader other = reader_of((int)(random() % users_count), 0),
			reader = reader_of((int)(random() % users_count), i % PROGRAMS);
		char *key = gp_store_key(other.user);
		const double start = now_usecs();
		double bare_end, least_end;

		call_bare(site, empty, NULL);
		bare_end = now_usecs();
		call_bare(site, least, key);
		least_end = now_usecs();
		check(store, &reader);
		times->ours[i] = now_usecs() - least_end;
		times->least[i] = least_end - bare_end;
		times->bare[i] = bare_end - start;
		free(key);
	}
	qsort(times->ours, SAMPLES, sizeof(double), compare_times);
	qsort(times->bare, SAMPLES, sizeof(double), compare_times);
	qsort(times->least, SAMPLES, sizeof(double), compare_times);
	free(empty);
	free(least);
	gp_redis_site_close(&site);
}

static int row(const char *what, double value, double limit)
{
	(void)printf("%-44s %10.2f %10.2f  %s\n", what, value, limit,
		     value <= limit ? "kept" : "MISSED");
	return value > limit;
}

static int measure(void)
{
	static struct times times;
	const double memory_before = info_of("memory", "used_memory:");
	const double cpu_before = cpu_usecs();
	struct gp_error err;
	struct gp_store *store = gp_store_redis_open(&own_redis_settings, &err);
	int missed = 0;
	double growth, cpu;

	if (store == NULL)
		die(err.text);
	fill(store);
	growth = (info_of("memory", "used_memory:") - memory_before) /
		users_count;
	cpu = (cpu_usecs() - cpu_before) / users_count / PROGRAMS;
	time_all(store, &times);
	gp_store_close(&store);
	(void)printf("%d users, %d programs each; microseconds for a decision: "
		     "p50 %.0f, p99 %.0f\nfor a bare call: p50 %.0f, p99 %.0f; for one that reads "
		     "the clock, reads a user and\nwrites a byte: p50 %.0f; CPU of Redis for a "
		     "decision with its connection: %.0f\n\n"
		     "%-44s %10s %10s\n", users_count, PROGRAMS,
		     times.ours[SAMPLES / 2], times.ours[SAMPLES * 99 / 100],
		     times.bare[SAMPLES / 2], times.bare[SAMPLES * 99 / 100],
		     times.least[SAMPLES / 2], cpu, "",
		     "measured", "at most");
	missed += row("bytes for a user, by MEMORY USAGE", bytes_of_a_key(),
		      BYTES_MAX);
	missed += row("bytes for a user, by growth of used_memory", growth,
		      BYTES_MAX);
	missed += row("p50 of a decision / p50 of a bare call",
		      times.ours[SAMPLES / 2] / times.bare[SAMPLES / 2], 1.2);
	missed += row("p99 of a decision / p99 of a bare call",
		      times.ours[SAMPLES * 99 / 100] / times.bare[SAMPLES * 99 / 100], 3);
	return missed;
}

int main(int argc, char **argv)
{
	const int is_check = argc > 1 && strcmp(argv[1], "--check") == 0;
	int missed;

	if (argc > 1 + is_check)
		users_count = atoi(argv[1 + is_check]);
	if (users_count < 1000 || users_count > 10000000) {
		(void)fprintf(stderr, "Usage: scale [--check] [USERS]\n");
		return 64;
	}
	if (!own_redis_start()) {
		(void)fprintf(stderr, "scale: redis-server does not run here\n");
		return TEST_SKIPPED;
	}
	missed = measure();
	own_redis_end();
	return is_check && missed > 0;
}
