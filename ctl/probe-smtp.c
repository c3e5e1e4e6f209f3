/* SPDX-License-Identifier: MIT */
/*
 * This module is a part of probe.h: SMTP, submission and the relaying of mail.  A
 * transaction goes as far as RCPT and is then reset: no mail is ever sent.
 */
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LINES_MAX = 200, OFFER_BYTES = 1024 };

/* example.com is nobody's: RFC 2606 section 3. */
#define FOREIGN "gatepost-probe@example.com"

struct reply {
	int code;
	char text[GP_PROBE_LINE_BYTES]; /* its first line, with the code */
};

/* What EHLO says is possible. */
struct offer {
	bool has_starttls;
	char mechanisms[OFFER_BYTES];   /* "" for none */
};

static bool is_positive(const struct reply *reply)
{
	return reply->code >= 200 && reply->code < 300;
}

static void read_offer(const char *line, struct offer *offer)
{
	const char *words = line + 4;

	if (strcasecmp(words, "STARTTLS") == 0)
		offer->has_starttls = true;
	else if (strncasecmp(words, "AUTH ", 5) == 0)
		(void)snprintf(offer->mechanisms, sizeof(offer->mechanisms), "%.*s",
			       OFFER_BYTES - 1, words + 5);
}

/* All lines of a reply, RFC 5321 section 4.2.1; offer may be NULL. */
static int read_reply(struct gp_probe_link *link, struct reply *reply_r,
		      struct offer *offer, struct gp_error *err)
{
	char line[GP_PROBE_LINE_BYTES];

	reply_r->text[0] = '\0';
	for (int i = 0; i < LINES_MAX; i++) {
		if (gp_probe_link_read(link, line, err) < 0)
			return -1;
		if (strspn(line, "0123456789") != 3 ||
		    (line[3] != ' ' && line[3] != '-' && line[3] != '\0'))
			return gp_error_set(err, "this is no reply of SMTP: %.100s",
					    line);
		if (i == 0)
			memcpy(reply_r->text, line, strlen(line) + 1);
		else if (offer != NULL)
			read_offer(line, offer);
		reply_r->code = atoi(line);
		if (line[3] != '-')
			return 0;
	}
	return gp_error_set(err, "a reply of more than %d lines", LINES_MAX);
}

static int ask(struct gp_probe_link *link, const char *command,
	       struct reply *reply_r, struct gp_error *err)
{
	return gp_probe_link_write(link, command, err) < 0 ? -1
		: read_reply(link, reply_r, NULL, err);
}

static int greet(struct gp_probe_link *link, struct gp_error *err)
{
	struct reply reply;

	if (read_reply(link, &reply, NULL, err) < 0)
		return -1;
	return reply.code == 220 ? 0
		: gp_error_set(err, "it greets with: %.200s", reply.text);
}

static int say_ehlo(struct gp_probe_link *link, struct offer *offer_r,
		    struct gp_error *err)
{
	struct reply reply;

	*offer_r = (struct offer){ false };
	if (gp_probe_link_write(link, "EHLO gatepost-probe.invalid", err) < 0 ||
	    read_reply(link, &reply, offer_r, err) < 0)
		return -1;
	return is_positive(&reply) ? 0
		: gp_error_set(err, "EHLO is answered with: %.200s", reply.text);
}

int gp_probe_smtp_starttls(struct gp_probe_link *link, struct gp_error *err)
{
	struct reply reply;
	struct offer offer;

	if (greet(link, err) < 0 || say_ehlo(link, &offer, err) < 0 ||
	    ask(link, "STARTTLS", &reply, err) < 0)
		return -1;
	return reply.code == 220 ? 0
		: gp_error_set(err, "STARTTLS is answered with: %.200s", reply.text);
}

/* --- transactions --- */

/* Whether mail for the recipient is taken: 1, 0 with the refusal, or -1. */
static int try_recipient(struct gp_probe_link *link, const char *recipient,
			 struct reply *reply_r, struct gp_error *err)
{
	struct reply reset;
	char command[512];

	(void)snprintf(command, sizeof(command), "RCPT TO:%s", recipient);
	if (ask(link, "MAIL FROM:<>", reply_r, err) < 0)
		return -1;
	if (is_positive(reply_r) && ask(link, command, reply_r, err) < 0)
		return -1;
	if (ask(link, "RSET", &reset, err) < 0)
		return -1;
	return is_positive(reply_r);
}

static const char *postmaster(struct gp_probe *probe)
{
	const bool is_address = strspn(probe->host, "0123456789.") ==
		strlen(probe->host) || strchr(probe->host, ':') != NULL;

	return gp_pool_printf(probe->pool, "<postmaster@%s%s%s>",
			      is_address ? "[" : "", probe->host,
			      is_address ? "]" : "");
}

/* Who asks later may get another answer: a greylist, a policy service or a table that
   cannot be asked. */
static bool is_temporary(const struct reply *reply)
{
	return reply->code < 500;
}

static const char not_proven[] =
	"it refuses for now only, and may take such mail later: ask again, from an "
	"address that is not deferred";

/* A submission port takes nothing from who has not done all that is needed. */
static int judge_closed(struct gp_probe *probe, const struct gp_probe_role *role,
			struct gp_probe_link *link, const char *check,
			const char *remedy, struct gp_error *err)
{
	const char *const recipients[] = { "<" FOREIGN ">", postmaster(probe) };
	struct reply reply;
	int taken = 0;

	for (size_t i = 0; i < 2 && taken == 0; i++) {
		taken = try_recipient(link, recipients[i], &reply, err);
		if (taken > 0)
			gp_probe_add(probe, role, GP_PROBE_FAIL, check, remedy,
				     "mail for %s is taken", recipients[i]);
	}
	if (taken == 0 && is_temporary(&reply))
		gp_probe_add(probe, role, GP_PROBE_WARN, check, not_proven,
			     "not proven: %s", reply.text);
	else if (taken == 0)
		gp_probe_add(probe, role, GP_PROBE_OK, check, NULL, "%s",
			     reply.text);
	return taken < 0 ? -1 : 0;
}

struct relaying {
	size_t forms_count, refused_count, deferred_count;
	struct reply refusal, deferral;         /* the first of each */
};

static void add_taken(struct gp_probe *probe, const struct gp_probe_role *role,
		      const char *form, bool is_plain)
{
	gp_probe_add(probe, role, is_plain ? GP_PROBE_FAIL : GP_PROBE_WARN, "relay",
		     is_plain ? "refuse foreign recipients from who has not logged "
		     "in: gatepost-milter with relay.mode = enforce"
		     : "look where such mail goes: it may be a relay, or a mailbox "
		     "for all names", "mail for %s is taken", form);
}

/* Forms in which a foreign recipient has been hidden from rules. */
static int try_forms(struct gp_probe *probe, const struct gp_probe_role *role,
		     struct gp_probe_link *link, struct relaying *found_r,
		     struct gp_error *err)
{
	const char *const forms[] = {
		"<" FOREIGN ">", "<\"" FOREIGN "\">",
		gp_pool_printf(probe->pool, "<gatepost-probe%%example.com@%s>",
			       probe->host),
		gp_pool_printf(probe->pool, "<@%s:" FOREIGN ">", probe->host),
		gp_pool_printf(probe->pool, "<" FOREIGN "@%s>", probe->host),
		"<example.com!gatepost-probe>",
	};
	struct reply reply;

	*found_r = (struct relaying){
		.forms_count = sizeof(forms) / sizeof(forms[0])
	};
	for (size_t i = 0; i < found_r->forms_count; i++) {
		const int taken = try_recipient(link, forms[i], &reply, err);

		if (taken < 0)
			return -1;
		if (taken > 0)
			add_taken(probe, role, forms[i], i == 0);
		else if (is_temporary(&reply) && found_r->deferred_count++ == 0)
			found_r->deferral = reply;
		else if (!is_temporary(&reply) && found_r->refused_count++ == 0)
			found_r->refusal = reply;
	}
	return 0;
}

static int judge_relaying(struct gp_probe *probe, const struct gp_probe_role *role,
			  struct gp_probe_link *link, struct gp_error *err)
{
	struct relaying found;

	if (try_forms(probe, role, link, &found, err) < 0)
		return -1;
	if (found.deferred_count > 0)
		gp_probe_add(probe, role, GP_PROBE_WARN, "relay", not_proven,
			     "not proven, %zu of %zu forms of foreign recipients are "
			     "only deferred: %s", found.deferred_count,
			     found.forms_count, found.deferral.text);
	if (found.refused_count == found.forms_count)
		gp_probe_add(probe, role, GP_PROBE_OK, "relay", NULL,
			     "%zu forms of foreign recipients are refused: %s",
			     found.refused_count, found.refusal.text);
	return 0;
}

/* --- before and after TLS --- */

static int before_tls(struct gp_probe *probe, const struct gp_probe_role *role,
		      struct gp_probe_link *link, bool *has_tls_r,
		      struct gp_error *err)
{
	struct offer offer;
	struct reply reply;

	if (say_ehlo(link, &offer, err) < 0)
		return -1;
	*has_tls_r = offer.has_starttls;
	gp_probe_add(probe, role, offer.has_starttls ? GP_PROBE_OK : role->is_public
		     ? GP_PROBE_WARN : GP_PROBE_FAIL, "starttls",
		     offer.has_starttls ? NULL
		     : "switch STARTTLS on (RFC 3207, RFC 8314)",
		     offer.has_starttls ? "offered" : "not offered");
	if (offer.mechanisms[0] != '\0')
		gp_probe_add(probe, role, GP_PROBE_FAIL, "auth-before-tls",
			     "Postfix: smtpd_tls_auth_only = yes", "offered: %s",
			     offer.mechanisms);
	else
		gp_probe_add(probe, role, GP_PROBE_OK, "auth-before-tls", NULL,
			     "no login is offered");
	if (!role->is_public && judge_closed(
			probe, role, link, "mail-before-tls",
			"refuse mail before TLS: gatepost-milter with tls.mode = "
			"enforce, and the port in submission.ports", err) < 0)
		return -1;
	if (!offer.has_starttls)
		return 0;
	if (ask(link, "STARTTLS", &reply, err) < 0)
		return -1;
	if (reply.code != 220)
		return gp_error_set(err, "STARTTLS is answered with: %.200s",
				    reply.text);
	return gp_probe_link_start_tls(link, probe->context, probe->host, err);
}

static int after_tls(struct gp_probe *probe, const struct gp_probe_role *role,
		     struct gp_probe_link *link, bool has_tls,
		     struct gp_error *err)
{
	struct offer offer;

	if (has_tls && !role->is_implicit)
		gp_probe_judge_tls(probe, role, link);
	if (has_tls && say_ehlo(link, &offer, err) < 0)
		return -1;
	if (role->is_public)
		return judge_relaying(probe, role, link, err);
	if (!has_tls)
		return 0;
	gp_probe_judge_mechanisms(probe, role, offer.mechanisms);
	return judge_closed(probe, role, link, "mail-before-login",
			    "refuse mail before the login: gatepost-milter with "
			    "login.mode = enforce, and the port in submission.ports",
			    err);
}

int gp_probe_smtp(struct gp_probe *probe, const struct gp_probe_role *role,
		struct gp_probe_link *link, struct gp_error *err)
{
	struct reply reply;
	bool has_tls = true;

	if (greet(link, err) < 0)
		return -1;
	if (!role->is_implicit && before_tls(probe, role, link, &has_tls, err) < 0)
		return -1;
	if (after_tls(probe, role, link, has_tls, err) < 0)
		return -1;
	(void)ask(link, "QUIT", &reply, err);
	return has_tls;
}
