/* SPDX-License-Identifier: MIT */
/* This module tests what check-site makes of texts: lists of networks and of TLS
   versions, restrictions, and what doveconf and sendmail.cf say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "site-abi.h"
#include "site-dovecot.h"
#include "site-network.h"
#include "site-postfix.h"
#include "site-restriction.h"
#include "site-run.h"
#include "site-sendmail.h"
#include "site-tls-versions.h"

static struct gp_pool *pool;

static int make_pool(void **state)
{
	(void)state;
	pool = gp_pool_create();
	return 0;
}

static int free_pool(void **state)
{
	(void)state;
	gp_pool_free(&pool);
	return 0;
}

static void test_words(void **state)
{
	const char *list = " a,b\t{ c, d=e } , f{g h}i ,", *rest = list;

	(void)state;
	assert_string_equal(gp_site_next_word(pool, &rest), "a");
	assert_string_equal(gp_site_next_word(pool, &rest), "b");
	assert_string_equal(gp_site_next_word(pool, &rest), "{ c, d=e }");
	assert_string_equal(gp_site_next_word(pool, &rest), "f{g h}i");
	assert_null(gp_site_next_word(pool, &rest));
	rest = "{ never closed, x";
	assert_string_equal(gp_site_next_word(pool, &rest), "{ never closed, x");
	assert_null(gp_site_next_word(pool, &rest));
}

static void test_map(void **state)
{
	struct gp_site_map map;

	(void)state;
	gp_site_map_parse(pool, "b = 2 = 3\na =\nno line\n = 5\nc = ", &map);
	assert_string_equal(gp_site_map_get(&map, "a"), "");
	assert_string_equal(gp_site_map_get(&map, "b"), "2 = 3");
	assert_string_equal(gp_site_map_get(&map, "c"), "");
	assert_null(gp_site_map_get(&map, "no line"));
	gp_site_map_parse(pool, "", &map);
	assert_null(gp_site_map_get(&map, "a"));
}

static void test_networks(void **state)
{
	static const struct {
		const char *list;
		enum gp_site_width width;
		bool is_loopback_only;
	} rows[] = {
		{ "", GP_SITE_NETWORK_NARROW, true },
		{ "127.0.0.0/8, [::1]/128", GP_SITE_NETWORK_NARROW, true },
		{ "[::ffff:127.0.0.0]/104", GP_SITE_NETWORK_NARROW, true },
		{ "10.0.0.0/8", GP_SITE_NETWORK_NARROW, false },
		{ "10.0.0.0/7", GP_SITE_NETWORK_WIDE, false },
		{ "172.16.0.0/12 192.168.0.0/16", GP_SITE_NETWORK_NARROW, false },
		{ "203.0.113.0/24", GP_SITE_NETWORK_NARROW, false },
		{ "203.0.112.0/23", GP_SITE_NETWORK_BROAD, false },
		{ "198.51.0.0/16", GP_SITE_NETWORK_BROAD, false },
		{ "198.50.0.0/15", GP_SITE_NETWORK_WIDE, false },
		{ "0.0.0.0/0", GP_SITE_NETWORK_WIDE, false },
		{ "127.0.0.0/7", GP_SITE_NETWORK_WIDE, false },
		{ "[::ffff:0.0.0.0]/96", GP_SITE_NETWORK_WIDE, false },
		{ "::/0", GP_SITE_NETWORK_WIDE, false },
		{ "[2000::]/3", GP_SITE_NETWORK_WIDE, false },
		{ "[2a00:1::]/32", GP_SITE_NETWORK_BROAD, false },
		{ "[2a00:1:2::]/48", GP_SITE_NETWORK_NARROW, false },
		{ "[2a00::]/31", GP_SITE_NETWORK_WIDE, false },
		{ "fc00::/7 fe80::/10", GP_SITE_NETWORK_NARROW, false },
		{ "!0.0.0.0/0 127.0.0.1", GP_SITE_NETWORK_NARROW, true },
		{ "static:all", GP_SITE_NETWORK_WIDE, false },
		{ "hash:/etc/networks", GP_SITE_NETWORK_NARROW, false },
		{ "[broken 1.2.3 /", GP_SITE_NETWORK_NARROW, false },
	};
	struct gp_site_networks networks;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		gp_site_networks_judge(pool, rows[i].list, &networks);
		if (networks.width != rows[i].width ||
		    networks.is_loopback_only != rows[i].is_loopback_only)
			fail_msg("%s: width %d, loopback %d", rows[i].list,
				 networks.width, networks.is_loopback_only);
	}
}

static void test_tls_versions(void **state)
{
	static const struct {
		const char *list, *too_old;
	} rows[] = {
		{ ">=TLSv1.2", NULL }, { ">=tlsv1.3", NULL }, { ">=0303", NULL },
		{ "TLSv1.2, TLSv1.3", NULL },
		{ "!SSLv2:!SSLv3:!TLSv1:!TLSv1.1", NULL },
		{ ">=TLSv1, !TLSv1, !TLSv1.1", NULL },
		{ "", "SSLv3" }, { ">=TLSv1", "TLSv1" }, { ">=0302", "TLSv1.1" },
		{ "!SSLv2, !SSLv3", "TLSv1" }, { "!SSLv2, !SSLv3, !TLSv1", "TLSv1.1" },
		{ "TLSv1.1 TLSv1.2", "TLSv1.1" }, { "<=TLSv1.2", "SSLv3" },
		{ ">=nonsense", "SSLv3" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *too_old = gp_site_tls_too_old(pool, rows[i].list);

		if (rows[i].too_old == NULL ? too_old != NULL : too_old == NULL ||
		    strcmp(too_old, rows[i].too_old) != 0)
			fail_msg("'%s' gives %s", rows[i].list,
				 too_old == NULL ? "nothing" : too_old);
	}
	assert_null(gp_site_tls_least_too_old("TLSv1.2"));
	assert_non_null(gp_site_tls_least_too_old("TLSv1.1"));
	assert_non_null(gp_site_tls_least_too_old("SSLv3"));
}

static void test_restrictions(void **state)
{
	static const struct {
		const char *relay, *recipient;
		enum gp_site_strangers strangers;
	} rows[] = {
		{ "", "", GP_SITE_STRANGERS_RELAY },
		{ "permit_mynetworks", "permit", GP_SITE_STRANGERS_RELAY },
		{ "reject_unauth_destination", "", GP_SITE_STRANGERS_LOCAL },
		{ "", "permit_mynetworks, defer_unauth_destination",
		  GP_SITE_STRANGERS_LOCAL },
		{ "permit, reject_unauth_destination", "", GP_SITE_STRANGERS_RELAY },
		{ "permit", "reject_unauth_destination", GP_SITE_STRANGERS_LOCAL },
		{ "permit_mynetworks reject", "", GP_SITE_STRANGERS_SHUT_OUT },
		{ "warn_if_reject reject_unauth_destination", "",
		  GP_SITE_STRANGERS_RELAY },
		{ "warn_if_reject reject_unauth_destination reject", "",
		  GP_SITE_STRANGERS_SHUT_OUT },
		{ "check_client_access hash:/x, reject_unauth_destination", "",
		  GP_SITE_STRANGERS_LOCAL },
		{ "check_client_access static:permit, reject", "",
		  GP_SITE_STRANGERS_RELAY },
		{ "check_client_access { inline:{ a=permit }, x=y }, reject", "",
		  GP_SITE_STRANGERS_SHUT_OUT },
		{ "mine", "", GP_SITE_STRANGERS_LOCAL },
		{ "endless", "", GP_SITE_STRANGERS_RELAY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gp_postfix_service service = { 0 };
		enum gp_site_strangers strangers;

		gp_site_map_parse(pool, gp_pool_printf(pool,
			"smtpd_relay_restrictions = %s\n"
			"smtpd_recipient_restrictions = %s\n"
			"mine = permit_mynetworks, reject_unauth_destination\n"
			"endless = endless\n",
			rows[i].relay, rows[i].recipient), &service.settings);
		strangers = gp_site_strangers(pool, &service);
		if (strangers != rows[i].strangers)
			fail_msg("'%s' and '%s' give %d", rows[i].relay,
				 rows[i].recipient, strangers);
	}
}

static void test_dovecot(void **state)
{
	struct gp_dovecot dovecot = { 0 };

	(void)state;
	gp_dovecot_parse(pool,
		"# 2.4.1: x\nssl = required\nmail_plugins = \" a b\"\n"
		"ssl_key = # hidden\nempty = \n"
		"import_environment {\n  GATEPOST_CONF = /x\n}\n"
		"remote 127.0.0.0/8 {\n  ssl = yes\n  protocol imap {\n"
		"    ssl = no\n  }\n}\n}\n}\nlast = 1\nlast = 2", &dovecot);
	assert_string_equal(gp_dovecot_get(&dovecot, "", "ssl"), "required");
	assert_string_equal(gp_dovecot_get(&dovecot, "", "mail_plugins"), " a b");
	assert_string_equal(gp_dovecot_get(&dovecot, "", "empty"), "");
	assert_string_equal(gp_dovecot_get(&dovecot, "import_environment",
					   "GATEPOST_CONF"), "/x");
	assert_string_equal(gp_dovecot_get(&dovecot, "remote 127.0.0.0/8",
					   "ssl"), "yes");
	assert_string_equal(gp_dovecot_get(&dovecot, "remote 127.0.0.0/8 > "
					   "protocol imap", "ssl"), "no");
	assert_string_equal(gp_dovecot_get(&dovecot, "", "last"), "2");
	assert_null(gp_dovecot_get(&dovecot, "protocol imap", "ssl"));
}

static void test_sendmail(void **state)
{
	struct gp_sendmail sendmail = { 0 };

	(void)state;
	gp_sendmail_parse(pool,
		"O DaemonPortOptions=Family=inet, Name=MSA ,\n\tPort=587,M=Ea,I=a;b\n"
		"#O AuthOptions=p\nO  AuthOptions = A\nO AuthOptions=A p\n"
		"Xgatepost, S=inet:1@h, F=T, T=C:1m;S:2s\nX\nXbare", &sendmail);
	assert_int_equal(sendmail.daemon_count, 1);
	assert_string_equal(sendmail.daemons[0].name, "MSA");
	assert_int_equal(sendmail.daemons[0].port, 587);
	assert_string_equal(sendmail.daemons[0].modifiers, "Ea");
	assert_string_equal(sendmail.daemons[0].filters, "a;b");
	assert_int_equal(sendmail.filter_count, 3);
	assert_string_equal(sendmail.filters[0].name, "gatepost");
	assert_string_equal(sendmail.filters[0].address, "inet:1@h");
	assert_string_equal(sendmail.filters[0].flags, "T");
	assert_string_equal(sendmail.filters[0].timeouts, "C:1m;S:2s");
	assert_string_equal(sendmail.filters[2].name, "bare");
	assert_string_equal(gp_sendmail_option(pool, &sendmail, "AuthOptions"),
			    "A p");
	gp_sendmail_parse(pool, "", &sendmail);
	assert_int_equal(sendmail.daemon_count, 1);
	assert_int_equal(sendmail.daemons[0].port, 25);
}

static void test_abi(void **state)
{
	(void)state;
	assert_true(gp_site_abi_is_same("2.3.ABIv19(2.3.19.1)", "2.3.ABIv19(2.3.20)"));
	assert_true(gp_site_abi_is_same("2.4.ABIv1", "2.4.ABIv1(2.4.1)"));
	assert_false(gp_site_abi_is_same("2.3.ABIv19(2.3.19.1)", "2.3.ABIv1(2.3.1)"));
	assert_false(gp_site_abi_is_same("2.3.ABIv19(2.3.19.1)", ""));
	assert_null(gp_site_abi_of_file(pool, "/nonexistent"));
	assert_null(gp_site_abi_of_file(pool, "/dev/null"));
	assert_false(gp_site_file_has_name("/nonexistent", "x"));
}

static void test_secs(void **state)
{
	(void)state;
	assert_int_equal(gp_postfix_secs("30s"), 30);
	assert_int_equal(gp_postfix_secs("30"), 30);
	assert_int_equal(gp_postfix_secs("5m"), 300);
	assert_int_equal(gp_postfix_secs("1h"), 3600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words), cmocka_unit_test(test_map),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_tls_versions),
		cmocka_unit_test(test_restrictions),
		cmocka_unit_test(test_dovecot), cmocka_unit_test(test_sendmail),
		cmocka_unit_test(test_abi), cmocka_unit_test(test_secs),
	};

	return cmocka_run_group_tests(tests, make_pool, free_pool);
}
