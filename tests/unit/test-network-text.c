/* SPDX-License-Identifier: MIT */
/*
 * This module tests network-text.h and socket-text.h: what is not exactly an
 * address, a network or a socket is refused.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "network-text.h"
#include "socket-text.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void test_ip_refused(void **state)
{
	static const char *const texts[] = {
		"", " ", "1.2.3", "1.2.3.4.5", "192.0.2.07", "192.0.2.256",
		" 192.0.2.7", "192.0.2.7 ", "192.0.2.7\n", "192.0.2.7/32",
		"0x7f.0.0.1", "1", "127.1", "::g", "1::2::3", ":::", "fe80::1%eth0",
		"[::1]", "IPv6:", "IPv6:192.0.2.7", "IPv6: ::1", "IPv4:192.0.2.7",
		"::ffff:192.0.2.07", "localhost", "1:2:3:4:5:6:7:8:9",
	};
	const struct gp_ip before = { .bytes = { 1, 2, 3 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct gp_ip ip = before;
		struct gp_error err = { "" };

		if (gp_ip_parse(texts[i], &ip, &err) != -1)
			fail_msg("'%s' was taken", texts[i]);
		assert_memory_equal(&ip, &before, sizeof(ip));
		assert_non_null(strstr(err.text, texts[i]));
		assert_non_null(strstr(err.text, "is not an IP address"));
		assert_int_equal(gp_ip_parse(texts[i], &ip, NULL), -1);
	}
}

static void test_ip_taken(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{ "192.0.2.7", "192.0.2.7" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "::ffff:192.0.2.7", "192.0.2.7" },
		{ "::FFFF:c000:207", "192.0.2.7" },
		{ "IPv6:::ffff:192.0.2.7", "192.0.2.7" },
		{ "ipv6:2001:DB8::1", "2001:db8::1" },
		{ "2001:db8:0:0:0:0:0:1", "2001:db8::1" },
		{ "::1", "::1" }, { "::", "::" },
		{ "::192.0.2.7", "::192.0.2.7" },
	};
	char buffer[GP_IP_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct gp_ip ip = { 0 };
		struct gp_error err;

		assert_int_equal(gp_ip_parse(rows[i].text, &ip, &err), 0);
		assert_true(ip.is_known);
		assert_ptr_equal(gp_ip_format(&ip, buffer), buffer);
		assert_string_equal(buffer, rows[i].shown);
	}
}

static void test_ip_unknown(void **state)
{
	const struct gp_ip ip = { .bytes = { [10] = 0xff, 0xff, 1, 2, 3, 4 } };
	char buffer[GP_IP_TEXT_BYTES];

	(void)state;
	assert_string_equal(gp_ip_format(&ip, buffer), "-");
}

static void test_sockaddr(void **state)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr other = { .sa_family = AF_UNIX };
	char buffer[GP_IP_TEXT_BYTES];
	struct gp_ip ip;

	(void)state;
	memset(&ip, 0xff, sizeof(ip));
	gp_ip_from_sockaddr(NULL, &ip);
	assert_false(ip.is_known);
	ip.is_known = true;
	gp_ip_from_sockaddr(&other, &ip);
	assert_false(ip.is_known);
	(void)inet_pton(AF_INET, "192.0.2.7", &v4.sin_addr);
	gp_ip_from_sockaddr((const struct sockaddr *)&v4, &ip);
	assert_string_equal(gp_ip_format(&ip, buffer), "192.0.2.7");
	(void)inet_pton(AF_INET6, "2001:db8::7", &v6.sin6_addr);
	gp_ip_from_sockaddr((const struct sockaddr *)&v6, &ip);
	assert_string_equal(gp_ip_format(&ip, buffer), "2001:db8::7");
	(void)inet_pton(AF_INET6, "::ffff:192.0.2.7", &v6.sin6_addr);
	gp_ip_from_sockaddr((const struct sockaddr *)&v6, &ip);
	assert_string_equal(gp_ip_format(&ip, buffer), "192.0.2.7");
}

static void test_network_refused(void **state)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
		{ "", "is not an IP address" },
		{ "/8", "is not an IP address" },
		{ "10.0.0/8", "is not an IP address" },
		{ "10.0.0.0 /8", "is not an IP address" },
		{ "fe80::%eth0/64", "is not an IP address" },
		{ "10.0.0.0/", "a number from 0 to 32" },
		{ "10.0.0.0/33", "a number from 0 to 32" },
		{ "10.0.0.0/08", "a number from 0 to 32" },
		{ "10.0.0.0/ 8", "a number from 0 to 32" },
		{ "10.0.0.0/+8", "a number from 0 to 32" },
		{ "10.0.0.0/-1", "a number from 0 to 32" },
		{ "10.0.0.0/8x", "a number from 0 to 32" },
		{ "10.0.0.0/8/8", "a number from 0 to 32" },
		{ "10.0.0.0/255.0.0.0", "a number from 0 to 32" },
		{ "10.0.0.0/4294967304", "a number from 0 to 32" },
		{ "2001:db8::/129", "a number from 0 to 128" },
		{ "10.1.2.3/8", "did you mean 10.0.0.0/8?" },
		{ "192.0.2.1/31", "did you mean 192.0.2.0/31?" },
		{ "1.0.0.0/0", "did you mean 0.0.0.0/0?" },
		{ "2001:db8::1/32", "did you mean 2001:db8::/32?" },
		{ "::ffff:10.1.0.0/104", "did you mean 10.0.0.0/8?" },
		/* each of these would trust the whole of IPv4 */
		{ "::/0", "every IPv4 address" },
		{ "::/64", "every IPv4 address" },
		{ "::/80", "every IPv4 address" },
		{ "::1/64", "every IPv4 address" },
		{ "::fffe:0:0/95", "every IPv4 address" },
	};
	struct gp_network before;

	(void)state;
	memset(&before, 0x5a, sizeof(before));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct gp_network network = before;
		struct gp_error err = { "" };

		if (gp_network_parse(rows[i].text, &network, &err) != -1)
			fail_msg("'%s' was taken", rows[i].text);
		if (strstr(err.text, rows[i].part) == NULL)
			fail_msg("'%s': %s", rows[i].text, err.text);
		assert_memory_equal(&network, &before, sizeof(network));
	}
}

static void test_network_taken(void **state)
{
	static const struct {
		const char *text, *shown;
		unsigned int prefix_bits;
	} rows[] = {
		{ "10.0.0.0/8", "10.0.0.0/8", 104 },
		{ "192.0.2.7", "192.0.2.7/32", 128 },
		{ "0.0.0.0/0", "0.0.0.0/0", 96 },
		{ "127.0.0.0/9", "127.0.0.0/9", 105 },
		{ "::ffff:10.0.0.0/104", "10.0.0.0/8", 104 },
		{ "::ffff:0:0/96", "0.0.0.0/0", 96 },
		{ "2001:db8::/32", "2001:db8::/32", 32 },
		{ "2000::/3", "2000::/3", 3 },
		{ "::1", "::1/128", 128 },
		{ "IPv6:2001:db8::/33", "2001:db8::/33", 33 },
	};
	char buffer[GP_IP_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct gp_network network;
		struct gp_error err;

		if (gp_network_parse(rows[i].text, &network, &err) != 0)
			fail_msg("%s", err.text);
		assert_int_equal(network.prefix_bits, rows[i].prefix_bits);
		assert_ptr_equal(gp_network_format(&network, buffer), buffer);
		assert_string_equal(buffer, rows[i].shown);
	}
}

/* 107 bytes of path fit into sun_path, 108 do not. */
static void test_socket_path_length(void **state)
{
	struct gp_socket found;
	struct gp_error err;
	char text[160];

	(void)state;
	(void)snprintf(text, sizeof(text), "unix:/%0106d", 0);
	assert_int_equal(gp_socket_parse(text, &found, &err), 0);
	(void)snprintf(text, sizeof(text), "unix:/%0107d", 0);
	assert_int_equal(gp_socket_parse(text, &found, &err), -1);
	assert_non_null(strstr(err.text, "at most 107 bytes, this one has 108"));
}

static void test_socket_refused(void **state)
{
	static const char *const texts[] = {
		"", "bogus", "/run/x", "unix:", "unix:x", "unix:x/y", "unix:/",
		"unix:/run/", "UNIX:/run/x", "local:run/x", " unix:/run/x",
		"inet:", "inet:8891", "inet:127.0.0.1", "inet:127.0.0.1:",
		"inet:127.0.0.1:0", "inet:127.0.0.1:65536", "inet:127.0.0.1:+25",
		"inet:127.0.0.1:025", "inet:127.0.0.1:25x", "inet:127.0.0.1: 25",
		"inet:127.0.0.1:4294967321", "inet::8891", "inet:8891@",
		"inet:@localhost", "inet:0@localhost", "inet:8891@1.2.3",
		"inet:8891@1.2.3.4.5", "inet:8891@127.0.0.07", "inet:8891@a b",
		"inet:8891@-a", "inet:8891@a-", "inet:8891@a..b", "inet:8891@a.",
		"inet:8891@a_b", "inet:8891@::1", "inet:8891@[::1]",
		"inet:8891@[localhost]", "inet:[::1]:8891", "inet:8891@a@b",
		"inet6:127.0.0.1:8891", "inet6:8891@127.0.0.1", "inet6:::1:8891",
		"inet6:[::1]", "inet6:[::1:8891", "inet6:[::g]:8891",
		"inet6:[localhost]:8891", "inet6:8891@fe80::1%lo", "inet6:[]:25",
		"fd:", "fd:0", "fd:2", "fd:1024", "fd:-1", "fd:3x", "fd:03",
		"fd:99999999999",
	};
	struct gp_socket before;

	(void)state;
	memset(&before, 0x5a, sizeof(before));
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct gp_socket found = before;
		struct gp_error err = { "" };

		if (gp_socket_parse(texts[i], &found, &err) != -1)
			fail_msg("'%s' was taken", texts[i]);
		assert_memory_equal(&found, &before, sizeof(found));
		assert_non_null(strstr(err.text, texts[i]));
	}
}

static void test_socket_taken(void **state)
{
	static const struct {
		const char *text, *milter;
	} rows[] = {
		{ "unix:/run/gatepost/milter.sock",
		  "unix:/run/gatepost/milter.sock" },
		{ "local:/run/a b", "unix:/run/a b" },
		{ "inet:127.0.0.1:8891", "inet:8891@[127.0.0.1]" },
		{ "inet:8891@127.0.0.1", "inet:8891@[127.0.0.1]" },
		{ "inet:8891@[127.0.0.1]", "inet:8891@[127.0.0.1]" },
		{ "inet:localhost:1", "inet:1@localhost" },
		{ "inet:65535@mx-1.example.test", "inet:65535@mx-1.example.test" },
		{ "inet6:[::1]:8891", "inet6:8891@[::1]" },
		{ "inet6:8891@::1", "inet6:8891@[::1]" },
		{ "inet6:8891@[::1]", "inet6:8891@[::1]" },
		{ "inet6:localhost:8891", "inet6:8891@localhost" },
		{ "fd:3", "fd:3" }, { "fd:1023", "fd:1023" },
	};
	char buffer[GP_SOCKET_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct gp_socket found;
		struct gp_error err;

		if (gp_socket_parse(rows[i].text, &found, &err) != 0)
			fail_msg("%s", err.text);
		assert_string_equal(gp_socket_format_milter(&found, buffer),
				    rows[i].milter);
	}
}

static void test_server_refused(void **state)
{
	static const char *const texts[] = {
		"", "localhost", "127.0.0.1", "unix:", "unix:redis.sock",
		"local:/run/x", "redis://localhost:6379", "localhost:", ":6379",
		"localhost:0", "localhost:65536", "::1:6379", "[::1]", "[::1]:",
		"[::1]6379", "[127.0.0.1]:6379", "[localhost]:6379",
		"1.2.3:6379", "a b:6379", "6379@localhost",
	};
	struct gp_socket before;

	(void)state;
	memset(&before, 0x5a, sizeof(before));
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct gp_socket found = before;
		struct gp_error err;

		if (gp_server_parse(texts[i], &found, &err) != -1)
			fail_msg("'%s' was taken", texts[i]);
		assert_memory_equal(&found, &before, sizeof(found));
	}
}

static void test_server_without_brackets(void **state)
{
	struct gp_socket found;
	struct gp_error err;

	(void)state;
	assert_int_equal(gp_server_parse("2001:db8::1:6379", &found, &err), -1);
	assert_non_null(strstr(err.text, "stands in brackets"));
	assert_int_equal(gp_server_parse("redis://a:6379", &found, &err), -1);
	assert_null(strstr(err.text, "brackets"));
}

static void test_server_taken(void **state)
{
	struct gp_socket found;
	struct gp_error err;

	(void)state;
	assert_int_equal(gp_server_parse("unix:/run/r.sock", &found, &err), 0);
	assert_int_equal(found.kind, GP_SOCKET_UNIX);
	assert_string_equal(found.path, "/run/r.sock");
	assert_int_equal(gp_server_parse("redis.example.test:6379", &found, &err),
			 0);
	assert_int_equal(found.kind, GP_SOCKET_INET);
	assert_string_equal(found.host, "redis.example.test");
	assert_int_equal(found.port, 6379);
	assert_false(found.host_is_literal);
	assert_int_equal(gp_server_parse("[2001:db8::1]:6380", &found, &err), 0);
	assert_int_equal(found.kind, GP_SOCKET_INET6);
	assert_string_equal(found.host, "2001:db8::1");
	assert_int_equal(found.port, 6380);
}

static void test_host_name(void **state)
{
	char name[300];

	(void)state;
	assert_true(gp_host_name_is_valid("a"));
	assert_true(gp_host_name_is_valid("xn--bcher-kva.example"));
	assert_true(gp_host_name_is_valid("3com.com"));
	assert_true(gp_host_name_is_valid("1.2.3.a"));
	assert_false(gp_host_name_is_valid(""));
	assert_false(gp_host_name_is_valid("."));
	assert_false(gp_host_name_is_valid("a."));
	assert_false(gp_host_name_is_valid(".a"));
	assert_false(gp_host_name_is_valid("a.1"));
	assert_false(gp_host_name_is_valid("b\xc3\xbc" "cher.example"));
	(void)snprintf(name, sizeof(name), "a%062d.b", 0); /* 63 in a label */
	assert_true(gp_host_name_is_valid(name));
	(void)snprintf(name, sizeof(name), "a%063d.b", 0);
	assert_false(gp_host_name_is_valid(name));
	memset(name, 'a', sizeof(name));
	for (size_t i = 50; i < sizeof(name); i += 50)
		name[i] = '.';
	name[253] = '\0';
	assert_true(gp_host_name_is_valid(name));
	name[253] = 'a';
	name[254] = '\0';
	assert_false(gp_host_name_is_valid(name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip_refused),
		cmocka_unit_test(test_ip_taken),
		cmocka_unit_test(test_ip_unknown),
		cmocka_unit_test(test_sockaddr),
		cmocka_unit_test(test_network_refused),
		cmocka_unit_test(test_network_taken),
		cmocka_unit_test(test_socket_path_length),
		cmocka_unit_test(test_socket_refused),
		cmocka_unit_test(test_socket_taken),
		cmocka_unit_test(test_server_refused),
		cmocka_unit_test(test_server_without_brackets),
		cmocka_unit_test(test_server_taken),
		cmocka_unit_test(test_host_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
