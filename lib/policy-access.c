/* SPDX-License-Identifier: MIT */
/* This module is documented in policy-access.h. */
#include "policy-access.h"

#include "login.h"
#include "policy-terms.h"

/* The names of settings, which are the why of decisions. */
static const char *const protocol_settings[GP_PROTOCOLS] = {
	[GP_PROTOCOL_IMAP] = "access.imap",
	[GP_PROTOCOL_POP3] = "access.pop3",
};
static const char *const mechanisms_settings[GP_PROTOCOLS] = {
	[GP_PROTOCOL_IMAP] = "access.imap_mechanisms",
	[GP_PROTOCOL_POP3] = "access.pop3_mechanisms",
};

static bool is_exempt(const struct gp_settings *settings,
		      const struct gp_access_facts *facts)
{
	const bool is_named = gp_policy_access_exemption(settings, facts) != NULL;

	gp_witness_hear(facts->witness, "access.exemptions", NULL,
			GP_REASON_EXEMPT, GP_MODE_ENFORCE, is_named);
	return is_named;
}

static bool mechanism_is_good(const struct gp_settings *settings,
			      const struct gp_access_facts *facts)
{
	return facts->mechanism == NULL || gp_login_mechanism_is_allowed(
		&settings->access.mechanisms[facts->protocol], facts->mechanism,
		facts->port);
}

static void consider(const struct gp_access_facts *facts,
		     struct gp_decision *decision, bool is_broken,
		     enum gp_reason reason, enum gp_mode mode, const char *why)
{
	gp_decision_consider(decision, facts->witness, is_broken,
			     GP_ACTION_REFUSE, reason, mode, why);
}

static void judge(const struct gp_settings *settings,
		  const struct gp_access_facts *facts,
		  struct gp_decision *decision)
{
	const enum gp_access access = settings->access.protocols[facts->protocol];
	const bool is_trusted = gp_network_list_contains(
		&settings->access.trusted_networks, &facts->client);

	consider(facts, decision, access == GP_ACCESS_DENY,
		 GP_REASON_PROTOCOL_DENIED, settings->access.protocol_mode,
		 protocol_settings[facts->protocol]);
	consider(facts, decision, facts->tls_known && !facts->has_tls &&
		 !is_trusted, GP_REASON_TLS_REQUIRED, settings->access.tls_mode,
		 "access.tls_mode");
	consider(facts, decision, !mechanism_is_good(settings, facts),
		 GP_REASON_MECHANISM, settings->access.mechanisms_mode,
		 mechanisms_settings[facts->protocol]);
	gp_witness_hear(facts->witness, protocol_settings[facts->protocol], NULL,
			GP_REASON_PROTOCOL_RETIRING,
			settings->access.protocol_mode,
			access == GP_ACCESS_NOTICE);
	decision->gives_notice = access == GP_ACCESS_NOTICE &&
		settings->access.protocol_mode != GP_MODE_OFF &&
		gp_decision_effect(decision) == GP_ACTION_PASS;
}

const struct gp_exemption *
gp_policy_access_exemption(const struct gp_settings *settings,
			   const struct gp_access_facts *facts)
{
	const struct gp_poll_subject subject = {
		.user = facts->user,
		.ip = facts->client,
		.program = facts->program,
		.now_secs = facts->now_secs,
	};

	return gp_exemption_find(settings, &settings->access.exemptions, &subject);
}

void gp_policy_access_notice(const struct gp_settings *settings,
			     enum gp_protocol protocol,
			     struct gp_decision *decision_r)
{
	*decision_r = (struct gp_decision){
		.action = GP_ACTION_NOTICE,
		.reason = GP_REASON_PROTOCOL_RETIRING,
		.mode = settings->access.protocol_mode,
		.why = protocol_settings[protocol],
	};
}

void gp_policy_access(const struct gp_settings *settings,
		      const struct gp_access_facts *facts,
		      struct gp_decision *decision_r)
{
	*decision_r = (struct gp_decision){
		.action = GP_ACTION_PASS,
		.reason = GP_REASON_AUTHENTICATED,
		.mode = GP_MODE_ENFORCE,
		.why = protocol_settings[facts->protocol],
	};
	if (is_exempt(settings, facts)) {
		decision_r->reason = GP_REASON_EXEMPT;
		decision_r->why = "access.exemptions";
		return;
	}
	judge(settings, facts, decision_r);
}

bool gp_policy_access_has_rules(const struct gp_settings *settings,
				enum gp_protocol protocol)
{
	return settings->access.tls_mode != GP_MODE_OFF ||
		settings->access.mechanisms_mode != GP_MODE_OFF ||
		(settings->access.protocols[protocol] != GP_ACCESS_ALLOW &&
		 settings->access.protocol_mode != GP_MODE_OFF);
}
