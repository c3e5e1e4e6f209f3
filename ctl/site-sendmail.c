/* SPDX-License-Identifier: MIT */
/*
 * This module finds what is dangerous in a sendmail.cf.  Features of the .mc
 * are known by the rules that they leave in the .cf, or take out of it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "site-key.h"
#include "site-run.h"
#include "site-sendmail.h"
#include "socket-text.h"

enum { TIMEOUT_SECS = 30 };

struct place {
	struct gp_site *site;
	const struct gp_sendmail *sendmail;
};

static void report(const struct place *place,
		   const struct gp_site_finding *finding)
{
	struct gp_site_finding copy = *finding;

	copy.file = place->sendmail->path;
	gp_site_report(place->site, &copy);
}

static const char *option(const struct place *place, const char *name)
{
	const char *value = gp_sendmail_option(place->site->pool,
					       place->sendmail, name);

	return value == NULL ? "" : value;
}

/* --- the filter */

static bool is_ours(const struct gp_site *site, const char *address)
{
	struct gp_socket ours, theirs;

	if (gp_socket_parse(site->settings->milter.socket, &ours, NULL) < 0 ||
	    gp_socket_parse(address, &theirs, NULL) < 0)
		return false;
	if (ours.kind == GP_SOCKET_FD)
		return true;
	if (ours.kind == GP_SOCKET_UNIX || theirs.kind == GP_SOCKET_UNIX)
		return ours.kind == theirs.kind &&
		       strcmp(ours.path, theirs.path) == 0;
	return ours.port == theirs.port;
}

static const struct gp_sendmail_filter *our_filter(const struct place *place)
{
	for (size_t i = 0; i < place->sendmail->filter_count; i++)
		if (is_ours(place->site, place->sendmail->filters[i].address))
			return &place->sendmail->filters[i];
	return NULL;
}

static const char *wanted_address(const struct gp_site *site)
{
	char buffer[GP_SOCKET_TEXT_BYTES];
	struct gp_socket ours;

	if (gp_socket_parse(site->settings->milter.socket, &ours, NULL) < 0 ||
	    ours.kind == GP_SOCKET_FD)
		return "unix:/run/gatepost/milter.sock";
	return gp_pool_strdup(site->pool, gp_socket_format_milter(&ours, buffer));
}

static void report_no_filter(const struct place *place)
{
	const char *address = wanted_address(place->site);
	const struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "milter-missing",
		.setting = "InputMailFilters",
		.value = option(place, "InputMailFilters"),
		.why = gp_pool_printf(place->site->pool, "No mail filter has the "
			"address where gatepost listens (milter.socket in %s): no "
			"mail is shown to it.", place->site->conf_path),
		.remedy = gp_pool_printf(place->site->pool, "in the .mc file:\n"
			"INPUT_MAIL_FILTER(`gatepost', `S=%s, F=T, "
			"T=C:5s;S:10s;R:10s;E:10s')", address),
	};

	report(place, &finding);
}

static bool lists(struct gp_pool *pool, const char *list, const char *name)
{
	char *copy = gp_pool_strdup(pool, list);
	const char *rest = copy, *word;

	for (char *byte = copy; *byte != '\0'; byte++)
		if (*byte == ';')
			*byte = ' ';
	while ((word = gp_site_next_word(pool, &rest)) != NULL)
		if (strcasecmp(word, name) == 0)
			return true;
	return false;
}

/* A daemon may have filters of its own (I=). */
static void check_daemon_filters(const struct place *place,
				 const struct gp_sendmail_filter *filter)
{
	for (size_t i = 0; i < place->sendmail->daemon_count; i++) {
		const struct gp_sendmail_daemon *daemon =
			&place->sendmail->daemons[i];
		bool has_own = daemon->filters != NULL;
		const char *list = has_own ? daemon->filters
					   : option(place, "InputMailFilters");
		const struct gp_site_finding finding = {
			.level = GP_SITE_DANGER, .name = "milter-missing",
			.place = gp_pool_printf(place->site->pool, "daemon %s",
						daemon->name),
			.setting = has_own ? "DaemonPortOptions"
					   : "InputMailFilters",
			.value = has_own ? daemon->line : list,
			.why = "Mail that comes in here is never shown to gatepost: "
			       "no rule about TLS, login or relaying holds.",
			.remedy = has_own
				? "take I= out of this line"
				: gp_pool_printf(place->site->pool,
					"O InputMailFilters=%s", filter->name),
		};

		if (!lists(place->site->pool, list, filter->name))
			report(place, &finding);
	}
}

static void check_filter_flags(const struct place *place,
			       const struct gp_sendmail_filter *filter)
{
	const struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "milter-action",
		.setting = gp_pool_printf(place->site->pool, "X%s F=",
					  filter->name),
		.value = filter->flags,
		.why = "Without F=T (or R, or 4) all mail passes unseen when "
		       "gatepost is stopped, restarted or slow.",
		.remedy = gp_pool_printf(place->site->pool,
			"X%s, S=%s, F=T, T=C:5s;S:10s;R:10s;E:10s",
			filter->name, filter->address),
	};

	if (strpbrk(filter->flags, "TR4") == NULL)
		report(place, &finding);
}

static unsigned long secs_of(const char *text)
{
	char *unit;
	unsigned long number = strtoul(text, &unit, 10);

	switch (*unit) {
	case 'm': return number * 60;
	case 'h': return number * 3600;
	case 'd': return number * 86400;
	default: return number;
	}
}

/* S: sending, R: reading one answer. */
static void check_filter_timeouts(const struct place *place,
				  const struct gp_sendmail_filter *filter)
{
	const struct gp_site_finding finding = {
		.level = GP_SITE_ADVICE, .name = "milter-timeout",
		.setting = gp_pool_printf(place->site->pool, "X%s T=",
					  filter->name),
		.value = filter->timeouts,
		.why = "gatepost answers in milliseconds; with so long a wait, a "
		       "milter that hangs ties up every connection.",
		.remedy = "T=C:5s;S:10s;R:10s;E:10s",
	};

	for (const char *at = filter->timeouts; *at != '\0'; at++) {
		if ((*at != 'S' && *at != 'R') || at[1] != ':' ||
		    secs_of(at + 2) <= TIMEOUT_SECS)
			continue;
		report(place, &finding);
		return;
	}
}

static void check_filter(const struct place *place)
{
	const struct gp_sendmail_filter *filter = our_filter(place);

	if (filter == NULL) {
		report_no_filter(place);
		return;
	}
	check_daemon_filters(place, filter);
	check_filter_flags(place, filter);
	check_filter_timeouts(place, filter);
}

/* --- ports, logins and TLS */

/* "a": a login is demanded; "s": TLS from the start. */
static bool takes_users(const struct gp_sendmail_daemon *daemon)
{
	return daemon->port == 587 || daemon->port == 465 ||
	       strpbrk(daemon->modifiers, "as") != NULL ||
	       strncasecmp(daemon->name, "MSA", 3) == 0;
}

static bool serves(const struct gp_sendmail *sendmail, unsigned int port)
{
	for (size_t i = 0; i < sendmail->daemon_count; i++)
		if (sendmail->daemons[i].port == port)
			return port != 25 || takes_users(&sendmail->daemons[i]);
	return false;
}

static void check_ports(const struct place *place)
{
	const struct gp_sendmail *sendmail = place->sendmail;
	const struct gp_uint_list *ports =
		&place->site->settings->submission.ports;

	for (size_t i = 0; i < sendmail->daemon_count; i++)
		if (takes_users(&sendmail->daemons[i]))
			gp_site_check_port(place->site, "Sendmail",
				gp_pool_printf(place->site->pool, "daemon %s",
					       sendmail->daemons[i].name),
				sendmail->daemons[i].port);
	for (size_t i = 0; i < ports->count; i++)
		if (!serves(sendmail, ports->items[i]))
			gp_site_report_unserved_port(place->site, "Sendmail",
						     ports->items[i]);
}

static bool has_letter(const char *options, char letter)
{
	return strchr(options, letter) != NULL;
}

/* "p": no PLAIN or LOGIN without TLS. */
static void check_auth(const struct place *place)
{
	const char *mechanisms = option(place, "AuthMechanisms");
	struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "auth-before-tls",
		.setting = "AuthOptions", .value = option(place, "AuthOptions"),
		.why = "Without \"p\" PLAIN and LOGIN are offered before STARTTLS: "
		       "passwords cross the network in the clear.",
		.remedy = "O AuthOptions=A p y",
	};

	if ((strcasestr(mechanisms, "PLAIN") != NULL ||
	     strcasestr(mechanisms, "LOGIN") != NULL) &&
	    !has_letter(finding.value, 'p'))
		report(place, &finding);
	finding.name = "auth-anonymous";
	finding.setting = "AuthMechanisms";
	finding.value = mechanisms;
	finding.why = "A login that names nobody counts as one.";
	finding.remedy = "O AuthMechanisms=PLAIN LOGIN";
	if (strcasestr(mechanisms, "ANONYMOUS") != NULL)
		report(place, &finding);
}

static void check_certificate(const struct place *place)
{
	static const char *const names[] = {
		"ServerCertFile", "ServerKeyFile", NULL
	};

	for (int i = 0; names[i] != NULL; i++) {
		const struct gp_site_finding finding = {
			.level = GP_SITE_DANGER, .name = "tls-off",
			.setting = names[i],
			.why = "Without certificate and key STARTTLS is not "
			       "offered: users log in without it, or not at all.",
			.remedy = gp_pool_printf(place->site->pool,
				"O %s=/path/to/file.pem", names[i]),
		};

		if (option(place, names[i])[0] == '\0')
			report(place, &finding);
	}
}

/* "+" sets an option of OpenSSL, "-" takes one of its defaults away. */
static void check_versions(const struct place *place)
{
	static const char *const versions[] = { "TLSv1", "TLSv1_1", NULL };
	const char *options = option(place, "ServerSSLOptions");
	struct gp_site_finding finding = {
		.name = "tls-versions", .setting = "ServerSSLOptions",
		.value = options,
		.remedy = "O ServerSSLOptions=+SSL_OP_NO_SSLv2 +SSL_OP_NO_SSLv3 "
			  "+SSL_OP_NO_TLSv1 +SSL_OP_NO_TLSv1_1",
	};

	for (int i = 0; versions[i] != NULL; i++) {
		const char *name = gp_pool_printf(place->site->pool,
						  "SSL_OP_NO_%s", versions[i]);
		const char *list = options, *word;
		char sign = '\0';

		while ((word = gp_site_next_word(place->site->pool, &list)) != NULL)
			if (strcmp(word + strspn(word, "+-"), name) == 0)
				sign = *word == '-' ? '-' : '+';
		finding.level = sign == '-' ? GP_SITE_DANGER : GP_SITE_ADVICE;
		finding.why = sign == '-'
			? "Allows TLS below 1.2, where what users send, passwords "
			  "too, can be read (RFC 8996)."
			: "TLS below 1.2 is not excluded here; it depends on "
			  "openssl.cnf alone (RFC 8996).";
		if (sign != '+') {
			report(place, &finding);
			return;
		}
	}
}

/* --- relaying */

struct rule {
	const char *text;       /* as it stands in the .cf */
	const char *feature, *why;
	enum gp_site_level level;
};

static const struct rule rules[] = {
	{ "R<?> $+ < @ $=w >\t$@ RELAY", "relay_local_from",
	  "Whoever names one of your domains as sender may relay, and everybody "
	  "can.", GP_SITE_DANGER },
	{ "$(mxserved ", "relay_based_on_MX",
	  "Whoever points an MX record at this host may relay to that domain.",
	  GP_SITE_ADVICE },
	{ "R$+ < @ $* $=m >\t$@ RELAY", "relay_entire_domain",
	  "All hosts of your domain may relay without a login.", GP_SITE_ADVICE },
};

static bool has_rule(const char *text, const char *rule)
{
	for (; (text = strstr(text, rule)) != NULL; text++) {
		const char *line = text;

		while (line[-1] != '\n')
			line--;
		if (*line == 'R')
			return true;
	}
	return false;
}

/* FEATURE(promiscuous_relay) adds nothing: it leaves out the refusal. */
static void check_relaying(const struct place *place)
{
	/* A line before the first lets has_rule() look back. */
	const char *text = gp_pool_printf(place->site->pool, "\n%s",
					  place->sendmail->text);
	struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "relay-for-all",
		.setting = "check_rcpt", .value = "promiscuous_relay",
		.why = "No rule says \"Relaying denied\": an open relay "
		       " as soon as the milter is not asked.",
		.remedy = "take FEATURE(`promiscuous_relay') out of the .mc file",
	};

	if (!has_rule(text + 1, "Relaying denied"))
		report(place, &finding);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		finding.level = rules[i].level;
		finding.name = "relay-weak-permit";
		finding.why = rules[i].why;
		finding.value = rules[i].feature;
		finding.remedy = gp_pool_printf(place->site->pool,
			"take FEATURE(`%s') out of the .mc file",
			rules[i].feature);
		if (has_rule(text + 1, rules[i].text))
			report(place, &finding);
	}
}

/* Class R holds who may relay, networks by their first numbers: "CR192.0.2". */
static void check_relay_class(const struct place *place)
{
	const char *text = place->sendmail->text;

	while ((text = strstr(text, "\nCR")) != NULL) {
		const char *list = gp_pool_strndup(place->site->pool, text + 3,
						   strcspn(text + 3, "\n"));
		const char *word;

		text += 3;
		while ((word = gp_site_next_word(place->site->pool, &list)) != NULL) {
			const struct gp_site_finding finding = {
				.level = GP_SITE_DANGER, .name = "networks-wide",
				.setting = "class R", .value = word,
				.why = "All addresses that begin with this number "
				       "may relay without a login.",
				.remedy = "name networks by three numbers, as in "
					  "CR192.0.2",
			};

			if (word[strspn(word, "0123456789")] == '\0' &&
			    strcmp(word, "10") != 0 && strcmp(word, "127") != 0)
				report(place, &finding);
		}
	}
}

void gp_site_check_sendmail(struct gp_site *site,
			    const struct gp_sendmail *sendmail)
{
	const struct place place = { .site = site, .sendmail = sendmail };

	site->seen[site->seen_count++] = gp_pool_printf(site->pool,
		"Sendmail by %s", sendmail->path);
	check_filter(&place);
	check_ports(&place);
	check_auth(&place);
	check_certificate(&place);
	gp_site_check_key(site, sendmail->path, "ServerKeyFile",
			  option(&place, "ServerKeyFile"));
	check_versions(&place);
	check_relaying(&place);
	check_relay_class(&place);
}
