/* SPDX-License-Identifier: MIT */
/*
 * This module is "gatepostctl probe": how a deployment looks from outside.
 */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "command.h"
#include "probe.h"
#include "probe-show.h"
#include "settings-value.h"

enum { ROLES = 7, NAMES_MAX = 64, TIMEOUT_SECS = 10, TIMEOUT_SECS_MAX = 300 };

struct request {
	struct gp_probe_role roles[ROLES];
	const char *names[NAMES_MAX + 2];       /* the host is the first */
	size_t names_count;
	const char *ca_path;
	const char *address;                    /* instead of the host's; or NULL */
	unsigned long timeout_secs;
	bool is_json, shows_all;
};

static const struct gp_probe_role all_roles[ROLES] = {
	{ "smtp", GP_PROBE_SMTP, false, true, false, 25 },
	{ "submission", GP_PROBE_SMTP, false, false, true, 587 },
	{ "submissions", GP_PROBE_SMTP, true, false, false, 465 },
	{ "imap", GP_PROBE_IMAP, false, false, false, 143 },
	{ "imaps", GP_PROBE_IMAP, true, false, true, 993 },
	{ "pop3", GP_PROBE_POP3, false, false, false, 110 },
	{ "pop3s", GP_PROBE_POP3, true, false, false, 995 },
};

/* --- what was typed --- */

/* "submission=2587"; 0 for a port that is not looked at. */
static int set_port(struct request *request, const char *text)
{
	const char *equals = strchr(text, '=');
	unsigned long port = 0;

	for (int i = 0; equals != NULL && i < ROLES; i++) {
		struct gp_probe_role *role = &request->roles[i];

		if (strlen(role->name) != (size_t)(equals - text) ||
		    strncmp(role->name, text, (size_t)(equals - text)) != 0)
			continue;
		if (!gp_number_read(equals + 1, &port) || port > 65535)
			break;
		role->port = (unsigned int)port;
		return EX_OK;
	}
	return gp_command_fail(EX_USAGE, "--port %s: allowed is ROLE=NUMBER, with ROLE "
			       "smtp, submission, submissions, imap, imaps, pop3 or "
			       "pop3s, and 0 to leave it out", text);
}

static int add_names(struct request *request, char *list)
{
	char *rest;

	for (const char *name = strtok_r(list, ", ", &rest); name != NULL;
	     name = strtok_r(NULL, ", ", &rest)) {
		if (request->names_count > NAMES_MAX)
			return gp_command_fail(EX_USAGE, "--names: more than %d",
					       NAMES_MAX);
		request->names[request->names_count++] = name;
	}
	return EX_OK;
}

static int parse_option(struct request *request, int option)
{
	switch (option) {
	case 'a':
		request->address = optarg;
		return EX_OK;
	case 'A':
		request->shows_all = true;
		return EX_OK;
	case 'C':
		request->ca_path = optarg;
		return EX_OK;
	case 'j':
		request->is_json = true;
		return EX_OK;
	case 'n':
		return add_names(request, optarg);
	case 'p':
		return set_port(request, optarg);
	case 't':
		if (gp_duration_read(GP_SETTING_SECS, optarg,
				     &request->timeout_secs) &&
		    request->timeout_secs > 0 &&
		    request->timeout_secs <= TIMEOUT_SECS_MAX)
			return EX_OK;
		return gp_command_fail(EX_USAGE, "--timeout %s: allowed is 1s to 5m",
				       optarg);
	default:
		return EX_USAGE;
	}
}

static int parse(int argc, char **argv, struct request *request)
{
	static const struct option names[] = {
		{ "address", required_argument, NULL, 'a' },
		{ "all", no_argument, NULL, 'A' },
		{ "ca", required_argument, NULL, 'C' },
		{ "json", no_argument, NULL, 'j' },
		{ "names", required_argument, NULL, 'n' },
		{ "port", required_argument, NULL, 'p' },
		{ "timeout", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	int option, code = EX_OK;

	memcpy(request->roles, all_roles, sizeof(all_roles));
	request->names_count = 1;
	request->timeout_secs = TIMEOUT_SECS;
	while (code == EX_OK && (option = getopt_long(argc, argv, "a:AC:jn:p:t:",
						      names, NULL)) != -1)
		code = parse_option(request, option);
	if (code == EX_OK && optind + 1 != argc)
		code = gp_command_fail(EX_USAGE, "probe which host?  Give one name");
	if (code == EX_OK)
		request->names[0] = argv[optind];
	return code;
}

/* --- the command --- */

static int look_at_all(struct gp_probe *probe, const struct request *request)
{
	struct gp_error err;

	if (gp_probe_begin_tls(probe, request->ca_path, &err) < 0)
		return gp_command_fail(EX_NOINPUT, "%s", err.text);
	for (int i = 0; i < ROLES; i++)
		if (request->roles[i].port != 0)
			gp_probe_look(probe, &request->roles[i]);
	if (request->is_json)
		gp_probe_show_json(probe);
	else
		gp_probe_show(probe, request->shows_all);
	if (probe->answered_count == 0)
		return gp_command_fail(EX_UNAVAILABLE, "no port of %s answers",
				       probe->host);
	return gp_probe_count(probe, GP_PROBE_FAIL) > 0 ? 1 : EX_OK;
}

static int run(int argc, char **argv, const char *conf_path)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct request request = { .is_json = false };
	struct gp_probe probe = { .pool = NULL };
	struct addrinfo *addresses;
	int code = parse(argc, argv, &request);
	const char *place;
	int problem;

	(void)conf_path;        /* from outside there are no settings */
	if (code != EX_OK)
		return code;
	(void)setlocale(LC_CTYPE, "");
	place = request.address != NULL ? request.address : request.names[0];
	problem = getaddrinfo(place, NULL, &hints, &addresses);
	if (problem != 0)
		return gp_command_fail(EX_NOHOST, "%s: %s", place,
				       gai_strerror(problem));
	probe.pool = gp_pool_create();
	probe.host = request.names[0];
	probe.names = request.names;
	probe.addresses = addresses;
	probe.timeout_msecs = (int64_t)request.timeout_secs * 1000;
	code = look_at_all(&probe, &request);
	gp_probe_end_tls(&probe);
	free(probe.findings);
	gp_pool_free(&probe.pool);
	freeaddrinfo(addresses);
	return code;
}

const struct gp_command gp_command_probe = {
	.name = "probe",
	.arguments = "[--names NAME,...] [--port ROLE=NUMBER]...\n"
		"         [--ca FILE] [--address ADDRESS] [--timeout TIME]\n"
		"         [--all | --json] HOST",
	.summary = "Looks at a mail server from outside: TLS, logins, relaying, names",
	.help =
"  -n, --names NAME,...  other names of the server that users may have set up:\n"
"                        does the certificate cover them?\n"
"  -p, --port ROLE=N     smtp=25, submission=587, submissions=465, imap=143,\n"
"                        imaps=993, pop3=110, pop3s=995 if not given; 0 leaves\n"
"                        it out\n"
"  -a, --address ADDR    connect there instead of where HOST is: one of several\n"
"                        servers, or a new one\n"
"  -A, --all             each check that is well is a line too\n"
"  -C, --ca FILE         certificates to trust instead of the system's\n"
"  -t, --timeout TIME    for each connection (10s)\n"
"  -j, --json            for machines\n"
"\n"
"Run it on another machine: servers trust their own, and Dovecot takes logins\n"
"without TLS from it.  Sends no mail and needs no login: transactions end before\n"
"DATA.  Look at your own servers only.\n"
"Users need submission and imaps: where nobody answers there, that is a failure;\n"
"--port submission=0 says that it is meant so.\n"
"Exit code 0: nothing failed.  1: something did.  66: FILE cannot be read.\n"
"68: no such host.  69: no port answers.\n",
	.run = run,
};
