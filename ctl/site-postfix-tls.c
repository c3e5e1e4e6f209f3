/* SPDX-License-Identifier: MIT */
/*
 * This module finds logins that can be read on the wire, or that are none, and
 * ports on which Postfix and gatepost.conf disagree.
 */
#include <string.h>

#include "site-key.h"
#include "site-postfix.h"
#include "site-tls-versions.h"

struct place {
	struct gp_site *site;
	const struct gp_postfix *postfix;
	const struct gp_postfix_service *service;
};

static void report(const struct place *place,
		   const struct gp_site_finding *finding, const char *good_value)
{
	gp_postfix_report(place->site, place->postfix, place->service, finding,
			  good_value);
}

static bool has_tls_from_start(const struct gp_postfix_service *service)
{
	return gp_postfix_is_yes(service, "smtpd_tls_wrappermode");
}

/* smtpd_tls_security_level, or what stood for it before Postfix 2.3. */
static const char *level_of(const struct gp_postfix_service *service)
{
	const char *level = gp_postfix_get(service, "smtpd_tls_security_level");

	if (level[0] != '\0')
		return level;
	if (gp_postfix_is_yes(service, "smtpd_enforce_tls"))
		return "encrypt";
	return gp_postfix_is_yes(service, "smtpd_use_tls") ? "may" : "none";
}

static bool demands_tls(const struct gp_postfix_service *service)
{
	return has_tls_from_start(service) ||
	       strcasecmp(level_of(service), "encrypt") == 0;
}

static bool has_option(struct gp_pool *pool, const char *list, const char *wanted)
{
	const char *word;

	while ((word = gp_site_next_word(pool, &list)) != NULL)
		if (strcasecmp(word, wanted) == 0)
			return true;
	return false;
}

static void check_auth_before_tls(const struct place *place)
{
	const struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "auth-before-tls",
		.setting = "smtpd_tls_auth_only",
		.why = "Logins are offered before STARTTLS: passwords cross the "
		       "network in the clear.  gatepost then refuses the mail, but "
		       "the password has been read.",
	};

	if (!gp_postfix_is_yes(place->service, finding.setting) &&
	    !demands_tls(place->service) &&
	    !has_option(place->site->pool,
			gp_postfix_get(place->service,
				       "smtpd_sasl_security_options"),
			"noplaintext"))
		report(place, &finding, "yes");
}

static void check_anonymous(const struct place *place)
{
	struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "auth-anonymous",
		.setting = "smtpd_sasl_security_options",
		.why = "The mechanism ANONYMOUS is not excluded: a login that names "
		       "nobody counts as one.",
	};
	bool is_excluded = has_option(place->site->pool,
		gp_postfix_get(place->service, finding.setting), "noanonymous");

	if (!is_excluded)
		report(place, &finding, "noanonymous");
	finding.setting = "smtpd_sasl_tls_security_options";
	if (is_excluded &&
	    !has_option(place->site->pool,
			gp_postfix_get(place->service, finding.setting),
			"noanonymous"))
		report(place, &finding, "noanonymous");
}

static void check_auth_on_25(const struct place *place)
{
	const struct gp_site_finding finding = {
		.level = GP_SITE_ADVICE, .name = "auth-on-25",
		.setting = "smtpd_sasl_auth_enable",
		.why = "Logins on port 25 are what password guessers look for, and "
		       "gatepost's rules for submission ports do not hold there.  "
		       "Users belong on 587 and 465 (RFC 6409, RFC 8314).",
		.remedy = "smtpd_sasl_auth_enable = no\n"
			  "and in master.cf, below submission and submissions:\n"
			  "-o smtpd_sasl_auth_enable=yes",
	};

	if (place->service->port == 25 ||
	    !gp_postfix_takes_users(place->service))
		report(place, &finding, NULL);
}

static void check_level(const struct place *place)
{
	bool takes_users = gp_postfix_takes_users(place->service);
	const struct gp_site_finding finding = {
		.level = takes_users ? GP_SITE_DANGER : GP_SITE_ADVICE,
		.name = "tls-off", .setting = "smtpd_tls_security_level",
		.why = takes_users
			? "STARTTLS is not offered where users hand in mail: they "
			  "log in without it, or not at all."
			: "STARTTLS is not offered: mail from other servers arrives "
			  "in the clear.",
	};

	if (!has_tls_from_start(place->service) &&
	    (takes_users || !place->service->is_on_loopback) &&
	    strcasecmp(level_of(place->service), "none") == 0)
		report(place, &finding, "may");
}

static void check_certificate(const struct place *place)
{
	static const char *const settings[] = {
		"smtpd_tls_chain_files", "smtpd_tls_cert_file",
		"smtpd_tls_eccert_file", "smtpd_tls_dcert_file", NULL
	};
	const struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "tls-certificate",
		.setting = "smtpd_tls_chain_files",
		.why = "There is no certificate, so Postfix does not offer TLS "
		       "whatever its level says.",
	};

	for (int i = 0; settings[i] != NULL; i++)
		if (gp_postfix_get(place->service, settings[i])[0] != '\0')
			return;
	if (gp_postfix_takes_users(place->service))
		report(place, &finding, "/path/to/key.pem, /path/to/chain.pem");
}

static void check_keys(const struct place *place)
{
	static const char *const settings[] = {
		"smtpd_tls_chain_files", "smtpd_tls_key_file",
		"smtpd_tls_eckey_file", NULL
	};

	for (int i = 0; settings[i] != NULL; i++) {
		const char *list = gp_postfix_get(place->service, settings[i]);
		const char *path;

		while ((path = gp_site_next_word(place->site->pool, &list)) != NULL)
			gp_site_check_key(place->site, place->postfix->main_cf,
					  settings[i], path);
	}
}

/* Where other servers bring mail, an old TLS is still better than none. */
static void check_versions(const struct place *place)
{
	const struct gp_postfix_service *service = place->service;
	const char *setting = demands_tls(service)
		? "smtpd_tls_mandatory_protocols" : "smtpd_tls_protocols";
	const char *too_old = gp_site_tls_too_old(place->site->pool,
						  gp_postfix_get(service, setting));
	bool has_logins = gp_postfix_takes_users(service) ||
		gp_postfix_is_yes(service, "smtpd_sasl_auth_enable");
	const struct gp_site_finding finding = {
		.level = has_logins ? GP_SITE_DANGER : GP_SITE_ADVICE,
		.name = "tls-versions", .setting = setting,
		.why = gp_pool_printf(place->site->pool, has_logins
			? "Allows %s.  Below TLS 1.2 what users send, passwords too, "
			  "can be read (RFC 8996)."
			: "Allows %s, which is broken (RFC 8996); servers that know "
			  "nothing newer would come without TLS instead.", too_old),
	};

	if (too_old != NULL && (has_tls_from_start(service) ||
				strcasecmp(level_of(service), "none") != 0))
		report(place, &finding, ">=TLSv1.2");
}

void gp_site_check_postfix_tls(struct gp_site *site,
			       const struct gp_postfix *postfix,
			       const struct gp_postfix_service *service)
{
	const struct place place = {
		.site = site, .postfix = postfix, .service = service
	};

	if (gp_postfix_is_yes(service, "smtpd_sasl_auth_enable")) {
		check_auth_before_tls(&place);
		check_anonymous(&place);
		check_auth_on_25(&place);
	}
	check_level(&place);
	check_certificate(&place);
	check_keys(&place);
	check_versions(&place);
	if (gp_postfix_takes_users(service))
		gp_site_check_port(site, "Postfix", service->place,
				   service->port);
}
