/* SPDX-License-Identifier: MIT */
/*
 * This module is the program gatepost-postlogin, for sites that cannot load a
 * plugin: Dovecot's script-login runs it between a login and the mail process, with
 * the client on standard output and the rest of its command line to be run when the
 * login may go on.  It counts the login, and lets it go on, wait, or end in plain
 * words.  On any doubt it goes on.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "access.h"
#include "gatepost-config.h"
#include "log.h"
#include "network-text.h"
#include "plugin-site.h"
#include "poll-session.h"
#include "program.h"
#include "refusal.h"
#include "settings-parse.h"

/* The mail process waits 60 s for a post-login script (MASTER_POSTLOGIN_TIMEOUT of
   Dovecot) and then gives the login up. */
enum { HOLD_MSECS_MAX = 50000, LOOK_MSECS = 500 };

static const char help[] =
"Usage: gatepost-postlogin [-c FILE] imap|pop3 PROGRAM [ARGUMENT...]\n"
"Counts a login, lets it wait or ends it when it comes too early, and runs\n"
"PROGRAM when it may go on.  Started by Dovecot's script-login.\n"
"\n"
"  -c, --config FILE   settings (%s)\n"
"  -V, --version       show the version\n"
"  -h, --help          show this help\n"
"\n"
"See gatepost-postlogin(8) and gatepost.conf(5).\n";

/* Returns -1 to go on, or the exit code. */
static int parse_options(int argc, char **argv, enum gp_protocol *protocol_r)
{
	static const struct option names[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	/* '+': what comes behind the protocol belongs to the program. */
	while ((option = getopt_long(argc, argv, "+c:Vh", names, NULL)) != -1) {
		switch (option) {
		case 'c':
			/* script-login empties the environment */
			(void)setenv("GATEPOST_CONF", optarg, true);
			break;
		case 'V':
			(void)printf("gatepost-postlogin %s\n", PACKAGE_VERSION);
			return EX_OK;
		case 'h':
			(void)printf(help, gp_settings_default_path());
			return EX_OK;
		default:
			return EX_USAGE;
		}
	}
	if (argc - optind >= 2 && gp_protocol_from_word(argv[optind], protocol_r))
		return -1;
	(void)fprintf(stderr, "gatepost-postlogin: a protocol (imap or pop3) and "
		      "a program are needed\nTry: gatepost-postlogin --help\n");
	return EX_USAGE;
}

/* Until the time is over or the client has gone. */
static void hold(int64_t msecs)
{
	const int64_t end_msecs = gp_clock_monotonic_msecs() +
		(msecs < HOLD_MSECS_MAX ? msecs : HOLD_MSECS_MAX);
	struct pollfd client = { .fd = STDOUT_FILENO, .events = POLLRDHUP };

	while (gp_clock_monotonic_msecs() < end_msecs)
		if (poll(&client, 1, LOOK_MSECS) > 0)
			break;
}

static void say_goodbye(enum gp_protocol protocol, const char *code,
			const char *words)
{
	(void)dprintf(STDOUT_FILENO, "%s [%s] %s\r\n",
		      protocol == GP_PROTOCOL_IMAP ? "* BYE" : "-ERR", code, words);
}

static void find_address(struct gp_ip *ip_r)
{
	const char *address = getenv("IP");

	if (address == NULL || gp_ip_parse(address, ip_r, NULL) < 0)
		ip_r->is_known = false;
}

/* script-login does not tell whether there is TLS.  True if the login goes on. */
static bool may_log_in(enum gp_protocol protocol, const struct gp_settings *settings,
		       struct gp_poll_session *session, const struct gp_ip *ip)
{
	const struct gp_access_facts facts = {
		.protocol = protocol,
		.client = *ip,
		.mechanism = getenv("AUTH_MECH"),
	};
	struct gp_decision decision;
	char text[GP_ACCESS_BYTES];

	if (!ip->is_known)
		return true;
	gp_access_judge(settings, session, &facts, &decision);
	if (decision.gives_notice && protocol == GP_PROTOCOL_IMAP)
		(void)dprintf(STDOUT_FILENO, "* OK [ALERT] %s\r\n",
			      gp_access_notice_text(settings, protocol, text));
	if (gp_decision_effect(&decision) != GP_ACTION_REFUSE)
		return true;
	say_goodbye(protocol, gp_access_code(protocol, &decision),
		    gp_access_refusal_text(settings, protocol, &decision, text));
	return false;
}

/* script-login hands on the fields of the userdb, their names in capitals. */
static void take_userdb(enum gp_protocol protocol, struct gp_poll_session *session)
{
	static const struct { const char *variable, *name; } fields[] = {
		{ "GATEPOST_MODE", "mode" },
		{ "GATEPOST_INTERVAL", "interval" },
		{ "GATEPOST_LADDER", "ladder" },
		{ "GATEPOST_LOGIN_LADDER", "login_ladder" },
	};
	char name[GP_PROGRAM_ID_BYTES];
	const char *value;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		value = getenv(fields[i].variable);
		if (value != NULL)
			gp_poll_session_own_terms(session, fields[i].name, value);
	}
	if (protocol == GP_PROTOCOL_IMAP &&
	    gp_program_name_in_id(getenv("GATEPOST_CLIENT_ID"), name))
		gp_poll_session_name_program(session, name,
					     gp_clock_monotonic_msecs());
}

/* RFC 9051 section 7.1: an alert is shown to the user. */
static void give_notice(const struct gp_settings *settings,
			const struct gp_poll_session *session)
{
	const struct gp_notice notice = {
		.program = gp_poll_session_program(session),
		.every_msecs = gp_poll_session_every_msecs(session),
		.policy_msecs = gp_poll_session_interval_msecs(session),
		.advised_msecs = (int64_t)settings->poll.advised_secs * 1000,
	};
	char text[GP_NOTICE_BYTES];

	if (settings->poll.notice[0] != '\0')
		(void)dprintf(STDOUT_FILENO, "* OK [ALERT] %s\r\n",
			      gp_notice_text(settings->poll.notice, &notice, text));
}

/* True if the login goes on; *wait_msecs_r is for how long it waits first. */
static bool is_in_time(enum gp_protocol protocol, const struct gp_settings *settings,
		       struct gp_poll_session *session, int64_t *wait_msecs_r)
{
	struct gp_decision decision;
	char words[GP_REFUSAL_BYTES];

	gp_poll_session_login(session, protocol == GP_PROTOCOL_IMAP,
			      gp_clock_monotonic_msecs(), &decision);
	if (decision.gives_notice && decision.mode == GP_MODE_ENFORCE)
		give_notice(settings, session);
	if (gp_decision_effect(&decision) == GP_ACTION_HOLD)
		*wait_msecs_r = decision.wait_msecs;
	if (gp_decision_effect(&decision) != GP_ACTION_REFUSE)
		return true;
	say_goodbye(protocol, protocol == GP_PROTOCOL_IMAP ? "LIMIT" : "LOGIN-DELAY",
		    gp_refusal_text(gp_poll_session_interval_msecs(session),
				    &decision, words));
	return false;
}

static bool judge(enum gp_protocol protocol, const char *user,
		  struct gp_plugin_site *site)
{
	struct gp_poll_session *session;
	struct gp_ip ip = { 0 };
	int64_t wait_msecs = 0;
	bool goes_on;

	find_address(&ip);
	session = gp_poll_session_create(site->settings, site->store,
					 site->journal,
					 gp_protocol_word(protocol), user, NULL,
					 &ip, 0);
	take_userdb(protocol, session);
	goes_on = may_log_in(protocol, site->settings, session, &ip) &&
		is_in_time(protocol, site->settings, session, &wait_msecs);
	if (wait_msecs > 0)
		hold(wait_msecs);
	gp_poll_session_end(&session, gp_clock_monotonic_msecs());
	return goes_on;
}

int main(int argc, char **argv)
{
	struct gp_plugin_site site = { 0 };
	const char *user = getenv("USER");
	enum gp_protocol protocol;
	bool goes_on = true;
	int code = parse_options(argc, argv, &protocol);
	void (*inherited)(int);

	if (code >= 0)
		return code;
	/* A Redis that hangs up is an error among others, and no reason to end. */
	inherited = signal(SIGPIPE, SIG_IGN);
	gp_log_open("gatepost-postlogin", true, LOG_MAIL);
	if (user != NULL && gp_plugin_site_open(&site, protocol))
		goes_on = judge(protocol, user, &site);
	gp_plugin_site_close(&site);
	/* Dovecot takes an end without its program for "no". */
	if (!goes_on)
		return EX_OK;
	(void)unsetenv("GATEPOST_CONF");
	(void)signal(SIGPIPE, inherited);
	(void)execv(argv[optind + 1], argv + optind + 1);
	gp_log(GP_LOG_ERROR, "%s: %s", argv[optind + 1], strerror(errno));
	return EX_OSFILE;
}
