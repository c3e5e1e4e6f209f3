/* SPDX-License-Identifier: MIT */
/* This module is documented in policy-submit.h. */
#include "policy-submit.h"

#include <string.h>

#include "address.h"

static bool is_given(const char *text)
{
	return text != NULL && *text != '\0';
}

/* A login counts only with its mechanism: an MTA that has one tells both.
   XCLIENT is a proxy's word for somebody else's login, and no login here. */
static bool is_logged_in(const struct gp_submit_facts *facts)
{
	static const char xclient[] = "XCLIENT";
	const char *mechanism = facts->mechanism;
	size_t i;

	if (!is_given(facts->login) || !is_given(mechanism))
		return false;
	for (i = 0; xclient[i] != '\0'; i++)
		if ((mechanism[i] & ~0x20) != xclient[i])
			return true;
	return mechanism[i] != '\0';
}

static bool is_local_submission(const struct gp_submit_facts *facts)
{
	return facts->port_known && facts->port == 0;
}

static bool is_submission_port(const struct gp_settings *settings,
			       unsigned int port)
{
	for (size_t i = 0; i < settings->submission.ports.count; i++)
		if (settings->submission.ports.items[i] == port)
			return true;
	return false;
}

static struct gp_decision decide(enum gp_action action, enum gp_reason reason,
				 enum gp_mode mode, const char *why)
{
	return (struct gp_decision){ .action = action, .reason = reason,
				     .mode = mode, .why = why };
}

static struct gp_decision pass(enum gp_reason reason, const char *why)
{
	return decide(GP_ACTION_PASS, reason, GP_MODE_ENFORCE, why);
}

/* What the rules of a submission port find, in their order. */
static void judge_submission(const struct gp_settings *settings,
			     const struct gp_submit_facts *facts,
			     struct gp_decision *decision_r)
{
	const struct gp_decision findings[] = {
		decide(is_given(facts->tls_version) ? GP_ACTION_PASS
		       : GP_ACTION_REJECT, GP_REASON_TLS_REQUIRED,
		       settings->tls.mode, "tls.mode"),
		decide(is_logged_in(facts) ? GP_ACTION_PASS : GP_ACTION_REJECT,
		       GP_REASON_AUTH_REQUIRED, settings->login.mode,
		       "login.mode"),
	};

	*decision_r = is_logged_in(facts)
		? pass(GP_REASON_AUTHENTICATED, "login.mode")
		: pass(GP_REASON_RULE_OFF, "login.mode");
	for (size_t i = 0; i < sizeof(findings) / sizeof(findings[0]); i++) {
		if (findings[i].action == GP_ACTION_PASS ||
		    findings[i].mode == GP_MODE_OFF)
			continue;
		if (findings[i].mode == GP_MODE_ENFORCE) {
			*decision_r = findings[i];
			return;
		}
		if (decision_r->action == GP_ACTION_PASS)
			*decision_r = findings[i];
	}
}

void gp_policy_submit_mail(const struct gp_settings *settings,
			   const struct gp_submit_facts *facts,
			   struct gp_decision *decision_r)
{
	if (facts->is_stopping)
		*decision_r = decide(GP_ACTION_TEMPFAIL, GP_REASON_STOPPING,
				     GP_MODE_ENFORCE, "milter.drain");
	else if (!facts->port_known)
		*decision_r = decide(GP_ACTION_TEMPFAIL, GP_REASON_PORT_UNKNOWN,
				     GP_MODE_ENFORCE, "submission.ports");
	else if (is_local_submission(facts))
		*decision_r = pass(GP_REASON_LOCAL_SUBMISSION,
				   "submission.ports");
	else if (!is_submission_port(settings, facts->port))
		*decision_r = pass(GP_REASON_PUBLIC_PORT, "submission.ports");
	else
		judge_submission(settings, facts, decision_r);
}

/* Postfix tells where it would send the mail, seen through all routes and
   rewriting.  Sendmail tells what its maps made of a local address, which may
   rightly be elsewhere. */
static bool resolved_is_foreign(const struct gp_settings *settings,
				const struct gp_submit_facts *facts)
{
	struct gp_address resolved;

	if (facts->mta == GP_MTA_SENDMAIL || !is_given(facts->recipient_resolved)
	    || strchr(facts->recipient_resolved, '@') == NULL)
		return false;
	gp_address_parse(facts->recipient_resolved, &resolved);
	return gp_address_reach(&resolved, &settings->relay.local_domains) !=
		GP_REACH_LOCAL;
}

/* A bare name is ours only if the MTA shows that it made it so. */
static bool resolved_is_local(const struct gp_settings *settings,
			      const struct gp_submit_facts *facts)
{
	struct gp_address resolved;

	if (!is_given(facts->recipient_resolved))
		return false;
	if (strchr(facts->recipient_resolved, '@') == NULL)
		return is_given(facts->recipient_mailer) &&
			strcmp(facts->recipient_mailer, "local") == 0;
	gp_address_parse(facts->recipient_resolved, &resolved);
	return gp_address_reach(&resolved, &settings->relay.local_domains) ==
		GP_REACH_LOCAL;
}

static enum gp_reason judge_recipient(const struct gp_settings *settings,
				      const struct gp_submit_facts *facts)
{
	struct gp_address recipient;

	if (facts->recipient == NULL)
		return GP_REASON_RECIPIENT_SYNTAX;
	gp_address_parse(facts->recipient, &recipient);
	switch (gp_address_reach(&recipient, &settings->relay.local_domains)) {
	case GP_REACH_LOCAL:
		return resolved_is_foreign(settings, facts)
			? GP_REASON_RELAY_DENIED : GP_REASON_LOCAL_RECIPIENT;
	case GP_REACH_UNQUALIFIED:
		return resolved_is_local(settings, facts)
			? GP_REASON_LOCAL_RECIPIENT : GP_REASON_RELAY_DENIED;
	case GP_REACH_FOREIGN:
		return GP_REASON_RELAY_DENIED;
	case GP_REACH_UNKNOWN:
		break;
	}
	return GP_REASON_RECIPIENT_SYNTAX;
}

void gp_policy_submit_rcpt(const struct gp_settings *settings,
			   const struct gp_submit_facts *facts,
			   struct gp_decision *decision_r)
{
	enum gp_reason reason;

	if (is_logged_in(facts)) {
		*decision_r = pass(GP_REASON_AUTHENTICATED, "relay.mode");
	} else if (is_local_submission(facts)) {
		*decision_r = pass(GP_REASON_LOCAL_SUBMISSION, "relay.mode");
	} else if (gp_network_list_contains(&settings->relay.trusted_networks,
					    &facts->client)) {
		*decision_r = pass(GP_REASON_TRUSTED_NETWORK,
				   "relay.trusted_networks");
	} else if (settings->relay.mode == GP_MODE_OFF) {
		*decision_r = pass(GP_REASON_RULE_OFF, "relay.mode");
	} else {
		reason = judge_recipient(settings, facts);
		*decision_r = reason == GP_REASON_LOCAL_RECIPIENT
			? pass(reason, "relay.local_domains")
			: decide(GP_ACTION_REJECT, reason, settings->relay.mode,
				 "relay.local_domains");
	}
}
