/* SPDX-License-Identifier: MIT */
/* This module is a part of explain-rules.h: what a rule of submission has looked at,
   in words. */
#include "explain-rules.h"

#include <string.h>

#include "author.h"
#include "network-text.h"

typedef const char *tell(const struct gp_settings *settings,
			 const struct gp_typed_facts *facts);

static const char *text_or_dash(const char *text)
{
	return text == NULL || *text == '\0' ? "-" : text;
}

static const char *tell_tls(const struct gp_settings *settings,
			    const struct gp_typed_facts *facts)
{
	(void)settings;
	return facts->submit.tls_version == NULL ? "no TLS"
						 : facts->submit.tls_version;
}

static const char *tell_cipher(const struct gp_settings *settings,
			       const struct gp_typed_facts *facts)
{
	(void)settings;
	return text_or_dash(facts->submit.cipher);
}

static const char *tell_bits(const struct gp_settings *settings,
			     const struct gp_typed_facts *facts)
{
	(void)settings;
	return gp_pool_printf(facts->pool, "%s: %u bits",
			      text_or_dash(facts->submit.cipher),
			      facts->submit.cipher_facts.bits);
}

static const char *tell_login(const struct gp_settings *settings,
			      const struct gp_typed_facts *facts)
{
	(void)settings;
	return facts->submit.login == NULL ? "not logged in" : gp_pool_printf(
		facts->pool, "logged in as %s", facts->submit.login);
}

static const char *tell_mechanism(const struct gp_settings *settings,
				  const struct gp_typed_facts *facts)
{
	(void)settings;
	return gp_pool_printf(facts->pool, "%s on port %u",
			      text_or_dash(facts->submit.mechanism),
			      facts->submit.port);
}

static const char *tell_plaintext(const struct gp_settings *settings,
				  const struct gp_typed_facts *facts)
{
	(void)settings;
	return gp_pool_printf(facts->pool, "%s, %s",
			      text_or_dash(facts->submit.mechanism),
			      facts->submit.tls_version == NULL
			      ? "no TLS" : facts->submit.tls_version);
}

static const char *tell_author(const struct gp_settings *settings,
			       const struct gp_typed_facts *facts)
{
	(void)settings;
	return gp_pool_printf(facts->pool, "AUTH=%s, login %s",
			      text_or_dash(facts->submit.author),
			      text_or_dash(facts->submit.identity));
}

static const char *tell_sender(const struct gp_settings *settings,
			       const struct gp_typed_facts *facts)
{
	(void)settings;
	return gp_pool_printf(facts->pool, "%s%s%s",
			      text_or_dash(facts->submit.sender),
			      facts->submit.identity == NULL
			      ? ", no login" : " by ",
			      facts->submit.identity == NULL
			      ? "" : facts->submit.identity);
}

static const char *tell_client(const struct gp_settings *settings,
			       const struct gp_typed_facts *facts)
{
	char ip[GP_IP_TEXT_BYTES];

	(void)settings;
	return gp_pool_strdup(facts->pool,
			      gp_ip_format(&facts->submit.client, ip));
}

static const char *tell_client_and_login(const struct gp_settings *settings,
					 const struct gp_typed_facts *facts)
{
	return gp_pool_printf(facts->pool, "%s, login %s",
			      tell_client(settings, facts),
			      text_or_dash(facts->submit.identity));
}

static const char *tell_recipient(const struct gp_settings *settings,
				  const struct gp_typed_facts *facts)
{
	const char *resolved = facts->submit.recipient_resolved;

	(void)settings;
	return resolved == NULL ? text_or_dash(facts->submit.recipient)
		: gp_pool_printf(facts->pool, "%s, which the MTA made %s",
				 text_or_dash(facts->submit.recipient), resolved);
}

static const struct {
	const char *setting;
	tell *tell;
} rules[] = {
	{ "tls.mode", tell_tls },
	{ "tls.min_version", tell_tls },
	{ "tls.denied_ciphers", tell_cipher },
	{ "tls.strength_mode", tell_cipher },
	{ "tls.min_bits", tell_bits },
	{ "tls.forward_secrecy", tell_cipher },
	{ "login.mode", tell_login },
	{ "login.mechanisms", tell_mechanism },
	{ "login.plaintext_mode", tell_plaintext },
	{ "login.author_mode", tell_author },
	{ "identity.envelope", tell_sender },
	{ "identity.inbound", tell_sender },
	{ "relay.mode", tell_login },
	{ "relay.trusted_networks", tell_client },
	{ "relay.local_domains", tell_recipient },
	{ "submission.exemptions", tell_client_and_login },
};

/* The addresses of a header that names who a message is from. */
static const char *tell_header(const struct gp_typed_facts *facts,
			       enum gp_author_field field, const char *name)
{
	const struct gp_author_facts *author = &facts->submit.authors[field];
	const char *text = NULL;

	if (author->trouble != NULL)
		return gp_pool_printf(facts->pool, "%s: ambiguous, %s", name,
				      author->trouble);
	for (size_t i = 0; i < author->addresses_count; i++)
		text = gp_pool_printf(facts->pool, "%s%s%s",
				      text == NULL ? "" : text,
				      text == NULL ? "" : ", ",
				      author->addresses[i]);
	if (text == NULL && author->fields_count == 0)
		return gp_pool_printf(facts->pool, "no %s", name);
	return gp_pool_printf(facts->pool, "%s: %s", name,
			      text == NULL ? "no address" : text);
}

/* What a line of the journal does not tell cannot be judged again. */
bool gp_rule_is_unknown(const struct gp_typed_facts *facts, const char *setting,
			const char *about)
{
	enum gp_author_field field;

	if (strcmp(setting, "tls.mode") == 0 ||
	    strcmp(setting, "tls.min_version") == 0 ||
	    strcmp(setting, "login.plaintext_mode") == 0)
		return facts->unknown.tls;
	if (strncmp(setting, "tls.", 4) == 0)
		return facts->unknown.cipher;
	if (strcmp(setting, "login.mechanisms") == 0)
		return facts->unknown.mechanism;
	if (strcmp(setting, "login.author_mode") == 0)
		return facts->unknown.author;
	return about != NULL && gp_author_field_from_name(about, &field) &&
		facts->unknown.headers[field];
}

const char *gp_rule_compared(const struct gp_settings *settings,
			     const struct gp_typed_facts *facts,
			     const char *setting, const char *about,
			     enum gp_reason reason)
{
	enum gp_author_field field;

	if (reason == GP_REASON_HEADER_UNKNOWN)
		return "the MTA has not handed headers over";
	if (about != NULL && gp_author_field_from_name(about, &field))
		return facts->unknown.headers[field] ? "not in the line"
			: tell_header(facts, field, about);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (strcmp(rules[i].setting, setting) == 0)
			return rules[i].tell(settings, facts);
	return "-";
}
