/* SPDX-License-Identifier: MIT */
/* This module tests what settings must agree on, what is taken, and that a load leaves
   nothing behind; what is refused stands in test-settings-values.c and -syntax.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#include "network-text.h"
#include "settings-folder.h"
#include "settings-parse.h"
#include "settings-value.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* --- settings that must agree ------------------------------------------ */

static void test_disagreement_refused(void **state)
{
	(void)state;
	expect_error("poll {\n advised = 299\n}", "a.conf:2: poll.advised: 299s must "
		     "be at least poll.interval, which is 5m unless it is set too");
	expect_error("poll {\n interval = 8m\n advised = 6m\n}", "a.conf:3: "
		     "poll.advised: 6m must be at least poll.interval, which is "
		     "8m");
	expect_error("poll {\n advised = 6m\n interval = 8m\n}", "a.conf:3: "
		     "poll.interval: 8m must be at most poll.advised, which is "
		     "6m");
	expect_error("poll {\n round = 5m }", "a.conf:2: poll.round: 5m must be below "
		     "poll.interval, which is 5m unless it is set too");
	expect_error("poll {\n interval = 30s round = 30s }", "a.conf:2: poll.round: "
		     "30s must be below poll.interval, which is 30s");
	expect_error("poll {\n interval = 10m\n interval_max = 5m\n}",
		     "a.conf:3: poll.interval_max: 5m must be at least "
		     "poll.interval, which is 10m");
	expect_error("poll {\n away_interval = 1m\n}",
		     "a.conf:2: poll.away_interval: 1m must be at least "
		     "poll.interval, which is 5m unless it is set too");
	expect_error("poll {\n load_low = 200\n}",
		     "a.conf:2: poll.load_low: poll.load_low must be below "
		     "poll.load_high");
	expect_error("poll {\n ladder = {'after 0 within 1m: note',\n"
		     "'after 0 within 2m: note'}\n login_ladder = "
		     "{'after 0 within 3m: note', 'after 0 within 1m: note', "
		     "'after 0 within 4m: note'}\n}",
		     "a.conf:3: poll.ladder: poll.ladder and poll.login_ladder count "
		     "within 4 different times; allowed are 3");
	expect_error("redis {\n retention = 1h }\npoll { ladder_window = 2h\n}",
		     "a.conf:3: poll.ladder_window: 2h must be at most "
		     "redis.retention, which is 1h");
	expect_error("poll {\n interval = 2h advised = 2h }\nredis { retention = 1h }",
		     "a.conf:3: redis.retention: 1h must be at least "
		     "poll.interval, which is 2h");
	write_text("b.conf", "\npoll { advised = 5m\n}");
	expect_error("include(\"b.conf\") poll { interval = 6m }", "a.conf:1: "
		     "poll.interval: 6m must be at most poll.advised, which is "
		     "5m");
	expect_error("poll { interval = 6m } include(\"b.conf\")", "b.conf:2: "
		     "poll.advised: 5m must be at least poll.interval, which is "
		     "6m");
}

/* Who sets only the interval gets a round and an advice that go with it. */
static void test_interval_alone(void **state)
{
	static const struct {
		const char *text;
		unsigned int round_secs, advised_secs;
	} cases[] = {
		{ "poll { interval = 1s }", 0, 600 },
		{ "poll { interval = 2s }", 1, 600 },
		{ "poll { interval = 19s }", 1, 600 },
		{ "poll { interval = 60s }", 6, 600 },
		{ "poll { interval = 299s }", 29, 600 },
		{ "poll { interval = 5m }", 30, 600 },
		{ "poll { interval = 20m }", 30, 1200 },
		{ "poll { interval = 60s round = 30s advised = 1m }", 30, 60 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gp_settings *settings = load(cases[i].text);

		assert_int_equal(settings->poll.round_secs, cases[i].round_secs);
		assert_int_equal(settings->poll.advised_secs,
				 cases[i].advised_secs);
		gp_settings_free(&settings);
	}
}

static void test_agreement(void **state)
{
	struct gp_settings *settings;

	(void)state;
	/* only what is in force at the end counts */
	settings = load("poll { interval = 20m } poll { interval = 10m }");
	assert_int_equal(settings->poll.interval_secs, 600);
	gp_settings_free(&settings);
	settings = load("poll { interval = 1s advised = 1s round = 0 }");
	assert_int_equal(settings->poll.interval_secs, 1);
	assert_int_equal(settings->poll.round_secs, 0);
	gp_settings_free(&settings);
	settings = load("poll { interval = 10s round = 9s }");
	assert_int_equal(settings->poll.round_secs, 9);
	gp_settings_free(&settings);
}

/* --- domains file ------------------------------------------------------- */

static void test_domains_file(void **state)
{
	char text[400];
	struct gp_settings *settings;

	(void)state;
	(void)snprintf(text, sizeof(text), "relay {\n local_domains = {a.test}\n"
		       " local_domains_file = %s\n local_domains = {b.test}\n}",
		       place("domains"));
	write_text("domains", "# ours\n\nc.test\n\t d.test  # why\r\n.e.test");
	settings = load(text);
	assert_int_equal(settings->relay.local_domains.count, 4);
	assert_string_equal(settings->relay.local_domains.items[0], "b.test");
	assert_string_equal(settings->relay.local_domains.items[1], "c.test");
	assert_string_equal(settings->relay.local_domains.items[2], "d.test");
	assert_string_equal(settings->relay.local_domains.items[3], ".e.test");
	gp_settings_free(&settings);

	write_text("domains", "");
	settings = load(text);
	assert_int_equal(settings->relay.local_domains.count, 1);
	gp_settings_free(&settings);

	write_text("domains", "# ours\na.test\n\nb.test c.test\n");
	expect_error(text, "domains:4: 'b.test c.test' " DOMAIN);
	write_bytes("domains", "a.test\n\0b.test", 14);
	expect_error(text, "domains:2: byte 0x00");
	write_text("domains", "a.test\n\033[2J\n");
	expect_error(text, "domains:2: '?[2J' " DOMAIN);
	assert_int_equal(chmod(place("domains"), 0666), 0);
	expect_error(text, "a.conf:3: relay.local_domains_file: domains: everybody "
		     "can write to it; run: chmod o-w domains");
	assert_int_equal(unlink(place("domains")), 0);
	expect_error(text, "a.conf:3: relay.local_domains_file: domains: No such "
		     "file or directory");
}

/* --- what is taken ------------------------------------------------------- */

static void check_defaults(const struct gp_settings *settings)
{
	assert_int_equal(settings->submission.ports.count, 2);
	assert_int_equal(settings->submission.ports.items[0], 587);
	assert_int_equal(settings->submission.ports.items[1], 465);
	assert_int_equal(settings->tls.mode, GP_MODE_ENFORCE);
	assert_int_equal(settings->login.mode, GP_MODE_ENFORCE);
	assert_int_equal(settings->relay.mode, GP_MODE_ENFORCE);
	assert_int_equal(settings->relay.trusted_networks.count, 0);
	assert_int_equal(settings->relay.local_domains.count, 0);
	assert_string_equal(settings->relay.local_domains_file, "");
	assert_string_equal(settings->login.groups_file, "");
	assert_int_equal(settings->rate.mode, GP_MODE_ENFORCE);
	assert_false(gp_rate_is_limited(&settings->rate.terms));
	assert_int_equal(settings->rate.recipients_per_message, 1000);
	assert_int_equal(settings->rate.on_store_failure, GP_STORE_FAILURE_PASS);
	assert_int_equal(settings->rate.overrides.count, 0);
	assert_int_equal(settings->poll.mode, GP_MODE_ENFORCE);
	assert_int_equal(settings->poll.interval_secs, 300);
	assert_int_equal(settings->poll.advised_secs, 600);
	assert_int_equal(settings->poll.round_secs, 30);
	assert_int_equal(settings->poll.tolerance_percent, 5);
	assert_int_equal(settings->poll.ladder_window_secs, 3600);
	assert_int_equal(settings->poll.ladder.count, 2);
	assert_int_equal(settings->poll.ladder.steps[0].after_count, 0);
	assert_int_equal(settings->poll.ladder.steps[0].action, GP_ACTION_ABSORB);
	assert_int_equal(settings->poll.ladder.steps[1].after_count, 12);
	assert_int_equal(settings->poll.ladder.steps[1].action, GP_ACTION_DELAY);
	assert_int_equal(settings->poll.ladder.steps[1].secs, 25);
	assert_string_equal(settings->redis.server,
			    "unix:/run/redis/redis-server.sock");
	assert_int_equal(settings->redis.database, 0);
	assert_string_equal(settings->redis.user, "");
	assert_string_equal(settings->redis.password_file, "");
	assert_int_equal(settings->store.kind, GP_STORE_AUTO);
	assert_false(settings->privacy.pseudonyms);
	assert_string_equal(settings->privacy.secret_file, "");
	assert_int_equal(settings->redis.deadline_msecs, 50);
	assert_int_equal(settings->redis.retry_secs, 10);
	assert_int_equal(settings->redis.retention_secs, 7 * 86400);
	assert_string_equal(settings->journal.file, "");
	assert_int_equal(settings->journal.facility, LOG_MAIL);
	assert_int_equal(settings->journal.interval_secs, 300);
	assert_string_equal(settings->milter.socket,
			    "unix:/run/gatepost/milter.sock");
	assert_string_equal(settings->milter.socket_group, "");
	assert_string_equal(settings->milter.user, "gatepost");
	assert_string_equal(settings->milter.pid_file, "");
	assert_int_equal(settings->milter.drain_secs, 10);
}

static void test_defaults(void **state)
{
	struct gp_settings *settings = gp_settings_defaults();

	(void)state;
	check_defaults(settings);
	gp_settings_free(&settings);
	assert_null(settings);
	gp_settings_free(&settings);
	settings = load("");
	check_defaults(settings);
	gp_settings_free(&settings);
	settings = load("# nothing\n\npoll {}\nredis { }\n");
	check_defaults(settings);
	gp_settings_free(&settings);
}

/* The sample file as it stands changes nothing, and shows each setting. */
static void test_sample_file(void **state)
{
	const char *top = getenv("srcdir");
	struct gp_settings *settings = NULL;
	struct gp_error err;
	char path[512];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/conf/gatepost.conf",
		       top != NULL ? top : ".");
	if (gp_settings_load(path, &settings, &err) != 0)
		fail_msg("%s", err.text);
	check_defaults(settings);
	gp_settings_free(&settings);
}

static void check_what_polls_and_sends(const struct gp_settings *settings)
{
	char text[GP_IP_TEXT_BYTES];

	assert_int_equal(settings->submission.ports.count, 2);
	assert_int_equal(settings->submission.ports.items[1], 2465);
	assert_int_equal(settings->tls.mode, GP_MODE_OFF);
	assert_int_equal(settings->login.mode, GP_MODE_OBSERVE);
	assert_int_equal(settings->relay.mode, GP_MODE_OBSERVE);
	assert_int_equal(settings->relay.trusted_networks.count, 3);
	assert_string_equal(gp_network_format(
		&settings->relay.trusted_networks.items[1], text),
		"2001:db8::/32");
	assert_string_equal(gp_network_format(
		&settings->relay.trusted_networks.items[2], text),
		"192.0.2.1/32");
	assert_int_equal(settings->relay.local_domains.count, 3);
	assert_string_equal(settings->relay.local_domains.items[1], "B.test");
	assert_int_equal(settings->poll.mode, GP_MODE_OBSERVE);
	assert_int_equal(settings->poll.advised_secs, 180);
	assert_int_equal(settings->poll.tolerance_percent, 0);
	assert_int_equal(settings->poll.ladder_window_secs, 2 * 86400);
	assert_int_equal(settings->poll.ladder.count, 3);
	assert_int_equal(settings->poll.ladder.steps[0].action, GP_ACTION_NOTE);
	assert_int_equal(settings->poll.ladder.steps[2].after_count, 100000);
	assert_int_equal(settings->poll.ladder.steps[2].secs, 60);
}

static void check_what_is_around(const struct gp_settings *settings)
{
	assert_string_equal(settings->redis.server, "[2001:db8::1]:6379");
	assert_int_equal(settings->redis.database, 15);
	assert_string_equal(settings->redis.user, "gp");
	assert_string_equal(settings->redis.password_file,
			    "/etc/gatepost/redis.secret");
	assert_int_equal(settings->redis.deadline_msecs, 1000);
	assert_int_equal(settings->redis.retry_secs, 3600);
	assert_int_equal(settings->redis.retention_secs, 90 * 86400);
	assert_string_equal(settings->journal.file, "/var/log/a 'b'");
	assert_int_equal(settings->journal.facility, LOG_LOCAL7);
	assert_int_equal(settings->journal.interval_secs, 1);
	assert_string_equal(settings->milter.socket, "inet:8891@localhost");
	assert_string_equal(settings->milter.socket_group, "postfix");
	assert_string_equal(settings->milter.user, "a\"b\\");
	assert_string_equal(settings->milter.pid_file, "/run/x.pid");
	assert_int_equal(settings->milter.drain_secs, 0);
}

static void test_every_setting(void **state)
{
	struct gp_settings *settings = load(
		"submission { ports = {2587,2465,} }\n"
		"tls { mode = off } login { mode = observe } relay {\n"
		" mode = observe trusted_networks = {10.0.0.0/8,'2001:db8::/32',\n"
		"  ::ffff:192.0.2.1} local_domains = {a.test, \"B.test\", .c.test}}\n"
		"poll { mode = observe interval = 2m advised = 180 round = 10s\n"
		" tolerance = 0 ladder_window = 2d\n"
		" ladder = {'after 1 :  note', \"after 2:absorb\",\n"
		"  'after 100000: delay 1m'} }\n"
		"redis { server = '[2001:db8::1]:6379' database = 15 user = gp\n"
		" password_file = /etc/gatepost/redis.secret deadline = 1s\n"
		" retry = 1h retention = 90d }\n"
		"journal { file = '/var/log/a \\'b\\'' facility = local7\n"
		" interval = 1s }\n"
		"milter { socket = inet:8891@localhost socket_group = postfix\n"
		" user = \"a\\\"b\\\\\" pid_file = /run/x.pid drain = 0 }\n");

	(void)state;
	check_what_polls_and_sends(settings);
	check_what_is_around(settings);
	gp_settings_free(&settings);
}

/* A section that stands again keeps what it does not name. */
static void test_last_value_wins(void **state)
{
	struct gp_settings *settings = load(
		"poll { interval = 6m advised = 30m }\n"
		"submission { ports = {1, 2, 3} }\n"
		"relay { trusted_networks = {10.0.0.0/8} local_domains = a.test }\n"
		"poll { interval = 7m }\n"
		"submission { ports = 4 }\n"
		"relay { trusted_networks = { } }\n"
		"redis { server = 'x:1' server = '' }\n"
		"poll { ladder = 'after 3: note' }\n");

	(void)state;
	assert_int_equal(settings->poll.interval_secs, 420);
	assert_int_equal(settings->poll.advised_secs, 1800);
	assert_int_equal(settings->poll.round_secs, 30);
	assert_int_equal(settings->submission.ports.count, 1);
	assert_int_equal(settings->submission.ports.items[0], 4);
	assert_int_equal(settings->relay.trusted_networks.count, 0);
	assert_int_equal(settings->relay.local_domains.count, 1);
	assert_string_equal(settings->redis.server, "");
	assert_int_equal(settings->poll.ladder.count, 1);
	assert_int_equal(settings->poll.ladder.steps[0].after_count, 3);
	gp_settings_free(&settings);
}

/* As on SIGHUP: good and bad files in turn, and nothing remains. */
static void test_again_and_again(void **state)
{
	struct gp_settings *settings;

	(void)state;
	write_text("b.conf", "poll { mode = off }");
	for (int i = 0; i < 20; i++) {
		settings = load("include('b.conf') poll { interval = 6m }");
		assert_int_equal(settings->poll.mode, GP_MODE_OFF);
		gp_settings_free(&settings);
		expect_error("include('b.conf') poll { interval = \"",
			     "a.conf:1: the string has no closing \" on this "
			     "line");
		expect_error("poll {", "a.conf:1: the '{' on this line has no "
			     "'}'");
		expect_error("include('b.conf') include('a.conf')", "a.conf:1: "
			     "include: a.conf: this file includes itself");
	}
}

static void test_default_path(void **state)
{
	(void)state;
	assert_int_equal(setenv("GATEPOST_CONF", "/x/y.conf", 1), 0);
	assert_string_equal(gp_settings_default_path(), "/x/y.conf");
	assert_int_equal(setenv("GATEPOST_CONF", "", 1), 0);
	assert_string_equal(gp_settings_default_path(),
			    GP_SYSCONFDIR "/gatepost/gatepost.conf");
	assert_int_equal(unsetenv("GATEPOST_CONF"), 0);
	assert_string_equal(gp_settings_default_path(),
			    GP_SYSCONFDIR "/gatepost/gatepost.conf");
}

static void test_durations_as_people_write_them(void **state)
{
	static const struct {
		enum gp_setting_type type;
		unsigned long value;
		const char *text;
	} rows[] = {
		{ GP_SETTING_SECS, 0, "0s" }, { GP_SETTING_SECS, 59, "59s" },
		{ GP_SETTING_SECS, 60, "1m" }, { GP_SETTING_SECS, 90, "90s" },
		{ GP_SETTING_SECS, 7200, "2h" }, { GP_SETTING_SECS, 86400, "1d" },
		{ GP_SETTING_MSECS, 0, "0ms" }, { GP_SETTING_MSECS, 50, "50ms" },
		{ GP_SETTING_MSECS, 2000, "2s" },
		{ GP_SETTING_MSECS, 1500, "1500ms" },
	};
	char buffer[GP_DURATION_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(gp_duration_format(rows[i].type,
						       rows[i].value, buffer),
				    rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disagreement_refused),
		cmocka_unit_test(test_interval_alone),
		cmocka_unit_test(test_agreement),
		cmocka_unit_test(test_domains_file),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_sample_file),
		cmocka_unit_test(test_every_setting),
		cmocka_unit_test(test_last_value_wins),
		cmocka_unit_test(test_again_and_again),
		cmocka_unit_test(test_default_path),
		cmocka_unit_test(test_durations_as_people_write_them),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
