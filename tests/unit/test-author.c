/* SPDX-License-Identifier: MIT */
/*
 * This module tests lib/author.c: whatever two readers could take for different
 * authors is trouble, by its word; what people rightly write is read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gmime/gmime.h>

#include "author.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct row {
	const char *value;
	const char *wanted;
};

/* The word of trouble. */
static const struct row forged[] = {
	{ "", "empty" },
	{ " ", "empty" },
	{ "<>", "empty" },
	{ "Bob <>", "empty" },
	{ ",", "empty" },
	{ "a@x.test,", "empty" },
	{ "a@x.test,,b@x.test", "empty" },
	{ ", a@x.test", "empty" },
	{ "bob", "bare" },
	{ "Bob Smith", "bare" },
	{ "\"bob\"", "bare" },
	{ "bob, a@x.test", "bare" },
	{ "<bob>", "syntax" },
	{ "Smith, Bob <a@x.test>", "bare" },
	{ "undisclosed-recipients:;", "group" },
	{ "g: a@x.test;", "group" },
	{ "g: a@x.test, b@y.test;", "group" },
	{ "a@x.test;", "group" },
	{ "Boss: <a@x.test>", "group" },
	{ "a@x.test; b@y.test", "group" },
	{ "<@r.test:a@x.test>", "route" },
	{ "<@r.test,@s.test:a@x.test>", "route" },
	{ "Bob <@r.test:a@x.test>", "route" },
	{ "<,@r.test:a@x.test>", "route" },
	{ "\"Bob <a@x.test>", "syntax" },
	{ "Bob (x <a@x.test>", "syntax" },
	{ "Bob <a@x.test", "syntax" },
	{ "a@x.test>", "syntax" },
	{ "Bob a@x.test", "syntax" },
	{ "Bob a@x.test <a@x.test>", "syntax" },
	{ "a@x.test <a@x.test>", "syntax" },
	{ "a@x.test <b@y.test>", "syntax" },
	{ "<a@x.test> <b@y.test>", "syntax" },
	{ "Bob <a@x.test> <b@y.test>", "syntax" },
	{ "<a@x.test> b@y.test", "syntax" },
	{ "<a@x.test>b@y.test", "syntax" },
	{ "<<a@x.test>>", "syntax" },
	{ "Bob <a@x.test>Smith", "syntax" },
	{ "a @x.test", "syntax" },
	{ "a@ x.test", "syntax" },
	{ "a. b@x.test", "syntax" },
	{ "a(c)@x.test", "syntax" },
	{ "a@(c)x.test", "syntax" },
	{ "a@x(c).test", "syntax" },
	{ "< a@x.test>", "syntax" },
	{ "<a@x.test >", "syntax" },
	{ "<a@x.test(c)>", "syntax" },
	{ "<a\r\n @x.test>", "syntax" },
	{ "a@x.test.", "syntax" },
	{ "a@x.test\xe3\x80\x82", "syntax" },
	{ "a@.x.test", "syntax" },
	{ ".a@x.test", "syntax" },
	{ "a.@x.test", "syntax" },
	{ "a..b@x.test", "syntax" },
	{ "a@x..test", "syntax" },
	{ "a@", "syntax" },
	{ "@x.test", "syntax" },
	{ "a@b@x.test", "syntax" },
	{ "<a@b@x.test>", "syntax" },
	{ "a@x.test@y.test", "syntax" },
	{ "a@[1.2.3.4", "syntax" },
	{ "a@[1.2.3.4]x", "syntax" },
	{ "a@[]", "syntax" },
	{ "a@[1.2.3.4 ]", "syntax" },
	{ "a@[b@y.test]", "syntax" },
	{ "a@[b\xc3\xbc" "c@x.test]", "syntax" },
	{ "a@[<b:y.test>]", "syntax" },
	{ "a@x.test\\", "syntax" },
	{ "\\a@x.test", "syntax" },
	{ "\"a\\", "syntax" },
	{ "Bob ) <a@x.test>", "syntax" },
	{ "=?utf-8?q?Bob_<b@y.test>?= <a@x.test>", "syntax" },
	{ "=?utf-8?q?ceo?=@x.test", "encoded-address" },
	{ "<=?utf-8?q?ceo=40y.test?=@x.test>", "encoded-address" },
	{ "\"ceo@y.test\" <a@x.test>", "address-in-name" },
	{ "\"CEO <ceo@y.test>\" <a@x.test>", "address-in-name" },
	{ "\"ceo@y.test,\" <a@x.test>", "address-in-name" },
	{ "=?utf-8?q?ceo=40y.test?= <a@x.test>", "address-in-name" },
	{ "=?utf-8?b?Y2VvQHkudGVzdA==?= <a@x.test>", "address-in-name" },
	{ "=?iso-8859-1?q?CEO_=3Cceo=40y.test=3E?= <a@x.test>", "address-in-name" },
	{ "=?utf-8?q?ceo?= =?utf-8?q?=40y.test?= <a@x.test>", "address-in-name" },
	{ "\"=?utf-8?q?ceo=40y.test?=\" <a@x.test>", "address-in-name" },
	{ "Bob (ceo@y.test) <a@x.test>", "address-in-name" },
	{ "a@x.test (ceo@y.test)", "address-in-name" },
	{ "<a@x.test> (ceo@y.test)", "address-in-name" },
	{ "(ceo@y.test) a@x.test", "address-in-name" },
	{ "a@x.test (=?utf-8?q?ceo=40y.test?=)", "address-in-name" },
	{ "\"ceo\xef\xbc\xa0y.test\" <a@x.test>", "address-in-name" },
	{ "\"ceo\xef\xb9\xaby.test\" <a@x.test>", "address-in-name" },
	{ "\"ceo@y\xe3\x80\x82test\" <a@x.test>", "address-in-name" },
	{ "\"ceo\xe2\x80\x8b@\xe2\x80\x8by.test\" <a@x.test>", "address-in-name" },
	{ "\"c\xc2\xad" "eo@y.test\" <a@x.test>", "address-in-name" },
	{ "ceo\xef\xbc\xa0y.test <a@x.test>", "address-in-name" },
	{ "\"ceo@y.test\" <a@x.test>, a@x.test", "address-in-name" },
	{ "=?utf-7?q?ceo+AEA-y.test?= <a@x.test>", "address-in-name" },
	/* quotes, backslashes and comments are not shown */
	{ "ceo\"@\"y.test <a@x.test>", "address-in-name" },
	{ "ceo\"@y.test\" <a@x.test>", "address-in-name" },
	{ "\"ceo@\"y.test <a@x.test>", "address-in-name" },
	{ "\"ceo@\"\"y.test\" <a@x.test>", "address-in-name" },
	{ "ceo(c)\"@y.test\" <a@x.test>", "address-in-name" },
	{ "\"ceo@\"(a (b) c)y.test <a@x.test>", "address-in-name" },
	{ "\"ceo\\\"@y.test\" <a@x.test>", "address-in-name" },
	{ "\"\\c\\e\\o\\@\\y.test\" <a@x.test>", "address-in-name" },
	{ "\"'ceo'@y.test\" <a@x.test>", "address-in-name" },
	{ "\"[ceo]@[y.test]\" <a@x.test>", "address-in-name" },
	{ "\"ceo@'y.test'\" <a@x.test>", "address-in-name" },
	{ "=?utf-8?q?ceo?= \"=?utf-8?q?=40y.test?=\" <a@x.test>", "address-in-name" },
	{ "\"ceo\xe2\x80\x8a@\xe2\x80\x8ay.test\" <a@x.test>", "address-in-name" },
	{ "\"ceo\xe2\x80\xaf@y\xe2\x81\xa2.test\" <a@x.test>", "address-in-name" },
	{ "\"a@x.test\xf3\xa0\x81\xa1\" <b@x.test>", "address-in-name" },
	{ "\"\xe2\x80\xaetset.y@oec\" <a@x.test>", "bidi" },
	{ "\"\xd8\x9c" "ceo\" <a@x.test>", "bidi" },
	{ "\"Bob \xe2\x81\xa6x\xe2\x81\xa9\" <a@x.test>", "bidi" },
	{ "Bob\x01 <a@x.test>", "control" },
	{ "Bob\r <a@x.test>", "control" },
	{ "Bob\n<a@x.test>", "control" },
	{ "Bob\r\n<a@x.test>", "control" },
	{ "Bob\x7f <a@x.test>", "control" },
	{ "a@x.test\r\nTo: b@y.test", "control" },
	{ "=?utf-8?q?Bob=0AX?= <a@x.test>", "control" },
	{ "=?utf-8?q?Bob=C2=85x?= <a@x.test>", "control" },
	{ "B\xf6" "b <a@x.test>", "utf-8" },
	{ "\"\xff\" <a@x.test>", "utf-8" },
	{ "a@b\xfc" "cher.test", "utf-8" },
	{ "\xc0\xa0 <a@x.test>", "utf-8" },
};

/* The addresses, with blanks between them. */
static const struct row good[] = {
	{ "a@x.test", "a@x.test" },
	{ "<a@x.test>", "a@x.test" },
	{ " a@x.test ", "a@x.test" },
	{ "Bob <a@x.test>", "a@x.test" },
	{ "Bob<a@x.test>", "a@x.test" },
	{ "\"Bob\"<a@x.test>", "a@x.test" },
	{ "\"Smith, Bob\" <a@x.test>", "a@x.test" },
	{ "\"Bob \\\"B\\\" Smith\" <a@x.test>", "a@x.test" },
	{ "John Q. Public <a@x.test>", "a@x.test" },
	{ "J. R. R. T. <a@x.test>", "a@x.test" },
	{ "Bob O'Hara-Smith <a@x.test>", "a@x.test" },
	{ "\"Bob @ Home\" <a@x.test>", "a@x.test" },
	{ "\"a@x.test\" <a@x.test>", "a@x.test" },
	{ "\"A@X.TEST\" <a@x.test>", "a@x.test" },
	{ "\"a@x.test\" <A@x.test>", "A@x.test" },
	{ "a@x.test (Bob)", "a@x.test" },
	{ "Bob (sales) <a@x.test>", "a@x.test" },
	{ "Bob (a (b) c) <a@x.test> (d)", "a@x.test" },
	{ "(c) a@x.test", "a@x.test" },
	{ "Bob (\\)) <a@x.test>", "a@x.test" },
	{ "Bob\r\n <a@x.test>", "a@x.test" },
	{ "Bob\n\t<a@x.test>", "a@x.test" },
	{ "\"Bob\r\n Smith\" <a@x.test>", "a@x.test" },
	{ "\r\n a@x.test", "a@x.test" },
	{ "Bob <a@x.test>\r\n ", "a@x.test" },
	{ "=?utf-8?q?B=C3=B6b?= <a@x.test>", "a@x.test" },
	{ "=?utf-8?b?QsO2Yg==?= <a@x.test>", "a@x.test" },
	{ "=?iso-8859-1?q?B=F6b_Sm=EFth?= <a@x.test>", "a@x.test" },
	{ "=?utf-8?q?B=C3=B6b?= =?utf-8?q?_Smith?= <a@x.test>", "a@x.test" },
	{ "=?utf-8?q?B=C3=B6b?= Smith (=?utf-8?q?x=C3=A4?=) <a@x.test>", "a@x.test" },
	{ "\"=?utf-8?q?B=C3=B6b?=\" <a@x.test>", "a@x.test" },
	{ "=?utf-8?q?a=40x.test?= <a@x.test>", "a@x.test" },
	{ "=?utf-8*EN?q?Bob?= <a@x.test>", "a@x.test" },
	{ "a+b@x.test", "a+b@x.test" },
	{ "\"a b\"@x.test", "\"a b\"@x.test" },
	{ "\"a.b\"@x.test", "\"a.b\"@x.test" },
	{ "o'hara@x.test", "o'hara@x.test" },
	{ "a.b.c@x.test", "a.b.c@x.test" },
	{ "a_b-c@x-y.test", "a_b-c@x-y.test" },
	{ "!#$%&@x.test", "!#$%&@x.test" },
	{ "a@[192.0.2.1]", "a@[192.0.2.1]" },
	{ "a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]" },
	{ "B\xc3\xb6" "b <a@x.test>", "a@x.test" },
	{ "\"\xe6\x9d\x8e\xe6\x98\x8e\" <a@x.test>", "a@x.test" },
	{ "\xd9\x85\xd8\xad\xd9\x85\xd8\xaf <a@x.test>", "a@x.test" },
	{ "\"Bob \xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7\" <a@x.test>", "a@x.test" },
	{ "b\xc3\xb6" "b@x.test", "b\xc3\xb6" "b@x.test" },
	{ "a@b\xc3\xbc" "cher.test", "a@xn--bcher-kva.test" },
	{ "a@B\xc3\x9c" "CHER.test", "a@xn--bcher-kva.test" },
	{ "a@xn--bcher-kva.test", "a@xn--bcher-kva.test" },
	{ "a@b\xc3\xbc" "cher\xe3\x80\x82test", "a@xn--bcher-kva.test" },
	/* stays as it is: nobody's domain */
	{ "a@y.test\xef\xbc\xa0x.test", "a@y.test\xef\xbc\xa0x.test" },
	{ "a@x.test, b@y.test", "a@x.test b@y.test" },
	{ "A <a@x.test>, \"B\" <b@y.test> (c)", "a@x.test b@y.test" },
	{ "A <a@x.test>,\r\n B <b@y.test>", "a@x.test b@y.test" },
	{ "\"a@x.test\" <b@y.test>, \"b@y.test\" <a@x.test>", "b@y.test a@x.test" },
	{ "\"Bob via lists\" <a@x.test>", "a@x.test" },
	{ "\"Bob | Sales; Marketing: EU\" <a@x.test>", "a@x.test" },
	{ "\"12:30 - 13:00\" <a@x.test>", "a@x.test" },
	{ "\"@bob\" <a@x.test>", "a@x.test" },
	{ "\"Bob (@bob.smith)\" <a@x.test>", "a@x.test" },
	{ "\"Bob '@bob.smith'\" <a@x.test>", "a@x.test" },
	{ "\"Bob @x.test\" <a@x.test>", "a@x.test" },
	{ "\"'a@x.test'\" <a@x.test>", "a@x.test" },
	{ "\"a@x.test (Bob)\" <a@x.test>", "a@x.test" },
	{ "\"Bob \\\"a@x.test\\\"\" <a@x.test>", "a@x.test" },
	{ "\"bob@home\" <a@x.test>", "a@x.test" },
};

static struct gp_author_facts read_one(struct gp_pool *pool, const char *value)
{
	struct gp_author_facts author = { 0 };

	gp_author_add(pool, value, &author);
	assert_int_equal(author.fields_count, 1);
	return author;
}

static void test_forged_is_trouble(void **state)
{
	struct gp_pool *pool = gp_pool_create();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(forged); i++) {
		struct gp_author_facts author = read_one(pool, forged[i].value);

		if (author.trouble == NULL)
			fail_msg("taken: %s", forged[i].value);
		if (strcmp(author.trouble, forged[i].wanted) != 0)
			fail_msg("%s: wanted %s, found %s", forged[i].value,
				 forged[i].wanted, author.trouble);
		assert_int_equal(author.addresses_count, 0);
	}
	gp_pool_free(&pool);
}

static void test_good_is_read(void **state)
{
	struct gp_pool *pool = gp_pool_create();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct gp_author_facts author = read_one(pool, good[i].value);
		const char *found = "";

		if (author.trouble != NULL)
			fail_msg("%s: %s", good[i].value, author.trouble);
		for (size_t j = 0; j < author.addresses_count; j++)
			found = gp_pool_printf(pool, "%s%s%s", found,
					       j == 0 ? "" : " ",
					       author.addresses[j]);
		assert_string_equal(found, good[i].wanted);
	}
	gp_pool_free(&pool);
}

static void test_several_lines_add_up(void **state)
{
	struct gp_pool *pool = gp_pool_create();
	struct gp_author_facts author = { 0 };

	(void)state;
	gp_author_add(pool, "a@x.test", &author);
	gp_author_add(pool, "B <b@y.test>", &author);
	assert_null(author.trouble);
	assert_int_equal(author.fields_count, 2);
	assert_int_equal(author.addresses_count, 2);
	assert_string_equal(author.addresses[1], "b@y.test");
	gp_author_add(pool, "bob", &author);
	assert_string_equal(author.trouble, "bare");
	gp_author_add(pool, "c@z.test", &author);
	assert_string_equal(author.trouble, "bare");
	assert_int_equal(author.fields_count, 4);
	gp_pool_free(&pool);
}

static void test_bounds(void **state)
{
	struct gp_pool *pool = gp_pool_create();
	struct gp_author_facts author = { 0 };
	char text[20000];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + sizeof(text) - 9, " <a@x.t>", 9);
	gp_author_add(pool, text, &author);
	assert_string_equal(author.trouble, "too-long");
	memset(&author, 0, sizeof(author));
	text[0] = '\0';
	for (int i = 0; i < 65; i++)
		(void)strcat(text, i == 0 ? "a@x.test" : ", a@x.test");
	gp_author_add(pool, text, &author);
	assert_string_equal(author.trouble, "too-many");
	memset(&author, 0, sizeof(author));
	for (int i = 0; i < 8; i++)
		gp_author_add(pool, "a@x.test", &author);
	assert_null(author.trouble);
	gp_author_add(pool, "a@x.test", &author);
	assert_string_equal(author.trouble, "too-many");
	gp_pool_free(&pool);
}

static void test_names_of_headers(void **state)
{
	enum gp_author_field field = GP_AUTHOR_FIELDS;

	(void)state;
	assert_false(gp_author_field_from_name("Fromm", &field));
	assert_false(gp_author_field_from_name("X-From", &field));
	assert_false(gp_author_field_from_name("", &field));
	assert_int_equal(field, GP_AUTHOR_FIELDS);
	assert_true(gp_author_field_from_name("FROM", &field));
	assert_int_equal(field, GP_AUTHOR_FROM);
	assert_true(gp_author_field_from_name("From \t", &field));
	assert_true(gp_author_field_from_name("resent-sender", &field));
	assert_int_equal(field, GP_AUTHOR_RESENT_SENDER);
	assert_string_equal(gp_author_field_name(field), "Resent-Sender");
}

/* Plain values are not shown to GMime: it would have said the same. */
static void test_gmime_agrees_with_what_is_plain(void **state)
{
	static const char *const parts[] = { "a", "Z", "1", ".", "-", "_", "+",
		" ", "@", "<", ">", "bob", " <a@b.c>", "@x.test" };
	struct gp_author_facts author;
	int read_count = 0;
	char value[64];

	(void)state;
	g_mime_init();
	srandom(1);
	for (int i = 0; i < 200000; i++) {
		struct gp_pool *pool = gp_pool_create();
		InternetAddressList *list;
		InternetAddress *found;

		value[0] = '\0';
		for (long left = 1 + random() % 7; left > 0; left--)
			(void)strcat(value, parts[(size_t)random() %
						  COUNT_OF(parts)]);
		memset(&author, 0, sizeof(author));
		gp_author_add(pool, value, &author);
		if (author.trouble == NULL) {
			read_count++;
			list = internet_address_list_parse(NULL, value);
			assert_non_null(list);
			assert_int_equal(internet_address_list_length(list), 1);
			found = internet_address_list_get_address(list, 0);
			assert_true(INTERNET_ADDRESS_IS_MAILBOX(found));
			assert_string_equal(internet_address_mailbox_get_addr(
				INTERNET_ADDRESS_MAILBOX(found)),
				author.addresses[0]);
			g_object_unref(list);
		}
		gp_pool_free(&pool);
	}
	assert_in_range(read_count, 1000, 200000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forged_is_trouble),
		cmocka_unit_test(test_good_is_read),
		cmocka_unit_test(test_several_lines_add_up),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_names_of_headers),
		cmocka_unit_test(test_gmime_agrees_with_what_is_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
