/* SPDX-License-Identifier: MIT */
/* This module tests lib/decision.c: the vocabulary is whole and two-way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "decision.h"
#include "facts.h"

static void each_word_leads_back_to_its_value(void **state)
{
	(void)state;
	for (int i = 0; i < GP_REASON_COUNT; i++) {
		enum gp_reason reason = GP_REASON_COUNT;

		assert_true(gp_reason_from_word(gp_reason_word((enum gp_reason)i),
						&reason));
		assert_int_equal(reason, i);
		assert_true(strlen(gp_reason_text(reason)) > 10);
	}
	for (int i = 0; i < GP_ACTION_COUNT; i++) {
		enum gp_action action = GP_ACTION_COUNT;

		assert_true(gp_action_from_word(gp_action_word((enum gp_action)i),
						&action));
		assert_int_equal(action, i);
	}
	for (int i = 0; i < GP_CHECK_COUNT; i++) {
		enum gp_check check = GP_CHECK_COUNT;

		assert_true(gp_check_from_word(gp_check_word((enum gp_check)i),
					       &check));
		assert_int_equal(check, i);
	}
}

static void unknown_words_leave_the_result_alone(void **state)
{
	enum gp_reason reason = GP_REASON_EARLY;
	enum gp_action action = GP_ACTION_DELAY;
	enum gp_mode mode = GP_MODE_OBSERVE;

	(void)state;
	assert_false(gp_reason_from_word("earlyy", &reason));
	assert_false(gp_action_from_word("", &action));
	assert_false(gp_mode_from_word("Enforce", &mode));
	assert_int_equal(reason, GP_REASON_EARLY);
	assert_int_equal(action, GP_ACTION_DELAY);
	assert_int_equal(mode, GP_MODE_OBSERVE);
}

/* 5yz codes go with 5.x.x, 4yz with 4.x.x: else Postfix ends the session with a
   server error.  A '%' would be lost on the way. */
static void replies_are_fit_for_smtp(void **state)
{
	(void)state;
	for (int i = 0; i < GP_REASON_COUNT; i++) {
		const struct gp_reply *reply = gp_reason_reply((enum gp_reason)i);

		if (reply->code == NULL)
			continue;
		assert_int_equal(strlen(reply->code), 3);
		assert_true(reply->code[0] == '4' || reply->code[0] == '5');
		assert_int_equal(reply->status[0], reply->code[0]);
		assert_null(strpbrk(reply->text, "%\r\n"));
		assert_non_null(reply->source);
	}
}

static void only_enforced_decisions_have_an_effect(void **state)
{
	struct gp_decision decision = { .action = GP_ACTION_REJECT,
					.mode = GP_MODE_OBSERVE };

	(void)state;
	assert_int_equal(gp_decision_effect(&decision), GP_ACTION_PASS);
	assert_string_equal(gp_decision_word(&decision), "would-reject");
	decision.mode = GP_MODE_OFF;
	assert_int_equal(gp_decision_effect(&decision), GP_ACTION_PASS);
	decision.mode = GP_MODE_ENFORCE;
	assert_int_equal(gp_decision_effect(&decision), GP_ACTION_REJECT);
	assert_string_equal(gp_decision_word(&decision), "reject");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_word_leads_back_to_its_value),
		cmocka_unit_test(unknown_words_leave_the_result_alone),
		cmocka_unit_test(replies_are_fit_for_smtp),
		cmocka_unit_test(only_enforced_decisions_have_an_effect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
