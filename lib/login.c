/* SPDX-License-Identifier: MIT */
/* This module is documented in login.h. */
#include "login.h"

#include <string.h>

#include "address.h"
#include "pattern.h"

static bool is_given(const char *text)
{
	return text != NULL && *text != '\0';
}

static bool is_word(const char *text, const char *word)
{
	return gp_text_equals(text, strlen(text), word, strlen(word));
}

/* An MTA that knows a login tells its mechanism too.  XCLIENT is a proxy's word
   for somebody else's login. */
static bool sasl_is_proven(const struct gp_settings *settings,
			   const struct gp_submit_facts *facts)
{
	if (!is_given(facts->login) || !is_given(facts->mechanism))
		return false;
	return !is_word(facts->mechanism, "XCLIENT") ||
		gp_network_list_contains(&settings->login.xclient_networks,
					 &facts->proxy);
}

/* Postfix shows the certificate only if it trusts it and never {verify};
   Sendmail shows any, and what it thinks of it. */
static bool certificate_is_trusted(const struct gp_submit_facts *facts)
{
	if (!is_given(facts->cert_subject))
		return false;
	return is_given(facts->cert_verify)
		? strcmp(facts->cert_verify, "OK") == 0
		: facts->mta == GP_MTA_POSTFIX;
}

static bool issuer_is_listed(const struct gp_str_list *issuers,
			     const char *issuer)
{
	for (size_t i = 0; i < issuers->count; i++)
		if (is_given(issuer) && strcmp(issuers->items[i], issuer) == 0)
			return true;
	return issuers->count == 0;
}

const char *gp_login_of_certificate(const struct gp_settings *settings,
				    const struct gp_submit_facts *facts,
				    size_t *length_r)
{
	const struct gp_str_list *list = &settings->login.certificates;

	if (list->count == 0 || !certificate_is_trusted(facts) ||
	    !is_given(facts->tls_version) ||
	    !issuer_is_listed(&settings->login.certificate_issuers,
			      facts->cert_issuer))
		return NULL;
	for (size_t i = 0; i < list->count; i++) {
		const char *blank = strchr(list->items[i], ' ');

		/* "LOGIN = SUBJECT", as the settings were checked */
		if (blank != NULL && strcmp(blank + 3, facts->cert_subject) == 0) {
			*length_r = (size_t)(blank - list->items[i]);
			return list->items[i];
		}
	}
	return NULL;
}

bool gp_login_is_proven(const struct gp_settings *settings,
			const struct gp_submit_facts *facts)
{
	size_t unused;

	/* Who logged in, but not so that it counts, is nobody. */
	if (is_given(facts->login))
		return sasl_is_proven(settings, facts);
	return gp_login_of_certificate(settings, facts, &unused) != NULL;
}

/* "alice@realm" without the realm, if it is one of ours. */
static size_t length_without_realm(const struct gp_settings *settings,
				   const char *login, size_t length)
{
	const char *at = memrchr(login, '@', length);
	size_t name_length;

	if (at == NULL || at == login)
		return length;
	name_length = (size_t)(at - login);
	return gp_domain_list_contains(&settings->login.realms, at + 1,
				       length - name_length - 1)
		? name_length : length;
}

static void normalise(const struct gp_settings *settings, const char *login,
		      size_t length, char *identity_r)
{
	length = length_without_realm(settings, login, length);
	for (size_t i = 0; i < length; i++)
		identity_r[i] = settings->login.fold_case &&
			login[i] >= 'A' && login[i] <= 'Z'
			? (char)(login[i] + 32) : login[i];
	identity_r[length] = '\0';
}

void gp_login_normalise(const struct gp_settings *settings, const char *login,
			char *identity_r)
{
	normalise(settings, login, strlen(login), identity_r);
}

size_t gp_login_identity_bytes(const struct gp_settings *settings,
			       const struct gp_submit_facts *facts)
{
	size_t length = 0;

	if (is_given(facts->login))
		return strlen(facts->login) + 1;
	(void)gp_login_of_certificate(settings, facts, &length);
	return length + 1;
}

const char *gp_login_identity(const struct gp_settings *settings,
			      const struct gp_submit_facts *facts,
			      char *identity_r)
{
	const char *login;
	size_t length;

	if (!gp_login_is_proven(settings, facts))
		return NULL;
	if (is_given(facts->login)) {
		gp_login_normalise(settings, facts->login, identity_r);
		return identity_r;
	}
	login = gp_login_of_certificate(settings, facts, &length);
	normalise(settings, login, length, identity_r);
	return identity_r;
}

/* "465:GSSAPI" is meant for port 465 only. */
static bool item_allows(const char *item, const char *mechanism,
			unsigned int port)
{
	const char *colon = strchr(item, ':');
	unsigned int item_port = 0;

	if (colon == NULL)
		return gp_pattern_matches(item, mechanism);
	for (; item < colon; item++)
		item_port = item_port * 10 + (unsigned int)(*item - '0');
	return item_port == port && gp_pattern_matches(colon + 1, mechanism);
}

bool gp_login_mechanism_is_allowed(const struct gp_str_list *list,
				   const char *mechanism, unsigned int port)
{
	for (size_t i = 0; i < list->count; i++)
		if (item_allows(list->items[i], mechanism, port))
			return true;
	return false;
}

bool gp_login_mechanism_is_plaintext(const char *mechanism)
{
	return is_word(mechanism, "PLAIN") || is_word(mechanism, "LOGIN") ||
		is_word(mechanism, "XOAUTH2") ||
		is_word(mechanism, "OAUTHBEARER");
}
