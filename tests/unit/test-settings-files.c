/* SPDX-License-Identifier: MIT */
/*
 * This module tests lib/settings-files.c and the reading of lists alone: what
 * gatepost.conf and its parts say stays, whatever became of these files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "settings-files.h"
#include "settings-folder.h"
#include "settings-parse.h"

static struct gp_settings *load_all(void)
{
	struct gp_settings *settings = NULL;
	char text[256];

	write_text("a.conf", "include(\"b.conf\")\n"
		   "relay { local_domains = { one.test } }\n"
		   "rate { overrides = { \"@g: none\" } }\n");
	(void)snprintf(text, sizeof(text),
		       "relay { local_domains_file = \"%s\" }\n"
		       "identity { alias_file = \"%s\" }\n"
		       "login { groups_file = \"%s\" }\n",
		       place("domains"), place("owners"), place("groups"));
	write_text("b.conf", text);
	write_text("domains", "two.test\n");
	write_text("owners", "x@one.test alice\n");
	write_text("groups", "g: alice\n");
	assert_int_equal(gp_settings_load(place("a.conf"), &settings, NULL), 0);
	return settings;
}

static void expect_list_error(const struct gp_settings *old, const char *name,
			      const char *wanted)
{
	struct gp_error err = { "" };
	struct gp_settings *const untouched = (struct gp_settings *)&err;
	struct gp_settings *settings = untouched;

	assert_int_equal(gp_settings_load_lists(old, &settings, &err), -1);
	assert_ptr_equal(settings, untouched);
	assert_int_equal(strncmp(err.text, place(name), strlen(place(name))), 0);
	assert_non_null(strstr(err.text, wanted));
}

static void test_broken_lists_are_refused(void **state)
{
	struct gp_settings *old = load_all();

	(void)state;
	write_text("domains", "two.test\n..\n");
	expect_list_error(old, "domains", ":2: ");
	write_text("domains", "");
	write_text("owners", "\n\nx\n");
	expect_list_error(old, "owners", ":3: ");
	write_text("owners", "");
	write_text("groups", "h: alice\n");
	expect_list_error(old, "a.conf", ":3: rate.overrides: '@g'");
	assert_int_equal(unlink(place("groups")), 0);
	expect_list_error(old, "b.conf", ":3: login.groups_file: ");
	gp_settings_free(&old);
}

static void test_lists_alone_are_new(void **state)
{
	struct gp_settings *old = load_all(), *fresh = NULL, *again = NULL;

	(void)state;
	assert_true(gp_lists_are_named(old));
	write_text("a.conf", "nonsense {");
	assert_int_equal(unlink(place("b.conf")), 0);
	write_text("domains", "three.test\nfour.test\n");
	write_text("owners", "x@one.test alice\ny@one.test bob\n");
	write_text("groups", "g: bob, carol\n");
	assert_int_equal(gp_settings_load_lists(old, &fresh, NULL), 0);
	assert_int_equal(old->relay.local_domains.count, 2);
	gp_settings_free(&old);
	assert_int_equal(fresh->relay.local_domains.count, 3);
	assert_string_equal(fresh->relay.local_domains.items[0], "one.test");
	assert_string_equal(fresh->relay.local_domains.items[1], "three.test");
	assert_int_equal(fresh->identity.owners.count, 2);
	assert_int_equal(fresh->login.groups.items[0].members.count, 2);
	assert_int_equal(fresh->rate.overrides.count, 1);
	/* and once more from those */
	write_text("owners", "");
	assert_int_equal(gp_settings_load_lists(fresh, &again, NULL), 0);
	assert_int_equal(again->identity.owners.count, 0);
	gp_settings_free(&fresh);
	gp_settings_free(&again);
}

static void test_polling_needs_no_addresses(void **state)
{
	struct gp_settings *settings = load_all();

	(void)state;
	gp_settings_free(&settings);
	write_text("domains", "..\n");
	write_text("owners", "x\n");
	assert_int_equal(gp_settings_load(place("a.conf"), &settings, NULL), -1);
	assert_int_equal(gp_settings_load_for_polling(place("a.conf"), &settings,
						      NULL), 0);
	assert_int_equal(settings->identity.owners.count, 0);
	assert_int_equal(settings->relay.local_domains.count, 1);
	assert_int_equal(settings->login.groups.count, 1);
	gp_settings_free(&settings);
	write_text("groups", "h: alice\n");
	assert_int_equal(gp_settings_load_for_polling(place("a.conf"), &settings,
						      NULL), -1);
}

static void test_changes_show(void **state)
{
	struct gp_settings *settings = load_all();
	struct gp_lists_state before, after;

	(void)state;
	gp_lists_look(settings, &before);
	assert_true(gp_lists_are_same(&before, gp_settings_files_lists(settings)));
	write_text("domains", "another.test\n");
	gp_lists_look(settings, &after);
	assert_false(gp_lists_are_same(&before, &after));
	assert_int_equal(unlink(place("domains")), 0);
	gp_lists_look(settings, &before);
	assert_false(gp_lists_are_same(&before, &after));
	gp_settings_free(&settings);

	write_text("a.conf", "");
	assert_int_equal(gp_settings_load(place("a.conf"), &settings, NULL), 0);
	assert_false(gp_lists_are_named(settings));
	gp_settings_free(&settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_broken_lists_are_refused),
		cmocka_unit_test(test_lists_alone_are_new),
		cmocka_unit_test(test_polling_needs_no_addresses),
		cmocka_unit_test(test_changes_show),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
