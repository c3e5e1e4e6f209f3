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
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "gatepost-config.h"
#include "log.h"
#include "network-text.h"
#include "plugin-site.h"
#include "poll-session.h"
#include "refusal.h"
#include "settings-parse.h"

/* The mail process waits 60 s for a post-login script (MASTER_POSTLOGIN_TIMEOUT of
   Dovecot) and then gives the login up. */
enum { HOLD_MSECS_MAX = 50000, LOOK_MSECS = 500 };

static const char help[] =
"Usage: gatepost-postlogin [-c FILE] imap|pop3 PROGRAM [ARGUMENT...]\n"
"Counts a login, lets it wait or ends it when it comes too early, and runs PROGRAM\n"
"when it may go on.  Started by Dovecot's script-login.\n"
"\n"
"  -c, --config FILE   settings (%s)\n"
"  -V, --version       show the version\n"
"  -h, --help          show this help\n"
"\n"
"See gatepost-postlogin(8) and gatepost.conf(5).\n";

/* Returns -1 to go on, or the exit code. */
static int parse_options(int argc, char **argv)
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
	if (argc - optind >= 2 && (strcmp(argv[optind], "imap") == 0 ||
				   strcmp(argv[optind], "pop3") == 0))
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

static void say_goodbye(const char *protocol, int64_t interval_msecs,
			const struct gp_decision *decision)
{
	const char *start = strcmp(protocol, "imap") == 0
		? "* BYE [LIMIT] " : "-ERR [LOGIN-DELAY] ";
	char words[GP_REFUSAL_BYTES];

	(void)dprintf(STDOUT_FILENO, "%s%s\r\n", start,
		      gp_refusal_text(interval_msecs, decision, words));
}

/* True if the login goes on. */
static bool judge(const char *protocol, const char *user,
		  struct gp_plugin_site *site)
{
	const char *address = getenv("IP");
	struct gp_poll_session *session;
	struct gp_decision decision;
	struct gp_ip ip = { 0 };
	int64_t interval_msecs;
	bool goes_on = true;

	if (address == NULL || gp_ip_parse(address, &ip, NULL) < 0)
		ip.is_known = false;
	session = gp_poll_session_create(site->settings, site->store,
					 site->journal, protocol, user, NULL,
					 &ip, 0);
	gp_poll_session_login(session, gp_clock_monotonic_msecs(), &decision);
	interval_msecs = gp_poll_session_interval_msecs(session);
	gp_poll_session_end(&session, gp_clock_monotonic_msecs());
	switch (gp_decision_effect(&decision)) {
	case GP_ACTION_HOLD:
		hold(decision.wait_msecs);
		break;
	case GP_ACTION_REFUSE:
		say_goodbye(protocol, interval_msecs, &decision);
		goes_on = false;
		break;
	default:
		break;
	}
	return goes_on;
}

int main(int argc, char **argv)
{
	struct gp_plugin_site site = { 0 };
	const char *user = getenv("USER");
	bool goes_on = true;
	int code = parse_options(argc, argv);

	if (code >= 0)
		return code;
	gp_log_open("gatepost-postlogin", true, LOG_MAIL);
	if (user != NULL && gp_plugin_site_open(&site))
		goes_on = judge(argv[optind], user, &site);
	gp_plugin_site_close(&site);
	/* Dovecot takes an end without its program for "no". */
	if (!goes_on)
		return EX_OK;
	(void)unsetenv("GATEPOST_CONF");
	(void)execv(argv[optind + 1], argv + optind + 1);
	gp_log(GP_LOG_ERROR, "%s: %s", argv[optind + 1], strerror(errno));
	return EX_OSFILE;
}
