/* SPDX-License-Identifier: MIT */
/*
 * This module tests lib/address.c: which recipient forms are paths, and which
 * of them can lead to a foreign domain.  The big table has the tricks with which
 * servers were made open relays, and the plain local forms beside them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "address.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static char example_test[] = "example.test", alias_test[] = "alias.test";
static char *domain_items[] = { example_test, alias_test };
static const struct gp_str_list domains = { domain_items, 2 };

enum { LOCAL = GP_REACH_LOCAL, FOREIGN = GP_REACH_FOREIGN,
       BARE = GP_REACH_UNQUALIFIED, UNKNOWN = GP_REACH_UNKNOWN };

static const char *const reach_words[] = {
	[LOCAL] = "local", [FOREIGN] = "foreign",
	[BARE] = "unqualified", [UNKNOWN] = "unknown",
};

static enum gp_address_reach reach_of(const char *path,
				      const struct gp_str_list *list)
{
	struct gp_address address;

	gp_address_parse(path, &address);
	return gp_address_reach(&address, list);
}

static const struct {
	const char *path;
	int reach;
} reach_rows[] = {
	/* plain local forms */
	{ "<bob@example.test>", LOCAL },
	{ "bob@example.test", LOCAL },
	{ "<bob@alias.test>", LOCAL },
	{ "<bob@EXAMPLE.TEST>", LOCAL },
	{ "<BOB@Example.Test>", LOCAL },
	{ "<bob@example.test.>", LOCAL },
	{ "bob@alias.test.", LOCAL },
	{ "<bob.smith@example.test>", LOCAL },
	{ "<bob+tag@example.test>", LOCAL },
	{ "<bob-list-owner@example.test>", LOCAL },
	{ "<bob=x.org@example.test>", LOCAL },
	{ "<bob/folder=a@example.test>", LOCAL },
	{ "<o'neil@example.test>", LOCAL },
	{ "<_bob@example.test>", LOCAL },
	{ "<-bob@example.test>", LOCAL },
	{ "<*@example.test>", LOCAL },
	{ "<0@example.test>", LOCAL },
	{ "<#$&'*+-/=?^_`{|}~@example.test>", LOCAL },
	{ "<\"bob\"@example.test>", LOCAL },
	{ "\"bob\"@example.test", LOCAL },
	{ "<\"bob smith\"@example.test>", LOCAL },
	{ "<\"bob\\ smith\"@example.test>", LOCAL },
	{ "<\"b\\ob\"@example.test>", LOCAL },
	{ "<\"b\\\"ob\"@example.test>", LOCAL },
	{ "<\"b\\\\ob\"@example.test>", LOCAL },
	{ "<\"bob(x)\"@example.test>", LOCAL },
	{ "<\"<bob>\"@example.test>", LOCAL },
	{ "<\"bob,x;y\"@example.test>", LOCAL },
	{ "<\"a:b\"@example.test>", LOCAL },
	{ "<\" \"@example.test>", LOCAL },
	{ "<a..b@example.test>", LOCAL },
	{ "<.a@example.test>", LOCAL },
	{ "<a.@example.test>", LOCAL },
	{ "<j\xc3\xbcrgen@example.test>", LOCAL },
	{ "<\"j\xc3\xbcrgen x\"@example.test>", LOCAL },
	{ "<\xe7\x8e\x8b@example.test>", LOCAL },
	{ "<\xf0\x9f\x93\xa7@example.test>", LOCAL },
	{ "<postmaster>", LOCAL },
	{ "<Postmaster>", LOCAL },
	{ "POSTMASTER", LOCAL },
	{ "<postmaster@example.test>", LOCAL },
	{ "<@a.test:bob@example.test>", LOCAL },
	{ "<@a.test,@b.test:bob@example.test>", LOCAL },
	{ "@a.test:bob@example.test", LOCAL },
	{ "<@foreign.test:bob@example.test>", LOCAL },
	{ "<@[192.0.2.1]:bob@example.test>", LOCAL },
	{ "<@a.test.:\"bob\"@example.test.>", LOCAL },

	/* local through and through, the long way */
	{ "<bob%alias.test@example.test>", LOCAL },
	{ "<bob%example.test@example.test>", LOCAL },
	{ "<bob%ALIAS.test.@example.test>", LOCAL },
	{ "<bob%alias.test%example.test@alias.test>", LOCAL },
	{ "<\"bob@alias.test\"@example.test>", LOCAL },
	{ "<\"bob\\@alias.test\"@example.test>", LOCAL },
	{ "<\"bob@alias.test@example.test\"@example.test>", LOCAL },
	{ "<\"bob%alias.test\"@example.test>", LOCAL },
	{ "<\"bob%alias.test@example.test\"@example.test>", LOCAL },
	{ "<alias.test!bob@example.test>", LOCAL },
	{ "<alias.test!example.test!bob@example.test>", LOCAL },
	{ "<\"alias.test!bob\"@example.test>", LOCAL },
	{ "<\"alias.test\\!bob\"@example.test>", LOCAL },
	{ "<alias.test!bob>", LOCAL },
	{ "<bob%alias.test>", LOCAL },
	{ "<foreign.test%alias.test@example.test>", LOCAL },
	{ "<@a.test:bob%alias.test@example.test>", LOCAL },
	{ "<\"bob smith@alias.test\"@example.test>", LOCAL },

	/* a bare name */
	{ "<bob>", BARE },
	{ "bob", BARE },
	{ "<\"bob\">", BARE },
	{ "<\"bob smith\">", BARE },
	{ "<postmasters>", BARE },
	{ "<\"postmaster\">", BARE },
	{ "<example.test>", BARE },
	{ "<foreign.test>", BARE },
	{ "<j\xc3\xbcrgen>", BARE },

	/* plain foreign forms */
	{ "<victim@foreign.test>", FOREIGN },
	{ "victim@foreign.test", FOREIGN },
	{ "<VICTIM@FOREIGN.TEST>", FOREIGN },
	{ "<\"victim\"@foreign.test>", FOREIGN },
	{ "<postmaster@foreign.test>", FOREIGN },
	{ "<victim@foreign.test.>", FOREIGN },
	{ "<victim@test>", FOREIGN },
	{ "<victim@example>", FOREIGN },
	{ "<victim@sub.example.test>", FOREIGN },
	{ "<victim@notexample.test>", FOREIGN },
	{ "<victim@example.test.foreign.test>", FOREIGN },
	{ "<victim@example.testx>", FOREIGN },
	{ "<victim@xample.test>", FOREIGN },
	{ "<victim@example_test>", FOREIGN },
	{ "<victim@example-test>", FOREIGN },
	{ "<victim@_example.test>", FOREIGN },
	{ "<victim@localhost>", FOREIGN },
	{ "<victim@127.0.0.1>", FOREIGN },
	{ "<victim@2130706433>", FOREIGN },
	{ "<victim@[192.0.2.1]>", FOREIGN },
	{ "<bob@[127.0.0.1]>", FOREIGN },
	{ "<victim@[IPv6:2001:db8::1]>", FOREIGN },
	{ "<victim@[ipv6:::1]>", FOREIGN },
	{ "<victim@[x-tag:any/thing,here]>", FOREIGN },
	{ "<victim@[example.test]>", FOREIGN },
	{ "<victim@m\xc3\xbcnchen.test>", FOREIGN },
	{ "<victim@xn--mnchen-3ya.test>", FOREIGN },
	{ "<victim@\xef\xbd\x85xample.test>", FOREIGN },     /* fullwidth e */
	{ "<victim@example\xe3\x80\x82test>", FOREIGN },     /* ideographic dot */
	{ "<@example.test:victim@foreign.test>", FOREIGN },
	{ "<@example.test,@alias.test:victim@foreign.test>", FOREIGN },
	{ "@example.test:victim@foreign.test", FOREIGN },
	{ "<@example.test:victim%alias.test@foreign.test>", FOREIGN },

	/* percent */
	{ "<victim%foreign.test@example.test>", FOREIGN },
	{ "victim%foreign.test@example.test", FOREIGN },
	{ "<victim%FOREIGN.TEST@EXAMPLE.TEST>", FOREIGN },
	{ "<victim%foreign.test.@example.test>", FOREIGN },
	{ "<victim%foreign.test@example.test.>", FOREIGN },
	{ "<victim%foreign.test%alias.test@example.test>", FOREIGN },
	{ "<victim%alias.test%foreign.test@example.test>", FOREIGN },
	{ "<victim%foreign.test@foreign.test>", FOREIGN },
	{ "<bob%alias.test@foreign.test>", FOREIGN },
	{ "<\"victim%foreign.test\"@example.test>", FOREIGN },
	{ "<\"victim\\%foreign.test\"@example.test>", FOREIGN },
	{ "<\"victim%foreign.\\test\"@example.test>", FOREIGN },
	{ "<\"victim%alias.\\test\"@example.test>", FOREIGN },
	{ "<\"victim%alias.test \"@example.test>", FOREIGN },
	{ "<\"victim%foreign.test,alias.test\"@example.test>", FOREIGN },
	{ "<@alias.test:victim%foreign.test@example.test>", FOREIGN },
	{ "<victim%foreign.test>", FOREIGN },
	{ "<victim%test@example.test>", FOREIGN },
	{ "<postmaster%foreign.test@example.test>", FOREIGN },
	{ "<victim%[192.0.2.1]@example.test>", UNKNOWN },
	{ "<\"victim%[192.0.2.1]\"@example.test>", FOREIGN },
	{ "<victim%alias.test..@example.test>", FOREIGN },
	{ "<victim%.alias.test@example.test>", FOREIGN },

	/* an @ inside quotes */
	{ "<\"victim@foreign.test\"@example.test>", FOREIGN },
	{ "\"victim@foreign.test\"@example.test", FOREIGN },
	{ "<\"victim\\@foreign.test\"@example.test>", FOREIGN },
	{ "<\"\\v\\i\\c\\t\\i\\m@foreign.test\"@example.test>", FOREIGN },
	{ "<\"victim@[192.0.2.1]\"@example.test>", FOREIGN },
	{ "<\"victim@foreign.test@alias.test\"@example.test>", FOREIGN },
	{ "<\"victim@alias.test@foreign.test\"@example.test>", FOREIGN },
	{ "<\"victim%foreign.test@alias.test\"@example.test>", FOREIGN },
	{ "<\"victim@foreign.test\">", FOREIGN },
	{ "<\"<victim@foreign.test>\"@example.test>", FOREIGN },
	{ "<\"bob <victim@foreign.test>\"@example.test>", FOREIGN },
	{ "<\"\\\"victim\\\"@foreign.test\"@example.test>", FOREIGN },
	{ "<\"victim@foreign.test\"@foreign.test>", FOREIGN },
	{ "<@alias.test:\"victim@foreign.test\"@example.test>", FOREIGN },

	/* bang paths */
	{ "<foreign.test!victim@example.test>", FOREIGN },
	{ "foreign.test!victim@example.test", FOREIGN },
	{ "<foreign.test!victim>", FOREIGN },
	{ "<foreign!victim@example.test>", FOREIGN },
	{ "<alias.test!foreign.test!victim@example.test>", FOREIGN },
	{ "<foreign.test!alias.test!bob@example.test>", FOREIGN },
	{ "<\"foreign.test!victim\"@example.test>", FOREIGN },
	{ "<\"foreign.test\\!victim\"@example.test>", FOREIGN },
	{ "<example.test!foreign.test!victim>", FOREIGN },
	{ "<foreign.test!victim@foreign.test>", FOREIGN },
	{ "<@alias.test:foreign.test!victim@example.test>", FOREIGN },

	/* mixed: which of them wins depends on the MTA */
	{ "<alias.test!bob%alias.test@example.test>", UNKNOWN },
	{ "<foreign.test!victim%alias.test@example.test>", UNKNOWN },
	{ "<alias.test!victim%foreign.test@example.test>", UNKNOWN },
	{ "<\"foreign.test!victim@alias.test\"@example.test>", UNKNOWN },
	{ "<alias.test!victim%foreign.test>", UNKNOWN },

	/* routes inside the local part */
	{ "<\"@foreign.test:victim@alias.test\"@example.test>", UNKNOWN },
	{ "<\"@foreign.test\"@example.test>", UNKNOWN },
	{ "<\"@alias.test:bob\"@example.test>", UNKNOWN },
	{ "<\"foreign.test:victim@alias.test\"@example.test>", UNKNOWN },
	{ "<\"a:b%alias.test\"@example.test>", UNKNOWN },

	/* empty pieces */
	{ "<%foreign.test@example.test>", UNKNOWN },
	{ "<victim%@example.test>", UNKNOWN },
	{ "<bob%%alias.test@example.test>", UNKNOWN },
	{ "<!victim@example.test>", UNKNOWN },
	{ "<foreign.test!@example.test>", UNKNOWN },
	{ "<alias.test!!bob@example.test>", UNKNOWN },
	{ "<%@example.test>", UNKNOWN },
	{ "<!@example.test>", UNKNOWN },
	{ "<\"@\"@example.test>", UNKNOWN },
	{ "<\"\\@alias.test\"@example.test>", UNKNOWN },
	{ "<\"bob@\"@example.test>", UNKNOWN },
	{ "<\"\"@example.test>", UNKNOWN },
	{ "<\"\">", UNKNOWN },
	{ "<%>", UNKNOWN },

	/* the null path names nobody */
	{ "<>", UNKNOWN },
};

static void test_the_reach_of_each_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(reach_rows); i++) {
		enum gp_address_reach reach =
			reach_of(reach_rows[i].path, &domains);

		if ((int)reach != reach_rows[i].reach)
			fail_msg("%s: %s, not %s", reach_rows[i].path,
				 reach_words[reach],
				 reach_words[reach_rows[i].reach]);
	}
}

static const char *const invalid_rows[] = {
	"", " ", "<", ">", "><", "<<>>", "< >", "<@>", "@", "<.@>",
	/* brackets */
	"<bob@example.test", "bob@example.test>", "<<bob@example.test>>",
	"<bob@example.test>>", "<bob@example.test> ", " <bob@example.test>",
	"<bob@example.test>x", "<bob@example.test><victim@foreign.test>",
	"<Bob Smith <bob@example.test>>", "Bob <bob@example.test>",
	"<bob@example.test> SIZE=1", "<bo<b@example.test>", "<bo>b@example.test>",
	"<bob@exam>ple.test>",
	/* space, control bytes, comments, lists, colons */
	"<bob smith@example.test>", "<bob@example.test >", "< bob@example.test>",
	"<bob @example.test>", "<bob@ example.test>", "<bob\t@example.test>",
	"<bob\r\n@example.test>", "<bob@example.test\r>", "<bob\x7f@example.test>",
	"<\001bob@example.test>", "<\"b\tob\"@example.test>",
	"<\"b\nob\"@example.test>", "<\"b\x7fob\"@example.test>",
	"<\"b\\\tob\"@example.test>", "<\"b\\\x7fob\"@example.test>",
	"<bob(x)@example.test>", "<bob@example.test(x)>", "<(x)bob@example.test>",
	"<bob@(x)example.test>", "<bob@example.test,victim@foreign.test>",
	"<bob,victim@example.test>", "<a:b@example.test>",
	"<list:bob@example.test;>", "<bob;@example.test>",
	/* quotes */
	"<\"bob@example.test>", "<bob\"@example.test>", "<\"bob\"", "<\"bob\\\"@example.test>",
	"<\"a\".b@example.test>", "<a.\"b\"@example.test>", "<\"a\".\"b\"@example.test>",
	"<\"a\"\"b\"@example.test>", "<\"a\" @example.test>", "<b\\ob@example.test>",
	"<bob\\@foreign.test@example.test>", "<\"", "<\"\\", "<\"\\>", "\"",
	/* several @, empty parts */
	"<victim@foreign.test@example.test>", "<bob@@example.test>",
	"<bob@example.test@>", "<@example.test>", "<bob@>", "bob@", "<@bob>",
	"<@@example.test>", "<victim@foreign.test%x@example.test>",
	/* domains */
	"<bob@.example.test>", "<bob@example..test>", "<bob@example.test..>",
	"<bob@.>", "<bob@..>", "<bob@example.test%foreign.test>",
	"<bob@foreign.test!example.test>", "<bob@example.test:25>",
	"<bob@example.test#>", "<bob@example,test>", "<bob@example.test/x>",
	"<bob@example.test\\>", "<bob@\"example.test\">", "<bob@exam ple.test>",
	"<bob@*.test>", "<bob@example.test;>", "<bob@example=test>",
	/* literals */
	"<bob@[]>", "<bob@[192.0.2.1>", "<bob@192.0.2.1]>", "<bob@[192.0.2.1]x>",
	"<bob@[192.0.2.1].>", "<bob@[[192.0.2.1]]>", "<bob@[192.0.2.1][x]>",
	"<bob@x[192.0.2.1]>", "<bob@[192.0 .2.1]>", "<bob@[a\\b]>",
	"<bob@[192.0.2.1].test>", "<bob@[\xc3\xbc]>", "<bob@[\x7f]>",
	/* routes */
	"<@:bob@example.test>", "<:bob@example.test>", "<@a.test bob@example.test>",
	"<@a.test,bob@example.test>", "<@a.test,:bob@example.test>",
	"<@a.test,b.test:bob@example.test>", "<@a.test,,@b.test:bob@example.test>",
	"<,@a.test:bob@example.test>", "<@a.test:@b.test:bob@example.test>",
	"<@a.test:>", "<@a.test:bob>", "<@a.test:postmaster>", "<@a.test:\"bob\">",
	"<@a..test:bob@example.test>", "<@.test:bob@example.test>",
	"<@a.test@b.test:bob@example.test>", "<@a.test;bob@example.test>",
	"<@a.test: bob@example.test>", "<@a.test, @b.test:bob@example.test>",
	"<a.test:bob@example.test>", "<@a.test%b:bob@example.test>",
	/* UTF-8 that is none */
	"<b\x80@example.test>", "<b\xff@example.test>", "<b\xc3@example.test>",
	"<\xc0\xaf@example.test>", "<\xc1\x80@example.test>",
	"<\xe0\x80\xaf@example.test>", "<\xe0\x9f\xbf@example.test>",
	"<\xed\xa0\x80@example.test>", "<\xed\xbf\xbf@example.test>",
	"<\xf0\x80\x80\xaf@example.test>", "<\xf0\x8f\xbf\xbf@example.test>",
	"<\xf4\x90\x80\x80@example.test>", "<\xf5\x80\x80\x80@example.test>",
	"<\xe2\x82@example.test>", "<\xe2\x82", "<\xf0\x9f\x93@example.test>",
	"<\"b\xc3\"@example.test>", "<\"\\\xc3\xbc\"@example.test>",
	"<bob@ex\xc3mple.test>", "<bob@\xed\xa0\x80.test>", "<bob@example.test\xc3",
	"<victim@foreign.test,@example.test:bob@example.test>",
};

static void test_what_is_not_a_path(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(invalid_rows); i++) {
		static const struct gp_address nothing;
		struct gp_address address;

		memset(&address, 0x5a, sizeof(address));
		gp_address_parse(invalid_rows[i], &address);
		if (address.kind != GP_ADDRESS_INVALID)
			fail_msg("row %zu: '%s' has kind %d", i, invalid_rows[i],
				 address.kind);
		/* nothing of it may be used by mistake */
		assert_ptr_equal(address.local_part, nothing.local_part);
		assert_ptr_equal(address.domain, nothing.domain);
		assert_int_equal(address.domain_length, 0);
		assert_int_equal(gp_address_reach(&address, &domains),
				 GP_REACH_UNKNOWN);
	}
}

static void test_the_edges_of_utf8(void **state)
{
	static const char *const good[] = {
		"<\xc2\x80@example.test>", "<\xdf\xbf@example.test>",
		"<\xe0\xa0\x80@example.test>", "<\xed\x9f\xbf@example.test>",
		"<\xee\x80\x80@example.test>", "<\xef\xbf\xbf@example.test>",
		"<\xf0\x90\x80\x80@example.test>", "<\xf4\x8f\xbf\xbf@example.test>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++)
		assert_int_equal(reach_of(good[i], &domains), GP_REACH_LOCAL);
}

static void assert_slice(const char *at, size_t length, const char *wanted)
{
	assert_int_equal(length, strlen(wanted));
	assert_memory_equal(at, wanted, length);
}

static const struct {
	const char *path;
	enum gp_address_kind kind;
	const char *local_part, *domain;
	bool is_quoted, is_literal, has_route;
} slice_rows[] = {
	{ "<Bob@Example.test>", GP_ADDRESS_MAILBOX, "Bob", "Example.test",
	  false, false, false },
	{ "bob@example.test.", GP_ADDRESS_MAILBOX, "bob", "example.test",
	  false, false, false },
	{ "<\"b\\\" c\"@a.test>", GP_ADDRESS_MAILBOX, "\"b\\\" c\"", "a.test",
	  true, false, false },
	{ "<@r.test,@s.test:bob@a.test>", GP_ADDRESS_MAILBOX, "bob", "a.test",
	  false, false, true },
	{ "<bob@[IPv6:2001:db8::1]>", GP_ADDRESS_MAILBOX, "bob",
	  "[IPv6:2001:db8::1]", false, true, false },
	{ "<x%y!z@a.test>", GP_ADDRESS_MAILBOX, "x%y!z", "a.test",
	  false, false, false },
	{ "<bob>", GP_ADDRESS_BARE, "bob", "", false, false, false },
	{ "\"bob\"", GP_ADDRESS_BARE, "\"bob\"", "", true, false, false },
	{ "<postMASTER>", GP_ADDRESS_POSTMASTER, "postMASTER", "",
	  false, false, false },
	{ "<postmaster@a.test>", GP_ADDRESS_MAILBOX, "postmaster", "a.test",
	  false, false, false },
	{ "<>", GP_ADDRESS_NULL, "", "", false, false, false },
};

static void test_the_parts_of_a_path(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(slice_rows); i++) {
		struct gp_address address;

		memset(&address, 0x5a, sizeof(address));
		gp_address_parse(slice_rows[i].path, &address);
		assert_int_equal(address.kind, slice_rows[i].kind);
		assert_slice(address.local_part, address.local_part_length,
			     slice_rows[i].local_part);
		assert_slice(address.domain, address.domain_length,
			     slice_rows[i].domain);
		assert_int_equal(address.local_part_is_quoted,
				 slice_rows[i].is_quoted);
		assert_int_equal(address.domain_is_literal,
				 slice_rows[i].is_literal);
		assert_int_equal(address.has_route, slice_rows[i].has_route);
	}
}

static bool contains(const struct gp_str_list *list, const char *domain)
{
	return gp_domain_list_contains(list, domain, strlen(domain));
}

static void test_a_list_of_domains(void **state)
{
	char mixed[] = "Example.TEST", dotted[] = "alias.test.",
	     below[] = ".Sub.test", literal[] = "[127.0.0.1]",
	     utf8[] = "m\xc3\xbcnchen.test", empty[] = "", dot[] = ".";
	char *items[] = { mixed, dotted, below, literal, utf8, empty, dot };
	const struct gp_str_list list = { items, COUNT_OF(items) };
	const struct gp_str_list nothing = { NULL, 0 };

	(void)state;
	assert_false(contains(&list, "foreign.test"));
	assert_false(contains(&list, "test"));
	assert_false(contains(&list, "sub.test"));
	assert_false(contains(&list, ".sub.test"));
	assert_false(contains(&list, ".a.sub.test"));
	assert_false(contains(&list, "xsub.test"));
	assert_false(contains(&list, "example.test.."));
	assert_false(contains(&list, "127.0.0.1"));
	assert_false(contains(&list, "[127.0.0.2]"));
	assert_false(contains(&list, "M\xc3\x9cnchen.test"));
	assert_false(contains(&list, ""));
	assert_false(contains(&list, "."));
	assert_false(contains(&nothing, "example.test"));
	assert_false(contains(&nothing, ""));
	assert_true(contains(&list, "example.test"));
	assert_true(contains(&list, "EXAMPLE.test."));
	assert_true(contains(&list, "alias.test"));
	assert_true(contains(&list, "Alias.Test."));
	assert_true(contains(&list, "a.sub.test"));
	assert_true(contains(&list, "a.b.SUB.test."));
	assert_true(contains(&list, "[127.0.0.1]"));
	assert_true(contains(&list, "M\xc3\xbcnchen.test"));
	/* the length counts, not what follows */
	assert_true(gp_domain_list_contains(&list, "example.test.foreign", 12));
	assert_false(gp_domain_list_contains(&list, "example.test", 11));
}

static void test_names_below_a_domain(void **state)
{
	char below[] = ".example.test", self[] = "example.test",
	     literal[] = "[127.0.0.1]";
	char *items[] = { below, self, literal };
	const struct gp_str_list list = { items, 3 }, only_below = { items, 1 };

	(void)state;
	assert_int_equal(reach_of("<bob@example.test>", &only_below),
			 GP_REACH_FOREIGN);
	assert_int_equal(reach_of("<bob@a.example.test>", &only_below),
			 GP_REACH_LOCAL);
	assert_int_equal(reach_of("<bob%b.example.test@a.example.test>", &list),
			 GP_REACH_LOCAL);
	assert_int_equal(reach_of("<bob@[127.0.0.1]>", &list), GP_REACH_LOCAL);
	assert_int_equal(reach_of("<\"bob@[127.0.0.1]\"@example.test>", &list),
			 GP_REACH_LOCAL);
	/* what ends like a name below ours need not be a name */
	assert_int_equal(reach_of("<\"v@foreign.test,x.example.test\"@example.test>",
				  &list), GP_REACH_FOREIGN);
	assert_int_equal(reach_of("<\"v@foreign.test> <x.example.test\"@example.test>",
				  &list), GP_REACH_FOREIGN);
	assert_int_equal(reach_of("<\"v%foreign.test/.example.test\"@example.test>",
				  &list), GP_REACH_FOREIGN);
	assert_int_equal(reach_of("<\"v%foreign\\.test.example.test\"@example.test>",
				  &list), GP_REACH_FOREIGN);
	assert_int_equal(reach_of("<v%x..example.test@example.test>", &list),
			 GP_REACH_FOREIGN);
	assert_int_equal(reach_of("<foreign.test%.example.test@example.test>",
				  &list), GP_REACH_FOREIGN);
}

static void test_without_local_domains_nothing_is_local(void **state)
{
	const struct gp_str_list nothing = { NULL, 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(reach_rows); i++) {
		struct gp_address address;

		gp_address_parse(reach_rows[i].path, &address);
		if (address.kind != GP_ADDRESS_POSTMASTER)
			assert_int_not_equal(gp_address_reach(&address, &nothing),
					     GP_REACH_LOCAL);
	}
}

/* --- random paths, judged again by a simple-minded reader --- */

static uint32_t random_state = 20240607;

static uint32_t next_random(uint32_t limit)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % limit;
}

static void make_path(char *path, size_t size)
{
	static const char *const words[] = {
		"bob", "example.test", "alias.test", "foreign.test", "@", "@", "%",
		"!", ":", ",", ".", "\"", "\\", " ", "[", "]", "(", "x.example.test",
		"\xc3\xbc", "\xc3", "postmaster", "@example.test", "@example.test>",
		"\"@example.test>", "[127.0.0.1]", "<", ">", "\x01", "\xff", "@a.test:",
	};
	size_t length = 0;
	unsigned int count = next_random(9);

	path[0] = '\0';
	if (next_random(4) > 0)
		length += (size_t)snprintf(path, size, "<%s",
					   next_random(3) == 0 ? "\"" : "");
	for (unsigned int i = 0; i < count && length + 32 < size; i++)
		length += (size_t)snprintf(path + length, size - length, "%s",
					   words[next_random(COUNT_OF(words))]);
	if (next_random(2) == 0 && length + 32 < size)
		(void)snprintf(path + length, size - length, "%s",
			       next_random(2) == 0 ? "@example.test>" :
			       "\"@example.test>");
}

static bool names_a_domain_of_ours(const char *piece)
{
	size_t length = strlen(piece);
	char *copy = strdup(piece);
	bool is_ours;

	if (length > 0 && copy[length - 1] == '.')
		copy[length - 1] = '\0';
	is_ours = strcmp(copy, "example.test") == 0 ||
		strcmp(copy, "alias.test") == 0;
	free(copy);
	return is_ours;
}

/* The text without brackets, route, quotes and backslashes: what the laxest of
   MTAs might make of it. */
static char *flatten(const char *path)
{
	char *flat = calloc(1, strlen(path) + 1);
	const char *from = path;
	size_t length = 0;

	if (*from == '<')
		from++;
	if (*from == '@')
		from = strchr(from, ':') + 1;
	for (; *from != '\0'; from++) {
		if (*from == '\\' && from[1] != '\0')
			flat[length++] = *++from;
		else if (*from != '"')
			flat[length++] = *from;
	}
	if (length > 0 && flat[length - 1] == '>' && path[0] == '<')
		flat[length - 1] = '\0';
	return flat;
}

/* Each piece but the one that names the user must be ours. */
static void assert_only_ours(const char *path)
{
	char *flat = flatten(path), *at, *next;
	bool has_bang = strchr(flat, '!') != NULL;
	char *domain_at = strrchr(flat, '@');

	for (at = flat; at != NULL; at = next) {
		bool is_user;

		next = strpbrk(at, "@%!");
		is_user = has_bang
			? next == domain_at && (next != NULL || domain_at == NULL)
			: at == flat;
		if (next != NULL)
			*next++ = '\0';
		if (!is_user && !names_a_domain_of_ours(at))
			fail_msg("%s is called local in spite of '%s'", path, at);
	}
	free(flat);
}

static void test_random_paths_called_local_name_no_foreign_domain(void **state)
{
	enum { ROUNDS = 400000, LEAST = 2000 };
	unsigned int local_count = 0;
	char path[256];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct gp_address address;

		make_path(path, sizeof(path));
		gp_address_parse(path, &address);
		if (gp_address_reach(&address, &domains) != GP_REACH_LOCAL ||
		    address.kind == GP_ADDRESS_POSTMASTER)
			continue;
		local_count++;
		assert_only_ours(path);
	}
	/* a generator that finds nothing would prove nothing */
	assert_true(local_count > LEAST);
}

static void test_random_bytes_are_survived(void **state)
{
	(void)state;
	for (int i = 0; i < 200000; i++) {
		size_t length = next_random(24);
		char *path = malloc(length + 1);
		struct gp_address address;

		for (size_t at = 0; at < length; at++)
			path[at] = (char)next_random(256);
		path[length] = '\0';
		gp_address_parse(path, &address);
		(void)gp_address_reach(&address, &domains);
		if (address.kind == GP_ADDRESS_MAILBOX) {
			assert_true(address.local_part >= path);
			assert_true(address.domain + address.domain_length <=
				    path + strlen(path));
		}
		free(path);
	}
}

/* A megabyte of separators must not take longer than one of letters would. */
static void test_a_long_path_takes_linear_time(void **state)
{
	enum { BYTES = 1 << 20 };
	static const char tail[] = "@example.test>";
	char *path = malloc(BYTES + sizeof(tail));

	(void)state;
	memset(path, '%', BYTES);
	path[0] = '<';
	for (size_t i = 1; i < BYTES; i += 2)
		path[i] = 'a';
	memcpy(path + BYTES, tail, sizeof(tail));
	assert_int_equal(reach_of(path, &domains), GP_REACH_FOREIGN);
	path[BYTES - 1] = '%';
	assert_int_equal(reach_of(path, &domains), GP_REACH_UNKNOWN);
	memset(path + 1, 'a', BYTES - 1);
	assert_int_equal(reach_of(path, &domains), GP_REACH_LOCAL);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_not_a_path),
		cmocka_unit_test(test_the_reach_of_each_form),
		cmocka_unit_test(test_the_edges_of_utf8),
		cmocka_unit_test(test_the_parts_of_a_path),
		cmocka_unit_test(test_a_list_of_domains),
		cmocka_unit_test(test_names_below_a_domain),
		cmocka_unit_test(test_without_local_domains_nothing_is_local),
		cmocka_unit_test(test_random_paths_called_local_name_no_foreign_domain),
		cmocka_unit_test(test_random_bytes_are_survived),
		cmocka_unit_test(test_a_long_path_takes_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
