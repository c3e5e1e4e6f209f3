/* SPDX-License-Identifier: MIT */
/*
 * This module tests what store-redis.c and store-submit.lua do about messages,
 * against a Redis of its own, and holds the script to the arithmetic of rate.c by
 * random histories.  Time is not waited for: the script is given a clock.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "impostor.h"
#include "log.h"
#include "own-redis.h"
#include "pool.h"
#include "rate.h"
#include "store-question.h"
#include "store-record.h"
#include "store-redis.h"
#include "store.h"

#include "store-submit.lua.h"

enum { TICKS = GP_RATE_TICKS_PER_SEC };

static struct gp_rate_terms terms_of(struct gp_rate_window messages,
				     struct gp_rate_window recipients)
{
	struct gp_rate_terms terms = { 0 };

	terms.limits[GP_RATE_MESSAGES].windows[0] = messages;
	terms.limits[GP_RATE_MESSAGES].count = messages.count > 0;
	terms.limits[GP_RATE_RECIPIENTS].windows[0] = recipients;
	terms.limits[GP_RATE_RECIPIENTS].count = recipients.count > 0;
	return terms;
}

static const struct gp_rate_window none = { 0, 0 };

static struct gp_submit_history ask(const struct gp_submit_query *query)
{
	struct gp_submit_history history;
	struct gp_store *store;
	struct gp_error err;

	store = gp_store_redis_open(&own_redis_settings, &err);
	assert_non_null(store);
	if (store->ops->submit(store, query, gp_clock_monotonic_msecs(), &history,
			       &err) < 0)
		fail_msg("%s", err.text);
	gp_store_close(&store);
	return history;
}

static int64_t integer_of(int argc, const char **argv)
{
	redisReply *reply = own_redis_command(argc, argv);
	int64_t value;

	assert_non_null(reply);
	assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
	value = reply->integer;
	freeReplyObject(reply);
	return value;
}

#define INTEGER(...) integer_of(sizeof((const char *[]){ __VA_ARGS__ }) / \
				sizeof(char *), (const char *[]){ __VA_ARGS__ })

static void the_message_over_the_count_is_refused(void **state)
{
	const struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 3, 3600 },
			 (struct gp_rate_window){ 100, 3600 });
	struct gp_submit_query query = { .user = "alice", .terms = &terms,
					 .recipients = 2 };
	struct gp_submit_history history;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(ask(&query).verdict.is_admitted);
	for (int i = 0; i < 3; i++) {
		history = ask(&query);
		assert_false(history.verdict.is_admitted);
		assert_int_equal(history.verdict.kind, GP_RATE_MESSAGES);
		assert_int_equal(history.verdict.window.count, 3);
		assert_in_range(history.verdict.wait_ticks, 1100 * TICKS,
				1200 * TICKS);
	}
	/* refused tries were charged to no window */
	assert_int_equal(gp_rate_used(
		&terms.limits[GP_RATE_RECIPIENTS].windows[0],
		history.state.slots[GP_RATE_RECIPIENTS][0].tat_ticks,
		gp_clock_monotonic_msecs() * GP_RATE_TICKS_PER_MSEC), 6);
}

static void users_do_not_mix(void **state)
{
	const struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 1, 3600 }, none);
	struct gp_submit_query query = { .user = "alice", .terms = &terms,
					 .recipients = 1 };

	(void)state;
	assert_true(ask(&query).verdict.is_admitted);
	query.user = "bob";
	assert_true(ask(&query).verdict.is_admitted);
	query.user = "alice@example.test";
	assert_true(ask(&query).verdict.is_admitted);
}

/* What is known of alice: when she was last there, how many programs of hers there
   are. */
struct known {
	int64_t human_secs;
	int programs;
};

static void count(void *context, const struct gp_poll_record *record)
{
	(void)record;
	++*(int *)context;
}

static struct known alice_now(void)
{
	redisReply *reply = own_redis_command(2, (const char *[]){
		"GET", "gp:{alice}:u" });
	struct gp_store *store;
	struct gp_store_user user;
	struct gp_error err;
	struct known known = { 0 };

	assert_int_equal(reply->type, REDIS_REPLY_STRING);
	assert_true(gp_store_user_open(reply->str, reply->len, &user));
	known.human_secs = user.human_secs;
	freeReplyObject(reply);
	store = gp_store_redis_open(&own_redis_settings, &err);
	assert_int_equal(store->ops->list(store, "alice", 1000, count,
					  &known.programs, &err), 0);
	gp_store_close(&store);
	return known;
}

/* Polling policy reads it. */
static void a_message_is_human_activity(void **state)
{
	const struct gp_rate_terms terms = { 0 };
	const struct gp_submit_query query = { .user = "alice", .terms = &terms,
					       .recipients = 1 };
	const int64_t before = gp_clock_wall_msecs() / 1000;

	(void)state;
	assert_true(ask(&query).verdict.is_admitted);
	assert_in_range(alice_now().human_secs, before, before + 60);
	assert_int_equal(INTEGER("STRLEN", "gp:{alice}:u"), 5);
	assert_in_range(INTEGER("PTTL", "gp:{alice}:u"), 1,
			7 * 86400 * (int64_t)SECS);
}

static void a_refused_message_is_activity_only_if_it_passes(void **state)
{
	const struct gp_rate_terms terms =
		terms_of(none, (struct gp_rate_window){ 5, 3600 });
	struct gp_submit_query query = { .user = "alice", .terms = &terms,
					 .recipients = 5 };

	(void)state;
	assert_true(ask(&query).verdict.is_admitted);
	assert_int_equal(DO("SETRANGE", "gp:{alice}:u", "0", "\1\1\1\1"), 0);
	assert_false(ask(&query).verdict.is_admitted);
	assert_int_equal(alice_now().human_secs, 0x1010101);
	query.passes_anyway = true;
	assert_false(ask(&query).verdict.is_admitted);
	assert_true(alice_now().human_secs > 1000000000);
}

/* Programs and what was sent stand in one string. */
static void polling_leaves_what_was_sent_alone(void **state)
{
	const struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 1, 3600 },
			 (struct gp_rate_window){ 5, 3600 });
	const struct gp_submit_query query = { .user = "alice", .terms = &terms,
					       .recipients = 5 };
	struct gp_poll_query poll = { .user = "alice", .interval_msecs = 1000,
		.window_msecs = 1000, .early_age_msecs = -1,
		.journal_age_msecs = -1 };
	struct gp_poll_history history;
	struct gp_store *store;
	struct gp_error err;
	char program[32];

	(void)state;
	assert_true(ask(&query).verdict.is_admitted);
	store = gp_store_redis_open(&own_redis_settings, &err);
	for (int i = 0; i < 50; i++) {
		(void)snprintf(program, sizeof(program), "imap/x/%d", i);
		poll.program = program;
		assert_int_equal(store->ops->poll(store, &poll, 1, &history,
						  &err), 0);
	}
	gp_store_close(&store);
	assert_int_equal(ask(&query).verdict.is_admitted, false);
	assert_int_equal(alice_now().programs, 32);
}

static void a_message_leaves_the_programs_alone(void **state)
{
	const struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 9, 3600 }, none);
	const struct gp_submit_query query = { .user = "alice", .terms = &terms,
					       .recipients = 1 };
	struct gp_poll_query poll = { .user = "alice", .program = "pop3/192.0.2.7/x",
		.interval_msecs = 300 * SECS, .window_msecs = 1000,
		.early_age_msecs = -1, .journal_age_msecs = -1 };
	struct gp_poll_history history;
	struct gp_store *store;
	struct gp_error err;

	(void)state;
	store = gp_store_redis_open(&own_redis_settings, &err);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(store->ops->poll(store, &poll, 1, &history,
						  &err), 0);
		assert_int_equal(history.checks_count, i + 1);
		assert_true(ask(&query).verdict.is_admitted);
	}
	gp_store_close(&store);
	assert_int_equal(alice_now().programs, 1);
}

static void a_broken_record_is_started_anew(void **state)
{
	static const char *const broken[] = {
		"jun", "junk and more junk", "junk@", "junk@\1junk", "\377\377\377\377\377",
	};
	const struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 1, 3600 },
			 (struct gp_rate_window){ 5, 3600 });
	const struct gp_submit_query query = { .user = "alice", .terms = &terms,
					       .recipients = 5 };

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		assert_int_equal(DO("SET", "gp:{alice}:u", broken[i]), 0);
		assert_true(ask(&query).verdict.is_admitted);
		assert_false(ask(&query).verdict.is_admitted);
	}
	assert_int_equal(DO("DEL", "gp:{alice}:u"), 0);
	assert_int_equal(DO("HSET", "gp:{alice}:u", "a", "hash"), 0);
	assert_true(ask(&query).verdict.is_admitted);
	assert_false(ask(&query).verdict.is_admitted);
}

/* A kept connection whose server was restarted: done over a new one, once. */
static void a_restarted_redis_costs_nothing(void **state)
{
	const struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 9, 3600 }, none);
	const struct gp_submit_query query = { .user = "alice", .terms = &terms,
					       .recipients = 1 };
	struct gp_submit_history history;
	struct gp_store *store;
	struct gp_error err;

	(void)state;
	store = gp_store_redis_open(&own_redis_settings, &err);
	for (int i = 0; i < 3; i++) {
		const int64_t now = gp_clock_monotonic_msecs();

		if (store->ops->submit(store, &query, now, &history, &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(gp_rate_used(
			&terms.limits[GP_RATE_MESSAGES].windows[0],
			history.state.slots[GP_RATE_MESSAGES][0].tat_ticks,
			now * GP_RATE_TICKS_PER_MSEC), 1);
		assert_true(own_redis_restart());
	}
	gp_store_close(&store);
}

/* How often Redis has read what somebody sent. */
static int reads_of_redis(void)
{
	redisReply *reply = own_redis_command(2, (const char *[]){ "INFO", "stats" });
	const char *found = strstr(reply->str, "total_reads_processed:");
	int count = found != NULL ? atoi(strchr(found, ':') + 1) : -1;

	freeReplyObject(reply);
	return count;
}

/* Whose script Redis has forgotten sends it once, not once for each message: each
   would be a round trip, and all of them have one deadline. */
static void a_forgotten_script_costs_many_messages_one_round_trip(void **state)
{
	enum { MESSAGES = 128 };
	const struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 9, 3600 }, none);
	struct gp_submit_query queries[MESSAGES];
	const struct gp_submit_query *list[MESSAGES];
	struct gp_submit_history *histories = gp_alloc(MESSAGES *
						       sizeof(*histories));
	char names[MESSAGES][8];
	struct gp_store *store;
	struct gp_error err;
	const int64_t now = gp_clock_monotonic_msecs();
	int reads;

	(void)state;
	for (int i = 0; i < MESSAGES; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "u%d", i);
		queries[i] = (struct gp_submit_query){ .user = names[i],
			.terms = &terms, .recipients = 1 };
		list[i] = &queries[i];
	}
	store = gp_store_redis_open(&own_redis_settings, &err);
	assert_int_equal(DO("SCRIPT", "FLUSH"), 0);
	reads = reads_of_redis();
	if (store->ops->submit_all(store, list, MESSAGES, now, histories, &err) < 0)
		fail_msg("%s", err.text);
	/* 16 kB are read at a time */
	assert_in_range(reads_of_redis() - reads, 1, 20);
	for (int i = 0; i < MESSAGES; i++)
		assert_int_equal(gp_rate_used(
			&terms.limits[GP_RATE_MESSAGES].windows[0],
			histories[i].state.slots[GP_RATE_MESSAGES][0].tat_ticks,
			now * GP_RATE_TICKS_PER_MSEC), 1);
	gp_store_close(&store);
	free(histories);
}

static void a_frozen_redis_is_an_error_and_counts_nothing(void **state)
{
	const struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 9, 3600 }, none);
	const struct gp_submit_query query = { .user = "alice", .terms = &terms,
					       .recipients = 1 };
	struct gp_submit_history history = { .verdict = { .wait_ticks = 4711 } };
	struct gp_store *store;
	struct gp_error err;
	const int64_t now = gp_clock_monotonic_msecs();

	(void)state;
	store = gp_store_redis_open(&own_redis_settings, &err);
	own_redis_signal(SIGSTOP);
	assert_int_equal(store->ops->submit(store, &query, now, &history, &err),
			 -1);
	own_redis_signal(SIGCONT);
	assert_non_null(strstr(err.text, "no reply in time"));
	assert_int_equal(history.verdict.wait_ticks, 4711);
	gp_store_close(&store);
}

static void note_sender(void *context, const struct gp_sender_record *record)
{
	const struct gp_rate_window hour = { 10, 3600 };

	assert_in_range(record->last_age_msecs, 0, 60 * SECS);
	assert_int_equal(gp_rate_used(&hour, gp_rate_tat(&record->state,
			 GP_RATE_RECIPIENTS, &hour), 0), 4);
	assert_int_equal(gp_rate_used(&hour, gp_rate_tat(&record->state,
			 GP_RATE_MESSAGES, &hour), 0), 1);
	++*(int *)context;
}

static void senders_are_listed(void **state)
{
	const struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 10, 3600 },
			 (struct gp_rate_window){ 10, 3600 });
	struct gp_submit_query query = { .terms = &terms, .recipients = 4 };
	struct gp_poll_query poll = { .user = "erin", .program = "imap/192.0.2.1",
		.interval_msecs = 1000, .window_msecs = 1000,
		.early_age_msecs = -1, .journal_age_msecs = -1 };
	static const char *const users[] = { "alice", "b b", "\xff" };
	struct gp_poll_history history;
	struct gp_store *store;
	struct gp_error err;
	int rows = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		query.user = users[i];
		assert_true(ask(&query).verdict.is_admitted);
	}
	store = gp_store_redis_open(&own_redis_settings, &err);
	assert_int_equal(store->ops->poll(store, &poll, 1, &history, &err), 0);
	assert_int_equal(store->ops->list_senders(store, NULL, note_sender, &rows,
						  &err), 0);
	assert_int_equal(rows, 3);
	assert_int_equal(store->ops->list_senders(store, "b b", note_sender,
						  &rows, &err), 0);
	assert_int_equal(rows, 4);
	gp_store_close(&store);
}

/* Several in one go are judged one after the other, also by a Redis that must be
   told the script first. */
static void messages_in_one_go_are_judged_in_their_order(void **state)
{
	const struct gp_rate_terms terms =
		terms_of(none, (struct gp_rate_window){ 9, 3600 });
	const struct gp_submit_query small = { .user = "alice", .terms = &terms,
					       .recipients = 2 };
	const struct gp_submit_query large = { .user = "alice", .terms = &terms,
					       .recipients = 7 };
	const struct gp_submit_query other = { .user = "bob", .terms = &terms,
					       .recipients = 7 };
	const struct gp_submit_query *const queries[] = { &large, &other, &large,
							  &small, &small };
	static const bool admitted[] = { true, true, false, true, false };
	struct gp_submit_history histories[5];
	struct gp_store *store;
	struct gp_error err;

	(void)state;
	store = gp_store_redis_open(&own_redis_settings, &err);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(DO("SCRIPT", "FLUSH"), 0);
		assert_int_equal(DO("FLUSHALL"), 0);
		if (store->ops->submit_all(store, queries, 5,
		    gp_clock_monotonic_msecs(), histories, &err) < 0)
			fail_msg("%s", err.text);
		for (int i = 0; i < 5; i++)
			assert_int_equal(histories[i].verdict.is_admitted,
					 admitted[i]);
	}
	memset(histories, 0x55, sizeof(histories));
	own_redis_signal(SIGSTOP);
	assert_int_equal(store->ops->submit_all(store, queries, 5,
		gp_clock_monotonic_msecs(), histories, &err), -1);
	own_redis_signal(SIGCONT);
	for (size_t i = 0; i < sizeof(histories); i++)
		assert_int_equal(((unsigned char *)histories)[i], 0x55);
	gp_store_close(&store);
}

/* --- a Redis that does not behave --- */

static struct gp_store *open_store(struct impostor *impostor,
				   const char *const *replies)
{
	struct gp_store *store;
	struct gp_error err;

	impostor_open(impostor, replies);
	store = gp_store_redis_open(&impostor->settings, &err);
	assert_non_null(store);
	((struct gp_store_redis *)store)->question = 0;
	return store;
}

static void close_store(struct impostor *impostor, struct gp_store **store)
{
	gp_store_close(store);
	impostor_close(impostor);
}

static int submit_to(struct gp_store *store, struct gp_submit_history *history)
{
	static const struct gp_rate_terms no_terms;
	const struct gp_submit_query query = { .user = "alice",
		.terms = &no_terms, .recipients = 1 };
	struct gp_error err;

	return store->ops->submit(store, &query, gp_clock_monotonic_msecs(),
				  history, &err);
}

/* To the first question, or the second, of a store. */
#define REPLY_TO(number) "*4\r\n:0\r\n:0\r\n:17000000000000\r\n$17\r\n0" \
	"000000000000000" number "\r\n"

/* It may have been done: asking again could count it twice. */
static void a_question_without_an_answer_is_not_asked_again(void **state)
{
	static const char *const replies[] = { REPLY_TO("1"), "", REPLY_TO("3"),
					       NULL };
	struct gp_submit_history history = { .verdict = { .wait_ticks = 4711 } };
	struct impostor impostor;
	struct gp_store *store = open_store(&impostor, replies);

	(void)state;
	assert_int_equal(submit_to(store, &history), 0);
	history.verdict.wait_ticks = 4711;
	assert_int_equal(submit_to(store, &history), -1);
	assert_int_equal(impostor.requests, 2);
	assert_int_equal(history.verdict.wait_ticks, 4711);
	assert_int_equal(submit_to(store, &history), 0);
	assert_int_equal(impostor.requests, 3);
	close_store(&impostor, &store);
}

/* What came too much or too late is no answer to the next question. */
static void a_connection_that_said_too_much_is_left(void **state)
{
	static const char *const replies[] = { REPLY_TO("1") REPLY_TO("2"),
					       REPLY_TO("2"), NULL };
	struct gp_submit_history history;
	struct impostor impostor;
	struct gp_store *store = open_store(&impostor, replies);

	(void)state;
	assert_int_equal(submit_to(store, &history), 0);
	assert_int_equal(impostor.connections, 1);
	/* the second half was read with the first, or waits to be read */
	assert_int_equal(submit_to(store, &history), 0);
	assert_int_equal(impostor.connections, 2);
	close_store(&impostor, &store);
}

/* A late one that comes just then: it is told by its token. */
static void an_answer_to_another_question_is_none(void **state)
{
	static const char *const replies[] = { REPLY_TO("1"), REPLY_TO("1"), NULL };
	struct gp_submit_history history;
	struct impostor impostor;
	struct gp_store *store = open_store(&impostor, replies);

	(void)state;
	assert_int_equal(submit_to(store, &history), 0);
	assert_int_equal(submit_to(store, &history), -1);
	assert_int_equal(impostor.connections, 1);
	close_store(&impostor, &store);
}

/* A store that was opened after a fault starts where no other has been. */
static void questions_of_two_stores_differ(void **state)
{
	struct gp_error err;
	struct gp_store *one = gp_store_redis_open(&own_redis_settings, &err);
	struct gp_store *other = gp_store_redis_open(&own_redis_settings, &err);

	(void)state;
	assert_non_null(one);
	assert_non_null(other);
	assert_int_not_equal(((struct gp_store_redis *)one)->question,
			     ((struct gp_store_redis *)other)->question);
	gp_store_close(&one);
	gp_store_close(&other);
}

/* --- the script and the arithmetic --- */

enum {
	HISTORIES = 10000,
	TOGETHER = 250,         /* histories that go on at the same time */
	STEPS = 8,
	WORDS = 10
};

struct history {
	struct gp_rate_terms terms;
	struct gp_rate_state state;
	int64_t now_ticks;
	unsigned int recipients;
	char key[32], seconds[32], microseconds[32];
	unsigned char windows[GP_STORE_SUBMISSION_BYTES];
	const char *argv[WORDS];
	size_t lengths[WORDS];
};

static uint64_t seed = 88172645463325252u;

static int64_t random_to(int64_t top)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (int64_t)(seed % (uint64_t)(top + 1));
}

/* Few units and short times, so that the edges are met often; sometimes large
   ones, whose sums must not lose a tick either. */
static void invent_terms(struct gp_rate_terms *terms)
{
	memset(terms, 0, sizeof(*terms));
	for (int kind = 0; kind < GP_RATE_KINDS; kind++) {
		struct gp_rate_limits *limits = &terms->limits[kind];
		unsigned int secs = 0;

		limits->count = (size_t)random_to(GP_RATE_WINDOWS_MAX);
		for (size_t i = 0; i < limits->count; i++) {
			const bool is_large = random_to(9) == 0;

			secs += 1 + (unsigned int)random_to(is_large ? 150000 : 9);
			limits->windows[i].secs = secs;
			limits->windows[i].count = 1 + (unsigned int)random_to(
				is_large ? GP_RATE_COUNT_MAX - 1 : 6);
			if (limits->windows[i].count > secs * TICKS)
				limits->windows[i].count = secs * TICKS;
		}
	}
}

static struct gp_redis_command take_step(struct history *history,
					 const char *script)
{
	struct gp_submit_query query = { .terms = &history->terms };

	if (random_to(9) == 0)
		invent_terms(&history->terms);
	history->now_ticks += random_to(random_to(1) ? 3 * TICKS : 300);
	if (random_to(40) == 0)
		history->now_ticks -= random_to((int64_t)3600 * TICKS);
	history->recipients = 1 + (unsigned int)random_to(4);
	query.recipients = history->recipients;
	(void)snprintf(history->seconds, sizeof(history->seconds), "%lld",
		       (long long)(history->now_ticks / TICKS));
	(void)snprintf(history->microseconds, sizeof(history->microseconds),
		       "%lld", (long long)(history->now_ticks % TICKS * 100 +
					   random_to(99)));
	memcpy(history->argv, (const char *[WORDS]){ "EVAL", script, "1",
	       history->key, "", "1000000", random_to(1) ? "1" : "0",
	       (const char *)history->windows, history->seconds,
	       history->microseconds }, sizeof(history->argv));
	for (int i = 0; i < WORDS; i++)
		history->lengths[i] = i == 7
			? gp_store_submission_pack(&query, history->windows)
			: strlen(history->argv[i]);
	return (struct gp_redis_command){ .argc = WORDS, .argv = history->argv,
					  .lengths = history->lengths };
}

static void expect_the_same(struct history *history, const redisReply *reply)
{
	struct gp_submission_reply fields;
	struct gp_submit_history said;
	struct gp_rate_verdict verdict;

	if (reply->type != REDIS_REPLY_ARRAY)
		fail_msg("%s", reply->str);
	fields = (struct gp_submission_reply){
		.refused_by = reply->element[0]->integer,
		.wait_ticks = reply->element[1]->integer,
		.now_ticks = reply->element[2]->integer,
		/* behind the token */
		.slots = (const unsigned char *)reply->element[3]->str + 1,
		.length = reply->element[3]->len - 1,
	};
	assert_int_equal(fields.now_ticks, history->now_ticks);
	gp_rate_charge(&history->terms, &history->state, history->recipients,
		       history->now_ticks, &verdict);
	if (verdict.is_never) {         /* is not asked about, nor charged */
		assert_int_not_equal(fields.refused_by, 0);
		return;
	}
	assert_true(gp_store_submission_read(&history->terms, &fields,
					     history->now_ticks, &said));
	assert_int_equal(said.verdict.is_admitted, verdict.is_admitted);
	assert_int_equal(said.verdict.kind, verdict.kind);
	assert_int_equal(said.verdict.window.secs, verdict.window.secs);
	assert_int_equal(said.verdict.wait_ticks, verdict.wait_ticks);
	if (verdict.is_admitted && gp_rate_is_limited(&history->terms))
		assert_memory_equal(&said.state, &history->state,
				    sizeof(said.state));
}

/* The script as it is, but with a clock that the test sets. */
static char *script_with_clock(void)
{
	static const char asked[] = "redis.call('TIME')";
	static const char given[] = "{ table.remove(ARGV, #ARGV - 1), "
		"table.remove(ARGV) }";
	const char *place = strstr(store_submit_script, asked);
	char *text = gp_alloc(sizeof(store_submit_script) + sizeof(given));

	assert_non_null(place);
	(void)sprintf(text, "%.*s%s%s", (int)(place - store_submit_script),
		      store_submit_script, given, place + sizeof(asked) - 1);
	return text;
}

static void script_and_arithmetic_agree(void **state)
{
	struct history *histories = gp_alloc(TOGETHER * sizeof(*histories));
	struct gp_redis_command commands[TOGETHER];
	redisReply *replies[TOGETHER];
	char *script = script_with_clock();

	(void)state;
	for (int first = 0; first < HISTORIES; first += TOGETHER) {
		memset(histories, 0, TOGETHER * sizeof(*histories));
		for (int i = 0; i < TOGETHER; i++) {
			invent_terms(&histories[i].terms);
			histories[i].now_ticks = (int64_t)1700000000 * TICKS;
			(void)snprintf(histories[i].key, sizeof(histories[i].key),
				       "gp:{u%d}:u", first + i);
		}
		for (int step = 0; step < STEPS; step++) {
			for (int i = 0; i < TOGETHER; i++)
				commands[i] = take_step(&histories[i], script);
			assert_int_equal(own_redis_commands(commands, TOGETHER,
							    replies), 0);
			for (int i = 0; i < TOGETHER; i++) {
				expect_the_same(&histories[i], replies[i]);
				freeReplyObject(replies[i]);
			}
		}
	}
	free(script);
	free(histories);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_message_over_the_count_is_refused,
				       own_redis_empty),
		cmocka_unit_test_setup(users_do_not_mix, own_redis_empty),
		cmocka_unit_test_setup(a_message_is_human_activity,
				       own_redis_empty),
		cmocka_unit_test_setup(
			a_refused_message_is_activity_only_if_it_passes,
			own_redis_empty),
		cmocka_unit_test_setup(polling_leaves_what_was_sent_alone,
				       own_redis_empty),
		cmocka_unit_test_setup(a_message_leaves_the_programs_alone,
				       own_redis_empty),
		cmocka_unit_test_setup(a_broken_record_is_started_anew,
				       own_redis_empty),
		cmocka_unit_test_setup(
			a_forgotten_script_costs_many_messages_one_round_trip,
			own_redis_empty),
		cmocka_unit_test_setup(a_restarted_redis_costs_nothing,
				       own_redis_empty),
		cmocka_unit_test_setup(
			a_frozen_redis_is_an_error_and_counts_nothing,
			own_redis_empty),
		cmocka_unit_test_setup(senders_are_listed, own_redis_empty),
		cmocka_unit_test_setup(messages_in_one_go_are_judged_in_their_order,
				       own_redis_empty),
		cmocka_unit_test(a_question_without_an_answer_is_not_asked_again),
		cmocka_unit_test(a_connection_that_said_too_much_is_left),
		cmocka_unit_test(an_answer_to_another_question_is_none),
		cmocka_unit_test(questions_of_two_stores_differ),
		cmocka_unit_test_setup(script_and_arithmetic_agree,
				       own_redis_empty),
	};
	int result = TEST_SKIPPED;

	if (own_redis_start())
		result = cmocka_run_group_tests(tests, NULL, NULL);
	own_redis_end();
	return result;
}
