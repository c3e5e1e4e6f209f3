/* SPDX-License-Identifier: MIT */
/* This module tests that each setting refuses what it cannot be, and says what it can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "settings-folder.h"
#include "settings-value.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct refusal {
	const char *section, *name, *value, *message;
};

#define STEP_SECS " or 'after N: refuse', with N from 0 to 100000 and SECS from " \
	"1s to 60s; 'after N within TIME:' with N to 250 and TIME from 1s to 7d"
#define STEP "is not a step; allowed is 'after N: note', 'after N: absorb', " \
	"'after N: delay SECS', 'after N: disconnect'" STEP_SECS
#define LOGIN_STEP "is not a step; allowed is 'after N: note', 'after N: hold " \
	"SECS'" STEP_SECS

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_refused),
		cmocka_unit_test(test_each_setting_is_refused_once),
		cmocka_unit_test(test_long_values_refused),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
