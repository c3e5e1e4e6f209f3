/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in settings.h.  A row added here must appear in
 * conf/gatepost.conf, in gatepost.conf(5) and in a test; check-docs compares.
 */
#include "settings.h"

#include <stdlib.h>

#include "settings-files.h"
#include "settings-poll.h"
#include "settings-rate.h"

#define ROW(section, name, type, field, default_text, min, max, help) \
	{ section, name, GP_SETTING_##type, \
	  offsetof(struct gp_settings, field), \
	  default_text, min, max, help, NULL }
#define CHOICE(section, name, field, default_text, words, help) \
	{ section, name, GP_SETTING_CHOICE, \
	  offsetof(struct gp_settings, field), default_text, 0, 0, help, words }

enum {
	MINUTE = 60,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
	PATH_BYTES_MAX = 1023,
	NAME_BYTES_MAX = 255,
	TEXT_BYTES_MAX = 1023,
	SOCKET_BYTES_MAX = 279
};

/* In the order of enum gp_tls_version, as MTAs spell them. */
static const char *const tls_version_words[] = {
	"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", NULL
};
/* RFC 3207 section 4: a public port 25 must not demand TLS. */
static const char *const off_observe_words[] = { "off", "observe", NULL };
static const char *const header_remedy_words[] = { "refuse", "rewrite", NULL };
static const char *const store_failure_words[] = { "pass", "defer", NULL };
/* In the order of enum gp_program_key. */
static const char *const program_words[] = {
	"address-and-name", "address", "name", NULL
};
/* In the order of enum gp_store_kind. */
static const char *const store_words[] = { "auto", "redis", "memory", NULL };
/* In the order of enum gp_redis_topology. */
static const char *const topology_words[] = {
	"single", "sentinel", "cluster", NULL
};
/* In the order of enum gp_access. */
static const char *const access_words[] = { "allow", "notice", "deny", NULL };

#define GOOD_MECHANISMS \
	"{PLAIN, LOGIN, \"SCRAM-*\", XOAUTH2, OAUTHBEARER, EXTERNAL}"

const struct gp_setting gp_settings_table[] = {
	ROW("submission", "ports", UINT_LIST, submission.ports,
	    "{587, 465}", 1, 65535,
	    "ports on which mail is taken only with TLS and a login"),
	ROW("submission", "exemptions", EXEMPTION_LIST, submission.exemptions,
	    "{}", 0, TEXT_BYTES_MAX,
	    "hosts and logins for which rules do not hold until a day"),

	ROW("tls", "mode", MODE, tls.mode, "enforce", 0, 0,
	    "no mail on a submission port without TLS"),
	ROW("tls", "strength_mode", MODE, tls.strength_mode, "enforce", 0, 0,
	    "no mail on a submission port with a weak version or cipher"),
	CHOICE("tls", "inbound_mode", tls.inbound_mode, "off", off_observe_words,
	       "whether the strength is looked at on other ports too"),
	CHOICE("tls", "min_version", tls.min_version, "TLSv1.2",
	       tls_version_words, "least version of TLS"),
	ROW("tls", "min_bits", UINT, tls.min_bits, "128", 0, 256,
	    "least strength of the cipher"),
	ROW("tls", "forward_secrecy", BOOL, tls.forward_secrecy, "yes", 0, 0,
	    "keys must be of one session only"),
	ROW("tls", "denied_ciphers", TEXT_LIST, tls.denied_ciphers,
	    "{\"*RC4*\", \"*DES*\", \"*NULL*\", \"*EXP*\", \"ADH*\", "
	    "\"AECDH*\", \"*_anon_*\"}", 1, NAME_BYTES_MAX,
	    "ciphers that are never good enough, by name"),

	ROW("login", "mode", MODE, login.mode, "enforce", 0, 0,
	    "no mail on a submission port without a login"),
	ROW("login", "mechanisms_mode", MODE, login.mechanisms_mode,
	    "enforce", 0, 0,
	    "no mail from who has logged in by another mechanism"),
	ROW("login", "mechanisms", MECHANISM_LIST, login.mechanisms,
	    GOOD_MECHANISMS, 1, NAME_BYTES_MAX,
	    "mechanisms of login that are good, also for one port only"),
	ROW("login", "plaintext_mode", MODE, login.plaintext_mode,
	    "enforce", 0, 0,
	    "no mail from who has sent a password without TLS, on any port"),
	ROW("login", "author_mode", MODE, login.author_mode, "enforce", 0, 0,
	    "no mail in the name of another login (AUTH= with MAIL)"),
	ROW("login", "xclient_networks", NETWORK_LIST, login.xclient_networks,
	    "{}", 0, 0,
	    "clients for whom a proxy's word about a login is taken (XCLIENT)"),
	ROW("login", "certificates", CERTIFICATE_LIST, login.certificates,
	    "{}", 0, TEXT_BYTES_MAX,
	    "client certificates that stand for a login"),
	ROW("login", "certificate_issuers", TEXT_LIST, login.certificate_issuers,
	    "{}", 1, TEXT_BYTES_MAX,
	    "who must have issued them; empty for any the MTA trusts"),
	ROW("login", "fold_case", BOOL, login.fold_case, "yes", 0, 0,
	    "Alice and alice are one login"),
	ROW("login", "realms", DOMAIN_LIST, login.realms, "{}", 0, 0,
	    "alice@realm and alice are one login"),
	ROW("login", "groups_file", PATH, login.groups_file,
	    "", 0, PATH_BYTES_MAX,
	    "file with groups of logins, for rate.overrides"),

	ROW("relay", "mode", MODE, relay.mode, "enforce", 0, 0,
	    "no mail for foreign recipients from clients that have not logged in"),
	ROW("relay", "trusted_networks", NETWORK_LIST, relay.trusted_networks,
	    "{}", 0, 0,
	    "clients that may relay without a login"),
	ROW("relay", "local_domains", DOMAIN_LIST, relay.local_domains,
	    "{}", 0, 0,
	    "domains whose mail is ours, so anybody may send to them"),
	ROW("relay", "local_domains_file", PATH, relay.local_domains_file,
	    "", 0, PATH_BYTES_MAX,
	    "file with more local domains, one on a line"),

	ROW("identity", "envelope", MODE, identity.envelope, "enforce", 0, 0,
	    "the envelope sender is an address of who has logged in"),
	ROW("identity", "from", MODE, identity.from, "enforce", 0, 0,
	    "the header From holds an address of who has logged in"),
	ROW("identity", "sender", MODE, identity.sender, "enforce", 0, 0,
	    "so does the header Sender, if there is one"),
	ROW("identity", "reply_to", MODE, identity.reply_to, "observe", 0, 0,
	    "so does the header Reply-To, if there is one"),
	ROW("identity", "resent", MODE, identity.resent, "enforce", 0, 0,
	    "so do the headers Resent-From and Resent-Sender"),
	ROW("identity", "inbound", MODE, identity.inbound, "observe", 0, 0,
	    "nobody brings mail from our own users without a login"),
	CHOICE("identity", "header", identity.header, "refuse",
	       header_remedy_words, "what is done about From and Sender"),
	ROW("identity", "domains", DOMAIN_LIST, identity.domains, "{}", 0, 0,
	    "login alice owns alice@ each of these; empty: the local domains"),
	ROW("identity", "alias_file", PATH, identity.alias_file,
	    "", 0, PATH_BYTES_MAX,
	    "file with more addresses and the logins that own them"),
	ROW("identity", "delimiter", TEXT, identity.delimiter, "+", 0, 1,
	    "alice owns alice+anything@; empty for not"),
	ROW("identity", "send_as_anyone", TEXT_LIST, identity.send_as_anyone,
	    "{}", 1, NAME_BYTES_MAX,
	    "logins that own every address"),

	ROW("headers", "authentication_results", BOOL,
	    headers.authentication_results, "no", 0, 0,
	    "add Authentication-Results to mail of who has logged in"),
	ROW("headers", "authserv_id", TEXT, headers.authserv_id,
	    "", 0, NAME_BYTES_MAX,
	    "name in it; empty for the name of the host"),

	ROW("rate", "mode", MODE, rate.mode, "enforce", 0, 0,
	    "users send no more than the limits"),
	ROW("rate", "messages", RATE_LIST, rate.terms.limits[GP_RATE_MESSAGES],
	    "{}", 0, 0,
	    "messages that a login may send, COUNT/TIME"),
	ROW("rate", "recipients", RATE_LIST,
	    rate.terms.limits[GP_RATE_RECIPIENTS],
	    "{}", 0, 0,
	    "recipients that a login may send to, COUNT/TIME"),
	ROW("rate", "recipients_per_message", UINT, rate.recipients_per_message,
	    "1000", 0, 100000,
	    "recipients of one message; 0 for any number"),
	ROW("rate", "overrides", RATE_OVERRIDE_LIST, rate.overrides,
	    "{}", 0, 0,
	    "other limits for some logins and groups"),
	CHOICE("rate", "on_store_failure", rate.on_store_failure, "pass",
	       store_failure_words, "what becomes of mail while Redis is silent"),

	CHOICE("access", "imap", access.protocols[GP_PROTOCOL_IMAP], "allow",
	       access_words, "whether mail may be read by IMAP"),
	CHOICE("access", "pop3", access.protocols[GP_PROTOCOL_POP3], "allow",
	       access_words, "whether mail may be read by POP3"),
	ROW("access", "protocol_mode", MODE, access.protocol_mode, "enforce", 0, 0,
	    "what access.imap and access.pop3 say is done"),
	ROW("access", "notice", TEXT, access.notice,
	    "%{protocol} will be switched off on this server, ask its "
	    "administrators what to use instead", 1, 300,
	    "what users of a protocol with notice are told once a day"),
	ROW("access", "tls_mode", MODE, access.tls_mode, "observe", 0, 0,
	    "nobody reads mail without TLS"),
	ROW("access", "trusted_networks", NETWORK_LIST, access.trusted_networks,
	    "{}", 0, 0,
	    "clients that may read mail without TLS"),
	ROW("access", "mechanisms_mode", MODE, access.mechanisms_mode,
	    "observe", 0, 0,
	    "nobody reads mail who has logged in by another mechanism"),
	ROW("access", "imap_mechanisms", MECHANISM_LIST,
	    access.mechanisms[GP_PROTOCOL_IMAP],
	    GOOD_MECHANISMS, 1, NAME_BYTES_MAX,
	    "mechanisms of login that are good for IMAP"),
	ROW("access", "pop3_mechanisms", MECHANISM_LIST,
	    access.mechanisms[GP_PROTOCOL_POP3],
	    GOOD_MECHANISMS, 1, NAME_BYTES_MAX,
	    "mechanisms of login that are good for POP3"),
	ROW("access", "exemptions", EXEMPTION_LIST, access.exemptions, "{}", 0, 0,
	    "whom no rule of this section holds, until when, by whom and why"),

	ROW("poll", "mode", MODE, poll.mode, "enforce", 0, 0,
	    "mail programs check no more often than the interval"),
	ROW("poll", "interval", SECS, poll.interval_secs, "5m", 1, DAY,
	    "least time between two rounds of checks of one program"),
	ROW("poll", "interval_max", SECS, poll.interval_max_secs, "0", 0, DAY,
	    "interval when the server is busy; 0: always the same"),
	ROW("poll", "load_low", UINT, poll.load_low_percent, "100", 0, 10000,
	    "load per processor in percent up to which interval holds"),
	ROW("poll", "load_high", UINT, poll.load_high_percent, "200", 1, 10000,
	    "load per processor in percent from which interval_max holds"),
	ROW("poll", "advised", SECS, poll.advised_secs, "10m", 1, DAY,
	    "interval users are asked to set; only reported"),
	ROW("poll", "round", SECS, poll.round_secs, "30s", 0, DAY,
	    "checks within this time of an admitted one belong to it"),
	ROW("poll", "tolerance", UINT, poll.tolerance_percent, "5", 0, 50,
	    "percent of the interval by which a check may come early"),
	CHOICE("poll", "program", poll.program, "address-and-name", program_words,
	       "what tells the mail programs of a user apart"),
	ROW("poll", "programs_max", UINT, poll.programs_max, "8", 0, 32,
	    "so many programs of a user check at full rate; 0: any number"),
	ROW("poll", "grace", SECS, poll.grace_secs, "2m", 0, DAY,
	    "time after human activity in which checks are free"),
	ROW("poll", "away_after", SECS, poll.away_after_secs, "3h", 0, 7 * DAY,
	    "time without human activity until the user is away; 0: never"),
	ROW("poll", "away_interval", SECS, poll.away_interval_secs, "30m", 1, DAY,
	    "least time between rounds while the user is away"),
	ROW("poll", "ladder_window", SECS, poll.ladder_window_secs,
	    "1h", 1, 7 * DAY,
	    "time in which early rounds are counted for the ladder"),
	ROW("poll", "ladder", LADDER, poll.ladder,
	    "{\"after 0: absorb\", \"after 12: delay 25s\"}", 0, 100000,
	    "what early checks get, by how many rounds of them came lately"),
	ROW("poll", "login_ladder", LOGIN_LADDER, poll.login_ladder,
	    "{\"after 2: hold 10s\", \"after 4: hold 30s\", "
	    "\"after 8: hold 55s\"}", 0, 100000,
	    "what early logins get, by how many early rounds came lately"),
	ROW("poll", "held_max", UINT, poll.held_max, "200", 0, 100000,
	    "most sessions of a host whose answers wait at once"),
	ROW("poll", "notice", TEXT, poll.notice, "", 0, 300,
	    "what a user is told once a day; empty for nothing"),
	ROW("poll", "idle_notice", TEXT, poll.idle_notice, "", 0, 300,
	    "the same for a program that stays connected"),
	ROW("poll", "notice_after", UINT, poll.notice_after, "12", 0, 100000,
	    "early rounds lately before a notice is given"),
	ROW("poll", "exemptions", EXEMPTION_LIST, poll.exemptions, "{}", 0, 0,
	    "who is not held, until when, by whom and why"),
	ROW("poll", "overrides", POLL_OVERRIDE_LIST, poll.overrides, "{}", 0, 0,
	    "other terms for a login, @group, network or program"),

	ROW("authpolicy", "listen", TEXT, authpolicy.listen,
	    "127.0.0.1:10045", 1, SOCKET_BYTES_MAX,
	    "where gatepost-authpolicy waits for Dovecot's questions"),
	ROW("authpolicy", "key_file", PATH, authpolicy.key_file,
	    "", 0, PATH_BYTES_MAX,
	    "file whose first line is the key that Dovecot shows"),
	ROW("authpolicy", "user", TEXT, authpolicy.user,
	    "gatepost", 1, NAME_BYTES_MAX,
	    "user as whom gatepost-authpolicy runs once it has started"),
	ROW("authpolicy", "held_max", UINT, authpolicy.held_max, "200", 0, 100000,
	    "most logins that are held at once"),

	CHOICE("store", "kind", store.kind, "auto", store_words,
	       "where history is kept: in Redis or in the milter's memory"),

	ROW("redis", "server", TEXT, redis.server,
	    "unix:/run/redis/redis-server.sock", 0, TEXT_BYTES_MAX,
	    "where Redis is, or its sentinels or some of a cluster; empty for none"),
	CHOICE("redis", "topology", redis.topology, "single", topology_words,
	       "what redis.server names"),
	ROW("redis", "sentinel_master", TEXT, redis.sentinel_master,
	    "", 0, NAME_BYTES_MAX, "name of the master that sentinels watch"),
	ROW("redis", "sentinel_user", TEXT, redis.sentinel_user,
	    "", 0, NAME_BYTES_MAX,
	    "user name at the sentinels (ACL); empty for the default user"),
	ROW("redis", "sentinel_password_file", PATH,
	    redis.sentinel_password_file, "", 0, PATH_BYTES_MAX,
	    "file whose first line is the password for the sentinels"),
	ROW("redis", "tls", BOOL, redis.tls, "no", 0, 0,
	    "whether Redis is spoken to by TLS"),
	ROW("redis", "tls_ca_file", PATH, redis.tls_ca_file, "", 0, PATH_BYTES_MAX,
	    "authorities for Redis's certificate; empty for the system's"),
	ROW("redis", "tls_certificate_file", PATH, redis.tls_certificate_file,
	    "", 0, PATH_BYTES_MAX, "our certificate, if Redis wants one"),
	ROW("redis", "tls_key_file", PATH, redis.tls_key_file,
	    "", 0, PATH_BYTES_MAX, "the key of our certificate"),
	ROW("redis", "tls_name", TEXT, redis.tls_name, "", 0, NAME_BYTES_MAX,
	    "name in Redis's certificate; empty for the one in redis.server"),
	ROW("redis", "database", UINT, redis.database, "0", 0, 15,
	    "number of the database in Redis"),
	ROW("redis", "user", TEXT, redis.user, "", 0, NAME_BYTES_MAX,
	    "user name in Redis (ACL); empty for the default user"),
	ROW("redis", "password_file", PATH, redis.password_file,
	    "", 0, PATH_BYTES_MAX,
	    "file whose first line is the password for Redis"),
	ROW("redis", "deadline", MSECS, redis.deadline_msecs, "50ms", 1, 1000,
	    "longest wait for an answer of Redis"),
	ROW("redis", "retry", SECS, redis.retry_secs, "10s", 1, HOUR,
	    "time without questions after Redis failed to answer"),
	ROW("redis", "retention", SECS, redis.retention_secs,
	    "7d", HOUR, 90 * DAY,
	    "how long Redis remembers a program that is not seen again"),

	ROW("privacy", "pseudonyms", BOOL, privacy.pseudonyms, "no", 0, 0,
	    "names and addresses in Redis and the journal are replaced"),
	ROW("privacy", "secret_file", PATH, privacy.secret_file,
	    "", 0, PATH_BYTES_MAX,
	    "file whose first line is the secret behind the pseudonyms"),

	ROW("journal", "file", PATH, journal.file, "", 0, PATH_BYTES_MAX,
	    "file of the journal; empty for syslog"),
	ROW("journal", "facility", FACILITY, journal.facility, "mail", 0, 0,
	    "syslog facility of the journal and of messages"),
	ROW("journal", "interval", SECS, journal.interval_secs, "5m", 1, DAY,
	    "early checks of one program give one line in this time"),
	ROW("journal", "all_checks", BOOL, journal.all_checks, "no", 0, 0,
	    "lines also for checks that are simply served"),
	ROW("journal", "stream", UINT, journal.stream, "0", 0, 10000000,
	    "most lines of all hosts that Redis keeps; 0 for none"),

	ROW("milter", "socket", TEXT, milter.socket,
	    "unix:/run/gatepost/milter.sock", 1, SOCKET_BYTES_MAX,
	    "where the milter listens for the MTA"),
	ROW("milter", "socket_group", TEXT, milter.socket_group,
	    "", 0, NAME_BYTES_MAX,
	    "group that may connect to the unix socket"),
	ROW("milter", "user", TEXT, milter.user, "gatepost", 1, NAME_BYTES_MAX,
	    "user as whom the milter runs once it has started"),
	ROW("milter", "pid_file", PATH, milter.pid_file,
	    "", 0, PATH_BYTES_MAX,
	    "file for the process number; empty for none"),
	ROW("milter", "drain", SECS, milter.drain_secs, "10s", 0, 600,
	    "time given to open sessions when the milter is stopped"),

	{ .section = NULL }
};

static void free_strings(struct gp_str_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
}

void gp_exemption_free(struct gp_exemption *exemption)
{
	free(exemption->login);
	free(exemption->author);
	free(exemption->reason);
}

static void free_exemptions(struct gp_exemption_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		gp_exemption_free(&list->items[i]);
	free(list->items);
}

static void free_owners(struct gp_owner_map *owners)
{
	for (size_t i = 0; i < owners->count; i++) {
		free(owners->items[i].address);
		free_strings(&owners->items[i].logins);
	}
	free(owners->items);
}

static void free_value(const struct gp_setting *setting, void *value)
{
	switch (setting->type) {
	case GP_SETTING_TEXT:
	case GP_SETTING_PATH:
		free(*(char **)value);
		break;
	case GP_SETTING_UINT_LIST:
		free(((struct gp_uint_list *)value)->items);
		break;
	case GP_SETTING_NETWORK_LIST:
		free(((struct gp_network_list *)value)->items);
		break;
	case GP_SETTING_DOMAIN_LIST:
	case GP_SETTING_TEXT_LIST:
	case GP_SETTING_MECHANISM_LIST:
	case GP_SETTING_CERTIFICATE_LIST:
		free_strings(value);
		break;
	case GP_SETTING_EXEMPTION_LIST:
		free_exemptions(value);
		break;
	case GP_SETTING_RATE_OVERRIDE_LIST:
		gp_rate_overrides_free(value);
		break;
	case GP_SETTING_POLL_OVERRIDE_LIST:
		gp_poll_overrides_free(value);
		break;
	case GP_SETTING_MODE:
	case GP_SETTING_BOOL:
	case GP_SETTING_CHOICE:
	case GP_SETTING_UINT:
	case GP_SETTING_SECS:
	case GP_SETTING_MSECS:
	case GP_SETTING_FACILITY:
	case GP_SETTING_LADDER:
	case GP_SETTING_LOGIN_LADDER:
	case GP_SETTING_RATE_LIST:
		break; /* kept inside the struct */
	}
}

void gp_settings_free(struct gp_settings **settings)
{
	if (*settings == NULL)
		return;
	for (const struct gp_setting *row = gp_settings_table;
	     row->section != NULL; row++)
		free_value(row, (char *)*settings + row->offset);
	free_owners(&(*settings)->identity.owners);
	gp_groups_free(&(*settings)->login.groups);
	gp_settings_files_free(&(*settings)->files);
	free(*settings);
	*settings = NULL;
}
