/* SPDX-License-Identifier: MIT */
/* This module is documented in probe.h. */
#include "probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *gp_probe_level_word(enum gp_verdict_level level)
{
	static const char *const words[GP_PROBE_LEVELS] = {
		[GP_PROBE_OK] = "ok", [GP_PROBE_NOTE] = "note",
		[GP_PROBE_WARN] = "warn", [GP_PROBE_FAIL] = "fail",
	};

	return words[level];
}

void gp_probe_add(struct gp_probe *probe, const struct gp_probe_role *role,
		  enum gp_verdict_level level, const char *check,
		  const char *remedy, const char *fmt, ...)
{
	struct gp_probe_finding *finding;
	char text[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	probe->findings = gp_realloc(probe->findings, (probe->count + 1) *
				     sizeof(*probe->findings));
	finding = &probe->findings[probe->count++];
	*finding = (struct gp_probe_finding){
		.level = level, .role = role, .check = check,
		.found = gp_pool_strdup(probe->pool, text), .remedy = remedy,
	};
}

int gp_probe_connect(struct gp_probe *probe, const struct gp_probe_role *role,
		     SSL_CTX *context, struct gp_probe_link *link,
		     struct gp_error *err)
{
	if (gp_probe_link_open(link, probe->addresses, role->port,
			       probe->timeout_msecs, err) < 0)
		return 0;
	if (!role->is_implicit ||
	    gp_probe_link_start_tls(link, context, probe->host, err) == 0)
		return 1;
	gp_probe_link_close(link);
	return -1;
}

/* --- mechanisms --- */

struct mechanism {
	const char *name;
	bool is_open;                   /* lets anybody in */
};

/* RFC 8314 section 3: inside TLS a plain password is good, and these are worse: broken,
   proprietary, or in need of passwords that the server can read. */
static const struct mechanism bad_mechanisms[] = {
	{ "ANONYMOUS", true }, { "NTLM", false }, { "GSS-SPNEGO", false },
	{ "CRAM-MD5", false }, { "DIGEST-MD5", false },
	{ "SKEY", false }, { "OTP", false }, { "APOP", false }, { "RPA", false },
};

static const struct mechanism *find_bad(const char *mechanisms)
{
	for (size_t i = 0; i < sizeof(bad_mechanisms) / sizeof(bad_mechanisms[0]);
	     i++) {
		const size_t length = strlen(bad_mechanisms[i].name);
		const char *word = mechanisms;

		while (*word != '\0') {
			const size_t size = strcspn(word, " ");

			if (size == length && strncasecmp(
				    word, bad_mechanisms[i].name, size) == 0)
				return &bad_mechanisms[i];
			word += size;
			word += strspn(word, " ");
		}
	}
	return NULL;
}

void gp_probe_judge_mechanisms(struct gp_probe *probe,
			       const struct gp_probe_role *role,
			       const char *mechanisms)
{
	const struct mechanism *bad = find_bad(mechanisms);

	if (mechanisms[0] == '\0')
		gp_probe_add(probe, role, GP_PROBE_FAIL, "auth-after-tls",
			     "switch a login on: users cannot use this port",
			     "no login is offered");
	else if (bad != NULL)
		gp_probe_add(probe, role, bad->is_open ? GP_PROBE_FAIL
			     : GP_PROBE_WARN, "auth-after-tls",
			     "leave PLAIN, LOGIN and SCRAM, inside TLS",
			     "%s is among: %s", bad->name, mechanisms);
	else
		gp_probe_add(probe, role, GP_PROBE_OK, "auth-after-tls", NULL,
			     "offered: %s", mechanisms);
}

/* --- one port --- */

static void talk(struct gp_probe *probe, const struct gp_probe_role *role,
		 struct gp_probe_link *link)
{
	struct gp_error err;
	int has_tls;

	if (role->is_implicit)
		gp_probe_judge_tls(probe, role, link);
	has_tls = role->protocol == GP_PROBE_SMTP
		? gp_probe_smtp(probe, role, link, &err)
		: gp_probe_mailbox(probe, role, link, &err);
	gp_probe_link_close(link);
	if (has_tls < 0)
		gp_probe_add(probe, role, GP_PROBE_FAIL, "dialogue",
			     "look at the server's log", "%s", err.text);
	else if (has_tls > 0)
		gp_probe_old_tls(probe, role);
}

void gp_probe_look(struct gp_probe *probe, const struct gp_probe_role *role)
{
	struct gp_probe_link link;
	struct gp_error err;
	const int result = gp_probe_connect(probe, role, probe->context, &link,
					    &err);

	if (result == 0) {
		gp_probe_add(probe, role, role->is_needed ? GP_PROBE_FAIL
			     : GP_PROBE_NOTE, "connection", role->is_needed
			     ? "have the server listen there and the firewall let it "
			     "through; or leave the port out: --port ROLE=0" : NULL,
			     "%s", err.text);
		return;
	}
	probe->answered_count++;
	if (result < 0)
		gp_probe_add(probe, role, GP_PROBE_FAIL, "implicit-tls",
			     "have the server begin with TLS here (RFC 8314 section 3)",
			     "%s", err.text);
	else
		talk(probe, role, &link);
}
