/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in collect.h.
 *
 * TLS macros are asked for with CONNECT and HELO only.  A client that starts
 * TLS and then sends no second EHLO has skipped what RFC 3207 section 4.2 asks
 * of it; its session counts as not proven.
 */
#include "collect.h"

#include <stdlib.h>
#include <string.h>

#include "cipher.h"
#include "identity.h"
#include "idn.h"
#include "log.h"
#include "login.h"
#include "network-text.h"

/* libmilter's prototypes lack const. */
static const char *macro(SMFICTX *context, const char *name)
{
	const char *value = smfi_getsymval(context, (char *)(uintptr_t)name);

	return value != NULL && *value != '\0' ? value : NULL;
}

#define TLS_MACROS \
	"{tls_version} {cipher} {cert_subject} {cert_issuer} {verify}"

void gp_collect_request_macros(SMFICTX *context)
{
	static const struct {
		int step;
		const char *names;
	} lists[] = {
		{ SMFIM_CONNECT, "v j {daemon_port} " TLS_MACROS },
		{ SMFIM_HELO, TLS_MACROS },
		{ SMFIM_ENVFROM, "{auth_type} {auth_authen} {auth_author} "
		  "{mail_addr}" },
		{ SMFIM_ENVRCPT, "{rcpt_addr} {rcpt_mailer}" },
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		(void)smfi_setsymlist(context, lists[i].step,
				      (char *)(uintptr_t)lists[i].names);
}

static enum gp_mta mta_of_version(const char *version)
{
	if (version == NULL)
		return GP_MTA_UNKNOWN;
	if (strncmp(version, "Postfix", 7) == 0)
		return GP_MTA_POSTFIX;
	/* Sendmail: "8.17.1.9/8.17.1.9" */
	return *version >= '0' && *version <= '9' ? GP_MTA_SENDMAIL
						  : GP_MTA_UNKNOWN;
}

static bool parse_port(const char *text, unsigned int *port_r)
{
	unsigned long port;
	char *end;

	if (text == NULL || *text < '0' || *text > '9')
		return false;
	port = strtoul(text, &end, 10);
	if (*end != '\0' || port > 65535)
		return false;
	*port_r = (unsigned int)port;
	return true;
}

void gp_collect_connect(SMFICTX *context, const struct sockaddr *address,
			struct gp_session *session)
{
	session->mta = mta_of_version(macro(context, "v"));
	session->port_known = parse_port(macro(context, "{daemon_port}"),
					 &session->port);
	gp_ip_from_sockaddr(address, &session->client);
	if (session->authserv_id == NULL)
		session->authserv_id = gp_pool_strdup(session->connection_pool,
						      macro(context, "j"));
	/* After XCLIENT the MTA shows somebody else on the same connection. */
	if (!session->peer.is_known)
		session->peer = session->client;
}

static const char *kept_macro(SMFICTX *context, struct gp_session *session,
			      const char *name)
{
	return gp_pool_strdup(session->message_pool, macro(context, name));
}

static int hex_value(char digit)
{
	return digit >= '0' && digit <= '9' ? digit - '0'
		: digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* Sendmail writes bytes of a distinguished name as "+20". */
static const char *kept_text(SMFICTX *context, struct gp_session *session,
			     const char *name)
{
	char *text = gp_pool_strdup(session->message_pool, macro(context, name));
	char *to = text;

	if (text == NULL || session->mta != GP_MTA_SENDMAIL)
		return text;
	for (const char *from = text; *from != '\0'; from++) {
		int high = from[0] == '+' ? hex_value(from[1]) : -1;
		int low = high >= 0 ? hex_value(from[2]) : -1;

		*to++ = low > 0 || (low == 0 && high > 0)
			? (char)(high * 16 + low) : *from;
		if (low > 0 || (low == 0 && high > 0))
			from += 2;
	}
	*to = '\0';
	return text;
}

static void collect_certificate(SMFICTX *context, struct gp_session *session)
{
	struct gp_submit_facts *facts = &session->facts;

	facts->cert_subject = kept_text(context, session, "{cert_subject}");
	facts->cert_issuer = kept_text(context, session, "{cert_issuer}");
	facts->cert_verify = kept_macro(context, session, "{verify}");
}

void gp_collect_mail(SMFICTX *context, const char *sender,
		     struct gp_session *session)
{
	const struct gp_settings *settings =
		gp_snapshot_settings(session->snapshot);
	struct gp_submit_facts *facts = &session->facts;

	*facts = (struct gp_submit_facts){
		.mta = session->mta,
		.port_known = session->port_known,
		.port = session->port,
		.client = session->client,
		.tls_version = kept_macro(context, session, "{tls_version}"),
		.cipher = kept_macro(context, session, "{cipher}"),
		.login = kept_macro(context, session, "{auth_authen}"),
		.mechanism = kept_macro(context, session, "{auth_type}"),
		.author = kept_macro(context, session, "{auth_author}"),
		.proxy = session->peer,
		.now_secs = gp_clock_wall_msecs() / 1000,
		.sender = gp_idn_address(session->message_pool,
			gp_pool_strdup(session->message_pool, sender)),
		.sender_resolved = gp_idn_address(session->message_pool,
			kept_macro(context, session, "{mail_addr}")),
		.headers_known = session->has_headers,
		.is_stopping = gp_session_is_stopping(),
	};
	if (settings->login.certificates.count > 0)
		collect_certificate(context, session);
	if (facts->tls_version != NULL)
		gp_cipher_look_up(facts->cipher, &facts->cipher_facts);
	facts->identity = gp_login_identity(settings, facts, gp_pool_alloc(
		session->message_pool,
		gp_login_identity_bytes(settings, facts)));
	facts->primary = gp_identity_primary(settings, facts->identity,
		gp_pool_alloc(session->message_pool, gp_identity_primary_bytes(
			settings, facts->identity)));
}

/* The strings belong to libmilter and live until the callback returns, which is
   as long as a recipient is looked at. */
void gp_collect_rcpt(SMFICTX *context, const char *recipient,
		     struct gp_session *session)
{
	session->facts.recipient = gp_idn_address(session->message_pool,
						  recipient);
	session->facts.recipient_resolved = gp_idn_address(
		session->message_pool, macro(context, "{rcpt_addr}"));
	session->facts.recipient_mailer = macro(context, "{rcpt_mailer}");
}

void gp_collect_forget_rcpt(struct gp_session *session)
{
	session->facts.recipient = NULL;
	session->facts.recipient_resolved = NULL;
	session->facts.recipient_mailer = NULL;
}
