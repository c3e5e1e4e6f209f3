/* SPDX-License-Identifier: MIT */
/* This module tests lib/program.c: one name per mail program, with nothing in it
   that a client could use to look like another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "network-text.h"
#include "program.h"

static void assert_name(const char *ip_text, const char *name,
			const char *wanted)
{
	char buffer[GP_PROGRAM_BYTES];
	struct gp_ip ip = { .is_known = false };

	if (ip_text != NULL)
		assert_int_equal(gp_ip_parse(ip_text, &ip, NULL), 0);
	memset(buffer, 0x5a, sizeof(buffer));
	assert_ptr_equal(gp_program_name("imap", &ip, name, buffer), buffer);
	assert_string_equal(buffer, wanted);
}

static void test_nothing_hostile_stays_in_a_name(void **state)
{
	(void)state;
	assert_name("192.0.2.7", "a b", "imap/192.0.2.7/a_b");
	assert_name("192.0.2.7", "a/../b", "imap/192.0.2.7/a_.._b");
	assert_name("192.0.2.7", "x\r\ny=\"{z}", "imap/192.0.2.7/x__y___z_");
	assert_name("192.0.2.7", "\x1b[31m", "imap/192.0.2.7/__31m");
	assert_name("192.0.2.7", "caf\xc3\xa9\xff\x7f", "imap/192.0.2.7/caf____");
	assert_name("192.0.2.7", "A-Z.a_z+09", "imap/192.0.2.7/A-Z.a_z+09");
}

static void assert_key(enum gp_program_key key, const char *name,
		       const char *wanted)
{
	char buffer[GP_PROGRAM_BYTES];
	struct gp_ip ip;

	assert_int_equal(gp_ip_parse("192.0.2.7", &ip, NULL), 0);
	assert_ptr_equal(gp_program_key(key, "imap", &ip, name, buffer), buffer);
	assert_string_equal(buffer, wanted);
}

static void test_the_settings_choose_what_makes_a_program(void **state)
{
	(void)state;
	assert_key(GP_PROGRAM_ADDRESS, "a b", "imap/192.0.2.7");
	assert_key(GP_PROGRAM_NAME, "a b", "imap/-/a_b");
	assert_key(GP_PROGRAM_NAME, "", "imap/192.0.2.7");
	assert_key(GP_PROGRAM_NAME, NULL, "imap/192.0.2.7");
	assert_key(GP_PROGRAM_ADDRESS_AND_NAME, "a b", "imap/192.0.2.7/a_b");
}

static void test_a_name_is_cut_at_32_bytes(void **state)
{
	(void)state;
	assert_name("192.0.2.7", "1234567890123456789012345678901",
		    "imap/192.0.2.7/1234567890123456789012345678901");
	assert_name("192.0.2.7", "12345678901234567890123456789012",
		    "imap/192.0.2.7/12345678901234567890123456789012");
	assert_name("192.0.2.7", "123456789012345678901234567890123",
		    "imap/192.0.2.7/12345678901234567890123456789012");
}

static void test_without_a_name(void **state)
{
	(void)state;
	assert_name("192.0.2.7", NULL, "imap/192.0.2.7");
	assert_name("192.0.2.7", "", "imap/192.0.2.7");
	assert_name(NULL, NULL, "imap/-");
	assert_name(NULL, "Mail", "imap/-/Mail");
}

static void test_ipv6_stands_for_its_64(void **state)
{
	(void)state;
	assert_name("2001:db8:1:2:3:4:5:6", "Mail", "imap/2001:db8:1:2::/64/Mail");
	assert_name("2001:db8:1:2:ffff::1", NULL, "imap/2001:db8:1:2::/64");
	assert_name("2001:db8:1:3::1", NULL, "imap/2001:db8:1:3::/64");
	assert_name("::ffff:192.0.2.7", NULL, "imap/192.0.2.7");
}

static void test_the_longest_of_all_fits(void **state)
{
	static const char protocol[] = "a-protocol-with-a-very-long-name";
	char buffer[GP_PROGRAM_BYTES], wanted[GP_PROGRAM_BYTES];
	char name[300];
	struct gp_ip ip;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(gp_ip_parse("2001:db8:1111:2222:3333:4444:5555:6666",
				     &ip, NULL), 0);
	(void)gp_program_name(protocol, &ip, name, buffer);
	(void)snprintf(wanted, sizeof(wanted), "%s%.32s",
		       "a-protocol-with-/2001:db8:1111:2222::/64/", name);
	assert_string_equal(buffer, wanted);
}

/* wanted NULL: no name, and the buffer as it was */
static void assert_name_in_id(const char *id, const char *wanted)
{
	char name[GP_PROGRAM_ID_BYTES] = "untouched";

	assert_int_equal(gp_program_name_in_id(id, name), wanted != NULL);
	assert_string_equal(name, wanted != NULL ? wanted : "untouched");
}

static void assert_self(const char *text, const char *wanted)
{
	char buffer[GP_PROGRAM_SELF_BYTES];
	struct gp_program_id id;

	memset(&id, 'x', sizeof(id));
	gp_program_id_read(text, &id);
	assert_string_equal(gp_program_self(&id, buffer), wanted);
}

static void test_what_a_program_says_of_itself(void **state)
{
	char long_id[400], wanted[GP_PROGRAM_SELF_BYTES];
	char x[101];

	(void)state;
	assert_self("\"name\" \"Mail\" \"version\" \"1.2\" \"os\" \"BSD x\"",
		    "Mail 1.2 BSD x");
	assert_self("\"OS\" \"BSD\" \"vendor\" \"v\" \"name\" \"Mail\"", "Mail BSD");
	assert_self("\"name\" \"Mail\" \"version\" NIL", "");
	assert_self("\"version\" \"1\" \"os\" \"BSD\"", "");
	assert_self("", "");
	memset(x, 'x', 100);
	x[100] = '\0';
	(void)snprintf(long_id, sizeof(long_id), "\"name\" \"%s\" \"version\" \"%s\" "
		       "\"os\" \"%s\"", x, x, x);
	(void)snprintf(wanted, sizeof(wanted), "%.32s %.28s %.28s", x, x, x);
	assert_self(long_id, wanted);
}

static void test_no_name_in_an_id(void **state)
{
	(void)state;
	assert_name_in_id("", NULL);
	assert_name_in_id("NIL", NULL);
	assert_name_in_id("\"name\"", NULL);
	assert_name_in_id("\"name\" NIL", NULL);
	assert_name_in_id("\"name\" \"\"", NULL);
	assert_name_in_id("\"name\" \"open", NULL);
	assert_name_in_id("\"name\" \"open\\", NULL);
	assert_name_in_id("name Thunderbird", NULL);
	assert_name_in_id("\"os\" \"name\" \"x\"", NULL);
	assert_name_in_id("\"x\" \"\\\"name\\\" \\\"y\\\"\"", NULL);
}

static void test_the_name_in_an_id(void **state)
{
	(void)state;
	assert_name_in_id("\"name\" \"Thunderbird\"", "Thunderbird");
	assert_name_in_id("\"NAME\" \"a b\" \"version\" \"1\"", "a b");
	assert_name_in_id("\"os\" NIL \"x\" \"name\" \"name\" \"y\"", "y");
	assert_name_in_id("\"name\" \"a\\\"b\\\\c\"", "a\"b\\c");
	assert_name_in_id("\"name\" \"0123456789012345678901234567890123456789"
			  "01234567890123456789012345\"",
			  "0123456789012345678901234567890123456789"
			  "01234567890123456789012");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_hostile_stays_in_a_name),
		cmocka_unit_test(test_the_settings_choose_what_makes_a_program),
		cmocka_unit_test(test_a_name_is_cut_at_32_bytes),
		cmocka_unit_test(test_without_a_name),
		cmocka_unit_test(test_ipv6_stands_for_its_64),
		cmocka_unit_test(test_the_longest_of_all_fits),
		cmocka_unit_test(test_no_name_in_an_id),
		cmocka_unit_test(test_what_a_program_says_of_itself),
		cmocka_unit_test(test_the_name_in_an_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
