/* SPDX-License-Identifier: MIT */
/* This module tests imapd-hooks/poll-session.c with a store that answers as it
   is told and notes what it was asked, and a journal in a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "poll-session.h"
#include "program.h"

enum { INTERVAL = 300000, ROUND = 30000, LINE = 600000 };

/* --- a store on strings --- */

static struct {
	struct gp_store store;
	struct gp_poll_history answer;
	bool is_silent;
	unsigned int calls;
	struct gp_poll_query query;     /* the last one */
	char program[GP_PROGRAM_BYTES];
	unsigned int checks, bursts, early_rounds; /* of all queries */
} fake;

static int fake_poll(struct gp_store *store, const struct gp_poll_query *query,
		     int64_t now_msecs, struct gp_poll_history *history_r,
		     struct gp_error *err)
{
	assert_ptr_equal(store, &fake.store);
	fake.calls++;
	fake.query = *query;
	(void)snprintf(fake.program, sizeof(fake.program), "%s",
		       query->program);
	fake.checks += query->checks + (query->is_report ? 0 : 1);
	fake.bursts += query->bursts;
	fake.early_rounds += query->early_rounds;
	if (fake.is_silent) {
		gp_breaker_failed(store->breaker, now_msecs);
		return gp_error_set(err, "fake store: silent");
	}
	gp_breaker_answered(store->breaker, now_msecs);
	*history_r = fake.answer;
	return 0;
}

static int fake_exemptions(struct gp_store *store, const char *user,
			   int64_t now_msecs,
			   const struct gp_exemption_list **list_r,
			   struct gp_error *err)
{
	static const struct gp_exemption_list none;

	(void)store;
	(void)user;
	(void)now_msecs;
	(void)err;
	*list_r = &none;
	return 0;
}

static const struct gp_store_ops fake_ops = {
	.poll = fake_poll, .exemptions = fake_exemptions
};

static void answer(enum gp_verdict verdict, int64_t wait_msecs,
		   int64_t round_left_msecs, unsigned int early_count,
		   bool journal_due)
{
	fake.answer = (struct gp_poll_history){
		.verdict = verdict,
		.wait_msecs = wait_msecs,
		.round_left_msecs = round_left_msecs,
		.early_count = early_count,
		.journal_due = journal_due,
		.every_msecs = 60000,
	};
}

static void answer_admitted(bool journal_due)
{
	answer(GP_VERDICT_ADMITTED, INTERVAL, ROUND, 0, journal_due);
}

/* --- one session --- */

static struct gp_settings settings;
static char no_words[] = "";
static struct gp_journal *journal;
static char directory[] = "/tmp/gp-test-XXXXXX";
static char journal_path[64];
static struct gp_poll_session *session;

static void start_session(void)
{
	struct gp_ip ip = { .is_known = true,
		.bytes = { [10] = 0xff, 0xff, 192, 0, 2, 7 } };

	session = gp_poll_session_create(&settings, &fake.store, journal,
					 "imap", "alice", "s1", &ip, 143);
}

static int setup(void **state)
{
	struct gp_error err;

	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.store.ops = &fake_ops;
	fake.store.breaker = gp_breaker_create(1000);
	memset(&settings, 0, sizeof(settings));
	settings.poll.notice = settings.poll.idle_notice = no_words;
	settings.poll.mode = GP_MODE_ENFORCE;
	settings.poll.interval_secs = INTERVAL / 1000;
	settings.poll.round_secs = ROUND / 1000;
	settings.poll.tolerance_percent = 5;
	settings.poll.ladder_window_secs = 3600;
	settings.poll.held_max = 100;
	settings.poll.ladder = (struct gp_ladder){
		{ { 0, GP_ACTION_ABSORB, 0, 0 }, { 3, GP_ACTION_DELAY, 10, 0 } }, 2 };
	settings.poll.login_ladder = (struct gp_ladder){
		{ { 0, GP_ACTION_HOLD, 5, 0 }, { 2, GP_ACTION_REFUSE, 0, 0 } }, 2 };
	settings.journal.interval_secs = LINE / 1000;
	settings.journal.file = journal_path;
	(void)unlink(journal_path);
	journal = gp_journal_open(&settings, &err);
	assert_non_null(journal);
	start_session();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gp_poll_session_end(&session, 10 * INTERVAL);
	gp_journal_close(&journal);
	gp_breaker_free(&fake.store.breaker);
	return 0;
}

static struct gp_decision check_at(int64_t now_msecs, bool was_delayed)
{
	struct gp_decision decision;

	gp_poll_session_check(session, GP_CHECK_NOOP, 0, was_delayed,
			      now_msecs, &decision);
	return decision;
}

static void assert_check(int64_t now_msecs, enum gp_action action,
			 enum gp_reason reason)
{
	struct gp_decision decision = check_at(now_msecs, false);

	assert_int_equal(decision.action, action);
	assert_int_equal(decision.reason, reason);
}

/* --- reading the journal back --- */

static unsigned int count_lines(void)
{
	FILE *file = fopen(journal_path, "r");
	unsigned int lines = 0;
	int c;

	assert_non_null(file);
	while ((c = getc(file)) != EOF)
		lines += c == '\n';
	(void)fclose(file);
	return lines;
}

static char line_text[2048];

/* The last line holds each of the words. */
static void assert_last_line(const char *const *words)
{
	FILE *file = fopen(journal_path, "r");

	assert_non_null(file);
	line_text[0] = '\0';
	while (fgets(line_text, sizeof(line_text), file) != NULL)
		;
	(void)fclose(file);
	line_text[strcspn(line_text, "\n")] = '\0';
	for (; *words != NULL; words++) {
		char word[128];

		(void)snprintf(word, sizeof(word), " %s ", *words);
		(void)strncat(line_text, " ",
			      sizeof(line_text) - strlen(line_text) - 1);
		if (strstr(line_text, word) == NULL)
			fail_msg("no %s in: %s", *words, line_text);
	}
}
#define assert_line(...) \
	assert_last_line((const char *const[]){ __VA_ARGS__, NULL })

/* --- tests --- */

static void test_early_checks_ask_nothing(void **state)
{
	(void)state;
	answer_admitted(true);
	assert_check(0, GP_ACTION_PASS, GP_REASON_ADMITTED);
	assert_int_equal(fake.calls, 1);
	assert_int_equal(fake.query.interval_msecs, INTERVAL);
	assert_int_equal(fake.query.tolerance_msecs, INTERVAL / 20);
	assert_int_equal(fake.query.round_msecs, ROUND);
	assert_string_equal(fake.query.user, "alice");
	assert_string_equal(fake.program, "imap/192.0.2.7");

	assert_check(ROUND, GP_ACTION_ABSORB, GP_REASON_EARLY);
	assert_check(INTERVAL - 1, GP_ACTION_ABSORB, GP_REASON_EARLY);
	assert_int_equal(fake.calls, 1);
	assert_check(INTERVAL, GP_ACTION_PASS, GP_REASON_ADMITTED);
	assert_int_equal(fake.calls, 2);
}

static void test_a_round_is_free_up_to_its_edge(void **state)
{
	(void)state;
	answer_admitted(true);
	assert_check(0, GP_ACTION_PASS, GP_REASON_ADMITTED);
	for (int i = 1; i <= 40; i++)
		assert_check(i, GP_ACTION_PASS, GP_REASON_IN_ROUND);
	assert_check(ROUND - 1, GP_ACTION_PASS, GP_REASON_IN_ROUND);
	assert_int_equal(count_lines(), 0);
	assert_check(ROUND, GP_ACTION_ABSORB, GP_REASON_EARLY);
	assert_int_equal(fake.calls, 1);
}

static void assert_told(int64_t now_msecs, int64_t told_msecs,
			enum gp_action action, enum gp_reason reason)
{
	struct gp_decision decision;

	gp_poll_session_check(session, GP_CHECK_NOOP, told_msecs, false, now_msecs,
			      &decision);
	assert_int_equal(decision.action, action);
	assert_int_equal(decision.reason, reason);
}

static void test_what_is_told_again_in_a_round_is_not_early(void **state)
{
	(void)state;
	answer(GP_VERDICT_ADMITTED, INTERVAL, ROUND, 4, false);
	assert_told(0, -1, GP_ACTION_PASS, GP_REASON_ADMITTED);
	assert_told(ROUND / 10, ROUND / 10, GP_ACTION_ABSORB, GP_REASON_REPEATED);
	assert_told(ROUND / 10, ROUND / 10 + 1, GP_ACTION_PASS, GP_REASON_IN_ROUND);
	assert_told(ROUND / 10, -1, GP_ACTION_PASS, GP_REASON_IN_ROUND);
	assert_told(INTERVAL, INTERVAL, GP_ACTION_PASS, GP_REASON_ADMITTED);
	assert_int_equal(fake.calls, 2);
	assert_int_equal(fake.query.checks, 3);
	assert_int_equal(fake.query.early_rounds, 0);
}

/* A session that polls each second costs one call in an interval. */
static void test_one_call_for_each_interval(void **state)
{
	(void)state;
	answer_admitted(false);
	for (int64_t now = 0; now < 5 * INTERVAL; now += 1000)
		(void)check_at(now, false);
	assert_int_equal(fake.calls, 5);
	assert_int_equal(fake.query.checks, 299);
	assert_int_equal(fake.query.bursts, 300);
	/* 270 s outside the round, in rounds of 30 s */
	assert_int_equal(fake.query.early_rounds, 9);
	assert_int_equal(fake.query.early_age_msecs, 30000);
}

static void test_an_early_answer_holds_until_its_time(void **state)
{
	struct gp_decision decision;

	(void)state;
	answer(GP_VERDICT_EARLY, 100000, 0, 2, false);
	decision = check_at(0, false);
	assert_int_equal(decision.action, GP_ACTION_ABSORB);
	assert_int_equal(decision.wait_msecs, 100000);
	/* the same early round, counted by the store */
	decision = check_at(ROUND - 1, false);
	assert_int_equal(decision.wait_msecs, 100000 - (ROUND - 1));
	assert_int_equal(decision.action, GP_ACTION_ABSORB);
	/* the next is the third, and the fourth is delayed */
	assert_check(ROUND, GP_ACTION_ABSORB, GP_REASON_EARLY);
	assert_check(2 * ROUND, GP_ACTION_DELAY, GP_REASON_EARLY);
	assert_int_equal(fake.calls, 1);
	answer_admitted(false);
	assert_check(100000, GP_ACTION_PASS, GP_REASON_ADMITTED);
	assert_int_equal(fake.query.early_rounds, 2);
	assert_int_equal(fake.query.early_age_msecs, 100000 - 2 * ROUND);
}

/* What the store has counted within a time gets old; what the session has counted
   since is new. */
static void test_a_count_within_a_time_gets_old(void **state)
{
	(void)state;
	settings.poll.ladder = (struct gp_ladder){
		{ { 0, GP_ACTION_NOTE, 0, 0 }, { 3, GP_ACTION_ABSORB, 0, 120 } }, 2 };
	answer(GP_VERDICT_EARLY, 200000, 0, 9, false);
	fake.answer.within_known = true;
	fake.answer.within_counts[0] = 4;
	assert_check(0, GP_ACTION_ABSORB, GP_REASON_EARLY);
	assert_int_equal(fake.query.within_secs[0], 120);
	assert_int_equal(fake.query.within_secs[1], 0);
	/* 3 of the 4, and 1 more */
	assert_check(ROUND, GP_ACTION_ABSORB, GP_REASON_EARLY);
	assert_check(ROUND + 1000, GP_ACTION_NOTE, GP_REASON_EARLY);
	assert_check(2 * ROUND, GP_ACTION_ABSORB, GP_REASON_EARLY);
	assert_check(2 * ROUND + 1000, GP_ACTION_NOTE, GP_REASON_EARLY);
	assert_int_equal(fake.calls, 1);
}

static void test_a_sweep_is_one_burst(void **state)
{
	(void)state;
	answer_admitted(false);
	for (int64_t now = 0; now < 20000; now += 500)
		(void)check_at(now, false);
	(void)check_at(40000, false);
	(void)check_at(INTERVAL, false);
	assert_int_equal(fake.calls, 2);
	assert_int_equal(fake.query.checks, 40);
	assert_int_equal(fake.query.bursts, 2);
	assert_int_equal(fake.bursts, 3);
}

static void test_a_sweep_waits_once(void **state)
{
	int64_t now = 10000;

	(void)state;
	answer(GP_VERDICT_EARLY, 200000, 0, 9, true);
	assert_int_equal(check_at(0, false).action, GP_ACTION_DELAY);
	assert_int_equal(check_at(now, true).action, GP_ACTION_ABSORB);
	/* 40 folders on its heels */
	for (int folder = 0; folder < 40; folder++)
		assert_check(now += 50, GP_ACTION_ABSORB, GP_REASON_EARLY);
	/* a check by itself waits again */
	assert_check(now + GP_POLL_BURST_MSECS, GP_ACTION_DELAY, GP_REASON_EARLY);
}

static struct gp_decision login_at(int64_t now_msecs)
{
	struct gp_decision decision;

	gp_poll_session_login(session, false, now_msecs, &decision);
	return decision;
}

static void test_a_login_is_held_or_refused(void **state)
{
	(void)state;
	answer(GP_VERDICT_EARLY, 200000, 0, 3, true);
	assert_int_equal(login_at(0).action, GP_ACTION_REFUSE);
	assert_last_line((const char *const[]){ "action=refuse", "check=login",
			 "wait=200", "why=poll.login_ladder", NULL });
	answer(GP_VERDICT_EARLY, 200000, 0, 1, true);
	gp_poll_session_end(&session, 0);
	start_session();
	assert_int_equal(login_at(0).action, GP_ACTION_HOLD);
	assert_last_line((const char *const[]){ "action=hold", "wait=5", NULL });
	answer_admitted(true);
	gp_poll_session_end(&session, 0);
	start_session();
	assert_int_equal(login_at(0).action, GP_ACTION_PASS);
}

static void test_who_was_held_before_does_not_wait_again(void **state)
{
	(void)state;
	answer(GP_VERDICT_EARLY, 200000, 0, 9, true);
	fake.answer.has_waited = true;
	assert_check(1000, GP_ACTION_ABSORB, GP_REASON_EARLY);
	assert_check(1100, GP_ACTION_ABSORB, GP_REASON_EARLY);
	/* once, not for all of the session */
	assert_check(1100 + GP_POLL_BURST_MSECS, GP_ACTION_DELAY,
		     GP_REASON_EARLY);
	answer(GP_VERDICT_EARLY, 200000, 0, 1, true);
	fake.answer.has_waited = true;
	gp_poll_session_end(&session, 2000);
	start_session();
	assert_int_equal(login_at(0).action, GP_ACTION_PASS);
}

static void test_checking_without_a_pause_gains_nothing(void **state)
{
	int64_t now = 10000;

	(void)state;
	answer(GP_VERDICT_EARLY, 200000, 0, 9, true);
	assert_int_equal(check_at(0, false).action, GP_ACTION_DELAY);
	assert_int_equal(check_at(now, true).action, GP_ACTION_ABSORB);
	while (now + 500 < 10000 + ROUND)
		assert_check(now += 500, GP_ACTION_ABSORB, GP_REASON_EARLY);
	assert_check(10000 + ROUND, GP_ACTION_DELAY, GP_REASON_EARLY);
}

static void test_a_check_that_waited_is_one_check(void **state)
{
	struct gp_decision decision;

	(void)state;
	answer(GP_VERDICT_EARLY, 5000, 0, 9, true);
	decision = check_at(0, false);
	assert_int_equal(decision.action, GP_ACTION_DELAY);
	assert_int_equal(decision.wait_msecs, 5000);
	assert_int_equal(count_lines(), 1);
	answer_admitted(false);
	decision = check_at(5000, true);
	assert_int_equal(decision.reason, GP_REASON_ADMITTED);
	/* the store has counted it twice; it is set right with the next */
	assert_check(5001, GP_ACTION_PASS, GP_REASON_IN_ROUND);
	assert_check(5002, GP_ACTION_PASS, GP_REASON_IN_ROUND);
	(void)check_at(5000 + INTERVAL, false);
	assert_int_equal(fake.checks, 4);
	assert_int_equal(count_lines(), 1);
}

static void test_a_check_that_waited_in_vain_is_absorbed(void **state)
{
	struct gp_decision decision;

	(void)state;
	answer(GP_VERDICT_EARLY, 100000, 0, 9, false);
	assert_int_equal(check_at(0, false).action, GP_ACTION_DELAY);
	decision = check_at(10000, true);
	assert_int_equal(decision.action, GP_ACTION_ABSORB);
	gp_poll_session_check(session, GP_CHECK_SELECT, -1, true, 10001,
			      &decision);
	assert_int_equal(decision.action, GP_ACTION_PASS);
	assert_int_equal(decision.reason, GP_REASON_EARLY_SERVED);
	assert_int_equal(fake.calls, 1);
}

static void test_a_wait_longer_than_a_round_counts_no_round(void **state)
{
	(void)state;
	settings.poll.ladder.steps[1].secs = 60;
	answer(GP_VERDICT_EARLY, 2 * LINE, 0, 9, true);
	assert_int_equal(check_at(0, false).action, GP_ACTION_DELAY);
	assert_int_equal(check_at(60000, true).action, GP_ACTION_ABSORB);
	assert_int_equal(count_lines(), 1);
	/* it is no second decision to write about either */
	assert_int_equal(check_at(LINE, false).action, GP_ACTION_DELAY);
	assert_int_equal(count_lines(), 2);
	assert_line("count=1", "early=10");
	gp_poll_session_end(&session, LINE + 1);
	assert_int_equal(fake.query.early_rounds, 1);
}

static void test_the_end_brings_what_is_left(void **state)
{
	(void)state;
	answer_admitted(false);
	(void)check_at(0, false);
	(void)check_at(1000, false);
	(void)check_at(ROUND, false);
	gp_poll_session_end(&session, ROUND + 7);
	assert_null(session);
	assert_int_equal(fake.calls, 2);
	assert_true(fake.query.is_report);
	assert_int_equal(fake.query.checks, 2);
	assert_int_equal(fake.query.bursts, 2);
	assert_int_equal(fake.query.early_rounds, 1);
	assert_int_equal(fake.query.early_age_msecs, 7);
	gp_poll_session_end(&session, 0);
}

static void test_an_end_with_nothing_to_say_asks_nothing(void **state)
{
	(void)state;
	gp_poll_session_end(&session, 0);
	assert_int_equal(fake.calls, 0);
	start_session();
	answer_admitted(false);
	(void)check_at(0, false);
	gp_poll_session_end(&session, 1);
	assert_int_equal(fake.calls, 1);
}

static void test_a_name_begins_a_program(void **state)
{
	(void)state;
	gp_poll_session_name_program(session, "Thunderbird", 0);
	assert_int_equal(fake.calls, 0);
	answer_admitted(false);
	(void)check_at(0, false);
	assert_string_equal(fake.program, "imap/192.0.2.7/Thunderbird");
	(void)check_at(1000, false);
	gp_poll_session_name_program(session, "Thunderbird", 1500);
	assert_int_equal(fake.calls, 1);
	gp_poll_session_name_program(session, "mutt", 2000);
	assert_int_equal(fake.calls, 2);
	assert_true(fake.query.is_report);
	assert_int_equal(fake.query.checks, 1);
	assert_string_equal(fake.program, "imap/192.0.2.7/Thunderbird");
	/* what was answered for the one is nothing to the other */
	(void)check_at(3000, false);
	assert_int_equal(fake.calls, 3);
	assert_false(fake.query.is_report);
	assert_int_equal(fake.query.checks, 0);
	assert_int_equal(fake.query.bursts, 1);
	assert_string_equal(fake.program, "imap/192.0.2.7/mutt");
}

/* --- a silent store --- */

static void test_a_silent_store_is_two_lines(void **state)
{
	(void)state;
	fake.is_silent = true;
	for (int64_t now = 0; now < 10000; now += 1000)
		assert_check(now, GP_ACTION_PASS, GP_REASON_STORE_UNAVAILABLE);
	assert_int_equal(count_lines(), 1);
	assert_line("action=pass", "reason=store-unavailable", "user=alice",
		    "part=imap", "check=noop");
	gp_poll_session_end(&session, 10000);
	start_session();
	assert_check(10000, GP_ACTION_PASS, GP_REASON_STORE_UNAVAILABLE);
	assert_int_equal(count_lines(), 1);
	fake.is_silent = false;
	answer_admitted(true);
	assert_check(11000, GP_ACTION_PASS, GP_REASON_ADMITTED);
	assert_int_equal(count_lines(), 2);
	assert_line("action=pass", "reason=store-back");
	assert_check(11500, GP_ACTION_PASS, GP_REASON_IN_ROUND);
	assert_int_equal(count_lines(), 2);
}

static void test_nothing_is_brought_twice(void **state)
{
	(void)state;
	answer_admitted(false);
	for (int64_t now = 0; now < INTERVAL; now += 10000)
		(void)check_at(now, false);
	fake.is_silent = true;
	(void)check_at(INTERVAL, false);
	assert_int_equal(fake.query.checks, 29);
	fake.is_silent = false;
	(void)check_at(INTERVAL + 1000, false);
	assert_int_equal(fake.query.checks, 0);
	assert_int_equal(fake.query.early_rounds, 0);
}

static void test_without_a_store_all_pass(void **state)
{
	struct gp_ip ip = { .is_known = false };

	(void)state;
	gp_poll_session_end(&session, 0);
	session = gp_poll_session_create(&settings, NULL, NULL, "imap",
					 "alice", NULL, &ip, 143);
	assert_check(0, GP_ACTION_PASS, GP_REASON_STORE_UNAVAILABLE);
	gp_poll_session_name_program(session, "x", 1);
	gp_poll_session_end(&session, 2);
	assert_int_equal(fake.calls, 0);
}

static void test_off_asks_nothing(void **state)
{
	(void)state;
	settings.poll.mode = GP_MODE_OFF;
	gp_poll_session_end(&session, 0);
	start_session();
	assert_check(0, GP_ACTION_PASS, GP_REASON_RULE_OFF);
	gp_poll_session_end(&session, 1);
	assert_int_equal(fake.calls, 0);
}

/* --- the journal --- */

static void test_the_first_early_check_is_a_line(void **state)
{
	(void)state;
	answer_admitted(true);
	(void)check_at(0, false);
	(void)check_at(ROUND, false);
	assert_int_equal(count_lines(), 1);
	assert_line("s=s1", "part=imap", "action=absorb", "mode=enforce",
		    "reason=early", "user=alice", "program=imap/192.0.2.7",
		    "ip=192.0.2.7", "port=143", "check=noop", "every=60",
		    "policy=300", "why=poll.ladder", "early=1", "wait=270",
		    "count=1");
}

static void test_repeats_are_one_line(void **state)
{
	(void)state;
	settings.poll.ladder.count = 1;
	answer_admitted(true);
	(void)check_at(0, false);
	for (int64_t now = 40000; now < INTERVAL; now += 1000)
		(void)check_at(now, false);
	assert_int_equal(count_lines(), 1);
	answer_admitted(false);
	for (int64_t now = INTERVAL; now < 40000 + LINE; now += 1000)
		(void)check_at(now, false);
	assert_int_equal(count_lines(), 1);
	assert_int_equal(fake.query.journal_age_msecs, -1);
	/* 259 in the first interval, 270 in the second, none in the third's
	   round; the line is due at the next early one */
	for (int64_t now = 40000 + LINE; now < 41000 + LINE; now += 1000)
		(void)check_at(now, false);
	assert_int_equal(count_lines(), 2);
	assert_line("count=540");
}

static void test_all_checks_are_counted_if_wished(void **state)
{
	(void)state;
	answer_admitted(false);
	(void)check_at(0, false);
	(void)check_at(1000, false);
	gp_poll_session_end(&session, 2000);
	assert_int_equal(count_lines(), 0);

	settings.journal.all_checks = true;
	start_session();
	for (int64_t now = 0; now < ROUND; now += 1000)
		(void)check_at(now, false);
	(void)check_at(ROUND, false);
	(void)check_at(ROUND + 1000, false);
	assert_int_equal(count_lines(), 0);
	gp_poll_session_end(&session, ROUND + 2000);
	assert_int_equal(count_lines(), 2);
	assert_line("action=pass", "reason=admitted", "check=noop", "every=60",
		    "why=poll.interval", "count=30", "user=alice",
		    "program=imap/192.0.2.7");
}

/* A session of days has its lines in time, and no check in two of them. */
static void test_served_checks_have_their_interval(void **state)
{
	(void)state;
	settings.journal.all_checks = true;
	for (int64_t now = 0; now <= 2 * LINE; now += INTERVAL) {
		answer_admitted(false);
		(void)check_at(now, false);
	}
	assert_int_equal(count_lines(), 1);
	assert_line("reason=admitted", "count=3");
	gp_poll_session_end(&session, 3 * LINE);
	assert_int_equal(count_lines(), 2);
	assert_line("reason=admitted", "count=2");
}

/* Below the first step of the ladder: served, and early all the same. */
static void test_early_checks_without_a_step_are_told_as_such(void **state)
{
	(void)state;
	settings.poll.ladder.steps[0].after_count = 2;
	answer(GP_VERDICT_EARLY, INTERVAL, 0, 1, true);
	assert_check(0, GP_ACTION_PASS, GP_REASON_EARLY);
	gp_poll_session_end(&session, 1000);
	assert_int_equal(count_lines(), 0);

	settings.journal.all_checks = true;
	start_session();
	answer(GP_VERDICT_EARLY, INTERVAL, 0, 1, false);
	(void)check_at(0, false);
	(void)check_at(1000, false);
	(void)check_at(ROUND, false);
	gp_poll_session_end(&session, ROUND + 1000);
	assert_int_equal(count_lines(), 1);
	assert_line("action=pass", "reason=early", "why=poll.interval", "early=2",
		    "count=3");
	start_session();
	(void)check_at(0, false);
	(void)check_at(ROUND, false);
	assert_int_equal(count_lines(), 1);
	(void)check_at(2 * ROUND, false);
	assert_int_equal(count_lines(), 3);
	assert_line("action=absorb", "early=3", "count=1");
}

static void test_the_store_hears_of_the_line(void **state)
{
	(void)state;
	answer_admitted(true);
	(void)check_at(0, false);
	(void)check_at(ROUND, false);
	(void)check_at(INTERVAL, false);
	assert_int_equal(fake.query.journal_age_msecs, INTERVAL - ROUND);
	(void)check_at(2 * INTERVAL, false);
	assert_int_equal(fake.query.journal_age_msecs, -1);
}

static void test_another_session_has_written(void **state)
{
	(void)state;
	settings.poll.ladder.count = 1;
	answer_admitted(false);
	(void)check_at(0, false);
	for (int64_t now = ROUND; now < INTERVAL; now += 1000)
		(void)check_at(now, false);
	gp_poll_session_end(&session, INTERVAL);
	assert_int_equal(count_lines(), 0);
}

static void test_each_step_up_is_a_line(void **state)
{
	(void)state;
	answer(GP_VERDICT_EARLY, INTERVAL, 0, 3, true);
	(void)check_at(0, false);
	(void)check_at(1000, false);
	assert_int_equal(count_lines(), 1);
	(void)check_at(ROUND, false);
	/* What was absorbed meanwhile is not told as delayed. */
	assert_int_equal(count_lines(), 3);
	assert_line("action=delay", "early=4", "count=1", "wait=10");
	(void)check_at(2 * ROUND, false);
	assert_int_equal(count_lines(), 3);
}

static void test_serving_and_absorbing_are_one_step(void **state)
{
	struct gp_decision decision;

	(void)state;
	answer(GP_VERDICT_EARLY, INTERVAL, 0, 1, true);
	gp_poll_session_check(session, GP_CHECK_LOGIN, -1, false, 0,
			      &decision);
	assert_int_equal(decision.action, GP_ACTION_PASS);
	assert_int_equal(count_lines(), 1);
	assert_line("action=pass", "reason=early-served", "check=login");
	(void)check_at(1000, false);
	assert_int_equal(count_lines(), 1);
}

/* The line of a check that waited is the one about the wait. */
static void test_a_check_that_waited_is_told_once(void **state)
{
	struct gp_decision decision;

	(void)state;
	settings.journal.all_checks = true;
	answer(GP_VERDICT_EARLY, 1000, 0, 99, true);
	decision = check_at(0, false);
	assert_int_equal(decision.action, GP_ACTION_DELAY);
	assert_int_equal(count_lines(), 1);
	answer_admitted(false);
	decision = check_at(1000, true);
	assert_int_equal(decision.action, GP_ACTION_PASS);
	gp_poll_session_end(&session, 2000);
	settings.journal.all_checks = false;
	assert_int_equal(count_lines(), 1);
	start_session();
}

/* Who held it has said so: one check is one line. */
static void test_a_login_that_waited_is_told_once(void **state)
{
	struct gp_decision decision;

	(void)state;
	answer(GP_VERDICT_EARLY, INTERVAL, 0, 1, true);
	fake.answer.has_waited = true;
	gp_poll_session_check(session, GP_CHECK_LOGIN, -1, false, 0,
			      &decision);
	assert_int_equal(decision.action, GP_ACTION_PASS);
	assert_int_equal(count_lines(), 0);
	(void)check_at(ROUND, false);
	assert_int_equal(count_lines(), 1);
	assert_line("action=absorb", "reason=early", "count=1");
}

static void test_observing_says_would(void **state)
{
	struct gp_decision decision;

	(void)state;
	settings.poll.mode = GP_MODE_OBSERVE;
	gp_poll_session_end(&session, 0);
	start_session();
	answer(GP_VERDICT_EARLY, INTERVAL, 0, 1, true);
	decision = check_at(0, false);
	assert_int_equal(gp_decision_effect(&decision), GP_ACTION_PASS);
	assert_line("action=would-absorb", "mode=observe", "reason=early");
}

static void test_no_step_no_line(void **state)
{
	(void)state;
	settings.poll.ladder.steps[0].after_count = 2;
	answer(GP_VERDICT_EARLY, INTERVAL, 0, 2, true);
	assert_check(0, GP_ACTION_PASS, GP_REASON_EARLY);
	assert_int_equal(count_lines(), 0);
	/* it is due as soon as there is something to say */
	assert_check(ROUND, GP_ACTION_ABSORB, GP_REASON_EARLY);
	assert_int_equal(count_lines(), 1);
}

/* --- people --- */

static void human_at(int64_t now_msecs)
{
	gp_poll_session_human(session, now_msecs);
}

static void test_human_activity_makes_checks_free(void **state)
{
	(void)state;
	settings.poll.grace_secs = 120;
	answer(GP_VERDICT_EARLY, 200000, 0, 1, false);
	assert_check(0, GP_ACTION_ABSORB, GP_REASON_EARLY);
	assert_int_equal(fake.calls, 1);
	human_at(1000);
	/* other sessions hear of it by the store, once */
	assert_int_equal(fake.calls, 2);
	assert_true(fake.query.is_report && fake.query.had_human);
	assert_int_equal(fake.query.human_age_msecs, 0);
	assert_check(1000, GP_ACTION_PASS, GP_REASON_GRACE);
	human_at(61000);
	assert_check(61000 + 119999, GP_ACTION_PASS, GP_REASON_GRACE);
	assert_int_equal(fake.calls, 2);
	/* what it knew before holds on */
	assert_check(61000 + 120000, GP_ACTION_ABSORB, GP_REASON_EARLY);
	assert_int_equal(fake.calls, 2);
	/* the next question brings the activity that is not known yet */
	assert_check(200000, GP_ACTION_ABSORB, GP_REASON_EARLY);
	assert_int_equal(fake.calls, 3);
	assert_true(fake.query.had_human);
	assert_int_equal(fake.query.human_age_msecs, 200000 - 61000);
	human_at(201000);
	assert_int_equal(fake.calls, 4);
}

static void test_nobody_is_human_where_it_counts_for_nothing(void **state)
{
	(void)state;
	human_at(0);
	assert_int_equal(fake.calls, 0);
	settings.poll.away_after_secs = 10800;
	human_at(0);
	assert_int_equal(fake.calls, 1);
	settings.poll.mode = GP_MODE_OFF;
	gp_poll_session_end(&session, 0);
	fake.calls = 0;
	start_session();
	human_at(0);
	assert_int_equal(fake.calls, 0);
}

static void test_who_is_away_is_asked_about_each_interval(void **state)
{
	const int64_t away = 6 * (int64_t)INTERVAL;

	(void)state;
	settings.poll.away_after_secs = 10800;
	settings.poll.away_interval_secs = (unsigned int)(away / 1000);
	gp_poll_session_end(&session, 0);
	start_session();
	answer(GP_VERDICT_EARLY, away, 0, 1, false);
	fake.answer.is_away = true;
	assert_check(0, GP_ACTION_ABSORB, GP_REASON_EARLY);
	assert_int_equal(fake.query.away_interval_msecs, away);
	assert_int_equal(gp_poll_session_interval_msecs(session), away);
	assert_check(INTERVAL - 1, GP_ACTION_ABSORB, GP_REASON_EARLY);
	assert_int_equal(fake.calls, 1);
	/* who came back in another session is found to have done so */
	answer_admitted(false);
	assert_check(INTERVAL, GP_ACTION_PASS, GP_REASON_ADMITTED);
	assert_int_equal(fake.calls, 2);
	assert_int_equal(gp_poll_session_interval_msecs(session), INTERVAL);
}

static void test_the_first_sign_of_life_ends_being_away(void **state)
{
	(void)state;
	settings.poll.away_after_secs = 10800;
	settings.poll.away_interval_secs = 6 * INTERVAL / 1000;
	answer(GP_VERDICT_EARLY, 6 * (int64_t)INTERVAL, 0, 1, false);
	fake.answer.is_away = true;
	assert_check(0, GP_ACTION_ABSORB, GP_REASON_EARLY);
	answer_admitted(false);
	human_at(1000);
	assert_check(2000, GP_ACTION_PASS, GP_REASON_ADMITTED);
}

/* --- notices --- */

static char some_words[] = "words", idle_words[] = "idle words";

static void test_a_notice_is_asked_for_where_there_are_words(void **state)
{
	(void)state;
	settings.poll.notice_after = 7;
	settings.poll.idle_notice = idle_words;
	answer_admitted(false);
	assert_check(0, GP_ACTION_PASS, GP_REASON_ADMITTED);
	assert_int_equal(fake.query.notice_after, GP_NOTICE_NEVER);
	assert_check(INTERVAL, GP_ACTION_PASS, GP_REASON_ADMITTED);
	assert_int_equal(fake.query.notice_after, 7);
	assert_string_equal(gp_poll_session_notice(session), "idle words");
	gp_poll_session_idled(session);
	assert_check(2 * INTERVAL, GP_ACTION_PASS, GP_REASON_ADMITTED);
	assert_int_equal(fake.query.notice_after, GP_NOTICE_NEVER);
	settings.poll.notice = some_words;
	assert_check(3 * INTERVAL, GP_ACTION_PASS, GP_REASON_ADMITTED);
	assert_int_equal(fake.query.notice_after, 7);
	assert_string_equal(gp_poll_session_notice(session), "words");
	/* a login that is the check can be told nothing */
	(void)login_at(4 * INTERVAL);
	assert_int_equal(fake.query.notice_after, GP_NOTICE_NEVER);
}

static void test_a_notice_after_a_wait_has_its_line(void **state)
{
	unsigned int lines;

	(void)state;
	settings.poll.notice = some_words;
	answer(GP_VERDICT_EARLY, 5000, 0, 9, true);
	assert_int_equal(check_at(0, false).action, GP_ACTION_DELAY);
	lines = count_lines();
	answer_admitted(false);
	fake.answer.notice_due = true;
	assert_true(check_at(5000, true).gives_notice);
	assert_int_equal(count_lines(), lines + 1);
	assert_line("action=notice", "why=poll.notice_after");
}

#define SESSION_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SESSION_TEST(test_early_checks_ask_nothing),
		SESSION_TEST(test_a_round_is_free_up_to_its_edge),
		SESSION_TEST(test_what_is_told_again_in_a_round_is_not_early),
		SESSION_TEST(test_one_call_for_each_interval),
		SESSION_TEST(test_an_early_answer_holds_until_its_time),
		SESSION_TEST(test_a_sweep_is_one_burst),
		SESSION_TEST(test_a_count_within_a_time_gets_old),
		SESSION_TEST(test_human_activity_makes_checks_free),
		SESSION_TEST(test_nobody_is_human_where_it_counts_for_nothing),
		SESSION_TEST(test_who_is_away_is_asked_about_each_interval),
		SESSION_TEST(test_the_first_sign_of_life_ends_being_away),
		SESSION_TEST(test_a_notice_is_asked_for_where_there_are_words),
		SESSION_TEST(test_a_notice_after_a_wait_has_its_line),
		SESSION_TEST(test_a_sweep_waits_once),
		SESSION_TEST(test_a_login_is_held_or_refused),
		SESSION_TEST(test_who_was_held_before_does_not_wait_again),
		SESSION_TEST(test_checking_without_a_pause_gains_nothing),
		SESSION_TEST(test_a_check_that_waited_is_one_check),
		SESSION_TEST(test_a_check_that_waited_in_vain_is_absorbed),
		SESSION_TEST(test_a_wait_longer_than_a_round_counts_no_round),
		SESSION_TEST(test_the_end_brings_what_is_left),
		SESSION_TEST(test_an_end_with_nothing_to_say_asks_nothing),
		SESSION_TEST(test_a_name_begins_a_program),
		SESSION_TEST(test_a_silent_store_is_two_lines),
		SESSION_TEST(test_nothing_is_brought_twice),
		SESSION_TEST(test_without_a_store_all_pass),
		SESSION_TEST(test_off_asks_nothing),
		SESSION_TEST(test_the_first_early_check_is_a_line),
		SESSION_TEST(test_repeats_are_one_line),
		SESSION_TEST(test_the_store_hears_of_the_line),
		SESSION_TEST(test_all_checks_are_counted_if_wished),
		SESSION_TEST(test_served_checks_have_their_interval),
		SESSION_TEST(test_early_checks_without_a_step_are_told_as_such),
		SESSION_TEST(test_another_session_has_written),
		SESSION_TEST(test_each_step_up_is_a_line),
		SESSION_TEST(test_serving_and_absorbing_are_one_step),
		SESSION_TEST(test_a_check_that_waited_is_told_once),
		SESSION_TEST(test_a_login_that_waited_is_told_once),
		SESSION_TEST(test_observing_says_would),
		SESSION_TEST(test_no_step_no_line),
	};
	int failed;

	if (mkdtemp(directory) == NULL)
		return 1;
	(void)snprintf(journal_path, sizeof(journal_path), "%s/journal",
		       directory);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(journal_path);
	(void)rmdir(directory);
	return failed;
}
