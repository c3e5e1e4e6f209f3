/* SPDX-License-Identifier: MIT */
/*
 * This module finds what lets strangers relay through Postfix, pass for others,
 * or smuggle a second message in behind the first.
 */
#include <string.h>

#include "site-network.h"
#include "site-postfix.h"
#include "site-restriction.h"

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

static const char *get(const struct place *place, const char *setting)
{
	return gp_postfix_get(place->service, setting);
}

static void check_networks(const struct place *place)
{
	struct gp_site_networks networks;
	struct gp_site_finding finding = {
		.name = "networks-wide", .setting = "mynetworks",
	};

	gp_site_networks_judge(place->site->pool, get(place, finding.setting),
			       &networks);
	if (networks.width == GP_SITE_NETWORK_NARROW)
		return;
	finding.level = networks.width == GP_SITE_NETWORK_WIDE
		? GP_SITE_DANGER : GP_SITE_ADVICE;
	finding.why = gp_pool_printf(place->site->pool,
		finding.level == GP_SITE_DANGER
		? "%s are not your hosts alone, and permit_mynetworks lets each of "
		  "them relay without a login."
		: "%s are many hosts, and permit_mynetworks lets each of them relay "
		  "without a login.", networks.widest);
	report(place, &finding, "127.0.0.0/8 [::1]/128");
}

static void check_networks_style(const struct place *place)
{
	const char *style = get(place, "mynetworks_style");
	bool is_class = strcasecmp(style, "class") == 0;
	struct gp_site_networks networks;
	const struct gp_site_finding finding = {
		.level = is_class ? GP_SITE_DANGER : GP_SITE_ADVICE,
		.name = "networks-style", .setting = "mynetworks_style",
		.why = is_class
			? "Postfix trusts the whole class A, B or C network around "
			  "each of its addresses."
			: "Postfix trusts the whole subnet around each of its "
			  "addresses; at a hosting company these are strangers.",
	};

	/* Of no effect where mynetworks itself is set, which then shows no
	   more than what it says. */
	gp_site_networks_judge(place->site->pool, get(place, "mynetworks"),
			       &networks);
	if (gp_site_map_get(&place->postfix->explicit, "mynetworks") == NULL &&
	    gp_site_map_get(&place->service->options, "mynetworks") == NULL &&
	    (is_class || (strcasecmp(style, "subnet") == 0 &&
			  !networks.is_loopback_only)))
		report(place, &finding, "host");
}

static void check_relaying(const struct place *place)
{
	struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "relay-for-all",
		.setting = "smtpd_relay_restrictions",
		.why = "Nothing in Postfix's lists refuses a stranger's mail to a "
		       "foreign domain: an open relay as soon as the milter is not "
		       "asked.",
	};
	const char *good = "permit_mynetworks, permit_sasl_authenticated, "
			   "reject_unauth_destination";
	const char *weak;

	if (gp_site_strangers(place->site->pool, place->service) ==
	    GP_SITE_STRANGERS_RELAY) {
		report(place, &finding, good);
		return;
	}
	weak = gp_site_weak_permit(place->site->pool, place->service);
	if (weak == NULL)
		return;
	finding.level = GP_SITE_ADVICE;
	finding.name = "relay-weak-permit";
	finding.why = gp_pool_printf(place->site->pool,
		strncmp(weak, "check_", 6) == 0
		? "Before the refusal stands %s: an OK in its table lets everybody "
		  "relay who claims that name."
		: "Before the refusal stands %s: it lets people relay whom you never "
		  "named.", weak);
	report(place, &finding, good);
}

static void check_routing(const struct place *place)
{
	const struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "untrusted-routing",
		.setting = "allow_untrusted_routing",
		.why = "Mail to user%other@here, other!user@here or @here:user@other "
		       "is sent on to the other domain for everybody, past "
		       "reject_unauth_destination.",
	};

	if (gp_postfix_is_yes(place->service, finding.setting))
		report(place, &finding, "no");
}

static const char *const domain_settings[] = {
	"mydestination", "relay_domains", "virtual_alias_domains",
	"virtual_mailbox_domains", NULL
};

/* A domain table that knows every domain makes all mail "ours". */
static void check_domains(const struct place *place)
{
	for (int i = 0; domain_settings[i] != NULL; i++) {
		const struct gp_site_finding finding = {
			.level = GP_SITE_DANGER, .name = "domains-all",
			.setting = domain_settings[i],
			.why = "static: answers for every domain, so no recipient "
			       "is foreign and everybody may relay.",
		};
		const char *list = get(place, domain_settings[i]), *word;

		while ((word = gp_site_next_word(place->site->pool, &list)) != NULL)
			if (strncmp(word, "static:", 7) == 0)
				report(place, &finding, "$mydomain");
	}
}

static void check_xclient(const struct place *place)
{
	struct gp_site_networks networks;
	struct gp_site_finding finding = {
		.level = GP_SITE_ADVICE, .name = "xclient-hosts",
		.setting = "smtpd_authorized_xclient_hosts",
		.why = "These hosts may claim any client address, port and login, "
		       "and Postfix and gatepost believe them.",
	};
	const char *list = get(place, finding.setting);

	if (list[0] == '\0')
		return;
	gp_site_networks_judge(place->site->pool, list, &networks);
	if (networks.width != GP_SITE_NETWORK_NARROW)
		finding.level = GP_SITE_DANGER;
	report(place, &finding, "");
}

static bool forbids_bare_newlines(const char *value)
{
	static const char *const good[] = { "yes", "normalize", "reject", NULL };

	for (int i = 0; good[i] != NULL; i++)
		if (strcasecmp(value, good[i]) == 0)
			return true;
	return false;
}

/* normalize came with 3.5.25, 3.6.15, 3.7.11, 3.8.6 and 3.9; "yes" means it
   there. */
static void check_bare_newlines(const struct place *place)
{
	struct gp_site_networks networks;
	bool is_known = gp_site_map_get(&place->postfix->settings,
					"smtpd_forbid_bare_newline") != NULL;
	struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "bare-newline",
		.setting = "smtpd_forbid_bare_newline",
		.why = "LF . LF ends a message here: a second one can be smuggled in "
		       "behind it, with any sender (CVE-2023-51764).  No milter can "
		       "see that.",
	};

	if (!is_known)
		finding.remedy = "upgrade Postfix (3.7.11, 3.8.6, 3.9 or later), then:\n"
				 "smtpd_forbid_bare_newline = normalize";
	if (!forbids_bare_newlines(get(place, finding.setting))) {
		report(place, &finding, is_known ? "normalize" : NULL);
		return;
	}
	finding.name = "bare-newline-exclusions";
	finding.setting = "smtpd_forbid_bare_newline_exclusions";
	finding.why = "Clients in these networks are not held to CR LF . CR LF, so "
		      "they can smuggle a second message in behind the first.";
	gp_site_networks_judge(place->site->pool, get(place, finding.setting),
			       &networks);
	finding.level = networks.width == GP_SITE_NETWORK_NARROW
		? GP_SITE_ADVICE : GP_SITE_DANGER;
	if (!networks.is_loopback_only)
		report(place, &finding, "");
}

void gp_site_check_postfix_relay(struct gp_site *site,
				 const struct gp_postfix *postfix,
				 const struct gp_postfix_service *service)
{
	const struct place place = {
		.site = site, .postfix = postfix, .service = service
	};

	check_networks(&place);
	check_networks_style(&place);
	check_relaying(&place);
	check_routing(&place);
	check_domains(&place);
	check_xclient(&place);
	check_bare_newlines(&place);
}

/* Tables cannot be looked into, and nobody outside writes to localhost. */
static bool is_domain(const char *word)
{
	return strpbrk(word, ":/$") == NULL && strchr(word, '.') != NULL &&
	       strncasecmp(word, "localhost", 9) != 0;
}

void gp_site_check_postfix_domains(struct gp_site *site,
				   const struct gp_postfix *postfix)
{
	if (site->settings->relay.mode == GP_MODE_OFF)
		return;
	for (int i = 0; domain_settings[i] != NULL; i++) {
		const char *list = gp_site_map_get(&postfix->settings,
						   domain_settings[i]);
		const char *word;

		while (list != NULL &&
		       (word = gp_site_next_word(site->pool, &list)) != NULL) {
			const struct gp_site_finding finding = {
				.level = GP_SITE_ADVICE,
				.name = "domain-not-listed",
				.file = postfix->main_cf,
				.setting = domain_settings[i], .value = word,
				.why = gp_pool_printf(site->pool, "gatepost does "
					"not know this domain as one of yours (%s) "
					"and refuses mail to it from outside.",
					site->conf_path),
				.remedy = gp_pool_printf(site->pool,
					"relay { local_domains = { ..., %s } }",
					word),
			};

			if (is_domain(word) &&
			    !gp_domain_list_contains(
					&site->settings->relay.local_domains,
					word, strlen(word)))
				gp_site_report(site, &finding);
		}
	}
}
