/* SPDX-License-Identifier: MIT */
/* This module tests imapd-hooks/plain-login.c: what is told of a login arrives as it was,
   and nothing else is taken for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "plain-login.h"

static const struct gp_plain_login usual = {
	.login = "alice@example.test", .id = "\"name\" \"Thunderbird\"",
	.mechanism = "PLAIN", .port = 993, .has_tls = true,
	.protocol = GP_PROTOCOL_IMAP,
	.ip = { .is_known = true, .bytes = { 0x20, 0x01, 0x0d, 0xb8 } },
};

static void what_is_told_arrives(void **state)
{
	char packed[GP_PLAIN_LOGIN_BYTES];
	const size_t length = gp_plain_login_pack(&usual, packed);
	struct gp_plain_login login;

	(void)state;
	assert_true(length > 0);
	assert_true(gp_plain_login_read(packed, length, &login));
	assert_string_equal(login.login, usual.login);
	assert_string_equal(login.id, usual.id);
	assert_string_equal(login.mechanism, usual.mechanism);
	assert_int_equal(login.port, usual.port);
	assert_true(login.has_tls);
	assert_true(login.ip.is_known);
	assert_memory_equal(login.ip.bytes, usual.ip.bytes, sizeof(login.ip.bytes));
}

static void each_protocol_is_told(void **state)
{
	struct gp_plain_login told = usual, login;
	char packed[GP_PLAIN_LOGIN_BYTES];

	(void)state;
	for (int protocol = 0; protocol < GP_PROTOCOLS; protocol++) {
		told.protocol = (enum gp_protocol)protocol;
		told.has_tls = protocol == 0;
		assert_true(gp_plain_login_read(
			packed, gp_plain_login_pack(&told, packed), &login));
		assert_int_equal(login.protocol, protocol);
		assert_true(login.has_tls == told.has_tls);
	}
}

static void what_is_cut_or_goes_on_is_not_read(void **state)
{
	char packed[GP_PLAIN_LOGIN_BYTES];
	const size_t length = gp_plain_login_pack(&usual, packed);
	struct gp_plain_login login;

	(void)state;
	for (size_t cut = 0; cut < length; cut++)
		assert_false(gp_plain_login_read(packed, cut, &login));
	packed[length] = '\0';
	assert_false(gp_plain_login_read(packed, length + 1, &login));
	packed[0] = 'x';
	assert_false(gp_plain_login_read(packed, length, &login));
}

static void what_is_too_long_is_not_told(void **state)
{
	struct gp_plain_login login = usual;
	char packed[GP_PLAIN_LOGIN_BYTES], id[GP_PLAIN_LOGIN_BYTES];

	(void)state;
	memset(id, 'x', sizeof(id));
	id[sizeof(id) - 1] = '\0';
	login.id = id;
	assert_int_equal(gp_plain_login_pack(&login, packed), 0);
	assert_int_equal(gp_plain_login_ask(&login), -1);
}

static void where_nobody_listens_no_login_is_plain(void **state)
{
	(void)state;
	assert_int_equal(setenv("GATEPOST_LOGINS_SOCKET", "/nowhere/logins.sock", 1),
			 0);
	assert_int_equal(gp_plain_login_ask(&usual), -1);
}

/* One that takes connections and never says a word. */
static void who_is_silent_says_no(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char folder[] = "/tmp/gatepost-plain.XXXXXX";
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)strcpy(address.sun_path, folder);
	(void)strcat(address.sun_path, "/logins.sock");
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(setenv("GATEPOST_LOGINS_SOCKET", address.sun_path, 1), 0);
	assert_int_equal(gp_plain_login_ask(&usual), -1);
	(void)close(fd);
	(void)unlink(address.sun_path);
	(void)rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_told_arrives),
		cmocka_unit_test(each_protocol_is_told),
		cmocka_unit_test(what_is_cut_or_goes_on_is_not_read),
		cmocka_unit_test(what_is_too_long_is_not_told),
		cmocka_unit_test(where_nobody_listens_no_login_is_plain),
		cmocka_unit_test(who_is_silent_says_no),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
