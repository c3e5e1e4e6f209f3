/* SPDX-License-Identifier: MIT */
/*
 * This module tests lib/store-redis.c and store-poll.lua against a Redis of its
 * own, on a unix socket in a folder of its own.  Time is not waited for: where a
 * test needs the past, it writes a record of the past.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"
#include "own-redis.h"
#include "store-userdb.h"
#include "store-record.h"
#include "store-redis-login.h"
#include "store.h"

static struct gp_poll_query query_of(const char *user)
{
	return (struct gp_poll_query){
		.user = user, .program = "imap/192.0.2.7",
		.interval_msecs = 300 * SECS, .tolerance_msecs = 15 * SECS,
		.round_msecs = 30 * SECS, .window_msecs = 3600 * SECS,
		.journal_msecs = 300 * SECS, .bursts = 1,
		.early_age_msecs = -1, .journal_age_msecs = -1,
	};
}

static struct gp_poll_history ask(const struct gp_poll_query *query)
{
	struct gp_store *store;
	struct gp_poll_history history;
	struct gp_error err;

	store = gp_store_redis_open(&own_redis_settings, &err);
	assert_non_null(store);
	if (store->ops->poll(store, query, gp_clock_monotonic_msecs(), &history,
			     &err) < 0)
		fail_msg("%s", err.text);
	gp_store_close(&store);
	return history;
}

/* Moves what is kept of the user into the past, as if time had passed. */
static void let_pass(const char *user, int64_t msecs)
{
	static const char script[] =
		"local value, msecs = redis.call('GET', KEYS[1]), tonumber(ARGV[1])\n"
		"local function back(at, by)\n"
		"  value = string.sub(value, 1, at - 1) .. struct.pack('>I4',\n"
		"    struct.unpack('>I4', value, at) - by) .. string.sub(value, at + 4)\n"
		"end\n"
		"local head, place = string.byte(value, 5), 6\n"
		"if struct.unpack('>I4', value) > 0 then back(1, msecs / 1000) end\n"
		"if head >= 128 then place = place + 12 end\n"
		"if head % 64 >= 32 then place = place + 4 end\n"
		"while place <= #value do\n"
		"  local length = string.byte(value, place)\n"
		"  back(place + 1 + length % 128, msecs / 10)\n"
		"  place = place + 1 + length % 128 + 26 + (length >= 128 and 9 or 0)\n"
		"end\n"
		"redis.call('SET', KEYS[1], value, 'KEEPTTL')\n";
	char *key = gp_store_key(user), text[32];

	(void)snprintf(text, sizeof(text), "%lld", (long long)msecs);
	assert_int_equal(DO("EVAL", script, "1", key, text), 0);
	free(key);
}

static void a_check_before_its_time_is_early(void **state)
{
	struct gp_poll_query query = query_of("alice");
	struct gp_poll_history history;

	(void)state;
	(void)ask(&query);
	let_pass("alice", 31 * SECS);
	history = ask(&query);
	assert_int_equal(history.verdict, GP_VERDICT_EARLY);
	assert_in_range(history.wait_msecs, 250 * SECS, 255 * SECS);
	assert_int_equal(history.round_left_msecs, 0);
	assert_int_equal(history.early_count, 1);
	assert_true(history.journal_due);
	let_pass("alice", 253 * SECS);
	history = ask(&query);
	assert_int_equal(history.verdict, GP_VERDICT_EARLY);
	assert_int_equal(history.early_count, 2);
	assert_false(history.journal_due);
}

static void the_first_check_is_admitted(void **state)
{
	struct gp_poll_query query = query_of("alice");
	struct gp_poll_history history = ask(&query);

	(void)state;
	assert_int_equal(history.verdict, GP_VERDICT_ADMITTED);
	assert_int_equal(history.early_count, 0);
	assert_int_equal(history.checks_count, 1);
	assert_in_range(history.wait_msecs, 284 * SECS, 286 * SECS);
	assert_in_range(history.round_left_msecs, 29 * SECS, 31 * SECS);
}

/* Redis judges some time after it was asked: that is no reason to ask it twice. */
static void who_waits_as_told_is_not_early(void **state)
{
	struct gp_poll_query query = query_of("alice");
	int64_t until_msecs;

	(void)state;
	query.interval_msecs = 100;
	query.tolerance_msecs = query.round_msecs = 0;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(DO("CLIENT", "PAUSE", "30", "ALL"), 0);
		until_msecs = gp_clock_monotonic_msecs();
		until_msecs += ask(&query).wait_msecs;
		while (gp_clock_monotonic_msecs() < until_msecs)
			(void)usleep(1000);
		assert_int_equal(ask(&query).verdict, GP_VERDICT_ADMITTED);
		while (ask(&query).verdict != GP_VERDICT_ADMITTED)
			(void)usleep(1000);
	}
}

static void a_sweep_is_one_round(void **state)
{
	struct gp_poll_query query = query_of("alice");

	(void)state;
	(void)ask(&query);
	for (int i = 0; i < 40; i++)
		assert_int_equal(ask(&query).verdict, GP_VERDICT_IN_ROUND);
	let_pass("alice", 28 * SECS);
	assert_int_equal(ask(&query).verdict, GP_VERDICT_IN_ROUND);
	assert_int_equal(ask(&query).early_count, 0);
}

static void a_check_after_the_interval_is_admitted(void **state)
{
	struct gp_poll_query query = query_of("alice");

	(void)state;
	(void)ask(&query);
	let_pass("alice", 285 * SECS);
	assert_int_equal(ask(&query).verdict, GP_VERDICT_ADMITTED);
}

/* The tolerance forgives jitter; it does not make the interval shorter. */
static void who_is_always_a_little_early_is_found_out(void **state)
{
	struct gp_poll_query query = query_of("alice");
	int admitted = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		admitted += ask(&query).verdict == GP_VERDICT_ADMITTED;
		let_pass("alice", 290 * SECS);
	}
	/* 20 checks in 5,510 s, which hold 18 whole intervals; jitter is forgiven
	   once, and then every third check is early. */
	assert_in_range(admitted, 13, 15);
	admitted = 0;
	(void)DO("FLUSHALL");
	for (int i = 0; i < 40; i++) {
		admitted += ask(&query).verdict == GP_VERDICT_ADMITTED;
		let_pass("alice", 150 * SECS);
	}
	assert_in_range(admitted, 20, 21);
}

static void early_checks_within_a_round_count_once(void **state)
{
	struct gp_poll_query query = query_of("alice");

	(void)state;
	(void)ask(&query);
	let_pass("alice", 60 * SECS);
	for (int i = 0; i < 5; i++)
		assert_int_equal(ask(&query).early_count, 1);
	let_pass("alice", 31 * SECS);
	assert_int_equal(ask(&query).early_count, 2);
}

static void counts_that_a_session_brings_are_added(void **state)
{
	struct gp_poll_query query = query_of("alice");
	struct gp_poll_history history;

	(void)state;
	(void)ask(&query);
	let_pass("alice", 100 * SECS);
	query.is_report = true;
	query.checks = 70;
	query.bursts = 70;
	query.early_rounds = 2;
	query.early_age_msecs = 5 * SECS;
	query.journal_age_msecs = 60 * SECS;
	history = ask(&query);
	assert_int_equal(history.checks_count, 71);
	assert_int_equal(history.early_count, 2);
	assert_false(history.journal_due);
	assert_in_range(history.every_msecs, 1400, 1450);
	query = query_of("alice");
	/* still within the early round that was reported */
	assert_int_equal(ask(&query).early_count, 2);
}

static void a_report_of_nobody_leaves_no_record(void **state)
{
	struct gp_poll_query query = query_of("ghost");
	redisReply *reply;

	(void)state;
	query.is_report = true;
	(void)ask(&query);
	reply = own_redis_command(1, (const char *[]){ "DBSIZE" });
	assert_int_equal(reply->integer, 0);
	freeReplyObject(reply);
}

static void every_is_measured_and_forgets_the_night(void **state)
{
	struct gp_poll_query query = query_of("alice");
	struct gp_poll_history history = { 0 };

	(void)state;
	for (int i = 0; i < 6; i++) {
		history = ask(&query);
		let_pass("alice", 60 * SECS);
	}
	assert_in_range(history.every_msecs, 59 * SECS, 61 * SECS);
	let_pass("alice", (int64_t)9 * 3600 * SECS);
	history = ask(&query);
	assert_in_range(history.every_msecs, 59 * SECS, 61 * SECS);
}

/* A clock that went back an hour: the record lies in the future. */
static void a_clock_that_went_back_locks_nobody_out(void **state)
{
	struct gp_poll_query query = query_of("alice");

	(void)state;
	(void)ask(&query);
	let_pass("alice", -3600 * SECS);
	assert_int_equal(ask(&query).verdict, GP_VERDICT_ADMITTED);
	assert_int_equal(ask(&query).verdict, GP_VERDICT_IN_ROUND);
}

static void a_shorter_policy_holds_at_once(void **state)
{
	struct gp_poll_query query = query_of("alice");

	(void)state;
	query.interval_msecs = 86400 * SECS;
	(void)ask(&query);
	let_pass("alice", 61 * SECS);
	query.interval_msecs = 60 * SECS;
	query.tolerance_msecs = 0;
	assert_int_equal(ask(&query).verdict, GP_VERDICT_ADMITTED);
}

static void a_broken_record_is_started_anew(void **state)
{
	struct gp_poll_query query = query_of("alice");

	(void)state;
	assert_int_equal(DO("SET", "gp:{alice}:u", "jun"), 0);
	assert_int_equal(ask(&query).verdict, GP_VERDICT_ADMITTED);
	assert_int_equal(DO("SET", "gp:{alice}:u", "\377\377\377\377\377 more junk"),
			 0);
	assert_int_equal(ask(&query).verdict, GP_VERDICT_ADMITTED);
	assert_int_equal(DO("DEL", "gp:{alice}:u"), 0);
	assert_int_equal(DO("HSET", "gp:{alice}:u", "imap/192.0.2.7", "junk"), 0);
	assert_int_equal(ask(&query).verdict, GP_VERDICT_ADMITTED);
	let_pass("alice", 31 * SECS);
	assert_int_equal(ask(&query).verdict, GP_VERDICT_EARLY);
}

static void users_and_programs_do_not_mix(void **state)
{
	struct gp_poll_query alice = query_of("alice"), bob = query_of("bob");

	(void)state;
	(void)ask(&alice);
	assert_int_equal(ask(&bob).verdict, GP_VERDICT_ADMITTED);
	alice.program = "imap/192.0.2.8";
	assert_int_equal(ask(&alice).verdict, GP_VERDICT_ADMITTED);
}

static void count(void *context, const struct gp_poll_record *record)
{
	(void)record;
	++*(int *)context;
}

static void inventing_programs_does_not_fill_the_store(void **state)
{
	struct gp_poll_query query = query_of("mallory");
	struct gp_store *store;
	struct gp_error err;
	char program[32];
	int rows = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		(void)snprintf(program, sizeof(program), "imap/x/%d", i);
		query.program = program;
		(void)ask(&query);
	}
	store = gp_store_redis_open(&own_redis_settings, &err);
	assert_int_equal(store->ops->list(store, "mallory", 3600 * SECS, count,
					  &rows, &err), 0);
	assert_int_equal(rows, 32);
	gp_store_close(&store);
}

static struct gp_poll_query query_with_person(void)
{
	struct gp_poll_query query = query_of("alice");

	query.grace_msecs = 120 * SECS;
	query.away_after_msecs = 3 * 3600 * SECS;
	query.away_interval_msecs = 1800 * SECS;
	query.programs_max = 4;
	return query;
}

static void nobody_is_free_who_only_checks(void **state)
{
	struct gp_poll_query query = query_with_person();

	(void)state;
	assert_int_equal(ask(&query).verdict, GP_VERDICT_ADMITTED);
	let_pass("alice", 31 * SECS);
	assert_int_equal(ask(&query).verdict, GP_VERDICT_EARLY);
}

static void after_human_activity_all_programs_are_free(void **state)
{
	struct gp_poll_query query = query_with_person();
	struct gp_poll_query other = query_with_person();
	struct gp_poll_history history;

	(void)state;
	other.program = "imap/192.0.2.8";
	(void)ask(&query);
	(void)ask(&other);
	let_pass("alice", 31 * SECS);
	query.had_human = query.is_report = true;
	query.human_age_msecs = 20 * SECS;
	(void)ask(&query);
	history = ask(&other);
	assert_int_equal(history.verdict, GP_VERDICT_FREE);
	assert_in_range(history.round_left_msecs, 97 * SECS, 102 * SECS);
	assert_int_equal(history.early_count, 0);
	let_pass("alice", 101 * SECS);
	assert_int_equal(ask(&other).verdict, GP_VERDICT_EARLY);
}

static void who_is_away_checks_less_often(void **state)
{
	struct gp_poll_query query = query_with_person();
	struct gp_poll_history history;

	(void)state;
	(void)ask(&query);
	let_pass("alice", 3 * 3600 * SECS);
	assert_int_equal(ask(&query).verdict, GP_VERDICT_ADMITTED);
	let_pass("alice", 400 * SECS);
	history = ask(&query);
	assert_int_equal(history.verdict, GP_VERDICT_EARLY);
	assert_true(history.is_away);
	assert_in_range(history.wait_msecs, 1300 * SECS, 1313 * SECS);

	query.had_human = true;
	query.human_age_msecs = 0;
	assert_int_equal(ask(&query).verdict, GP_VERDICT_FREE);
	query.had_human = false;
	let_pass("alice", 125 * SECS);
	assert_int_equal(ask(&query).verdict, GP_VERDICT_ADMITTED);
}

static void invented_programs_share_one_rate(void **state)
{
	struct gp_poll_query query = query_with_person();
	struct gp_poll_history history = { .early_count = 0 };
	unsigned int admitted = 0, early = 0;
	char program[32];

	(void)state;
	for (int i = 0; i < 40; i++) {
		(void)snprintf(program, sizeof(program), "imap/192.0.2.%d", i);
		query.program = program;
		history = ask(&query);
		admitted += history.verdict == GP_VERDICT_ADMITTED;
		early += history.verdict == GP_VERDICT_EARLY;
		if (history.verdict == GP_VERDICT_EARLY) {
			assert_true(history.is_crowded);
			assert_int_equal(history.early_count, early);
			assert_true(history.wait_msecs > 0);
		}
	}
	/* Four at first, and then those that the rate of all together allows. */
	assert_in_range(admitted, 4, 9);
	assert_int_equal(admitted + early, 40);
}

static void every_key_expires(void **state)
{
	struct gp_poll_query query = query_of("alice");
	redisReply *reply;

	(void)state;
	(void)ask(&query);
	reply = own_redis_command(2, (const char *[]){ "PTTL", "gp:{alice}:u" });
	assert_in_range(reply->integer, 1, 7 * 86400 * (int64_t)SECS);
	freeReplyObject(reply);
}

static void count_row(void *context, const struct gp_poll_record *record)
{
	assert_string_equal(record->program, "imap/192.0.2.7");
	assert_int_equal(record->checks_count, 1);
	assert_in_range(record->wait_msecs, 290 * SECS, 300 * SECS);
	++*(int *)context;
}

static void all_users_are_listed_once(void **state)
{
	struct gp_store *store;
	struct gp_error err;
	char user[16];
	int rows = 0;

	(void)state;
	for (int i = 0; i < 1200; i++) {
		struct gp_poll_query query;

		(void)snprintf(user, sizeof(user), "u%d", i);
		query = query_of(user);
		(void)ask(&query);
	}
	assert_int_equal(DO("SET", "gp:{other}", "x"), 0);
	store = gp_store_redis_open(&own_redis_settings, &err);
	assert_int_equal(store->ops->list(store, NULL, 3600 * SECS, count_row,
					  &rows, &err), 0);
	assert_int_equal(rows, 1200);
	rows = 0;
	assert_int_equal(store->ops->list(store, "u7", 3600 * SECS, count_row,
					  &rows, &err), 0);
	assert_int_equal(rows, 1);
	gp_store_close(&store);
}

/* A frozen Redis: the deadline once, then not at all until redis.retry. */
static void a_frozen_redis_costs_one_deadline(void **state)
{
	struct gp_poll_query query = query_of("alice");
	struct gp_poll_history history = { .checks_count = 4711 };
	struct gp_store *store;
	struct gp_error err;
	int64_t now;

	(void)state;
	store = gp_store_redis_open(&own_redis_settings, &err);
	own_redis_signal(SIGSTOP);
	now = gp_clock_monotonic_msecs();
	assert_int_equal(store->ops->poll(store, &query, now, &history, &err), -1);
	assert_non_null(strstr(err.text, "no reply in time"));
	/* The breaker is open: even with Redis awake nobody asks it. */
	own_redis_signal(SIGCONT);
	assert_int_equal(store->ops->poll(store, &query, now + 1, &history, &err),
			 -1);
	assert_int_equal(history.checks_count, 4711);
	assert_int_equal(store->ops->poll(store, &query, now + 12 * SECS, &history,
					  &err), 0);
	gp_store_close(&store);
}

/* Nor does a connection that is kept begin the deadline anew. */
static void no_reply_is_waited_for_after_the_deadline(void **state)
{
	const char *argv[] = { "PING" };
	const struct gp_redis_command ping = { .argc = 1, .argv = argv };
	const int64_t now = gp_clock_monotonic_msecs();
	struct gp_redis_site *site;
	redisReply *reply = NULL;
	struct gp_error err;

	(void)state;
	site = gp_redis_site_open(&own_redis_settings, &err);
	assert_non_null(site);
	assert_int_equal(gp_redis_site_exchange(site, &ping, 1, now + 60 * SECS,
						&reply, &err), 0);
	freeReplyObject(reply);
	assert_int_equal(gp_redis_site_exchange(site, &ping, 1, now, &reply, &err),
			 -1);
	assert_non_null(strstr(err.text, "no reply in time"));
	gp_redis_site_close(&site);
}

/* Two processes that were alike so far choose differently. */
static void processes_come_back_at_different_times(void **state)
{
	enum { CHOICES = 4, ABOUT_MSECS = 1 << 30 };
	int64_t ours[CHOICES], theirs[CHOICES];
	int pipes[2], status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	for (int i = 0; i < CHOICES; i++)
		ours[i] = gp_store_with_jitter(ABOUT_MSECS);
	if (child == 0)
		_exit(write(pipes[1], ours, sizeof(ours)) != sizeof(ours));
	assert_int_equal(read(pipes[0], theirs, sizeof(theirs)), sizeof(theirs));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	assert_memory_not_equal(ours, theirs, sizeof(ours));
	for (int i = 0; i < CHOICES; i++)
		assert_in_range(ours[i], ABOUT_MSECS - ABOUT_MSECS / 8,
				ABOUT_MSECS + ABOUT_MSECS / 8);
	assert_int_equal(gp_store_with_jitter(0), 0);
}

static void an_absent_redis_is_an_error_that_names_it(void **state)
{
	struct gp_poll_query query = query_of("alice");
	struct gp_settings wrong = own_redis_settings;
	struct gp_poll_history history;
	char nowhere[] = "unix:/nonexistent/redis.sock";
	struct gp_store *store;
	struct gp_error err;

	(void)state;
	wrong.redis.server = nowhere;
	store = gp_store_redis_open(&wrong, &err);
	assert_non_null(store);
	assert_int_equal(store->ops->poll(store, &query, 1, &history, &err), -1);
	assert_non_null(strstr(err.text, "redis"));
	gp_store_close(&store);
}

static int look(const char *user, const char *better, const char *other,
		struct gp_login_known *known_r)
{
	const char *const programs[2] = { better, other };
	struct gp_login_store *store;
	struct gp_error err;
	int result;

	own_redis_settings.poll.tolerance_percent = 5;
	own_redis_settings.poll.round_secs = 30;
	own_redis_settings.poll.ladder_window_secs = 3600;
	own_redis_settings.poll.programs_max = 4;
	store = gp_login_store_open(&own_redis_settings, NULL, &err);
	assert_non_null(store);
	result = gp_login_store_peek(store, user, programs,
				     gp_clock_monotonic_msecs(), known_r, &err);
	gp_login_store_close(&store);
	return result;
}

/* False if the user is not known, or nothing is to be said of the program. */
static bool peek(const char *user, const char *better, const char *other,
		 const char **program_r, struct gp_poll_history *history_r)
{
	struct gp_login_known known;
	struct gp_poll_terms terms;

	gp_poll_terms_default(&own_redis_settings, &terms);
	if (look(user, better, other, &known) <= 0 ||
	    !gp_login_judge(&own_redis_settings, &terms, 300000, &known, history_r))
		return false;
	*program_r = known.program;
	return true;
}

static void a_peek_knows_what_a_login_would_get(void **state)
{
	const struct gp_poll_query query = query_of("alice");
	const char *program = NULL;
	struct gp_poll_history history;

	(void)state;
	assert_false(peek("alice", "imap/192.0.2.7", NULL, &program, &history));
	assert_null(program);
	(void)ask(&query);
	assert_true(peek("alice", "imap/192.0.2.7/mutt", "imap/192.0.2.7",
			 &program, &history));
	assert_string_equal(program, "imap/192.0.2.7");
	assert_int_equal(history.verdict, GP_VERDICT_IN_ROUND);
	let_pass("alice", 40 * SECS);
	for (int i = 0; i < 3; i++)     /* looking counts nothing */
		assert_true(peek("alice", "imap/192.0.2.7", NULL, &program,
				 &history));
	assert_int_equal(history.verdict, GP_VERDICT_EARLY);
	assert_int_equal(history.early_count, 1);
	assert_in_range(history.wait_msecs, 243 * SECS, 246 * SECS);
	let_pass("alice", 246 * SECS);
	assert_true(peek("alice", "imap/192.0.2.7", NULL, &program, &history));
	assert_int_equal(history.verdict, GP_VERDICT_ADMITTED);
	assert_false(peek("bob", "imap/192.0.2.7", NULL, &program, &history));
}

static void hold_program(const char *user, const char *program, int64_t msecs)
{
	struct gp_login_store *store;
	struct gp_error err;

	store = gp_login_store_open(&own_redis_settings, NULL, &err);
	assert_non_null(store);
	if (gp_login_store_hold(store, user, program, msecs,
				gp_clock_monotonic_msecs(), &err) < 0)
		fail_msg("%s", err.text);
	gp_login_store_close(&store);
}

static void hold(const char *user, int64_t msecs)
{
	hold_program(user, "imap/192.0.2.7", msecs);
}

/* A step of the ladder for logins may count in a time of its own, and one of another
   ladder in a shorter one. */
static void a_peek_counts_in_times_of_their_own(void **state)
{
	struct gp_poll_query query = query_of("alice");
	const char *program = NULL;
	struct gp_poll_history history;

	(void)state;
	query.within_secs[0] = 86400;
	query.within_secs[1] = 604800;
	(void)ask(&query);
	let_pass("alice", 40 * SECS);
	query.early_rounds = 3;
	query.early_age_msecs = 35 * SECS;
	query.is_report = true;
	(void)ask(&query);
	/* what is beside the record must not be lost by this */
	hold("alice", 1000);
	own_redis_settings.poll.ladder = (struct gp_ladder){
		{ { 2, GP_ACTION_NOTE, 0, 604800 } }, 1 };
	own_redis_settings.poll.login_ladder = (struct gp_ladder){
		{ { 2, GP_ACTION_HOLD, 10, 86400 } }, 1 };
	assert_true(peek("alice", "imap/192.0.2.7", NULL, &program, &history));
	assert_true(history.within_known);
	assert_int_equal(history.within_counts[0], 4);
	assert_int_equal(history.within_counts[1], 4);
	own_redis_settings.poll.ladder.count = 0;
	own_redis_settings.poll.login_ladder.count = 0;
	assert_true(peek("alice", "imap/192.0.2.7", NULL, &program, &history));
	assert_int_equal(history.within_counts[0], 1);
}

/* Checks of so many programs that nobody has heard of. */
static struct gp_poll_history invent_programs(struct gp_poll_query *query, int count)
{
	struct gp_poll_history history = { .early_count = 0 };
	char program[32];

	for (int i = 0; i < count; i++) {
		(void)snprintf(program, sizeof(program), "imap/192.0.2.%d", 100 + i);
		query->program = program;
		history = ask(query);
	}
	query->program = "imap/192.0.2.7";
	return history;
}

static int64_t time_to_live(const char *user)
{
	char *key = gp_store_key(user);
	redisReply *reply = own_redis_command(2, (const char *[]){ "PTTL", key });
	int64_t msecs;

	assert_non_null(reply);
	msecs = reply->integer;
	freeReplyObject(reply);
	free(key);
	return msecs;
}

static void a_login_of_an_invented_program_is_early(void **state)
{
	struct gp_poll_query query = query_of("alice");
	struct gp_poll_history history, next;
	struct gp_login_known known;
	const char *program = "";
	int64_t msecs;

	(void)state;
	query.programs_max = 4;
	(void)invent_programs(&query, 4);
	assert_false(peek("alice", "imap/192.0.2.7", NULL, &program, &history));
	(void)invent_programs(&query, 20);
	for (int i = 0; i < 2; i++) {   /* looking counts nothing */
		assert_true(peek("alice", "imap/192.0.2.7", NULL, &program,
				 &history));
		assert_null(program);
		assert_int_equal(history.verdict, GP_VERDICT_EARLY);
		assert_true(history.is_crowded);
	}
	msecs = time_to_live("alice");
	hold("alice", 0);
	assert_in_range(time_to_live("alice"), msecs - 10 * SECS, msecs);
	assert_int_equal(look("alice", "imap/192.0.2.7", NULL, &known), 1);
	assert_null(known.program);
	assert_int_equal(known.programs_count, 20);
	next = ask(&query);
	assert_true(next.has_waited);
	assert_true(next.is_crowded);
	assert_int_equal(next.early_count, history.early_count);
	/* asked a moment later; but its times count from the question */
	assert_in_range(history.wait_msecs, next.wait_msecs - SECS,
			next.wait_msecs + SECS);
}

static void what_the_userdb_says_is_kept(void **state)
{
	const struct gp_poll_override own = { .names_mode = true,
		.mode = GP_MODE_OBSERVE, .names_interval = true,
		.interval_secs = 900 };
	struct gp_poll_query query = query_of("alice");
	struct gp_login_known known;

	(void)state;
	query.userdb = gp_store_userdb_pack(&own);
	(void)ask(&query);
	query.userdb = GP_STORE_USERDB_UNKNOWN;
	(void)ask(&query);
	(void)invent_programs(&query, 9);
	assert_int_equal(look("alice", "imap/192.0.2.7", NULL, &known), 1);
	assert_string_equal(known.program, "imap/192.0.2.7");
	assert_true(known.has_own && known.own.names_mode);
	assert_int_equal(known.own.mode, GP_MODE_OBSERVE);
	assert_int_equal(known.own.interval_secs, 900);
	assert_false(known.own.names_login_ladder);
	query.userdb = GP_STORE_USERDB_NOTHING;
	(void)ask(&query);
	assert_int_equal(look("alice", "imap/192.0.2.7", NULL, &known), 1);
	assert_non_null(known.program);
	assert_false(known.has_own);
}

/* Also where nothing else changes but the record: store-poll-plain.lua. */
static void a_userdb_that_has_fallen_silent_is_heard(void **state)
{
	const struct gp_poll_override own = { .names_interval = true,
					      .interval_secs = 900 };
	struct gp_poll_query query = query_of("alice");
	struct gp_login_known known;

	(void)state;
	query.notice_after = GP_NOTICE_NEVER;
	query.userdb = gp_store_userdb_pack(&own);
	(void)ask(&query);
	assert_int_equal(look("alice", "imap/192.0.2.7", NULL, &known), 1);
	assert_true(known.has_own);
	let_pass("alice", 200 * SECS);
	query.userdb = GP_STORE_USERDB_NOTHING;
	(void)ask(&query);
	assert_int_equal(look("alice", "imap/192.0.2.7", NULL, &known), 1);
	assert_false(known.has_own);
}

/* Forgets how often, not what. */
static void a_reset_leaves_what_the_userdb_says(void **state)
{
	const struct gp_poll_override own = { .names_login_ladder = true };
	struct gp_poll_query query = query_of("alice");
	struct gp_login_known known;
	struct gp_store *store;
	struct gp_error err;

	(void)state;
	query.userdb = gp_store_userdb_pack(&own);
	query.programs_max = 4;
	(void)invent_programs(&query, 9);
	store = gp_store_redis_open(&own_redis_settings, &err);
	assert_non_null(store);
	assert_int_equal(store->ops->reset(store, "alice", &err), 1);
	assert_int_equal(look("alice", "imap/192.0.2.7", NULL, &known), 1);
	assert_int_equal(known.programs_count, 0);
	assert_true(known.has_own && known.own.names_login_ladder);
	assert_int_equal(store->ops->reset(store, "alice", &err), 0);
	gp_store_close(&store);
}

static void who_was_held_is_known_once(void **state)
{
	const struct gp_poll_query query = query_of("alice");

	(void)state;
	assert_false(ask(&query).has_waited);
	hold("alice", 0);
	assert_true(ask(&query).has_waited);
	assert_false(ask(&query).has_waited);
	/* another login, while the one that is held still waits */
	hold("alice", 20 * SECS);
	assert_false(ask(&query).has_waited);
}

static void holding_makes_up_nobody(void **state)
{
	redisReply *reply;

	(void)state;
	hold("mallory", 0);
	reply = own_redis_command(1, (const char *[]){ "DBSIZE" });
	assert_non_null(reply);
	assert_int_equal(reply->integer, 0);
	freeReplyObject(reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_check_before_its_time_is_early, own_redis_empty),
		cmocka_unit_test_setup(the_first_check_is_admitted, own_redis_empty),
		cmocka_unit_test_setup(who_waits_as_told_is_not_early, own_redis_empty),
		cmocka_unit_test_setup(a_sweep_is_one_round, own_redis_empty),
		cmocka_unit_test_setup(a_check_after_the_interval_is_admitted,
				       own_redis_empty),
		cmocka_unit_test_setup(who_is_always_a_little_early_is_found_out,
				       own_redis_empty),
		cmocka_unit_test_setup(early_checks_within_a_round_count_once,
				       own_redis_empty),
		cmocka_unit_test_setup(counts_that_a_session_brings_are_added,
				       own_redis_empty),
		cmocka_unit_test_setup(a_report_of_nobody_leaves_no_record,
				       own_redis_empty),
		cmocka_unit_test_setup(every_is_measured_and_forgets_the_night,
				       own_redis_empty),
		cmocka_unit_test_setup(a_clock_that_went_back_locks_nobody_out,
				       own_redis_empty),
		cmocka_unit_test_setup(a_shorter_policy_holds_at_once, own_redis_empty),
		cmocka_unit_test_setup(a_broken_record_is_started_anew, own_redis_empty),
		cmocka_unit_test_setup(users_and_programs_do_not_mix, own_redis_empty),
		cmocka_unit_test_setup(inventing_programs_does_not_fill_the_store,
				       own_redis_empty),
		cmocka_unit_test_setup(nobody_is_free_who_only_checks, own_redis_empty),
		cmocka_unit_test_setup(after_human_activity_all_programs_are_free,
				       own_redis_empty),
		cmocka_unit_test_setup(who_is_away_checks_less_often, own_redis_empty),
		cmocka_unit_test_setup(invented_programs_share_one_rate,
				       own_redis_empty),
		cmocka_unit_test_setup(every_key_expires, own_redis_empty),
		cmocka_unit_test_setup(all_users_are_listed_once, own_redis_empty),
		cmocka_unit_test_setup(a_peek_knows_what_a_login_would_get, own_redis_empty),
		cmocka_unit_test_setup(a_peek_counts_in_times_of_their_own, own_redis_empty),
		cmocka_unit_test_setup(a_login_of_an_invented_program_is_early,
				       own_redis_empty),
		cmocka_unit_test_setup(what_the_userdb_says_is_kept, own_redis_empty),
		cmocka_unit_test_setup(a_userdb_that_has_fallen_silent_is_heard,
				       own_redis_empty),
		cmocka_unit_test_setup(a_reset_leaves_what_the_userdb_says,
				       own_redis_empty),
		cmocka_unit_test_setup(who_was_held_is_known_once, own_redis_empty),
		cmocka_unit_test_setup(holding_makes_up_nobody, own_redis_empty),
		cmocka_unit_test_setup(a_frozen_redis_costs_one_deadline, own_redis_empty),
		cmocka_unit_test_setup(no_reply_is_waited_for_after_the_deadline,
				       own_redis_empty),
		cmocka_unit_test(processes_come_back_at_different_times),
		cmocka_unit_test_setup(an_absent_redis_is_an_error_that_names_it,
				       own_redis_empty),
	};
	int result = TEST_SKIPPED;

	if (own_redis_start())
		result = cmocka_run_group_tests(tests, NULL, NULL);
	own_redis_end();
	return result;
}
