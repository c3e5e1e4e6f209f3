/* SPDX-License-Identifier: MIT */
/* This module tests lib/pseudonym.c: bad secrets are refused and say so, and pseudonyms
   are those that openssl dgst -hmac makes of the same secret. */
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

#include "pseudonym.h"

static char path[] = "/tmp/gp-test-XXXXXX";
static struct gp_settings settings;

static void write_secret(const char *text, mode_t mode)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	(void)fputs(text, file);
	(void)fclose(file);
	assert_int_equal(chmod(path, mode), 0);
	settings.privacy.pseudonyms = true;
	settings.privacy.secret_file = path;
}

static void assert_refused(const char *why)
{
	struct gp_pseudonyms *pseudonyms = (void *)&settings;
	struct gp_error err;

	assert_int_equal(gp_pseudonyms_open(&settings, &pseudonyms, &err), -1);
	assert_ptr_equal(pseudonyms, &settings);
	assert_non_null(strstr(err.text, "privacy.secret_file /"));
	assert_non_null(strstr(err.text, why));
}

static void test_bad_secrets_are_refused(void **state)
{
	static char nowhere[] = "/nowhere/at/all", folder[] = "/tmp";

	(void)state;
	write_secret("0123456789abcdef0123456789abcde\n", 0600);
	assert_refused("less than 32 bytes");
	write_secret("", 0600);
	assert_refused("less than 32 bytes");
	write_secret("0123456789abcdef0123456789abcdef\n", 0604);
	assert_refused("others can read it");
	settings.privacy.secret_file = nowhere;
	assert_refused("there is no such file");
	settings.privacy.secret_file = folder;
	assert_refused("it is no plain file");
}

static struct gp_pseudonyms *open_good(void)
{
	struct gp_pseudonyms *pseudonyms;
	struct gp_error err;

	write_secret("0123456789abcdef0123456789abcdef\n", 0640);
	if (gp_pseudonyms_open(&settings, &pseudonyms, &err) < 0)
		fail_msg("%s", err.text);
	assert_non_null(pseudonyms);
	return pseudonyms;
}

static void assert_program(const struct gp_pseudonyms *pseudonyms,
			   const char *program, const char *wanted)
{
	char buffer[GP_PROGRAM_BYTES];

	assert_string_equal(gp_pseudonym_program(pseudonyms, program, buffer),
			    wanted);
}

static void test_names_and_addresses_are_replaced(void **state)
{
	struct gp_pseudonyms *pseudonyms = open_good();
	char buffer[GP_PSEUDONYM_BYTES];

	(void)state;
	assert_string_equal(gp_pseudonym(pseudonyms, GP_PSEUDONYM_USER, "alice",
					 buffer), "u-fvohv6duaqu6u4a4");
	assert_string_equal(gp_pseudonym(pseudonyms, GP_PSEUDONYM_CLIENT,
					 "192.0.2.7", buffer),
			    "a-cpv34uqmrxvttkr6");
	assert_program(pseudonyms, "imap/192.0.2.7/Thunderbird",
		       "imap/a-cpv34uqmrxvttkr6/Thunderbird");
	assert_program(pseudonyms, "imap/2001:db8:1:2::/64/Thunderbird",
		       "imap/a-umo27xekri4lvhke/Thunderbird");
	assert_program(pseudonyms, "imap/2001:db8:1:2::/64",
		       "imap/a-umo27xekri4lvhke");
	assert_program(pseudonyms, "imap/-/Thunderbird", "imap/-/Thunderbird");
	assert_program(pseudonyms, "pop3/192.0.2.7", "pop3/a-cpv34uqmrxvttkr6");
	gp_pseudonyms_close(&pseudonyms);
	assert_null(pseudonyms);
}

static void test_only_who_reviews_may_name_a_pseudonym(void **state)
{
	struct gp_pseudonyms *pseudonyms = open_good();
	static const char name[] = "u-fvohv6duaqu6u4a4";
	char buffer[GP_PSEUDONYM_BYTES];

	(void)state;
	assert_string_not_equal(gp_pseudonym(pseudonyms, GP_PSEUDONYM_USER, name,
					     buffer), name);
	gp_pseudonyms_accept(pseudonyms);
	assert_string_equal(gp_pseudonym(pseudonyms, GP_PSEUDONYM_USER, name,
					 buffer), name);
	assert_string_not_equal(gp_pseudonym(pseudonyms, GP_PSEUDONYM_CLIENT, name,
					     buffer), name);
	gp_pseudonyms_close(&pseudonyms);
}

static void test_without_them_all_stays(void **state)
{
	struct gp_pseudonyms *pseudonyms = NULL;
	char buffer[GP_PSEUDONYM_BYTES], program[GP_PROGRAM_BYTES];
	struct gp_error err;

	(void)state;
	settings.privacy.pseudonyms = false;
	assert_int_equal(gp_pseudonyms_open(&settings, &pseudonyms, &err), 0);
	assert_null(pseudonyms);
	assert_string_equal(gp_pseudonym(NULL, GP_PSEUDONYM_USER, "alice", buffer),
			    "alice");
	assert_string_equal(gp_pseudonym_program(NULL, "imap/192.0.2.7", program),
			    "imap/192.0.2.7");
	gp_pseudonyms_close(&pseudonyms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_secrets_are_refused),
		cmocka_unit_test(test_names_and_addresses_are_replaced),
		cmocka_unit_test(test_only_who_reviews_may_name_a_pseudonym),
		cmocka_unit_test(test_without_them_all_stays),
	};
	int fd = mkstemp(path), failed;

	if (fd < 0)
		return 99;
	(void)close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(path);
	return failed;
}
