/* SPDX-License-Identifier: MIT */
/* This module tests lib/policy-rate.c: whose limits hold, and what is answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy-rate.h"
#include "settings-rate.h"

static struct gp_settings settings;
static const struct gp_rate_window per_minute = { 30, 60 };

static void add_override(const char *text)
{
	struct gp_error err;

	if (gp_rate_override_store(&settings.rate.overrides, text,
				   settings.rate.overrides.count, &err) < 0)
		fail_msg("%s", err.text);
}

static int set_up(void **state)
{
	static char staff_members[2][8] = { "bob", "carol" };
	static char *members[] = { staff_members[0], staff_members[1] };
	static char name[] = "staff";
	static struct gp_group group = { .name = name,
					 .members = { members, 2 } };

	(void)state;
	memset(&settings, 0, sizeof(settings));
	settings.rate.mode = GP_MODE_ENFORCE;
	settings.rate.recipients_per_message = 100;
	settings.rate.terms.limits[GP_RATE_MESSAGES] = (struct gp_rate_limits){
		.windows = { per_minute }, .count = 1 };
	settings.login.groups = (struct gp_group_list){ &group, 1 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	gp_rate_overrides_free(&settings.rate.overrides);
	return 0;
}

static struct gp_decision decide(const char *login,
				 const struct gp_rate_facts *facts)
{
	struct gp_rate_policy policy;
	struct gp_decision decision;

	gp_policy_rate_find(&settings, login, &policy);
	gp_policy_rate(&settings, &policy, facts, &decision);
	return decision;
}

static const struct gp_rate_facts too_many_messages = {
	.recipients = 1,
	.verdict = { .kind = GP_RATE_MESSAGES, .window = { 30, 60 },
		     .wait_ticks = 17001 },
};

static void a_reached_limit_is_a_wait(void **state)
{
	struct gp_decision decision = decide("alice", &too_many_messages);

	(void)state;
	assert_int_equal(decision.action, GP_ACTION_TEMPFAIL);
	assert_int_equal(decision.reason, GP_REASON_RATE_MESSAGES);
	assert_int_equal(decision.mode, GP_MODE_ENFORCE);
	assert_string_equal(decision.why, "rate.messages");
	assert_int_equal(decision.limit.count, 30);
	assert_int_equal(decision.wait_msecs, 1701);
}

static void observing_decides_the_same(void **state)
{
	struct gp_decision decision;

	(void)state;
	settings.rate.mode = GP_MODE_OBSERVE;
	decision = decide("alice", &too_many_messages);
	assert_string_equal(gp_decision_word(&decision), "would-tempfail");
	assert_int_equal(gp_decision_effect(&decision), GP_ACTION_PASS);
	assert_int_equal(decision.wait_msecs, 1701);
}

static void off_is_off(void **state)
{
	struct gp_decision decision;

	(void)state;
	settings.rate.mode = GP_MODE_OFF;
	decision = decide("alice", &too_many_messages);
	assert_int_equal(decision.action, GP_ACTION_PASS);
	assert_int_equal(decision.reason, GP_REASON_RULE_OFF);
}

static void recipients_of_one_message_have_an_edge(void **state)
{
	struct gp_rate_facts facts = { .recipients = 101,
				       .verdict = { .is_admitted = true } };
	struct gp_decision decision = decide("alice", &facts);

	(void)state;
	assert_int_equal(decision.reason, GP_REASON_RECIPIENTS_PER_MESSAGE);
	assert_string_equal(decision.why, "rate.recipients_per_message");
	assert_int_equal(decision.limit.count, 100);
	assert_int_equal(decision.limit.secs, 0);
	assert_int_equal(decision.wait_msecs, 0);
	facts.recipients = 100;
	assert_int_equal(decide("alice", &facts).action, GP_ACTION_PASS);
	settings.rate.recipients_per_message = 0;
	facts.recipients = 100000;
	assert_int_equal(decide("alice", &facts).action, GP_ACTION_PASS);
}

static void what_no_window_holds_is_to_be_sent_in_parts(void **state)
{
	const struct gp_rate_facts facts = {
		.recipients = 51,
		.verdict = { .is_never = true, .kind = GP_RATE_RECIPIENTS,
			     .window = { 50, 3600 } },
	};
	struct gp_decision decision = decide("alice", &facts);

	(void)state;
	assert_int_equal(decision.reason, GP_REASON_RECIPIENTS_PER_MESSAGE);
	assert_string_equal(decision.why, "rate.recipients");
	assert_int_equal(decision.limit.count, 50);
}

static void a_silent_store_is_for_the_policy(void **state)
{
	struct gp_rate_facts facts = { .store_is_silent = true, .recipients = 1,
				       .verdict = { .is_admitted = true } };

	(void)state;
	assert_int_equal(decide("alice", &facts).action, GP_ACTION_PASS);
	/* what was counted here meanwhile holds */
	facts.verdict = too_many_messages.verdict;
	assert_int_equal(decide("alice", &facts).reason,
			 GP_REASON_RATE_MESSAGES);
	settings.rate.on_store_failure = GP_STORE_FAILURE_DEFER;
	assert_int_equal(decide("alice", &facts).reason,
			 GP_REASON_RATE_STORE_FAILURE);
	assert_int_equal(decide("alice", &facts).action, GP_ACTION_TEMPFAIL);
	/* who has no limit needs no Redis */
	settings.rate.terms.limits[GP_RATE_MESSAGES].count = 0;
	facts.verdict = (struct gp_rate_verdict){ .is_admitted = true };
	assert_int_equal(decide("alice", &facts).action, GP_ACTION_PASS);
}

static void the_first_override_wins(void **state)
{
	struct gp_rate_policy policy;

	(void)state;
	add_override("carol: recipients_per_message 7");
	add_override("@staff: messages 5/1h 9/1d, recipients 20/1h");
	add_override("bob: none");
	gp_policy_rate_find(&settings, "bob", &policy);
	assert_int_equal(policy.terms.limits[GP_RATE_MESSAGES].count, 2);
	assert_int_equal(policy.terms.limits[GP_RATE_MESSAGES].windows[1].count,
			 9);
	assert_int_equal(policy.terms.limits[GP_RATE_RECIPIENTS].windows[0].count,
			 20);
	assert_string_equal(policy.why[GP_RATE_MESSAGES], "rate.overrides");
	assert_int_equal(policy.recipients_per_message, 100);
	gp_policy_rate_find(&settings, "carol", &policy);
	assert_int_equal(policy.recipients_per_message, 7);
	assert_string_equal(policy.why_per_message, "rate.overrides");
	assert_int_equal(policy.terms.limits[GP_RATE_MESSAGES].windows[0].count,
			 30);
	assert_string_equal(policy.why[GP_RATE_MESSAGES], "rate.messages");
	gp_policy_rate_find(&settings, "bobby", &policy);
	assert_int_equal(policy.terms.limits[GP_RATE_MESSAGES].windows[0].count,
			 30);
}

static void none_lifts_all_limits(void **state)
{
	struct gp_rate_policy policy;

	(void)state;
	add_override("alice: none");
	gp_policy_rate_find(&settings, "alice", &policy);
	assert_false(gp_rate_is_limited(&policy.terms));
	assert_int_equal(policy.recipients_per_message, 0);
}

static void who_has_not_logged_in_is_not_counted(void **state)
{
	char empty[] = "", login[] = "alice";
	struct gp_submit_facts facts = { .login = login };

	(void)state;
	assert_null(gp_policy_rate_user(&facts));
	facts.identity = empty;
	assert_null(gp_policy_rate_user(&facts));
	facts.identity = login;
	assert_string_equal(gp_policy_rate_user(&facts), "alice");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reached_limit_is_a_wait),
		TEST(observing_decides_the_same),
		TEST(off_is_off),
		TEST(recipients_of_one_message_have_an_edge),
		TEST(what_no_window_holds_is_to_be_sent_in_parts),
		TEST(a_silent_store_is_for_the_policy),
		TEST(the_first_override_wins),
		TEST(none_lifts_all_limits),
		TEST(who_has_not_logged_in_is_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
