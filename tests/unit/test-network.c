/* SPDX-License-Identifier: MIT */
/* This module tests lib/network.c: a block holds its addresses and not the ones
   beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "network.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum { V4_BITS = 96 };

static struct gp_ip ip4(unsigned char a, unsigned char b, unsigned char c,
			unsigned char d)
{
	return (struct gp_ip){
		.is_known = true,
		.bytes = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d },
	};
}

/* 2001:db8:HI::LOW */
static struct gp_ip ip6(unsigned char high, unsigned char low)
{
	return (struct gp_ip){
		.is_known = true,
		.bytes = { 0x20, 0x01, 0x0d, 0xb8, 0, high, 0, 0,
			   0, 0, 0, 0, 0, 0, 0, low },
	};
}

static bool block_holds(struct gp_ip base, unsigned int bits, struct gp_ip ip)
{
	struct gp_network network;

	memset(&network, 0x5a, sizeof(network));
	gp_network_around(&base, bits, &network);
	return gp_network_contains(&network, &ip);
}

static void test_nobody_unknown_is_in_any_network(void **state)
{
	struct gp_network everything = { .prefix_bits = 0 };
	struct gp_network_list list = { &everything, 1 };
	struct gp_ip unknown = ip4(192, 0, 2, 7);

	(void)state;
	assert_true(gp_network_contains(&everything, &unknown));
	unknown.is_known = false;
	assert_false(gp_network_contains(&everything, &unknown));
	assert_false(gp_network_list_contains(&list, &unknown));
	assert_false(gp_ip_is_v4(&unknown));
}

static void test_both_edges_of_ipv4_blocks(void **state)
{
	(void)state;
	assert_false(block_holds(ip4(192, 0, 2, 0), V4_BITS + 24, ip4(192, 0, 1, 255)));
	assert_true(block_holds(ip4(192, 0, 2, 0), V4_BITS + 24, ip4(192, 0, 2, 0)));
	assert_true(block_holds(ip4(192, 0, 2, 0), V4_BITS + 24, ip4(192, 0, 2, 255)));
	assert_false(block_holds(ip4(192, 0, 2, 0), V4_BITS + 24, ip4(192, 0, 3, 0)));
	assert_false(block_holds(ip4(10, 0, 0, 8), V4_BITS + 29, ip4(10, 0, 0, 7)));
	assert_true(block_holds(ip4(10, 0, 0, 8), V4_BITS + 29, ip4(10, 0, 0, 8)));
	assert_true(block_holds(ip4(10, 0, 0, 8), V4_BITS + 29, ip4(10, 0, 0, 15)));
	assert_false(block_holds(ip4(10, 0, 0, 8), V4_BITS + 29, ip4(10, 0, 0, 16)));
	assert_true(block_holds(ip4(10, 9, 8, 7), V4_BITS + 32, ip4(10, 9, 8, 7)));
	assert_false(block_holds(ip4(10, 9, 8, 7), V4_BITS + 32, ip4(10, 9, 8, 6)));
	assert_false(block_holds(ip4(10, 9, 8, 7), V4_BITS + 31, ip4(10, 9, 8, 8)));
	assert_true(block_holds(ip4(10, 9, 8, 7), V4_BITS + 31, ip4(10, 9, 8, 6)));
	assert_true(block_holds(ip4(0, 0, 0, 0), V4_BITS + 1, ip4(127, 255, 255, 255)));
	assert_false(block_holds(ip4(0, 0, 0, 0), V4_BITS + 1, ip4(128, 0, 0, 0)));
}

static void test_both_edges_of_ipv6_blocks(void **state)
{
	(void)state;
	assert_true(block_holds(ip6(0, 0), 48, ip6(0, 255)));
	assert_false(block_holds(ip6(0, 0), 48, ip6(1, 0)));
	assert_true(block_holds(ip6(0, 0), 47, ip6(1, 0)));
	assert_false(block_holds(ip6(0, 0), 47, ip6(2, 0)));
	assert_true(block_holds(ip6(0, 7), 128, ip6(0, 7)));
	assert_false(block_holds(ip6(0, 7), 128, ip6(0, 6)));
	assert_true(block_holds(ip6(0, 7), 127, ip6(0, 6)));
	assert_true(block_holds(ip6(0, 7), 0, ip6(255, 255)));
}

static void test_all_of_ipv4_is_not_ipv6(void **state)
{
	(void)state;
	assert_true(block_holds(ip4(0, 0, 0, 0), V4_BITS, ip4(255, 1, 2, 3)));
	assert_false(block_holds(ip4(0, 0, 0, 0), V4_BITS, ip6(0, 1)));
	assert_false(block_holds(ip6(0, 0), 32, ip4(32, 1, 13, 184)));
}

static void test_around_clears_the_host_bits(void **state)
{
	static const unsigned char wanted[16] = {
		0x20, 0x01, 0x0d, 0xb8, 0, 0x5c,
	};
	struct gp_ip ip = ip6(0x5f, 0x77);
	struct gp_network network;

	(void)state;
	memset(&network, 0x5a, sizeof(network));
	gp_network_around(&ip, 46, &network);
	assert_int_equal(network.prefix_bits, 46);
	assert_memory_equal(network.base, wanted, sizeof(wanted));
	gp_network_around(&ip, 128, &network);
	assert_memory_equal(network.base, ip.bytes, sizeof(ip.bytes));
}

static void test_a_list_holds_what_one_of_it_holds(void **state)
{
	const struct gp_ip bases[] = { ip4(192, 0, 2, 0), ip6(0, 0) };
	struct gp_network items[COUNT_OF(bases)];
	struct gp_network_list list = { items, COUNT_OF(items) };
	const struct gp_network_list nothing = { NULL, 0 };
	struct gp_ip second = ip6(0, 1), outside = ip4(192, 0, 3, 1);

	(void)state;
	gp_network_around(&bases[0], V4_BITS + 24, &items[0]);
	gp_network_around(&bases[1], 32, &items[1]);
	assert_false(gp_network_list_contains(&list, &outside));
	assert_false(gp_network_list_contains(&nothing, &second));
	assert_true(gp_network_list_contains(&list, &bases[0]));
	assert_true(gp_network_list_contains(&list, &second));
}

static void test_which_addresses_are_ipv4(void **state)
{
	struct gp_ip v4 = ip4(127, 0, 0, 1), v6 = ip6(0, 1), compatible = v4;

	(void)state;
	compatible.bytes[10] = compatible.bytes[11] = 0;   /* ::127.0.0.1 */
	assert_false(gp_ip_is_v4(&v6));
	assert_false(gp_ip_is_v4(&compatible));
	assert_true(gp_ip_is_v4(&v4));
	v4.bytes[0] = 1;
	assert_false(gp_ip_is_v4(&v4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_unknown_is_in_any_network),
		cmocka_unit_test(test_both_edges_of_ipv4_blocks),
		cmocka_unit_test(test_both_edges_of_ipv6_blocks),
		cmocka_unit_test(test_all_of_ipv4_is_not_ipv6),
		cmocka_unit_test(test_around_clears_the_host_bits),
		cmocka_unit_test(test_a_list_holds_what_one_of_it_holds),
		cmocka_unit_test(test_which_addresses_are_ipv4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
