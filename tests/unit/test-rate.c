/* SPDX-License-Identifier: MIT */
/* This module tests lib/rate.c: what each window admits on both sides of its
   edge, and that nothing locks a user out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rate.h"

enum { SECS = GP_RATE_TICKS_PER_SEC, MINUTE = 60, HOUR = 3600 };

static const int64_t start = (int64_t)1700000000 * SECS;

static struct gp_rate_terms terms_of(struct gp_rate_window messages,
				     struct gp_rate_window recipients)
{
	struct gp_rate_terms terms = { 0 };

	if (messages.count > 0) {
		terms.limits[GP_RATE_MESSAGES].windows[0] = messages;
		terms.limits[GP_RATE_MESSAGES].count = 1;
	}
	if (recipients.count > 0) {
		terms.limits[GP_RATE_RECIPIENTS].windows[0] = recipients;
		terms.limits[GP_RATE_RECIPIENTS].count = 1;
	}
	return terms;
}

static const struct gp_rate_window none = { 0, 0 };

static void the_message_over_the_count_waits(void **state)
{
	const struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 30, MINUTE }, none);
	struct gp_rate_state sent = { 0 };
	struct gp_rate_verdict verdict;

	(void)state;
	for (int i = 0; i < 30; i++) {
		gp_rate_charge(&terms, &sent, 1, start, &verdict);
		assert_true(verdict.is_admitted);
	}
	gp_rate_charge(&terms, &sent, 1, start, &verdict);
	assert_false(verdict.is_admitted);
	assert_false(verdict.is_never);
	assert_int_equal(verdict.kind, GP_RATE_MESSAGES);
	assert_int_equal(verdict.window.count, 30);
	assert_int_equal(verdict.wait_ticks, 2 * SECS);
	/* one tick before its time, and in time */
	gp_rate_look(&terms, &sent, 1, start + 2 * SECS - 1, &verdict);
	assert_int_equal(verdict.wait_ticks, 1);
	gp_rate_look(&terms, &sent, 1, start + 2 * SECS, &verdict);
	assert_true(verdict.is_admitted);
}

/* There is no edge at which a new minute begins: with 30 in a minute, 60 need
   more than the minute that a counter would take. */
static void there_are_no_edges(void **state)
{
	const struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 30, MINUTE }, none);
	struct gp_rate_state sent = { 0 };
	struct gp_rate_verdict verdict;
	int admitted = 0;

	(void)state;
	for (int64_t at = 0; at <= 10 * MINUTE * SECS; at += SECS / 10) {
		gp_rate_charge(&terms, &sent, 1, start + at, &verdict);
		admitted += verdict.is_admitted;
	}
	assert_int_equal(admitted, 30 + 10 * 30);
}

static void refused_tries_are_not_charged(void **state)
{
	const struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 1, HOUR }, none);
	struct gp_rate_state sent = { 0 };
	struct gp_rate_verdict verdict;

	(void)state;
	gp_rate_charge(&terms, &sent, 1, start, &verdict);
	for (int i = 1; i < HOUR; i++) {
		gp_rate_charge(&terms, &sent, 1, start + (int64_t)i * SECS,
			       &verdict);
		assert_false(verdict.is_admitted);
		assert_int_equal(verdict.wait_ticks,
				 (int64_t)(HOUR - i) * SECS);
	}
	gp_rate_charge(&terms, &sent, 1, start + (int64_t)HOUR * SECS, &verdict);
	assert_true(verdict.is_admitted);
}

static void recipients_are_counted_one_by_one(void **state)
{
	const struct gp_rate_terms terms =
		terms_of(none, (struct gp_rate_window){ 100, 100 });
	struct gp_rate_state sent = { 0 };
	struct gp_rate_verdict verdict;

	(void)state;
	gp_rate_charge(&terms, &sent, 60, start, &verdict);
	assert_true(verdict.is_admitted);
	gp_rate_look(&terms, &sent, 40, start, &verdict);
	assert_true(verdict.is_admitted);
	gp_rate_look(&terms, &sent, 41, start, &verdict);
	assert_int_equal(verdict.kind, GP_RATE_RECIPIENTS);
	assert_int_equal(verdict.wait_ticks, 1 * SECS);
	gp_rate_look(&terms, &sent, 100, start, &verdict);
	assert_int_equal(verdict.wait_ticks, 60 * SECS);
}

static void what_no_window_holds_is_said_to_be_so(void **state)
{
	const struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 5, MINUTE },
			 (struct gp_rate_window){ 100, HOUR });
	struct gp_rate_state sent = { 0 };
	struct gp_rate_verdict verdict;

	(void)state;
	gp_rate_charge(&terms, &sent, 101, start, &verdict);
	assert_false(verdict.is_admitted);
	assert_true(verdict.is_never);
	assert_int_equal(verdict.window.count, 100);
	assert_int_equal(verdict.wait_ticks, 0);
	gp_rate_charge(&terms, &sent, 100, start, &verdict);
	assert_true(verdict.is_admitted);
}

static void all_windows_or_none_are_charged(void **state)
{
	const struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 2, MINUTE },
			 (struct gp_rate_window){ 10, HOUR });
	struct gp_rate_state sent = { 0 };
	struct gp_rate_verdict verdict;

	(void)state;
	gp_rate_charge(&terms, &sent, 10, start, &verdict);
	gp_rate_charge(&terms, &sent, 1, start, &verdict);
	assert_int_equal(verdict.kind, GP_RATE_RECIPIENTS);
	assert_int_equal(gp_rate_used(&terms.limits[GP_RATE_MESSAGES].windows[0],
		gp_rate_tat(&sent, GP_RATE_MESSAGES,
			    &terms.limits[GP_RATE_MESSAGES].windows[0]), start), 1);
}

static void the_longest_wait_is_told(void **state)
{
	struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 1, MINUTE }, none);
	struct gp_rate_state sent = { 0 };
	struct gp_rate_verdict verdict;

	(void)state;
	terms.limits[GP_RATE_MESSAGES].windows[1] =
		(struct gp_rate_window){ 1, HOUR };
	terms.limits[GP_RATE_MESSAGES].windows[2] =
		(struct gp_rate_window){ 2, 2 * HOUR };
	terms.limits[GP_RATE_MESSAGES].count = 3;
	gp_rate_charge(&terms, &sent, 1, start, &verdict);
	gp_rate_charge(&terms, &sent, 1, start, &verdict);
	assert_int_equal(verdict.window.secs, HOUR);
	assert_int_equal(verdict.wait_ticks, (int64_t)HOUR * SECS);
}

static void a_clock_that_went_back_locks_nobody_out(void **state)
{
	const struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 1, MINUTE }, none);
	struct gp_rate_state sent = { 0 };
	struct gp_rate_verdict verdict;

	(void)state;
	gp_rate_charge(&terms, &sent, 1, start, &verdict);
	/* by less than the window: it is over when its time has come */
	gp_rate_charge(&terms, &sent, 1, start - 1, &verdict);
	assert_false(verdict.is_admitted);
	gp_rate_charge(&terms, &sent, 1, start, &verdict);
	assert_int_equal(verdict.wait_ticks, MINUTE * SECS);
	/* by an hour */
	gp_rate_charge(&terms, &sent, 1, start - (int64_t)HOUR * SECS, &verdict);
	assert_true(verdict.is_admitted);
}

static void a_changed_policy_holds_at_once(void **state)
{
	struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 10, HOUR }, none);
	struct gp_rate_window *window = &terms.limits[GP_RATE_MESSAGES].windows[0];
	struct gp_rate_state sent = { 0 };
	struct gp_rate_verdict verdict;

	(void)state;
	for (int i = 0; i < 10; i++)
		gp_rate_charge(&terms, &sent, 1, start, &verdict);
	window->count = 20;             /* the same share is in use */
	gp_rate_look(&terms, &sent, 1, start, &verdict);
	assert_int_equal(verdict.wait_ticks, 180 * SECS);
	window->secs = MINUTE;          /* another window is empty */
	gp_rate_look(&terms, &sent, 1, start, &verdict);
	assert_true(verdict.is_admitted);
	gp_rate_charge(&terms, &sent, 1, start, &verdict);
	assert_true(verdict.is_admitted);
	window->secs = HOUR;
	gp_rate_look(&terms, &sent, 1, start, &verdict);
	assert_true(verdict.is_admitted);
}

static void without_windows_all_pass(void **state)
{
	const struct gp_rate_terms terms = { 0 };
	struct gp_rate_state sent = { 0 };
	struct gp_rate_verdict verdict;

	(void)state;
	assert_false(gp_rate_is_limited(&terms));
	gp_rate_charge(&terms, &sent, 1000000, start, &verdict);
	assert_true(verdict.is_admitted);
	assert_int_equal(gp_rate_end(&sent), 0);
}

static void odd_windows_admit_their_count(void **state)
{
	static const struct gp_rate_window windows[] = {
		{ 1, 1 }, { 7, MINUTE }, { 9999, 1 }, { 10000, 1 },
		{ 1000000, 7 * 24 * HOUR }, { 1, 7 * 24 * HOUR }, { 13, 17 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		const struct gp_rate_terms terms = terms_of(none, windows[i]);
		struct gp_rate_state sent = { 0 };
		struct gp_rate_verdict verdict;

		gp_rate_charge(&terms, &sent, windows[i].count, start, &verdict);
		assert_true(verdict.is_admitted);
		assert_int_equal(gp_rate_used(&windows[i], gp_rate_tat(&sent,
			GP_RATE_RECIPIENTS, &windows[i]), start),
			windows[i].count);
		gp_rate_look(&terms, &sent, 1, start, &verdict);
		assert_true(verdict.wait_ticks > 0);
		gp_rate_look(&terms, &sent, 1, gp_rate_end(&sent), &verdict);
		assert_true(verdict.is_admitted);
		assert_int_equal(gp_rate_used(&windows[i], gp_rate_tat(&sent,
			GP_RATE_RECIPIENTS, &windows[i]), gp_rate_end(&sent)), 0);
	}
}

static bool is_far(const struct gp_rate_terms *terms,
		   const struct gp_rate_state *sent, unsigned int messages,
		   unsigned int recipients)
{
	const struct gp_rate_load load = { messages, recipients };

	return gp_rate_is_far(terms, sent, &load, start);
}

static void far_is_an_eighth_at_once_and_half_in_all(void **state)
{
	const struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 80, HOUR },
			 (struct gp_rate_window){ 800, MINUTE });
	struct gp_rate_state sent = { 0 };
	struct gp_rate_verdict verdict;

	(void)state;
	assert_true(is_far(&terms, &sent, 10, 100));
	assert_false(is_far(&terms, &sent, 11, 100));
	assert_false(is_far(&terms, &sent, 10, 101));
	for (int i = 0; i < 38; i++)
		gp_rate_charge(&terms, &sent, 1, start, &verdict);
	assert_true(is_far(&terms, &sent, 2, 2));
	assert_false(is_far(&terms, &sent, 3, 3));
	gp_rate_charge(&terms, &sent, 300, start, &verdict);
	assert_true(is_far(&terms, &sent, 1, 62));
	assert_false(is_far(&terms, &sent, 1, 63));
}

static void a_small_window_is_always_near(void **state)
{
	const struct gp_rate_state sent = { 0 };
	struct gp_rate_terms terms =
		terms_of((struct gp_rate_window){ 7, HOUR }, none);

	(void)state;
	assert_false(is_far(&terms, &sent, 1, 1));
	terms.limits[GP_RATE_MESSAGES].windows[0].count = 8;
	assert_true(is_far(&terms, &sent, 1, 1));
	terms.limits[GP_RATE_MESSAGES].count = 0;
	assert_true(is_far(&terms, &sent, 1000, 1000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_message_over_the_count_waits),
		cmocka_unit_test(there_are_no_edges),
		cmocka_unit_test(refused_tries_are_not_charged),
		cmocka_unit_test(recipients_are_counted_one_by_one),
		cmocka_unit_test(what_no_window_holds_is_said_to_be_so),
		cmocka_unit_test(all_windows_or_none_are_charged),
		cmocka_unit_test(the_longest_wait_is_told),
		cmocka_unit_test(a_clock_that_went_back_locks_nobody_out),
		cmocka_unit_test(a_changed_policy_holds_at_once),
		cmocka_unit_test(without_windows_all_pass),
		cmocka_unit_test(odd_windows_admit_their_count),
		cmocka_unit_test(far_is_an_eighth_at_once_and_half_in_all),
		cmocka_unit_test(a_small_window_is_always_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
