/* SPDX-License-Identifier: MIT */
/* This module tests lib/policy-poll.c: who is early gets his step of the
   ladder, and nobody else gets anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy-poll.h"

static const struct gp_settings settings_default = {
	.poll = {
		.mode = GP_MODE_ENFORCE,
		.interval_secs = 300,
		.round_secs = 30,
		.ladder = {
			.steps = {
				{ 2, GP_ACTION_NOTE, 0, 0 },
				{ 5, GP_ACTION_ABSORB, 0, 0 },
				{ 10, GP_ACTION_DELAY, 10, 0 },
			},
			.count = 3,
		},
	},
};

static struct gp_poll_facts early_facts(unsigned int early_count)
{
	return (struct gp_poll_facts){
		.check = GP_CHECK_NOOP,
		.history_known = true,
		.history = {
			.verdict = GP_VERDICT_EARLY,
			.wait_msecs = 200000,
			.early_count = early_count,
		},
		.can_absorb = true,
	};
}

static void assert_decision(const struct gp_settings *settings,
			    const struct gp_poll_facts *facts,
			    enum gp_action action, enum gp_reason reason,
			    const char *why, int64_t wait_msecs)
{
	struct gp_decision decision;

	memset(&decision, 0x5a, sizeof(decision));
	gp_policy_poll(settings, facts, &decision);
	assert_int_equal(decision.action, action);
	assert_int_equal(decision.reason, reason);
	assert_int_equal(decision.mode, settings->poll.mode);
	assert_string_equal(decision.why, why);
	assert_int_equal(decision.wait_msecs, wait_msecs);
}

static void assert_early(unsigned int early_count, enum gp_action action,
			 const char *why, int64_t wait_msecs)
{
	struct gp_poll_facts facts = early_facts(early_count);

	assert_decision(&settings_default, &facts, action, GP_REASON_EARLY,
			why, wait_msecs);
}

static void test_each_step_of_the_ladder_at_both_edges(void **state)
{
	(void)state;
	assert_early(1, GP_ACTION_PASS, "poll.interval", 200000);
	assert_early(2, GP_ACTION_PASS, "poll.interval", 200000);
	assert_early(3, GP_ACTION_NOTE, "poll.ladder", 200000);
	assert_early(5, GP_ACTION_NOTE, "poll.ladder", 200000);
	assert_early(6, GP_ACTION_ABSORB, "poll.ladder", 200000);
	assert_early(10, GP_ACTION_ABSORB, "poll.ladder", 200000);
	assert_early(11, GP_ACTION_DELAY, "poll.ladder", 10000);
	assert_early(4000000000u, GP_ACTION_DELAY, "poll.ladder", 10000);
}

/* "after 0: absorb", "after 5 within 10m: delay 10s", "after 12: refuse", with one
   time more of the ladder for logins. */
static void test_a_step_counts_in_its_own_time(void **state)
{
	struct gp_settings settings = settings_default;
	struct gp_poll_facts facts = early_facts(12);

	(void)state;
	settings.poll.ladder = (struct gp_ladder){ .count = 3, .steps = {
		{ 0, GP_ACTION_ABSORB, 0, 0 }, { 5, GP_ACTION_DELAY, 10, 600 },
		{ 12, GP_ACTION_DISCONNECT, 0, 0 },
	} };
	settings.poll.login_ladder = (struct gp_ladder){ .count = 1, .steps = {
		{ 2, GP_ACTION_HOLD, 10, 60 },
	} };
	facts.history.within_known = true;
	facts.history.within_counts[0] = 9;     /* in 60 s */
	facts.history.within_counts[1] = 5;     /* in 600 s */
	assert_decision(&settings, &facts, GP_ACTION_ABSORB, GP_REASON_EARLY,
			"poll.ladder", 200000);
	facts.history.within_counts[1] = 6;
	assert_decision(&settings, &facts, GP_ACTION_DELAY, GP_REASON_EARLY,
			"poll.ladder", 10000);
	facts.history.early_count = 13;
	assert_decision(&settings, &facts, GP_ACTION_DISCONNECT, GP_REASON_EARLY,
			"poll.ladder", 200000);
	facts.history.within_counts[1] = 0;
	assert_decision(&settings, &facts, GP_ACTION_DISCONNECT, GP_REASON_EARLY,
			"poll.ladder", 200000);
	/* who is asked without counts for them goes by the others */
	facts.history.within_known = false;
	facts.history.early_count = 6;
	assert_decision(&settings, &facts, GP_ACTION_DELAY, GP_REASON_EARLY,
			"poll.ladder", 10000);
}

static void test_an_empty_ladder_does_nothing(void **state)
{
	struct gp_settings settings = settings_default;
	struct gp_poll_facts facts = early_facts(1000);

	(void)state;
	settings.poll.ladder.count = 0;
	assert_decision(&settings, &facts, GP_ACTION_PASS, GP_REASON_EARLY,
			"poll.interval", 200000);
}

static void test_a_delay_ends_when_a_round_is_free(void **state)
{
	struct gp_poll_facts facts = early_facts(11);

	(void)state;
	facts.history.wait_msecs = 9999;
	assert_decision(&settings_default, &facts, GP_ACTION_DELAY,
			GP_REASON_EARLY, "poll.ladder", 9999);
	facts.history.wait_msecs = -5;
	assert_decision(&settings_default, &facts, GP_ACTION_DELAY,
			GP_REASON_EARLY, "poll.ladder", 0);
}

static void test_who_opens_a_mailbox_may_be_a_person(void **state)
{
	struct gp_settings settings = settings_default;
	struct gp_poll_facts facts = early_facts(11);

	(void)state;
	settings.poll.ladder.steps[2].secs = 60;
	facts.can_absorb = false;
	facts.check = GP_CHECK_EXAMINE;
	assert_decision(&settings, &facts, GP_ACTION_DELAY, GP_REASON_EARLY,
			"poll.ladder", 10000);
	facts.check = GP_CHECK_SELECT;
	assert_decision(&settings, &facts, GP_ACTION_DELAY, GP_REASON_EARLY,
			"poll.ladder", 10000);
	settings.poll.ladder.steps[2].secs = 9;
	assert_decision(&settings, &facts, GP_ACTION_DELAY, GP_REASON_EARLY,
			"poll.ladder", 9000);
	/* what is open already, and all else, waits the whole time */
	settings.poll.ladder.steps[2].secs = 60;
	facts.can_absorb = true;
	assert_decision(&settings, &facts, GP_ACTION_DELAY, GP_REASON_EARLY,
			"poll.ladder", 60000);
	facts.can_absorb = false;
	facts.check = GP_CHECK_STATUS;
	assert_decision(&settings, &facts, GP_ACTION_DELAY, GP_REASON_EARLY,
			"poll.ladder", 60000);
}

static void test_nobody_is_delayed_twice_for_one_check(void **state)
{
	struct gp_poll_facts facts = early_facts(11);

	(void)state;
	facts.was_delayed = true;
	assert_decision(&settings_default, &facts, GP_ACTION_ABSORB,
			GP_REASON_EARLY, "poll.ladder", 200000);
	facts.can_absorb = false;
	assert_decision(&settings_default, &facts, GP_ACTION_PASS,
			GP_REASON_EARLY_SERVED, "poll.ladder", 200000);
}

static void test_what_only_the_mailbox_knows_is_served(void **state)
{
	struct gp_poll_facts facts = early_facts(6);

	(void)state;
	facts.can_absorb = false;
	assert_decision(&settings_default, &facts, GP_ACTION_PASS,
			GP_REASON_EARLY_SERVED, "poll.ladder", 200000);
}

static void test_rounds_pass(void **state)
{
	struct gp_poll_facts facts = early_facts(1000);

	(void)state;
	facts.history.verdict = GP_VERDICT_ADMITTED;
	assert_decision(&settings_default, &facts, GP_ACTION_PASS,
			GP_REASON_ADMITTED, "poll.interval", 200000);
	facts.history.verdict = GP_VERDICT_IN_ROUND;
	facts.history.round_left_msecs = 30000;
	assert_decision(&settings_default, &facts, GP_ACTION_PASS,
			GP_REASON_IN_ROUND, "poll.interval", 200000);
	/* but not to its end for who is made to wait anyway */
	facts.history.round_left_msecs = 1;
	facts.can_absorb = false;
	assert_decision(&settings_default, &facts, GP_ACTION_PASS,
			GP_REASON_IN_ROUND, "poll.interval", 200000);
	facts.can_absorb = true;
	assert_decision(&settings_default, &facts, GP_ACTION_DELAY,
			GP_REASON_EARLY, "poll.ladder", 10000);
}

static void assert_told(int64_t left_msecs, int64_t told_msecs,
			unsigned int early_count, enum gp_action action,
			enum gp_reason reason)
{
	struct gp_poll_facts facts = early_facts(early_count);

	facts.history.verdict = GP_VERDICT_IN_ROUND;
	facts.history.round_left_msecs = left_msecs;
	facts.told_msecs = told_msecs;
	assert_decision(&settings_default, &facts, action, reason,
			reason == GP_REASON_IN_ROUND ? "poll.interval" : "poll.ladder",
			action == GP_ACTION_DELAY ? 10000 : 200000);
}

static void test_what_was_told_in_a_round_is_told_again(void **state)
{
	(void)state;
	assert_told(27000, 2999, 11, GP_ACTION_PASS, GP_REASON_IN_ROUND);
	assert_told(27000, 3000, 11, GP_ACTION_ABSORB, GP_REASON_REPEATED);
	/* before the round */
	assert_told(27000, 3001, 11, GP_ACTION_PASS, GP_REASON_IN_ROUND);
	/* to the end of the first third */
	assert_told(20001, 3000, 11, GP_ACTION_ABSORB, GP_REASON_REPEATED);
	assert_told(20001, 2999, 11, GP_ACTION_PASS, GP_REASON_IN_ROUND);
	assert_told(20000, 2999, 11, GP_ACTION_DELAY, GP_REASON_EARLY);
	/* who is not made to wait */
	assert_told(27000, 3000, 10, GP_ACTION_PASS, GP_REASON_IN_ROUND);
	assert_told(27000, 3000, 0, GP_ACTION_PASS, GP_REASON_IN_ROUND);
}

static void test_a_silent_store_lets_everybody_pass(void **state)
{
	struct gp_poll_facts facts = early_facts(1000);

	(void)state;
	facts.history_known = false;
	assert_decision(&settings_default, &facts, GP_ACTION_PASS,
			GP_REASON_STORE_UNAVAILABLE, "redis.server", 0);
}

static void test_off_is_off(void **state)
{
	struct gp_settings settings = settings_default;
	struct gp_poll_facts facts = early_facts(1000);

	(void)state;
	settings.poll.mode = GP_MODE_OFF;
	assert_decision(&settings, &facts, GP_ACTION_PASS, GP_REASON_RULE_OFF,
			"poll.mode", 0);
	facts.history_known = false;
	assert_decision(&settings, &facts, GP_ACTION_PASS, GP_REASON_RULE_OFF,
			"poll.mode", 0);
}

static void test_observe_decides_alike_and_does_nothing(void **state)
{
	struct gp_settings observe = settings_default;

	(void)state;
	observe.poll.mode = GP_MODE_OBSERVE;
	for (unsigned int early = 0; early < 15; early++) {
		for (int bits = 0; bits < 4; bits++) {
			struct gp_poll_facts facts = early_facts(early);
			struct gp_decision would, does;

			facts.can_absorb = bits & 1;
			facts.was_delayed = bits & 2;
			gp_policy_poll(&observe, &facts, &would);
			gp_policy_poll(&settings_default, &facts, &does);
			assert_int_equal(would.action, does.action);
			assert_int_equal(would.reason, does.reason);
			assert_int_equal(would.wait_msecs, does.wait_msecs);
			assert_int_equal(gp_decision_effect(&would),
					 GP_ACTION_PASS);
			assert_int_equal(gp_decision_effect(&does),
					 does.action);
		}
	}
}

static void test_the_interval_grows_with_the_load(void **state)
{
	static const struct { unsigned int load_percent, secs; } rows[] = {
		{ 0, 300 }, { 50, 300 }, { 51, 312 }, { 75, 600 }, { 99, 888 },
		{ 100, 900 }, { 1000, 900 },
	};
	struct gp_settings settings = settings_default;
	struct gp_poll_terms terms = { .interval_secs = 300,
				       .interval_max_secs = 900 };

	(void)state;
	settings.poll.load_low_percent = 50;
	settings.poll.load_high_percent = 100;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(gp_policy_poll_interval(
			&settings, &terms, rows[i].load_percent), rows[i].secs);
	/* No range, as for those with an interval of their own. */
	terms.interval_max_secs = 300;
	assert_int_equal(gp_policy_poll_interval(&settings, &terms, 1000), 300);
	terms.interval_max_secs = 0;
	assert_int_equal(gp_policy_poll_interval(&settings, &terms, 1000), 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_step_of_the_ladder_at_both_edges),
		cmocka_unit_test(test_a_step_counts_in_its_own_time),
		cmocka_unit_test(test_an_empty_ladder_does_nothing),
		cmocka_unit_test(test_a_delay_ends_when_a_round_is_free),
		cmocka_unit_test(test_who_opens_a_mailbox_may_be_a_person),
		cmocka_unit_test(test_nobody_is_delayed_twice_for_one_check),
		cmocka_unit_test(test_what_only_the_mailbox_knows_is_served),
		cmocka_unit_test(test_rounds_pass),
		cmocka_unit_test(test_what_was_told_in_a_round_is_told_again),
		cmocka_unit_test(test_a_silent_store_lets_everybody_pass),
		cmocka_unit_test(test_off_is_off),
		cmocka_unit_test(test_observe_decides_alike_and_does_nothing),
		cmocka_unit_test(test_the_interval_grows_with_the_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
