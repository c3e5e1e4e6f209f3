/* SPDX-License-Identifier: MIT */
/* This module tests what the settings say about sending: groups, overrides and
   limits that must agree; how each value is refused stands in test-settings.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy-rate.h"
#include "settings-folder.h"
#include "settings-parse.h"
#include "settings-rate.h"

static void expect_error_with(const char *text, const char *part)
{
	struct gp_settings *settings = NULL;
	struct gp_error err;

	write_text("a.conf", text);
	assert_int_equal(gp_settings_load(place("a.conf"), &settings, &err), -1);
	assert_null(settings);
	if (strstr(err.text, part) == NULL)
		fail_msg("%s", err.text);
}

static void bad_groups_are_refused_with_their_line(void **state)
{
	static const struct { const char *text, *error; } cases[] = {
		{ "# x\nstaff alice\n", "groups:2: 'staff alice' is not a group; "
		  "allowed is 'GROUP: LOGIN, LOGIN'" },
		{ "a: b\n: alice\n", "groups:2: ': alice' is not a group" },
		{ "@staff: alice\n", "groups:1: '@staff: alice' is not a group" },
	};
	char text[256];

	(void)state;
	(void)snprintf(text, sizeof(text), "\nlogin { groups_file = %s }",
		       place("groups"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_text("groups", cases[i].text);
		expect_error_with(text, cases[i].error);
		expect_error_with(text, "a.conf:2: login.groups_file: ");
	}
}

static void limits_are_not_longer_than_the_memory(void **state)
{
	(void)state;
	expect_error("redis { retention = 1d }\nrate {\n recipients = 9/2d }",
		     "a.conf:3: rate.recipients: 9/2d is over a longer time than "
		     "redis.retention, which is 1d");
	expect_error("redis { retention = 1d }\nrate {\n overrides = "
		     "'a: messages 9/2d' }", "a.conf:3: rate.overrides: 9/2d is "
		     "over a longer time than redis.retention, which is 1d");
}

static void groups_are_found(void **state)
{
	struct gp_rate_policy policy;
	struct gp_settings *settings;
	char text[256];

	(void)state;
	write_text("groups", "# who\nstaff: dave, alice\n\nlists: robot # one\n"
		   "staff: bob,carol@example.test\r\nempty:\n");
	(void)snprintf(text, sizeof(text), "login { groups_file = %s }\n"
		       "rate { messages = 3/1m overrides = { \"@lists: none\",\n"
		       "\"@staff: messages 5/1h  7/1d ,recipients none\" } }",
		       place("groups"));
	settings = load(text);
	assert_int_equal(settings->login.groups.count, 3);
	for (int i = 0; i < 4; i++) {
		static const char *const staff[] = { "alice", "bob",
			"carol@example.test", "dave" };

		gp_policy_rate_find(settings, staff[i], &policy);
		assert_int_equal(
			policy.terms.limits[GP_RATE_MESSAGES].windows[1].count, 7);
	}
	gp_policy_rate_find(settings, "robot", &policy);
	assert_false(gp_rate_is_limited(&policy.terms));
	gp_policy_rate_find(settings, "erin", &policy);
	assert_int_equal(policy.terms.limits[GP_RATE_MESSAGES].windows[0].count, 3);
	gp_settings_free(&settings);
}

static void a_later_list_replaces_an_earlier_one(void **state)
{
	struct gp_settings *settings = load(
		"rate { messages = { 30/1m, 300/1h } recipients = 9/1s\n"
		" overrides = { 'a: none', 'b: none' } on_store_failure = defer\n"
		" messages = { 40/1d } overrides = { 'c: none' }\n"
		" recipients_per_message = 0 recipients = {} mode = observe }");
	char text[GP_RATE_WINDOW_BYTES];

	(void)state;
	assert_int_equal(settings->rate.terms.limits[GP_RATE_MESSAGES].count, 1);
	assert_string_equal(gp_rate_window_format(
		&settings->rate.terms.limits[GP_RATE_MESSAGES].windows[0], text),
		"40/1d");
	assert_int_equal(settings->rate.terms.limits[GP_RATE_RECIPIENTS].count, 0);
	assert_int_equal(settings->rate.overrides.count, 1);
	assert_string_equal(settings->rate.overrides.items[0].who, "c");
	assert_int_equal(settings->rate.on_store_failure, GP_STORE_FAILURE_DEFER);
	assert_int_equal(settings->rate.recipients_per_message, 0);
	assert_int_equal(settings->rate.mode, GP_MODE_OBSERVE);
	gp_settings_free(&settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_groups_are_refused_with_their_line),
		cmocka_unit_test(limits_are_not_longer_than_the_memory),
		cmocka_unit_test(groups_are_found),
		cmocka_unit_test(a_later_list_replaces_an_earlier_one),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
