/* SPDX-License-Identifier: MIT */
/* This module tests imapd-hooks/authpolicy-request.c: what Dovecot sends, and what
   somebody might make it send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authpolicy-request.h"
#include "network-text.h"

static struct gp_auth_request parse(const char *text)
{
	struct gp_auth_request request;
	struct gp_error err;

	memset(&request, 0x5a, sizeof(request));
	if (gp_auth_request_parse(text, strlen(text), &request, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return request;
}

static void test_what_dovecot_sends(void **state)
{
	char ip[GP_IP_TEXT_BYTES];
	const struct gp_auth_request request = parse(
		"{\"device_id\":\"\\\"name\\\" \\\"Thunderbird\\\" \\\"version\\\" "
		"\\\"115\\\"\",\"local_port\":\"143\",\"login\":\"alice\","
		"\"protocol\":\"imap\",\"remote\":\"192.0.2.7\","
		"\"session_id\":\"abc/1\",\"tls\":false}");

	(void)state;
	assert_string_equal(request.login, "alice");
	assert_string_equal(request.protocol, "imap");
	assert_string_equal(request.session, "abc/1");
	assert_string_equal(request.name, "Thunderbird");
	assert_string_equal(gp_ip_format(&request.ip, ip), "192.0.2.7");
	assert_int_equal(request.port, 143);
	assert_false(request.is_success);
	assert_true(parse("{\"success\":true}").is_success);
	assert_false(parse("{\"success\":\"true\"}").is_success);
}

static void test_what_is_missing_or_odd_is_nothing(void **state)
{
	char text[2048];
	struct gp_auth_request request = parse("{}");

	(void)state;
	assert_string_equal(request.login, "");
	assert_string_equal(request.name, "");
	assert_false(request.ip.is_known);
	assert_int_equal(request.port, 0);
	request = parse("{\"login\":7,\"remote\":\"x\",\"local_port\":\"99999\"}");
	assert_string_equal(request.login, "");
	assert_false(request.ip.is_known);
	assert_int_equal(request.port, 0);
	assert_int_equal(parse("{\"local_port\":\" 1\"}").port, 0);
	assert_int_equal(parse("{\"local_port\":\"1x\"}").port, 0);
	/* cut it would be somebody else's */
	(void)snprintf(text, sizeof(text), "{\"login\":\"%0*d\"}",
		       GP_AUTH_TEXT_BYTES, 1);
	assert_string_equal(parse(text).login, "");
	(void)snprintf(text, sizeof(text), "{\"login\":\"%0*d\"}",
		       GP_AUTH_TEXT_BYTES - 1, 1);
	assert_int_equal(strlen(parse(text).login), GP_AUTH_TEXT_BYTES - 1);
	assert_string_equal(parse("{\"device_id\":\"\\\"NAME\\\" \\\"a\"}").name,
			    "");
	assert_string_equal(
		parse("{\"device_id\":\"\\\"NAME\\\" \\\"a\\\"\"}").name, "a");
}

/* As long as Dovecot lets it be: the plugin reads all of it, too. */
static void test_a_long_id_is_read(void **state)
{
	char text[8192];

	(void)state;
	(void)snprintf(text, sizeof(text), "{\"device_id\":\"\\\"os\\\" "
		       "\\\"%04000d\\\" \\\"name\\\" \\\"%0200d\\\"\"}", 1, 2);
	assert_int_equal(strlen(parse(text).name), GP_PROGRAM_ID_BYTES - 1);
}

static void test_what_is_no_object_is_refused(void **state)
{
	static const char *const texts[] = {
		"", "{", "[]", "7", "\"x\"", "{\"login\":\"a\"", "{login:1}",
		"{\"login\":\"a\\u0000b\"}", "{} x",
	};
	struct gp_auth_request request, before;
	struct gp_error err;

	(void)state;
	memset(&request, 0x5a, sizeof(request));
	before = request;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(gp_auth_request_parse(texts[i], strlen(texts[i]),
						       &request, &err), -1);
		assert_memory_equal(&request, &before, sizeof(request));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_dovecot_sends),
		cmocka_unit_test(test_what_is_missing_or_odd_is_nothing),
		cmocka_unit_test(test_a_long_id_is_read),
		cmocka_unit_test(test_what_is_no_object_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
