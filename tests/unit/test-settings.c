/* SPDX-License-Identifier: MIT */
/*
 * This module tests the settings: refusals with file, line, value and remedy
 * first, then what is taken, then that a load leaves nothing behind.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#include "network-text.h"
#include "settings-parse.h"
#include "settings-value.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static char folder[] = "/tmp/gatepost-test-XXXXXX";

static int enter_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static const char *place(const char *name)
{
	static char paths[4][256];
	static unsigned int turn;
	char *path = paths[turn++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void write_bytes(const char *name, const char *bytes, size_t length)
{
	FILE *file = fopen(place(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static void write_text(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

static int leave_folder(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

/* Loads a file and expects exactly this error, with the folder left out. */
static void expect_file_error(const char *name, const char *expected)
{
	struct gp_settings *const untouched = (struct gp_settings *)&folder;
	struct gp_settings *settings = untouched;
	struct gp_error err = { "" };
	char text[sizeof(err.text)], *out = text;
	const char *p = err.text;

	if (gp_settings_load(place(name), &settings, &err) != -1)
		fail_msg("taken, instead of: %s", expected);
	assert_ptr_equal(settings, untouched);
	while (*p != '\0') {
		if (strncmp(p, folder, strlen(folder)) == 0)
			p += strlen(folder) + 1;
		else
			*out++ = *p++;
	}
	*out = '\0';
	assert_string_equal(text, expected);
	assert_int_equal(gp_settings_load(place(name), &settings, NULL), -1);
}

static void expect_error(const char *text, const char *expected)
{
	write_text("a.conf", text);
	expect_file_error("a.conf", expected);
}

static struct gp_settings *load(const char *text)
{
	struct gp_settings *settings = NULL;
	struct gp_error err;

	write_text("a.conf", text);
	if (gp_settings_load(place("a.conf"), &settings, &err) != 0)
		fail_msg("%s", err.text);
	return settings;
}

/* --- values ------------------------------------------------------------ */

struct refusal {
	const char *section, *name, *value, *message;
};

#define INTERVAL "allowed is 1s to 1d"
#define EXAMPLES ", such as 90s, 5m or 2h"
#define STEP_SECS " or 'after N: refuse', with N from 0 to 100000 and SECS from " \
	"1s to 60s; 'after N within TIME:' with N to 250 and TIME from 1s to 7d"
#define STEP "is not a step; allowed is 'after N: note', 'after N: absorb', " \
	"'after N: delay SECS', 'after N: disconnect'" STEP_SECS
#define LOGIN_STEP "is not a step; allowed is 'after N: note', 'after N: hold " \
	"SECS'" STEP_SECS
#define DOMAIN "is not a domain; allowed is example.com, .example.com for all " \
	"names below it, or xn--... for a name with other letters"

#define MODE "is not a mode; allowed is enforce, observe or off"
#define EXEMPTION "is not an exemption; allowed is WHO until YYYY-MM-DD by NAME: " \
	"REASON, with WHO an address, a network or a login"
#define MECHANISM "is not a mechanism; allowed is PLAIN, \"SCRAM-*\" or, for one " \
	"port, \"465:GSSAPI\""
#define LIMIT "is not a limit; allowed is COUNT/TIME such as 30/1m, 300/1h or " \
	"1500/1d, with COUNT from 1 to 1000000, TIME from 1s to 7d, and not " \
	"above 10000 a second"
#define POLL_OVERRIDE "is not an override, such as 'alice: interval 15m, mode " \
	"observe', '@lab: ladder after 0: note; after 9: delay 20s' or " \
	"'192.0.2.9: none': "
#define OVERRIDE "is not an override, such as 'alice: messages 100/1h, recipients " \
	"1000/1d' or '@lists: none': "
#define PART(word) "'" word "' cannot stand there; allowed is 'messages', " \
	"'recipients' and 'recipients_per_message', each once"

static const struct refusal refusals[] = {
	{ "poll", "interval", "5x", "'5x' is not a duration; " INTERVAL EXAMPLES },
	{ "poll", "interval", "''", "'' is not a duration; " INTERVAL EXAMPLES },
	{ "poll", "interval", "m", "'m' is not a duration; " INTERVAL EXAMPLES },
	{ "poll", "interval", "-5m", "'-5m' is not a duration; " INTERVAL EXAMPLES },
	{ "poll", "interval", "5.5m", "'5.5m' is not a duration; " INTERVAL EXAMPLES },
	{ "poll", "interval", "'5 m'", "'5 m' is not a duration; " INTERVAL EXAMPLES },
	{ "poll", "interval", "50ms", "'50ms' is not a duration; " INTERVAL EXAMPLES },
	{ "poll", "interval", "5M", "'5M' is not a duration; " INTERVAL EXAMPLES },
	{ "poll", "interval", "99999999999999999999", "'99999999999999999999' is "
	  "not a duration; " INTERVAL EXAMPLES },
	{ "poll", "interval", "0", "0 is out of range; " INTERVAL },
	{ "poll", "interval", "86401", "86401 is out of range; " INTERVAL },
	{ "poll", "interval", "2d", "2d is out of range; " INTERVAL },
	{ "poll", "interval", "4294967596", "'4294967596' is not a duration; "
	  INTERVAL EXAMPLES },
	{ "poll", "interval", "999999999d", "999999999d is out of range; " INTERVAL },
	{ "poll", "advised", "25h", "25h is out of range; " INTERVAL },
	{ "poll", "round", "x", "'x' is not a duration; allowed is 0s to 1d"
	  EXAMPLES },
	{ "poll", "tolerance", "51", "51 is out of range; allowed is 0 to 50" },
	{ "poll", "tolerance", "5%", "'5%' is not a number; allowed is 0 to 50" },
	{ "poll", "tolerance", "-1", "'-1' is not a number; allowed is 0 to 50" },
	{ "poll", "interval_max", "25h",
	  "25h is out of range; allowed is 0s to 1d" },
	{ "poll", "load_low", "10001",
	  "10001 is out of range; allowed is 0 to 10000" },
	{ "poll", "load_high", "0", "0 is out of range; allowed is 1 to 10000" },
	{ "poll", "programs_max", "33", "33 is out of range; allowed is 0 to 32" },
	{ "poll", "grace", "25h", "25h is out of range; allowed is 0s to 1d" },
	{ "poll", "away_after", "8d", "8d is out of range; allowed is 0s to 7d" },
	{ "poll", "away_interval", "0",
	  "0 is out of range; allowed is 1s to 1d" },
	{ "poll", "ladder_window", "8d", "8d is out of range; allowed is 1s to 7d" },
	{ "poll", "mode", "on", "'on' is not a mode; allowed is enforce, observe or "
	  "off" },
	{ "tls", "mode", "Enforce", "'Enforce' is not a mode; allowed is enforce, "
	  "observe or off" },
	{ "login", "mode", "''", "'' is not a mode; allowed is enforce, observe or "
	  "off" },
	{ "relay", "mode", "'off '", "'off ' is not a mode; allowed is enforce, "
	  "observe or off" },
	{ "poll", "ladder", "{}", "the ladder is empty; to do nothing, write {\"after "
	  "0: note\"}" },
	{ "poll", "ladder", "{'note'}", "'note' " STEP },
	{ "poll", "ladder", "{'after : note'}", "'after : note' " STEP },
	{ "poll", "ladder", "{'after 1 note'}", "'after 1 note' " STEP },
	{ "poll", "ladder", "{'after 100001: note'}", "'after 100001: note' " STEP },
	{ "poll", "ladder", "{'after -1: note'}", "'after -1: note' " STEP },
	{ "poll", "ladder", "{'after 1: reject'}", "'after 1: reject' " STEP },
	{ "poll", "ladder", "{'after 1: pass'}", "'after 1: pass' " STEP },
	{ "poll", "ladder", "{'after 1: absorb 3s'}", "'after 1: absorb 3s' " STEP },
	{ "poll", "ladder", "{'after 1: refuse 3s'}", "'after 1: refuse 3s' " STEP },
	{ "poll", "ladder", "{'after 1: hold 3s'}", "'after 1: hold 3s' " STEP },
	{ "authpolicy", "listen", "'unix:/run/x'", "'unix:/run/x' is not ADDRESS:PORT; "
	  "allowed is 127.0.0.1:10045 or [::1]:10045" },
	{ "authpolicy", "listen", "'localhost:10045'", "'localhost:10045' is not "
	  "ADDRESS:PORT; allowed is 127.0.0.1:10045 or [::1]:10045" },
	{ "authpolicy", "user", "''", "a value is needed, '' is not enough" },
	{ "authpolicy", "key_file", "key", "'key' is not a path that begins with '/'" },
	{ "authpolicy", "held_max", "100001", "100001 is out of range; allowed is 0 to "
	  "100000" },
	{ "poll", "login_ladder", "{'after 1: absorb'}", "'after 1: absorb' " LOGIN_STEP },
	{ "poll", "login_ladder", "{'after 1: delay 3s'}", "'after 1: delay 3s' " LOGIN_STEP },
	{ "poll", "login_ladder", "{'after 1: hold'}", "'after 1: hold' " LOGIN_STEP },
	{ "poll", "login_ladder", "{'after 1: hold 61s'}", "'after 1: hold 61s' " LOGIN_STEP },
	{ "poll", "login_ladder", "{'after 1: refuse x'}", "'after 1: refuse x' " LOGIN_STEP },
	{ "poll", "ladder", "{'after 1: delay'}", "'after 1: delay' " STEP },
	{ "poll", "ladder", "{'after 1: delay 0s'}", "'after 1: delay 0s' " STEP },
	{ "poll", "ladder", "{'after 1: delay 61s'}", "'after 1: delay 61s' " STEP },
	{ "poll", "ladder", "{'after 1: delay 2m'}", "'after 1: delay 2m' " STEP },
	{ "poll", "ladder", "{'after1: note'}", "'after1: note' " STEP },
	{ "poll", "ladder", "{'after 1 within: note'}", "'after 1 within: note' " STEP },
	{ "poll", "ladder", "{'after 1 within 0s: note'}", "'after 1 within 0s: note' "
	  STEP },
	{ "poll", "ladder", "{'after 1 within 8d: note'}", "'after 1 within 8d: note' "
	  STEP },
	{ "poll", "ladder", "{'after 1 within 5m note'}", "'after 1 within 5m note' "
	  STEP },
	{ "poll", "ladder", "{'after 251 within 5m: note'}", "'after 251 within 5m: "
	  "note' " STEP },
	{ "poll", "ladder", "{'after 5: note','after 2 within 5m: note',"
	  "'after 2 within 5m: absorb'}", "'after 2 within 5m: absorb' does not come "
	  "after 2; the numbers must rise" },
	{ "poll", "ladder", "{'after 1: note', 'after 1: absorb'}", "'after 1: "
	  "absorb' does not come after 1; the numbers must rise" },
	{ "poll", "ladder", "{'after 1: note','after 2: note','after 3: note',"
	  "'after 4: note','after 5: note','after 6: note','after 7: note',"
	  "'after 8: note','after 9: note'}", "'after 9: note' is one step too "
	  "many; allowed are 8" },
	{ "redis", "deadline", "0ms", "0ms is out of range; allowed is 1ms to 1s" },
	{ "redis", "deadline", "1001", "1001 is out of range; allowed is 1ms to 1s" },
	{ "redis", "deadline", "2s", "2s is out of range; allowed is 1ms to 1s" },
	{ "redis", "deadline", "1m", "'1m' is not a duration; allowed is 1ms to 1s, "
	  "such as 50ms or 1s" },
	{ "redis", "retention", "59m", "59m is out of range; allowed is 1h to 90d" },
	{ "redis", "retention", "91d", "91d is out of range; allowed is 1h to 90d" },
	{ "redis", "retry", "0", "0 is out of range; allowed is 1s to 1h" },
	{ "redis", "database", "16", "16 is out of range; allowed is 0 to 15" },
	{ "redis", "server", "localhost", "'localhost' is not a server; allowed is "
	  "unix:/PATH, HOST:PORT, [IPV6]:PORT or \"\"" },
	{ "redis", "server", "localhost:0", "'localhost:0': the port '0' is not a "
	  "number from 1 to 65535" },
	{ "redis", "password_file", "secret", "'secret' is not a path that begins "
	  "with '/'" },
	{ "store", "kind", "disk", "'disk' is not possible; allowed is auto, redis or "
	  "memory" },
	{ "privacy", "pseudonyms", "maybe", "'maybe' is neither yes nor no" },
	{ "privacy", "pseudonyms", "yes", "pseudonyms need privacy.secret_file as "
	  "well; make the file with: openssl rand -hex 32" },
	{ "privacy", "secret_file", "secret", "'secret' is not a path that begins "
	  "with '/'" },
	{ "redis", "user", "gatepost", "a user needs redis.password_file as well" },
	{ "redis", "server", "'[::1]:1 [::1]:2'", "these are 2 servers; what they are "
	  "is said by redis.topology, sentinel or cluster" },
	{ "redis", "server", "'[::1]:1, x'", "'x' is not a server; allowed is "
	  "unix:/PATH, HOST:PORT, [IPV6]:PORT or \"\"" },
	{ "redis", "topology", "sentinels", "'sentinels' is not possible; allowed is "
	  "single, sentinel or cluster" },
	{ "redis", "topology", "sentinel", "sentinel needs redis.sentinel_master, the "
	  "name after 'sentinel monitor' in its settings" },
	{ "redis", "server", "unix:/run/x topology = cluster", "a cluster names its "
	  "servers by host and port; use HOST:PORT" },
	{ "redis", "database", "1 server = '[::1]:1' topology = cluster",
	  "a cluster has database 0 alone" },
	{ "redis", "sentinel_master", "x", "this is for redis.topology = sentinel" },
	{ "redis", "sentinel_user", "x", "a user needs redis.sentinel_password_file "
	  "as well" },
	{ "redis", "sentinel_password_file", "/x", "this is for redis.topology = "
	  "sentinel" },
	{ "redis", "sentinel_password_file", "x", "'x' is not a path that begins "
	  "with '/'" },
	{ "redis", "tls", "maybe", "'maybe' is neither yes nor no" },
	{ "redis", "server", "unix:/run/x tls = yes", "there is no TLS on a unix "
	  "socket; use HOST:PORT, or take out redis.tls" },
	{ "journal", "stream", "-1", "'-1' is not a number; allowed is 0 to "
	  "10000000" },
	{ "journal", "stream", "100\n}\nredis {\n\tserver = \"\"", "a stream needs "
	  "redis.server" },
	{ "redis", "tls_ca_file", "/x", "this is for redis.tls = yes" },
	{ "redis", "tls_name", "x", "this is for redis.tls = yes" },
	{ "redis", "tls_certificate_file", "/x", "a certificate needs "
	  "redis.tls_key_file as well" },
	{ "redis", "tls_key_file", "/x", "a key needs redis.tls_certificate_file as "
	  "well" },
	{ "journal", "facility", "auth", "'auth' is not a syslog facility; allowed "
	  "is mail, daemon or local0 to local7" },
	{ "journal", "facility", "local8", "'local8' is not a syslog facility; "
	  "allowed is mail, daemon or local0 to local7" },
	{ "journal", "file", "journal.log", "'journal.log' is not a path that begins "
	  "with '/'" },
	{ "journal", "file", "/var/log/", "'/var/log/' is a folder; allowed is the "
	  "path of a file" },
	{ "journal", "interval", "0s", "0s is out of range; " INTERVAL },
	{ "milter", "socket", "bogus", "'bogus' is not a socket; allowed is "
	  "unix:/PATH, inet:HOST:PORT, inet:PORT@HOST, inet6:[ADDRESS]:PORT, "
	  "inet6:PORT@ADDRESS or fd:N" },
	{ "milter", "socket", "inet:127.0.0.1:70000", "'inet:127.0.0.1:70000': the "
	  "port '70000' is not a number from 1 to 65535" },
	{ "milter", "socket", "''", "a value is needed, '' is not enough" },
	{ "milter", "user", "''", "a value is needed, '' is not enough" },
	{ "milter", "pid_file", "run.pid", "'run.pid' is not a path that begins with "
	  "'/'" },
	{ "milter", "drain", "11m", "11m is out of range; allowed is 0s to 10m" },
	{ "login", "groups_file", "groups", "'groups' is not a path that begins with "
	  "'/'" },
	{ "login", "groups_file", "/nonexistent/g", "/nonexistent/g: No such file or "
	  "directory" },
	{ "rate", "mode", "on", "'on' is not a mode; allowed is enforce, observe or "
	  "off" },
	{ "rate", "messages", "30", "'30' " LIMIT },
	{ "rate", "messages", "{'30/1m', '0/1h'}", "'0/1h' " LIMIT },
	{ "rate", "messages", "30/8d", "'30/8d' " LIMIT },
	{ "rate", "messages", "30/0s", "'30/0s' " LIMIT },
	{ "rate", "messages", "30/1x", "'30/1x' " LIMIT },
	{ "rate", "messages", "/1m", "'/1m' " LIMIT },
	{ "rate", "messages", "-3/1m", "'-3/1m' " LIMIT },
	{ "rate", "messages", "1000001/1d", "'1000001/1d' " LIMIT },
	{ "rate", "messages", "10001/1s", "'10001/1s' " LIMIT },
	{ "rate", "messages", "{'30/1m', '40/60s'}", "'40/60s' has the time of a "
	  "limit before it; allowed is one limit for each time" },
	{ "rate", "recipients", "{1/1s, 2/2s, 3/3s, 4/4s, 5/5s}", "'5/5s' is one "
	  "limit too many; allowed are 4" },
	{ "rate", "recipients_per_message", "100001", "100001 is out of range; "
	  "allowed is 0 to 100000" },
	{ "rate", "on_store_failure", "reject", "'reject' is not possible; "
	  "allowed is pass or defer" },
	{ "rate", "overrides", "{'alice 3/1m'}", "'alice 3/1m' " OVERRIDE "allowed is "
	  "'LOGIN: ...' or '@GROUP: ...'" },
	{ "rate", "overrides", "{'@: none'}", "'@: none' " OVERRIDE "allowed is "
	  "'LOGIN: ...' or '@GROUP: ...'" },
	{ "rate", "overrides", "{'a: '}", "'a: ' " OVERRIDE PART("") },
	{ "rate", "overrides", "{'a: mesages 3/1m'}", "'a: mesages 3/1m' " OVERRIDE
	  PART("mesages") },
	{ "rate", "overrides", "{'a: messages 3/1m, messages 4/1h'}",
	  "'a: messages 3/1m, messages 4/1h' " OVERRIDE PART("messages") },
	{ "rate", "overrides", "{'a: messages'}", "'a: messages' " OVERRIDE "a limit "
	  "such as 30/1m or 'none' is needed behind the name" },
	{ "rate", "overrides", "{'a: messages 3'}", "'a: messages 3' " OVERRIDE
	  "'3' " LIMIT },
	{ "rate", "overrides", "{'a: messages none 3/1m'}", "'a: messages none 3/1m' "
	  OVERRIDE "nothing stands behind 'none'" },
	{ "rate", "overrides", "{'a: recipients_per_message x'}",
	  "'a: recipients_per_message x' " OVERRIDE "recipients_per_message 'x': "
	  "allowed is 0 to 100000" },
	{ "rate", "overrides", "{'a: recipients_per_message 1 2'}",
	  "'a: recipients_per_message 1 2' " OVERRIDE "'2' cannot stand there; parts "
	  "are separated by commas" },
	{ "rate", "overrides", "{'@staff: none'}", "'@staff' is no group of "
	  "login.groups_file" },
	{ "poll", "notice", "'caf\xc3\xa9'",
	  "only printable ASCII can be shown to every program" },
	{ "poll", "idle_notice", "'a\tb'",
	  "only printable ASCII can be shown to every program" },
	{ "poll", "notice_after", "100001",
	  "100001 is out of range; allowed is 0 to 100000" },
	{ "poll", "exemptions", "{'alice: forever'}", "'alice: forever' " EXEMPTION },
	{ "poll", "exemptions", "{'@staff until 2099-12-31 by ann: x'}",
	  "'@staff': login.groups_file has no such group" },
	{ "poll", "overrides", "{'alice interval 5m'}", "'alice interval 5m' "
	  POLL_OVERRIDE "WHO and a colon must come first" },
	{ "poll", "overrides", "{'alice: interval 5x'}", "'alice: interval 5x' "
	  POLL_OVERRIDE "interval '5x': allowed is 1s to 1d, such as 15m" },
	{ "poll", "overrides", "{'alice: mode on'}", "'alice: mode on' "
	  POLL_OVERRIDE "mode 'on': allowed is enforce, observe or off" },
	{ "poll", "overrides", "{'alice: speed 5'}", "'alice: speed 5' "
	  POLL_OVERRIDE "'speed' cannot stand there; allowed is interval, mode, "
	  "ladder and login_ladder" },
	{ "poll", "overrides", "{'192.0.2.300: none'}", "'192.0.2.300: none' "
	  POLL_OVERRIDE "'192.0.2.300' is not an IP address" },
	{ "poll", "overrides", "{'@staff: none'}",
	  "'@staff': login.groups_file has no such group" },
	{ "submission", "exemptions", "{'@staff until 2099-12-31 by ann: x'}",
	  "only an address, a network or a login can be exempt here" },
	{ "submission", "ports", "{}", "the list is empty; at least one number is "
	  "needed" },
	{ "submission", "ports", "{587, 0}", "0 is out of range; allowed is 1 to "
	  "65535" },
	{ "submission", "ports", "65536", "65536 is out of range; allowed is 1 to "
	  "65535" },
	{ "submission", "ports", "{smtp}", "'smtp' is not a number; allowed is 1 to "
	  "65535" },
	{ "relay", "trusted_networks", "{10.1.2.3/8}", "'10.1.2.3/8' has bits set "
	  "behind the network; did you mean 10.0.0.0/8?" },
	{ "relay", "trusted_networks", "{localhost}", "'localhost' is not an IP "
	  "address" },
	{ "relay", "local_domains", "{a@example.com}", "'a@example.com' " DOMAIN },
	{ "relay", "local_domains", "{'b\xc3\xbc" "cher.example'}",
	  "'b??cher.example' " DOMAIN },
	{ "relay", "local_domains", "{'*.example.com'}", "'*.example.com' " DOMAIN },
	{ "relay", "local_domains", "{..example.com}", "'..example.com' " DOMAIN },
	{ "relay", "local_domains", "{192.0.2.1}", "'192.0.2.1' " DOMAIN },
	{ "relay", "local_domains_file", "domains", "'domains' is not a path that "
	  "begins with '/'" },
	{ "submission", "exemptions", "{'192.0.2.7: scanner'}", "'192.0.2.7: "
	  "scanner' " EXEMPTION },
	{ "submission", "exemptions", "{'joe until 2026-02-30 by ann: travels'}",
	  "'joe until 2026-02-30 by ann: travels' " EXEMPTION },
	{ "submission", "exemptions", "{'192.0.2.300 until 2026-12-31 by ann: x'}",
	  "'192.0.2.300' is not an IP address" },
	{ "tls", "mode", "on", "'on' " MODE },
	{ "tls", "strength_mode", "on", "'on' " MODE },
	{ "tls", "inbound_mode", "enforce", "'enforce' is not possible; allowed is "
	  "off or observe" },
	{ "tls", "min_version", "1.2", "'1.2' is not possible; allowed is TLSv1, "
	  "TLSv1.1, TLSv1.2 or TLSv1.3" },
	{ "tls", "min_bits", "257", "257 is out of range; allowed is 0 to 256" },
	{ "tls", "forward_secrecy", "true", "'true' is neither yes nor no" },
	{ "tls", "denied_ciphers", "{RC4, ''}", "'' is not possible; an item has 1 "
	  "to 255 bytes" },
	{ "login", "mechanisms_mode", "on", "'on' " MODE },
	{ "login", "mechanisms", "{plain}", "'plain' " MECHANISM },
	{ "login", "mechanisms", "{'0:PLAIN'}", "'0:PLAIN' " MECHANISM },
	{ "login", "plaintext_mode", "on", "'on' " MODE },
	{ "login", "author_mode", "on", "'on' " MODE },
	{ "login", "xclient_networks", "{proxy}", "'proxy' is not an IP address" },
	{ "login", "certificates", "{alice}", "'alice' is not a certificate; "
	  "allowed is \"LOGIN = SUBJECT\", with the subject as the MTA shows it" },
	{ "login", "certificate_issuers", "{CA, ''}", "'' is not possible; an item "
	  "has 1 to 1023 bytes" },
	{ "login", "fold_case", "lower", "'lower' is neither yes nor no" },
	{ "login", "realms", "{'@example.com'}", "'@example.com' " DOMAIN },
	{ "identity", "envelope", "on", "'on' " MODE },
	{ "identity", "from", "on", "'on' " MODE },
	{ "identity", "sender", "on", "'on' " MODE },
	{ "identity", "reply_to", "on", "'on' " MODE },
	{ "identity", "resent", "on", "'on' " MODE },
	{ "identity", "inbound", "on", "'on' " MODE },
	{ "identity", "header", "change", "'change' is not possible; allowed is "
	  "refuse or rewrite" },
	{ "identity", "domains", "{a@example.com}", "'a@example.com' " DOMAIN },
	{ "identity", "alias_file", "aliases", "'aliases' is not a path that begins "
	  "with '/'" },
	{ "identity", "alias_file", "/nonexistent/a", "/nonexistent/a: No such file "
	  "or directory" },
	{ "identity", "delimiter", "'+-'", "'+-' has 2 bytes; allowed are 1" },
	{ "identity", "send_as_anyone", "{bob, ''}", "'' is not possible; an item "
	  "has 1 to 255 bytes" },
	{ "headers", "authentication_results", "on", "'on' is neither yes nor no" },
	{ "journal", "all_checks", "all", "'all' is neither yes nor no" },
	{ "poll", "program", "id", "'id' is not possible; allowed is "
	  "address-and-name, address or name" },
	{ "poll", "held_max", "100001", "100001 is out of range; allowed is 0 to "
	  "100000" },
	{ "access", "imap", "yes", "'yes' is not possible; allowed is allow, notice "
	  "or deny" },
	{ "access", "pop3", "retired", "'retired' is not possible; allowed is allow, "
	  "notice or deny" },
	{ "access", "imap", "notice\n}\nredis {\n\tserver = \"\"", "'notice' is not "
	  "possible without redis.server, which knows who was told already; allowed "
	  "is allow or deny" },
	{ "access", "protocol_mode", "on", "'on' " MODE },
	{ "access", "notice", "''", "a value is needed, '' is not enough" },
	{ "access", "tls_mode", "required", "'required' " MODE },
	{ "access", "trusted_networks", "{webmail}", "'webmail' is not an IP "
	  "address" },
	{ "access", "mechanisms_mode", "on", "'on' " MODE },
	{ "access", "imap_mechanisms", "{plain}", "'plain' " MECHANISM },
	{ "access", "pop3_mechanisms", "{'x:PLAIN'}", "'x:PLAIN' " MECHANISM },
	{ "access", "exemptions", "{'@lab: old'}", "'@lab: old' " EXEMPTION },
	{ "access", "exemptions", "{'@nobody until 2099-12-31 by ann: x'}",
	  "'@nobody': login.groups_file has no such group" },
	{ "relay", "local_domains_file", "/nonexistent/d", "/nonexistent/d: No such "
	  "file or directory" },
};

static void test_values_refused(void **state)
{
	char text[512], expected[600];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		const struct refusal *row = &refusals[i];

		(void)snprintf(text, sizeof(text), "# 1\n%s {\n# 3\n\t%s = %s\n}\n",
			       row->section, row->name, row->value);
		(void)snprintf(expected, sizeof(expected), "a.conf:4: %s.%s: %s",
			       row->section, row->name, row->message);
		expect_error(text, expected);
	}
}

/* Each setting of the table is refused at least once above. */
static void test_each_setting_is_refused_once(void **state)
{
	(void)state;
	for (const struct gp_setting *row = gp_settings_table;
	     row->section != NULL; row++) {
		bool found = row->type == GP_SETTING_TEXT && row->min == 0;

		for (size_t i = 0; i < COUNT_OF(refusals); i++)
			found |= strcmp(refusals[i].section, row->section) == 0 &&
				 strcmp(refusals[i].name, row->name) == 0;
		if (!found)
			fail_msg("%s.%s", row->section, row->name);
	}
}

static void test_long_values_refused(void **state)
{
	char text[2000], value[1500];

	(void)state;
	memset(value, 'x', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	value[0] = '/';
	(void)snprintf(text, sizeof(text), "journal { file = %s }", value);
	expect_error(text, "a.conf:1: journal.file: '/xxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...' has 1499 bytes; allowed "
		     "are 1023");
	(void)snprintf(text, sizeof(text), "milter { socket = unix:%s }", value);
	expect_error(text, "a.conf:1: milter.socket: 'unix:/xxxxxxxxxxxxxxxxxxxxxxxx"
		     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...' has 1504 bytes; allowed "
		     "are 279");
}

/* --- names ------------------------------------------------------------- */

static void test_names_refused(void **state)
{
	char sections[512] = "a.conf:1: unknown section 'zzzzzzzz'; sections are ";
	const char *last = NULL;

	(void)state;
	for (const struct gp_setting *row = gp_settings_table;
	     row->section != NULL; row++) {
		if (last != NULL && strcmp(last, row->section) == 0)
			continue;
		(void)strcat(strcat(sections, last == NULL ? "" : ", "),
			     row->section);
		last = row->section;
	}
	expect_error("poll {\n intervall = 5m }", "a.conf:2: unknown setting "
		     "'intervall' in section 'poll'; did you mean 'interval'?");
	expect_error("relay {\n\n trusted_network = {} }", "a.conf:3: unknown "
		     "setting 'trusted_network' in section 'relay'; did you mean "
		     "'trusted_networks'?");
	expect_error("relay { trusted_netwerk = {} }", "a.conf:1: unknown setting "
		     "'trusted_netwerk' in section 'relay'; did you mean "
		     "'trusted_networks'?");
	/* local_domains_file is near too, but not as near */
	expect_error("relay { local_domaine = {} }", "a.conf:1: unknown setting "
		     "'local_domaine' in section 'relay'; did you mean "
		     "'local_domains'?");
	expect_error("poll { Interval = 5m }", "a.conf:1: unknown setting "
		     "'Interval' in section 'poll'; did you mean 'interval'?");
	expect_error("poll { socket = x }", "a.conf:1: unknown setting 'socket' in "
		     "section 'poll'; it belongs in section 'milter'");
	expect_error("tls { interval = 1 }", "a.conf:1: unknown setting 'interval' "
		     "in section 'tls'; it belongs in section 'poll' or 'journal'");
	expect_error("tls { retenton = 1 }", "a.conf:1: unknown setting 'retenton' "
		     "in section 'tls'; did you mean 'retention' in section "
		     "'redis'?");
	expect_error("submission { zzzzzzzz = 1 }", "a.conf:1: unknown setting "
		     "'zzzzzzzz' in section 'submission'; it has ports, exemptions");
	expect_error("\n\npol { }", "a.conf:3: unknown section 'pol'; did you mean "
		     "'poll'?");
	expect_error("Relay { }", "a.conf:1: unknown section 'Relay'; did you mean "
		     "'relay'?");
	expect_error("interval = 5m", "a.conf:1: unknown section 'interval'; it is "
		     "a setting of section 'poll' or 'journal'");
	expect_error("poll.interval = 5m", "a.conf:1: unknown section "
		     "'poll.interval'; write poll { interval = ... }");
	expect_error("zzzzzzzz { }", sections);
	expect_error("poll { poll { } }", "a.conf:1: unknown setting 'poll' in "
		     "section 'poll'; it has mode, interval, interval_max, "
		     "load_low, load_high, advised, round, tolerance, "
		     "program, programs_max, grace, away_after, away_interval, "
		     "ladder_window, ladder, login_ladder, held_max, notice, "
		     "idle_notice, notice_after, exemptions, overrides");
}

/* --- syntax ------------------------------------------------------------ */

static void test_syntax_refused(void **state)
{
	(void)state;
	expect_error("poll {\n interval = 5m\n", "a.conf:1: the '{' on this line "
		     "has no '}'");
	expect_error("poll {\n ladder = {\n 'after 0: note'\n}\n", "a.conf:1: the "
		     "'{' on this line has no '}'");
	expect_error("poll { } }", "a.conf:1: '}' without a '{'");
	expect_error("poll {\n ladder = {\n {", "a.conf:3: one '{' too many; is a "
		     "'}' missing after line 2?");
	expect_error("\nredis {\n user = \"abc\n}\n\"", "a.conf:3: the string has no "
		     "closing \" on this line");
	expect_error("redis { user = 'abc", "a.conf:1: the string has no closing ' "
		     "on this line");
	expect_error("redis { user = \"", "a.conf:1: the string has no closing \" "
		     "on this line");
	expect_error("redis { user = \"a\\nb\" }", "a.conf:1: a backslash in \"...\" "
		     "stands before \" or another backslash; or use single quotes");
	expect_error("redis { user = \"a\\", "a.conf:1: a backslash in \"...\" "
		     "stands before \" or another backslash; or use single quotes");
	expect_error("redis { user = 'a\tb\033c' }", "a.conf:1: byte 0x1b in a "
		     "string");
	expect_error("redis { user = a\033c }", "a.conf:1: byte 0x1b");
	expect_error("poll\r { }", "a.conf:1: byte 0x0d");
	expect_error("poll {\n interval 5m }", "a.conf:2: missing equal sign after "
		     "option 'interval'");
	expect_error("poll {\n interval = 5m 6m }", "a.conf:2: unknown setting '6m' "
		     "in section 'poll'; it has mode, interval, interval_max, "
		     "load_low, load_high, advised, round, tolerance, "
		     "program, programs_max, grace, away_after, away_interval, "
		     "ladder_window, ladder, login_ladder, held_max, notice, "
		     "idle_notice, notice_after, exemptions, overrides");
	expect_error("poll {\n interval = }", "a.conf:2: unexpected token '}'; a "
		     "value with blanks stands in quotes, a list in { } with "
		     "commas");
	expect_error("submission {\n ports = 587, 465 }", "a.conf:2: unexpected "
		     "token ','; a value with blanks stands in quotes, a list in "
		     "{ } with commas");
	expect_error("submission { ports = {587 465} }", "a.conf:1: unexpected token "
		     "'465'; a value with blanks stands in quotes, a list in { } "
		     "with commas");
	expect_error("poll = {}", "a.conf:1: missing opening brace for section "
		     "'poll'");
	expect_error("poll", "a.conf:1: premature end of file");
	expect_error("poll {\n interval = *5m }", "a.conf:2: '*' is not allowed "
		     "here; a value that holds it stands in quotes");
	expect_error("submission { ports += {26} }", "a.conf:1: '+' is not allowed "
		     "here; a value that holds it stands in quotes");
	expect_error("poll|interval = 5m", "a.conf:1: '|' is not allowed here; a "
		     "value that holds it stands in quotes");
	expect_error("poll {}\n'poll|interval' = 5m", "a.conf:2: a setting stands in "
		     "its section");
	expect_error("'' = 5m", "a.conf:1: this is not NAME = VALUE");
	expect_error("// old style\n", "a.conf:1: '//' at the start of a word; a "
		     "comment begins with '#', other values stand in quotes");
	expect_error("poll('x')", "a.conf:1: '(' is not allowed here");
	expect_error("poll { interval = include('x') }", "a.conf:1: include stands "
		     "outside sections");
}

/* The same file means the same in every process. */
static void test_environment_is_not_used(void **state)
{
	struct gp_settings *settings;

	(void)state;
	assert_int_equal(setenv("GP_TEST", "observe", 1), 0);
	expect_error("poll {\n mode = ${GP_TEST} }", "a.conf:2: '${' is not allowed: "
		     "values are not taken from the environment; a literal one "
		     "stands in single quotes");
	expect_error("poll {\n mode = \"${GP_TEST}\" }", "a.conf:2: '${' is not "
		     "allowed: values are not taken from the environment; a "
		     "literal one stands in single quotes");
	settings = load("milter { socket_group = '${GP_TEST}' }");
	assert_string_equal(settings->milter.socket_group, "${GP_TEST}");
	gp_settings_free(&settings);
}

/* --- files ------------------------------------------------------------- */

static void test_files_refused(void **state)
{
	(void)state;
	expect_file_error("none.conf", "none.conf: No such file or directory");
	expect_file_error("\033[2J\n.conf", "?[2J?.conf: No such file or "
			  "directory");
	assert_int_equal(mkdir(place("dir"), 0700), 0);
	expect_file_error("dir", "dir: this is a folder, not a file");
	assert_int_equal(mkfifo(place("fifo"), 0600), 0);
	expect_file_error("fifo", "fifo: this is not a plain file");
	assert_int_equal(symlink("loop", place("loop")), 0);
	expect_file_error("loop", "loop: Too many levels of symbolic links");
	write_text("open.conf", "");
	assert_int_equal(chmod(place("open.conf"), 0646), 0);
	expect_file_error("open.conf", "open.conf: everybody can write to it; run: "
			  "chmod o-w open.conf");
	assert_int_equal(truncate(place("open.conf"), 16 * 1024 * 1024 + 1), 0);
	assert_int_equal(chmod(place("open.conf"), 0644), 0);
	expect_file_error("open.conf", "open.conf: it is larger than 16777216 "
			  "bytes");
	if (geteuid() != 0) {
		assert_int_equal(chmod(place("open.conf"), 0), 0);
		expect_file_error("open.conf", "open.conf: Permission denied");
	}
}

static void test_strange_bytes_refused(void **state)
{
	static const char nul[] = "poll {\n interval = 5m\0x\n}";
	static const char nul_in_string[] = "redis { user = \"a\0b\" }";
	const size_t length = 1024 * 1024;
	char *line = malloc(length + 1);

	(void)state;
	assert_non_null(line);
	write_bytes("a.conf", nul, sizeof(nul) - 1);
	expect_file_error("a.conf", "a.conf:2: byte 0x00");
	write_bytes("a.conf", nul_in_string, sizeof(nul_in_string) - 1);
	expect_file_error("a.conf", "a.conf:1: byte 0x00 in a string");
	memset(line, 'x', length);
	write_bytes("a.conf", line, length);
	expect_file_error("a.conf", "a.conf:1: a word of 1048576 bytes; allowed are "
			  "4096");
	line[0] = line[length - 1] = '"';
	write_bytes("a.conf", line, length);
	expect_file_error("a.conf", "a.conf:1: a string of 1048576 bytes; allowed "
			  "are 4096");
	memset(line, '{', length);
	write_bytes("a.conf", line, length);
	expect_file_error("a.conf", "a.conf:1: one '{' too many; is a '}' missing "
			  "after line 1?");
	free(line);
}

/* --- include ----------------------------------------------------------- */

static void test_include_refused(void **state)
{
	char name[16], text[64];

	(void)state;
	expect_error("\ninclude(\"none.conf\")", "a.conf:2: include: none.conf: No "
		     "such file or directory");
	expect_error("include(\"/\")", "a.conf:1: include: /: this is a folder, not "
		     "a file");
	expect_error("include(\"a.conf\")", "a.conf:1: include: a.conf: this file "
		     "includes itself");
	expect_error("include(\"\")", "a.conf:1: include needs a file");
	expect_error("include", "a.conf:1: premature end of file");
	expect_error("include \"x\"", "a.conf:1: missing parenthesis for function "
		     "'include'");
	expect_error("include(", "a.conf:1: write include(\"FILE\")");
	expect_error("include()", "a.conf:1: write include(\"FILE\")");
	expect_error("include(\"x\"", "a.conf:1: write include(\"FILE\")");
	expect_error("include(\"x\", \"y\")", "a.conf:1: write include(\"FILE\")");
	expect_error("include(\"x\" y)", "a.conf:1: write include(\"FILE\")");
	expect_error("include(\n\n\"x)", "a.conf:3: the string has no closing \" on "
		     "this line");
	expect_error("poll {\n include(\"x\")\n}", "a.conf:2: include stands outside "
		     "sections");
	write_text("b.conf", "# 1\n\npoll {\n interval = 5x }");
	expect_error("# 1\ninclude(\"b.conf\")\n", "b.conf:4: poll.interval: '5x' is "
		     "not a duration; " INTERVAL EXAMPLES);
	/* two that include each other */
	write_text("b.conf", "\ninclude(\"a.conf\")");
	expect_error("include(\"b.conf\")", "b.conf:2: include: a.conf: this file "
		     "includes itself");
	/* a long chain */
	for (int i = 0; i < 12; i++) {
		(void)snprintf(name, sizeof(name), "c%d.conf", i);
		(void)snprintf(text, sizeof(text), "include(\"c%d.conf\")", i + 1);
		write_text(name, text);
	}
	expect_error("include(\"c0.conf\")", "c9.conf:1: include: c10.conf: files "
		     "include each other too deeply");
}

static void test_include(void **state)
{
	struct gp_settings *settings;

	(void)state;
	assert_int_equal(mkdir(place("sub"), 0700), 0);
	write_text("sub/b.conf", "include(\"c.conf\")\n"
		   "poll { interval = 7m advised = 20m }\n"
		   "submission { ports = {2525} }");
	write_text("sub/c.conf", "poll { tolerance = 7 }");
	write_text("empty.conf", "");
	settings = load("poll { interval = 6m tolerance = 6 round = 40s }\n"
			"include(\"sub/b.conf\")\n"
			"include(\"empty.conf\") include('sub/c.conf')\n"
			"poll { interval = 8m }\n");
	assert_int_equal(settings->poll.interval_secs, 8 * 60);
	assert_int_equal(settings->poll.advised_secs, 20 * 60);
	assert_int_equal(settings->poll.round_secs, 40);
	assert_int_equal(settings->poll.tolerance_percent, 7);
	assert_int_equal(settings->submission.ports.count, 1);
	assert_int_equal(settings->submission.ports.items[0], 2525);
	gp_settings_free(&settings);
	/* the line after an include is that of the including file again */
	expect_error("\ninclude(\"sub/b.conf\")\n\npoll { interval = x }",
		     "a.conf:4: poll.interval: 'x' is not a duration; "
		     INTERVAL EXAMPLES);
}

/* --- lines ------------------------------------------------------------- */

static void test_lines(void **state)
{
	(void)state;
	expect_error("# a\n# b\npoll {\n interval = 5m # c\n # d\n round = 10x\n}",
		     "a.conf:6: poll.round: '10x' is not a duration; allowed is "
		     "0s to 1d" EXAMPLES);
	expect_error("submission {\n ports = {\n 25, # one\n\n 26,\n x\n }\n}",
		     "a.conf:6: submission.ports: 'x' is not a number; allowed is "
		     "1 to 65535");
	expect_error("poll {\n}\n\npoll { interval = 6m\n}\n\n\npoll {\n\n"
		     " interval = y }", "a.conf:10: poll.interval: 'y' is not a "
		     "duration; " INTERVAL EXAMPLES);
	expect_error("poll\r\n{\r\n\tinterval = z\r\n}\r\n", "a.conf:3: "
		     "poll.interval: 'z' is not a duration; " INTERVAL EXAMPLES);
	expect_error("poll {\n ladder = # x\n {\n # y\n }\n}", "a.conf:3: "
		     "poll.ladder: the ladder is empty; to do nothing, write "
		     "{\"after 0: note\"}");
}

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
	char text[GP_IP_TEXT_BYTES];

	(void)state;
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

/* libconfuse would write to standard error when nobody takes its messages. */
static void test_nothing_is_printed(void **state)
{
	int saved[2] = { dup(1), dup(2) };
	int fd = open(place("printed"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct gp_settings *settings = NULL;
	struct gp_error err;
	struct stat status;

	(void)state;
	write_text("a.conf", "poll { interval = 5x }");
	write_text("b.conf", "poll { interval 5m");
	(void)fflush(NULL);
	(void)dup2(fd, 1);
	(void)dup2(fd, 2);
	(void)gp_settings_load(place("a.conf"), &settings, &err);
	(void)gp_settings_load(place("b.conf"), &settings, &err);
	(void)gp_settings_load(place("none"), &settings, &err);
	(void)fflush(NULL);
	(void)dup2(saved[0], 1);
	(void)dup2(saved[1], 2);
	(void)close(saved[0]);
	(void)close(saved[1]);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_size, 0);
	(void)close(fd);
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
		cmocka_unit_test(test_values_refused),
		cmocka_unit_test(test_each_setting_is_refused_once),
		cmocka_unit_test(test_long_values_refused),
		cmocka_unit_test(test_names_refused),
		cmocka_unit_test(test_syntax_refused),
		cmocka_unit_test(test_environment_is_not_used),
		cmocka_unit_test(test_files_refused),
		cmocka_unit_test(test_strange_bytes_refused),
		cmocka_unit_test(test_include_refused),
		cmocka_unit_test(test_include),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_disagreement_refused),
		cmocka_unit_test(test_interval_alone),
		cmocka_unit_test(test_agreement),
		cmocka_unit_test(test_domains_file),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_sample_file),
		cmocka_unit_test(test_every_setting),
		cmocka_unit_test(test_last_value_wins),
		cmocka_unit_test(test_again_and_again),
		cmocka_unit_test(test_nothing_is_printed),
		cmocka_unit_test(test_default_path),
		cmocka_unit_test(test_durations_as_people_write_them),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
