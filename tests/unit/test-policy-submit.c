/* SPDX-License-Identifier: MIT */
/*
 * This module tests lib/policy-submit.c: who is refused, by which rule, and in
 * which order the rules are heard.  A fact that is missing never helps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy-submit.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum { OFF = GP_MODE_OFF, OBSERVE = GP_MODE_OBSERVE, ENFORCE = GP_MODE_ENFORCE };
enum { PASS = GP_ACTION_PASS, REJECT = GP_ACTION_REJECT,
       TEMPFAIL = GP_ACTION_TEMPFAIL };
enum { NO_PORT = -1 };

static char example_test[] = "example.test", alias_test[] = "alias.test";
static char *domains[] = { example_test, alias_test };
static unsigned int ports[] = { 587, 465 };
static struct gp_network trusted = {
	/* 192.0.2.0/24 */
	.base = { [10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2 },
	.prefix_bits = 120,
};

static const struct gp_settings settings_default = {
	.submission = { .ports = { ports, COUNT_OF(ports) } },
	.tls = { .mode = GP_MODE_ENFORCE },
	.login = { .mode = GP_MODE_ENFORCE },
	.relay = {
		.mode = GP_MODE_ENFORCE,
		.trusted_networks = { &trusted, 1 },
		.local_domains = { domains, COUNT_OF(domains) },
	},
};

static struct gp_ip client_ip(unsigned char third, bool is_known)
{
	return (struct gp_ip){ is_known, { [10] = 0xff, [11] = 0xff, [12] = 192,
					   [14] = third, [15] = 9 } };
}

static struct gp_submit_facts facts_of_port(int port)
{
	return (struct gp_submit_facts){
		.mta = GP_MTA_POSTFIX,
		.port_known = port != NO_PORT,
		.port = port == NO_PORT ? 0 : (unsigned int)port,
		.client = client_ip(3, true),
		.sender = "<bob@example.test>",
	};
}

static void assert_decision(const char *what, const struct gp_decision *decision,
			    int action, enum gp_reason reason, int mode,
			    const char *why)
{
	if ((int)decision->action != action || decision->reason != reason ||
	    (int)decision->mode != mode || strcmp(decision->why, why) != 0)
		fail_msg("%s: %s %s %s by %s", what,
			 gp_action_word(decision->action),
			 gp_reason_word(decision->reason),
			 gp_mode_word(decision->mode), decision->why);
	assert_int_equal(decision->wait_msecs, 0);
}

/* --- MAIL --- */

static const struct mail_row {
	const char *what;
	int port;
	const char *tls, *login, *mechanism;
	int action;
	enum gp_reason reason;
	const char *why;
} mail_rows[] = {
	{ "nothing at all", 587, NULL, NULL, NULL,
	  REJECT, GP_REASON_TLS_REQUIRED, "tls.mode" },
	{ "login without TLS", 587, NULL, "bob", "PLAIN",
	  REJECT, GP_REASON_TLS_REQUIRED, "tls.mode" },
	{ "empty TLS version", 587, "", "bob", "PLAIN",
	  REJECT, GP_REASON_TLS_REQUIRED, "tls.mode" },
	{ "465 without proof of TLS", 465, NULL, "bob", "PLAIN",
	  REJECT, GP_REASON_TLS_REQUIRED, "tls.mode" },
	{ "TLS without login", 587, "TLSv1.3", NULL, NULL,
	  REJECT, GP_REASON_AUTH_REQUIRED, "login.mode" },
	{ "465 without login", 465, "TLSv1.3", NULL, NULL,
	  REJECT, GP_REASON_AUTH_REQUIRED, "login.mode" },
	{ "empty login", 587, "TLSv1.3", "", "PLAIN",
	  REJECT, GP_REASON_AUTH_REQUIRED, "login.mode" },
	{ "login without mechanism", 587, "TLSv1.3", "bob", NULL,
	  REJECT, GP_REASON_AUTH_REQUIRED, "login.mode" },
	{ "empty mechanism", 587, "TLSv1.3", "bob", "",
	  REJECT, GP_REASON_AUTH_REQUIRED, "login.mode" },
	{ "mechanism without login", 587, "TLSv1.3", NULL, "PLAIN",
	  REJECT, GP_REASON_AUTH_REQUIRED, "login.mode" },
	{ "XCLIENT", 587, "TLSv1.3", "bob", "XCLIENT",
	  REJECT, GP_REASON_AUTH_REQUIRED, "login.mode" },
	{ "xclient", 587, "TLSv1.3", "bob", "xClient",
	  REJECT, GP_REASON_AUTH_REQUIRED, "login.mode" },
	{ "587 with both", 587, "TLSv1.3", "bob", "PLAIN",
	  PASS, GP_REASON_AUTHENTICATED, "login.mode" },
	{ "465 with both", 465, "TLSv1.2", "bob", "SCRAM-SHA-256",
	  PASS, GP_REASON_AUTHENTICATED, "login.mode" },
	{ "a mechanism that begins like XCLIENT", 587, "TLSv1.3", "bob", "XCLIENT2",
	  PASS, GP_REASON_AUTHENTICATED, "login.mode" },
	{ "one that XCLIENT begins with", 587, "TLSv1.3", "bob", "XCLIEN",
	  PASS, GP_REASON_AUTHENTICATED, "login.mode" },

	{ "port unknown", NO_PORT, NULL, NULL, NULL,
	  TEMPFAIL, GP_REASON_PORT_UNKNOWN, "submission.ports" },
	{ "port unknown, with both", NO_PORT, "TLSv1.3", "bob", "PLAIN",
	  TEMPFAIL, GP_REASON_PORT_UNKNOWN, "submission.ports" },
	{ "local submission", 0, NULL, NULL, NULL,
	  PASS, GP_REASON_LOCAL_SUBMISSION, "submission.ports" },
	{ "25 in the clear", 25, NULL, NULL, NULL,
	  PASS, GP_REASON_PUBLIC_PORT, "submission.ports" },
	{ "25 with TLS", 25, "TLSv1.3", NULL, NULL,
	  PASS, GP_REASON_PUBLIC_PORT, "submission.ports" },
	{ "the port below", 586, NULL, NULL, NULL,
	  PASS, GP_REASON_PUBLIC_PORT, "submission.ports" },
	{ "the port above", 588, NULL, NULL, NULL,
	  PASS, GP_REASON_PUBLIC_PORT, "submission.ports" },
};

static struct gp_submit_facts mail_facts(const struct mail_row *row)
{
	struct gp_submit_facts facts = facts_of_port(row->port);

	facts.tls_version = row->tls;
	facts.login = row->login;
	facts.mechanism = row->mechanism;
	return facts;
}

static void test_mail(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(mail_rows); i++) {
		const struct mail_row *row = &mail_rows[i];
		struct gp_submit_facts facts = mail_facts(row);
		struct gp_decision decision;

		memset(&decision, 0x5a, sizeof(decision));
		gp_policy_submit_mail(&settings_default, &facts, &decision);
		assert_decision(row->what, &decision, row->action, row->reason,
				ENFORCE, row->why);
	}
}

static void test_a_stopping_milter_takes_no_mail_at_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(mail_rows); i++) {
		struct gp_submit_facts facts = mail_facts(&mail_rows[i]);
		struct gp_decision decision;

		facts.is_stopping = true;
		memset(&decision, 0x5a, sizeof(decision));
		gp_policy_submit_mail(&settings_default, &facts, &decision);
		assert_decision(mail_rows[i].what, &decision, TEMPFAIL,
				GP_REASON_STOPPING, ENFORCE, "milter.drain");
	}
}

/* Each mode of both rules, for one who has neither TLS nor login, one without
   TLS and one without login. */
static const struct {
	int tls_mode, login_mode;
	const char *tls, *login;
	int action;
	enum gp_reason reason;
	int mode;
	const char *why;
} mode_rows[] = {
	{ ENFORCE, OBSERVE, NULL, NULL,
	  REJECT, GP_REASON_TLS_REQUIRED, ENFORCE, "tls.mode" },
	{ ENFORCE, OFF, NULL, NULL,
	  REJECT, GP_REASON_TLS_REQUIRED, ENFORCE, "tls.mode" },
	{ OBSERVE, ENFORCE, NULL, NULL,
	  REJECT, GP_REASON_AUTH_REQUIRED, ENFORCE, "login.mode" },
	{ OFF, ENFORCE, NULL, NULL,
	  REJECT, GP_REASON_AUTH_REQUIRED, ENFORCE, "login.mode" },
	{ OBSERVE, OBSERVE, NULL, NULL,
	  REJECT, GP_REASON_TLS_REQUIRED, OBSERVE, "tls.mode" },
	{ OBSERVE, OFF, NULL, NULL,
	  REJECT, GP_REASON_TLS_REQUIRED, OBSERVE, "tls.mode" },
	{ OFF, OBSERVE, NULL, NULL,
	  REJECT, GP_REASON_AUTH_REQUIRED, OBSERVE, "login.mode" },
	{ OFF, OFF, NULL, NULL, PASS, GP_REASON_RULE_OFF, ENFORCE, "login.mode" },

	{ OBSERVE, ENFORCE, NULL, "bob",
	  REJECT, GP_REASON_TLS_REQUIRED, OBSERVE, "tls.mode" },
	{ ENFORCE, OFF, NULL, "bob",
	  REJECT, GP_REASON_TLS_REQUIRED, ENFORCE, "tls.mode" },
	{ OFF, ENFORCE, NULL, "bob",
	  PASS, GP_REASON_AUTHENTICATED, ENFORCE, "login.mode" },
	{ OFF, OFF, NULL, "bob",
	  PASS, GP_REASON_AUTHENTICATED, ENFORCE, "login.mode" },

	{ ENFORCE, OBSERVE, "TLSv1.3", NULL,
	  REJECT, GP_REASON_AUTH_REQUIRED, OBSERVE, "login.mode" },
	{ OFF, ENFORCE, "TLSv1.3", NULL,
	  REJECT, GP_REASON_AUTH_REQUIRED, ENFORCE, "login.mode" },
	{ ENFORCE, OFF, "TLSv1.3", NULL,
	  PASS, GP_REASON_RULE_OFF, ENFORCE, "login.mode" },
	{ OBSERVE, OBSERVE, "TLSv1.3", "bob",
	  PASS, GP_REASON_AUTHENTICATED, ENFORCE, "login.mode" },
};

static void test_the_modes_of_both_rules_at_mail(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(mode_rows); i++) {
		struct gp_settings settings = settings_default;
		struct gp_submit_facts facts = facts_of_port(587);
		struct gp_decision decision;
		char what[] = "mode row 00";

		what[9] = (char)('0' + i / 10);
		what[10] = (char)('0' + i % 10);
		settings.tls.mode = (enum gp_mode)mode_rows[i].tls_mode;
		settings.login.mode = (enum gp_mode)mode_rows[i].login_mode;
		facts.tls_version = mode_rows[i].tls;
		facts.login = mode_rows[i].login;
		facts.mechanism = mode_rows[i].login != NULL ? "PLAIN" : NULL;
		memset(&decision, 0x5a, sizeof(decision));
		gp_policy_submit_mail(&settings, &facts, &decision);
		assert_decision(what, &decision, mode_rows[i].action,
				mode_rows[i].reason, mode_rows[i].mode,
				mode_rows[i].why);
	}
}

static void test_no_mode_lets_an_unknown_port_pass(void **state)
{
	struct gp_settings settings = settings_default;
	struct gp_submit_facts facts = facts_of_port(NO_PORT);
	struct gp_decision decision;

	(void)state;
	settings.tls.mode = settings.login.mode = GP_MODE_OFF;
	settings.relay.mode = GP_MODE_OFF;
	gp_policy_submit_mail(&settings, &facts, &decision);
	assert_decision("all off", &decision, TEMPFAIL, GP_REASON_PORT_UNKNOWN,
			ENFORCE, "submission.ports");
}

/* --- RCPT --- */

enum { POSTFIX = GP_MTA_POSTFIX, SENDMAIL = GP_MTA_SENDMAIL,
       ANY = GP_MTA_UNKNOWN };

static const struct rcpt_row {
	int mta;
	const char *recipient, *resolved, *mailer;
	int action;
	enum gp_reason reason;
} rcpt_rows[] = {
	/* foreign, and what cannot be read */
	{ POSTFIX, "<v@foreign.test>", "v@foreign.test", "smtp",
	  REJECT, GP_REASON_RELAY_DENIED },
	{ POSTFIX, "<v@foreign.test>", NULL, NULL,
	  REJECT, GP_REASON_RELAY_DENIED },
	{ POSTFIX, "<v@foreign.test>", "bob@example.test", "local",
	  REJECT, GP_REASON_RELAY_DENIED },
	{ SENDMAIL, "<v@foreign.test>", "bob", "local",
	  REJECT, GP_REASON_RELAY_DENIED },
	{ POSTFIX, "<v%foreign.test@example.test>", "bob@example.test", "local",
	  REJECT, GP_REASON_RELAY_DENIED },
	{ POSTFIX, "<\"v@foreign.test\"@example.test>", NULL, NULL,
	  REJECT, GP_REASON_RELAY_DENIED },
	{ POSTFIX, "<foreign.test!v>", "bob@example.test", "local",
	  REJECT, GP_REASON_RELAY_DENIED },
	{ POSTFIX, NULL, "bob@example.test", "local",
	  REJECT, GP_REASON_RECIPIENT_SYNTAX },
	{ POSTFIX, "", "bob@example.test", "local",
	  REJECT, GP_REASON_RECIPIENT_SYNTAX },
	{ POSTFIX, "<>", "bob@example.test", "local",
	  REJECT, GP_REASON_RECIPIENT_SYNTAX },
	{ POSTFIX, "<bob@example.test", "bob@example.test", "local",
	  REJECT, GP_REASON_RECIPIENT_SYNTAX },
	{ POSTFIX, "<v@foreign.test@example.test>", NULL, NULL,
	  REJECT, GP_REASON_RECIPIENT_SYNTAX },
	{ POSTFIX, "<alias.test!bob%alias.test@example.test>", NULL, NULL,
	  REJECT, GP_REASON_RECIPIENT_SYNTAX },

	/* local as written, but the MTA would send it elsewhere */
	{ POSTFIX, "<bob@example.test>", "v@foreign.test", "smtp",
	  REJECT, GP_REASON_RELAY_DENIED },
	{ ANY, "<bob@example.test>", "v@foreign.test", "smtp",
	  REJECT, GP_REASON_RELAY_DENIED },
	{ POSTFIX, "<bob@example.test>", "\"v@foreign.test\"@example.test",
	  "local", REJECT, GP_REASON_RELAY_DENIED },
	{ POSTFIX, "<bob@example.test>", "v%foreign.test@example.test", "local",
	  REJECT, GP_REASON_RELAY_DENIED },
	{ POSTFIX, "<bob@example.test>", "bob@", "local",
	  REJECT, GP_REASON_RELAY_DENIED },
	{ POSTFIX, "<bob@example.test>", "a b@example.test", "local",
	  REJECT, GP_REASON_RELAY_DENIED },
	{ POSTFIX, "<postmaster>", "postmaster@foreign.test", "smtp",
	  REJECT, GP_REASON_RELAY_DENIED },
	/* Sendmail's virtusertable may map a user of ours outside */
	{ SENDMAIL, "<bob@example.test>", "bob@foreign.test", "esmtp",
	  PASS, GP_REASON_LOCAL_RECIPIENT },

	/* local */
	{ POSTFIX, "<bob@example.test>", "bob@example.test", "local",
	  PASS, GP_REASON_LOCAL_RECIPIENT },
	{ POSTFIX, "<bob@example.test>", NULL, NULL,
	  PASS, GP_REASON_LOCAL_RECIPIENT },
	{ POSTFIX, "<bob@example.test>", "", "", PASS, GP_REASON_LOCAL_RECIPIENT },
	{ POSTFIX, "<bob@example.test>", "bob", "local",
	  PASS, GP_REASON_LOCAL_RECIPIENT },
	{ ANY, "<bob@example.test>", "bob@alias.test", "local",
	  PASS, GP_REASON_LOCAL_RECIPIENT },
	{ SENDMAIL, "<bob@example.test>", "bob", "local",
	  PASS, GP_REASON_LOCAL_RECIPIENT },
	{ POSTFIX, "<bob@alias.test>", "5.1.1 User unknown", "error",
	  PASS, GP_REASON_LOCAL_RECIPIENT },
	{ POSTFIX, "<\"bob smith\"@example.test>",
	  "\"bob smith\"@example.test", "local",
	  PASS, GP_REASON_LOCAL_RECIPIENT },
	{ POSTFIX, "<bob%alias.test@example.test>", "bob@alias.test", "local",
	  PASS, GP_REASON_LOCAL_RECIPIENT },
	{ POSTFIX, "<@a.test:bob@example.test>", "bob@example.test", "local",
	  PASS, GP_REASON_LOCAL_RECIPIENT },
	{ POSTFIX, "<postmaster>", "postmaster@example.test", "local",
	  PASS, GP_REASON_LOCAL_RECIPIENT },
	{ SENDMAIL, "<postmaster>", "postmaster", "local",
	  PASS, GP_REASON_LOCAL_RECIPIENT },

	/* a bare name: only the MTA's word makes it ours */
	{ POSTFIX, "<bob>", NULL, NULL, REJECT, GP_REASON_RELAY_DENIED },
	{ POSTFIX, "<bob>", "", "local", REJECT, GP_REASON_RELAY_DENIED },
	{ POSTFIX, "<bob>", NULL, "local", REJECT, GP_REASON_RELAY_DENIED },
	{ POSTFIX, "<bob>", "bob@foreign.test", "smtp",
	  REJECT, GP_REASON_RELAY_DENIED },
	{ POSTFIX, "<bob>", "bob@foreign.test", "local",
	  REJECT, GP_REASON_RELAY_DENIED },
	{ SENDMAIL, "<bob>", "bob@foreign.test", "esmtp",
	  REJECT, GP_REASON_RELAY_DENIED },
	{ SENDMAIL, "<bob>", "bob", "esmtp", REJECT, GP_REASON_RELAY_DENIED },
	{ SENDMAIL, "<bob>", "bob", "", REJECT, GP_REASON_RELAY_DENIED },
	{ SENDMAIL, "<bob>", "bob", NULL, REJECT, GP_REASON_RELAY_DENIED },
	{ SENDMAIL, "<bob>", "bob", "localx", REJECT, GP_REASON_RELAY_DENIED },
	{ POSTFIX, "<bob>", "bob@example.test", "local",
	  PASS, GP_REASON_LOCAL_RECIPIENT },
	{ POSTFIX, "<bob>", "bob@example.test", NULL,
	  PASS, GP_REASON_LOCAL_RECIPIENT },
	{ SENDMAIL, "<bob>", "bob", "local", PASS, GP_REASON_LOCAL_RECIPIENT },
};

static void set_recipient(struct gp_submit_facts *facts,
			  const struct rcpt_row *row)
{
	facts->mta = (enum gp_mta)row->mta;
	facts->recipient = row->recipient;
	facts->recipient_resolved = row->resolved;
	facts->recipient_mailer = row->mailer;
}

/* On every port alike, and with no port: relaying is nobody's right anywhere. */
static void test_rcpt_from_strangers(void **state)
{
	static const int all_ports[] = { 25, 587, 465, NO_PORT };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rcpt_rows) * COUNT_OF(all_ports); i++) {
		const struct rcpt_row *row = &rcpt_rows[i / COUNT_OF(all_ports)];
		struct gp_submit_facts facts =
			facts_of_port(all_ports[i % COUNT_OF(all_ports)]);
		struct gp_decision decision;

		set_recipient(&facts, row);
		facts.tls_version = "TLSv1.3";
		memset(&decision, 0x5a, sizeof(decision));
		gp_policy_submit_rcpt(&settings_default, &facts, &decision);
		assert_decision(row->recipient != NULL ? row->recipient : "-",
				&decision, row->action, row->reason, ENFORCE,
				"relay.local_domains");
	}
}

static void assert_all_recipients(const struct gp_settings *settings,
				  const struct gp_submit_facts *from,
				  enum gp_reason reason, const char *why)
{
	for (size_t i = 0; i < COUNT_OF(rcpt_rows); i++) {
		struct gp_submit_facts facts = *from;
		struct gp_decision decision;

		set_recipient(&facts, &rcpt_rows[i]);
		memset(&decision, 0x5a, sizeof(decision));
		gp_policy_submit_rcpt(settings, &facts, &decision);
		assert_decision(why, &decision, PASS, reason, ENFORCE, why);
	}
}

static void assert_may_not_relay(const struct gp_submit_facts *from)
{
	struct gp_submit_facts facts = *from;
	struct gp_decision decision;

	facts.recipient = "<v@foreign.test>";
	memset(&decision, 0x5a, sizeof(decision));
	gp_policy_submit_rcpt(&settings_default, &facts, &decision);
	assert_decision("relaying", &decision, REJECT, GP_REASON_RELAY_DENIED,
			ENFORCE, "relay.local_domains");
}

static void test_only_a_good_login_relays(void **state)
{
	static const struct { const char *login, *mechanism; } bad[] = {
		{ NULL, NULL }, { "", "PLAIN" }, { NULL, "PLAIN" }, { "bob", NULL },
		{ "bob", "" }, { "bob", "XCLIENT" }, { "bob", "xclient" },
	};
	struct gp_submit_facts facts = facts_of_port(25);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		facts.login = bad[i].login;
		facts.mechanism = bad[i].mechanism;
		assert_may_not_relay(&facts);
	}
	facts.login = "bob";
	facts.mechanism = "PLAIN";
	assert_all_recipients(&settings_default, &facts, GP_REASON_AUTHENTICATED,
			      "relay.mode");
}

static void test_only_port_0_is_local_submission(void **state)
{
	struct gp_submit_facts facts = facts_of_port(0);

	(void)state;
	facts.port_known = false;
	assert_may_not_relay(&facts);
	facts.port_known = true;
	facts.port = 1;
	assert_may_not_relay(&facts);
	facts.port = 0;
	assert_all_recipients(&settings_default, &facts,
			      GP_REASON_LOCAL_SUBMISSION, "relay.mode");
}

static void test_only_a_trusted_network_relays(void **state)
{
	struct gp_settings settings = settings_default;
	struct gp_submit_facts facts = facts_of_port(25);

	(void)state;
	facts.client = client_ip(1, true);
	assert_may_not_relay(&facts);
	facts.client = client_ip(3, true);
	assert_may_not_relay(&facts);
	facts.client = client_ip(2, false);
	assert_may_not_relay(&facts);
	facts.client = client_ip(2, true);
	assert_all_recipients(&settings, &facts, GP_REASON_TRUSTED_NETWORK,
			      "relay.trusted_networks");
}

/* Trust is for relaying; on a submission port TLS and login are still asked. */
static void test_a_trusted_network_does_not_replace_a_login(void **state)
{
	struct gp_submit_facts facts = facts_of_port(587);
	struct gp_decision decision;

	(void)state;
	facts.client = client_ip(2, true);
	gp_policy_submit_mail(&settings_default, &facts, &decision);
	assert_decision("trusted on 587", &decision, REJECT,
			GP_REASON_TLS_REQUIRED, ENFORCE, "tls.mode");
}

static void test_relay_observe_decides_the_same(void **state)
{
	struct gp_settings settings = settings_default;

	(void)state;
	settings.relay.mode = GP_MODE_OBSERVE;
	for (size_t i = 0; i < COUNT_OF(rcpt_rows); i++) {
		const struct rcpt_row *row = &rcpt_rows[i];
		struct gp_submit_facts facts = facts_of_port(25);
		struct gp_decision decision;

		set_recipient(&facts, row);
		memset(&decision, 0x5a, sizeof(decision));
		gp_policy_submit_rcpt(&settings, &facts, &decision);
		assert_decision("observed", &decision, row->action, row->reason,
				row->action == PASS ? ENFORCE : OBSERVE,
				"relay.local_domains");
		assert_int_equal(gp_decision_effect(&decision), PASS);
	}
}

static void test_relay_off_looks_at_nothing(void **state)
{
	struct gp_settings settings = settings_default;
	struct gp_submit_facts facts = facts_of_port(25);

	(void)state;
	settings.relay.mode = GP_MODE_OFF;
	assert_all_recipients(&settings, &facts, GP_REASON_RULE_OFF,
			      "relay.mode");
}

static void test_without_local_domains_nobody_gets_mail(void **state)
{
	struct gp_settings settings = settings_default;
	struct gp_submit_facts facts = facts_of_port(25);
	struct gp_decision decision;

	(void)state;
	settings.relay.local_domains = (struct gp_str_list){ NULL, 0 };
	facts.recipient = "<bob@example.test>";
	facts.recipient_resolved = "bob@example.test";
	facts.recipient_mailer = "local";
	gp_policy_submit_rcpt(&settings, &facts, &decision);
	assert_decision("no domains", &decision, REJECT, GP_REASON_RELAY_DENIED,
			ENFORCE, "relay.local_domains");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mail),
		cmocka_unit_test(test_a_stopping_milter_takes_no_mail_at_all),
		cmocka_unit_test(test_the_modes_of_both_rules_at_mail),
		cmocka_unit_test(test_no_mode_lets_an_unknown_port_pass),
		cmocka_unit_test(test_rcpt_from_strangers),
		cmocka_unit_test(test_only_a_good_login_relays),
		cmocka_unit_test(test_only_port_0_is_local_submission),
		cmocka_unit_test(test_only_a_trusted_network_relays),
		cmocka_unit_test(test_a_trusted_network_does_not_replace_a_login),
		cmocka_unit_test(test_relay_observe_decides_the_same),
		cmocka_unit_test(test_relay_off_looks_at_nothing),
		cmocka_unit_test(test_without_local_domains_nobody_gets_mail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
