/* SPDX-License-Identifier: MIT */
/* This module is a part of probe.h: IMAP and POP3, up to where a login would begin. */
#include "probe.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LINES_MAX = 200, OFFER_BYTES = 1024 };

/* What the server says is possible. */
struct offer {
	bool has_starttls;
	bool has_plain_login;           /* LOGIN of IMAP, USER of POP3 */
	char mechanisms[OFFER_BYTES];   /* SASL; "" for none */
};

static void add_mechanism(struct offer *offer, const char *name)
{
	const size_t length = strlen(offer->mechanisms);

	(void)snprintf(offer->mechanisms + length, sizeof(offer->mechanisms) -
		       length, "%s%s", length > 0 ? " " : "", name);
}

/* --- IMAP, RFC 9051 --- */

static void read_capabilities(char *words, struct offer *offer)
{
	char *rest;

	for (const char *word = strtok_r(words, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		if (strcasecmp(word, "STARTTLS") == 0)
			offer->has_starttls = true;
		else if (strcasecmp(word, "LOGINDISABLED") == 0)
			offer->has_plain_login = false;
		else if (strncasecmp(word, "AUTH=", 5) == 0)
			add_mechanism(offer, word + 5);
	}
}

static int ask_imap(struct gp_probe_link *link, const char *command,
		    struct offer *offer_r, struct gp_error *err)
{
	static const char capability[] = "* CAPABILITY ";
	char line[GP_PROBE_LINE_BYTES];

	(void)snprintf(line, sizeof(line), "p %s", command);
	if (gp_probe_link_write(link, line, err) < 0)
		return -1;
	for (int i = 0; i < LINES_MAX; i++) {
		if (gp_probe_link_read(link, line, err) < 0)
			return -1;
		if (offer_r != NULL && strncasecmp(line, capability,
						   sizeof(capability) - 1) == 0)
			read_capabilities(line + sizeof(capability) - 1, offer_r);
		if (strncasecmp(line, "p OK", 4) == 0)
			return 0;
		if (strncasecmp(line, "p ", 2) == 0)
			return gp_error_set(err, "%s is answered with: %.200s",
					    command, line + 2);
	}
	return gp_error_set(err, "more than %d lines in answer to %s", LINES_MAX,
			    command);
}

/* --- POP3, RFC 2449 and 5034 --- */

static int ask_pop3(struct gp_probe_link *link, const char *command,
		    struct gp_error *err)
{
	char line[GP_PROBE_LINE_BYTES];

	if (gp_probe_link_write(link, command, err) < 0 ||
	    gp_probe_link_read(link, line, err) < 0)
		return -1;
	return strncasecmp(line, "+OK", 3) == 0 ? 0
		: gp_error_set(err, "%s is answered with: %.200s", command, line);
}

static int read_capa(struct gp_probe_link *link, struct offer *offer_r,
		     struct gp_error *err)
{
	char line[GP_PROBE_LINE_BYTES];

	for (int i = 0; i < LINES_MAX; i++) {
		if (gp_probe_link_read(link, line, err) < 0)
			return -1;
		if (strcmp(line, ".") == 0)
			return 0;
		if (strcasecmp(line, "STLS") == 0)
			offer_r->has_starttls = true;
		else if (strcasecmp(line, "USER") == 0)
			offer_r->has_plain_login = true;
		else if (strncasecmp(line, "SASL ", 5) == 0)
			add_mechanism(offer_r, line + 5);
	}
	return gp_error_set(err, "more than %d lines in answer to CAPA", LINES_MAX);
}

/* --- both --- */

static int greet(const struct gp_probe_role *role, struct gp_probe_link *link,
		 struct gp_error *err)
{
	const char *good = role->protocol == GP_PROBE_IMAP ? "* OK" : "+OK";
	char line[GP_PROBE_LINE_BYTES];

	if (gp_probe_link_read(link, line, err) < 0)
		return -1;
	return strncasecmp(line, good, strlen(good)) == 0 ? 0
		: gp_error_set(err, "it greets with: %.200s", line);
}

static int ask_offer(const struct gp_probe_role *role, struct gp_probe_link *link,
		     struct offer *offer_r, struct gp_error *err)
{
	*offer_r = (struct offer){
		.has_plain_login = role->protocol == GP_PROBE_IMAP
	};
	if (role->protocol == GP_PROBE_IMAP)
		return ask_imap(link, "CAPABILITY", offer_r, err);
	return ask_pop3(link, "CAPA", err) < 0 ? -1
		: read_capa(link, offer_r, err);
}

static int ask_for_tls(const struct gp_probe_role *role,
		       struct gp_probe_link *link, struct gp_error *err)
{
	return role->protocol == GP_PROBE_IMAP
		? ask_imap(link, "STARTTLS", NULL, err)
		: ask_pop3(link, "STLS", err);
}

int gp_probe_mailbox_starttls(const struct gp_probe_role *role,
			      struct gp_probe_link *link, struct gp_error *err)
{
	return greet(role, link, err) < 0 ? -1 : ask_for_tls(role, link, err);
}

static int before_tls(struct gp_probe *probe, const struct gp_probe_role *role,
		      struct gp_probe_link *link, bool *has_tls_r,
		      struct gp_error *err)
{
	struct offer offer;

	if (ask_offer(role, link, &offer, err) < 0)
		return -1;
	*has_tls_r = offer.has_starttls;
	gp_probe_add(probe, role, offer.has_starttls ? GP_PROBE_OK : GP_PROBE_FAIL,
		     "starttls", offer.has_starttls ? NULL
		     : "switch STARTTLS on, or close the port (RFC 8314)",
		     offer.has_starttls ? "offered" : "not offered");
	if (offer.has_plain_login || offer.mechanisms[0] != '\0')
		gp_probe_add(probe, role, GP_PROBE_FAIL, "auth-before-tls",
			     "Dovecot: ssl = required", "offered: %s%s%s",
			     offer.has_plain_login
			     ? role->protocol == GP_PROBE_IMAP ? "LOGIN " : "USER "
			     : "", offer.mechanisms[0] != '\0' ? "SASL " : "",
			     offer.mechanisms);
	else
		gp_probe_add(probe, role, GP_PROBE_OK, "auth-before-tls", NULL,
			     "no login is offered");
	if (!offer.has_starttls)
		return 0;
	return ask_for_tls(role, link, err) < 0 ? -1
		: gp_probe_link_start_tls(link, probe->context, probe->host, err);
}

static int after_tls(struct gp_probe *probe, const struct gp_probe_role *role,
		     struct gp_probe_link *link, struct gp_error *err)
{
	struct offer offer;

	if (!role->is_implicit)
		gp_probe_judge_tls(probe, role, link);
	if (ask_offer(role, link, &offer, err) < 0)
		return -1;
	gp_probe_judge_mechanisms(probe, role, offer.mechanisms[0] == '\0' &&
				  offer.has_plain_login ? "PLAIN"
				  : offer.mechanisms);
	return 0;
}

int gp_probe_mailbox(struct gp_probe *probe, const struct gp_probe_role *role,
		struct gp_probe_link *link, struct gp_error *err)
{
	bool has_tls = true;

	if (greet(role, link, err) < 0)
		return -1;
	if (!role->is_implicit && before_tls(probe, role, link, &has_tls, err) < 0)
		return -1;
	if (has_tls && after_tls(probe, role, link, err) < 0)
		return -1;
	(void)gp_probe_link_write(link, role->protocol == GP_PROBE_IMAP
				  ? "q LOGOUT" : "QUIT", err);
	return has_tls;
}
