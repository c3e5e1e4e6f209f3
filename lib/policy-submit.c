/* SPDX-License-Identifier: MIT */
/* This module is documented in policy-submit.h. */
#include "policy-submit.h"

#include <string.h>

#include "address.h"
#include "exempt.h"
#include "identity.h"
#include "login.h"
#include "pattern.h"

static bool is_given(const char *text)
{
	return text != NULL && *text != '\0';
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

static void consider(const struct gp_submit_facts *facts,
		     struct gp_decision *decision, bool is_broken,
		     enum gp_reason reason, enum gp_mode mode, const char *why)
{
	gp_decision_consider(decision, facts->witness, is_broken,
			     GP_ACTION_REJECT, reason, mode, why);
}

/* A rule that lets pass is heard. */
static bool hear_pass(const struct gp_submit_facts *facts, bool applies,
		      enum gp_reason reason, const char *why, const char *about)
{
	gp_witness_hear(facts->witness, why, about, reason, GP_MODE_ENFORCE,
			applies);
	return applies;
}

static bool is_exempt(const struct gp_submit_facts *facts, bool is_named,
		      const char *about)
{
	return hear_pass(facts, is_named, GP_REASON_EXEMPT,
			 "submission.exemptions", about);
}

static bool version_is_old(const struct gp_settings *settings,
			   const char *version)
{
	static const char *const words[] = {
		[GP_TLS_1_0] = "TLSv1", [GP_TLS_1_1] = "TLSv1.1",
		[GP_TLS_1_2] = "TLSv1.2", [GP_TLS_1_3] = "TLSv1.3",
	};

	for (size_t i = settings->tls.min_version;
	     i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(version, words[i]) == 0)
			return false;
	return true;
}

static bool cipher_is_denied(const struct gp_settings *settings,
			     const char *cipher)
{
	for (size_t i = 0; i < settings->tls.denied_ciphers.count; i++)
		if (gp_pattern_matches(settings->tls.denied_ciphers.items[i],
				       cipher))
			return true;
	return false;
}

static void judge_strength(const struct gp_settings *settings,
			   const struct gp_submit_facts *facts,
			   enum gp_mode mode, struct gp_decision *decision)
{
	const struct gp_cipher_facts *cipher = &facts->cipher_facts;

	if (!is_given(facts->tls_version))
		return;         /* tls.mode has an answer for that */
	consider(facts, decision, version_is_old(settings, facts->tls_version),
		 GP_REASON_TLS_VERSION, mode, "tls.min_version");
	consider(facts, decision, is_given(facts->cipher) &&
		 cipher_is_denied(settings, facts->cipher),
		 GP_REASON_CIPHER_DENIED, mode, "tls.denied_ciphers");
	consider(facts, decision, !cipher->is_known, GP_REASON_CIPHER_UNKNOWN, mode,
		 "tls.strength_mode");
	if (!cipher->is_known)
		return;
	consider(facts, decision, cipher->bits < settings->tls.min_bits,
		 GP_REASON_CIPHER_WEAK, mode, "tls.min_bits");
	consider(facts, decision, settings->tls.forward_secrecy &&
		 !cipher->has_forward_secrecy, GP_REASON_NO_FORWARD_SECRECY,
		 mode, "tls.forward_secrecy");
}

/* AUTH= may name the login itself or an address of it; "<>" names nobody. */
static bool author_is_somebody_else(const struct gp_settings *settings,
				    const struct gp_submit_facts *facts)
{
	struct gp_address address;
	const char *author = facts->author;

	if (!is_given(author) || strcmp(author, "<>") == 0 ||
	    facts->identity == NULL)
		return false;
	if (is_given(facts->login) && strcmp(author, facts->login) == 0)
		return false;
	gp_address_parse(author, &address);
	if (address.kind == GP_ADDRESS_BARE)
		return !gp_text_equals(author, strlen(author), facts->identity,
				       strlen(facts->identity));
	return !gp_identity_owns(settings, facts->identity, &address);
}

static bool envelope_is_owned(const struct gp_settings *settings,
			      const struct gp_submit_facts *facts)
{
	struct gp_address raw, resolved;

	if (facts->sender == NULL)
		return false;
	gp_address_parse(facts->sender, &raw);
	/* A bounce or a receipt: RFC 6409 section 3.2 */
	if (raw.kind == GP_ADDRESS_NULL)
		return true;
	if (!gp_identity_owns(settings, facts->identity, &raw))
		return false;
	/* What the MTA made of it counts as well, where it tells a whole
	   address: Sendmail shows a local one without its domain. */
	if (!is_given(facts->sender_resolved) ||
	    strchr(facts->sender_resolved, '@') == NULL)
		return true;
	gp_address_parse(facts->sender_resolved, &resolved);
	return gp_identity_owns(settings, facts->identity, &resolved);
}

/* How somebody logged in, and as whom they send: on any port. */
static void judge_mechanism(const struct gp_settings *settings,
			    const struct gp_submit_facts *facts,
			    struct gp_decision *decision)
{
	const char *mechanism = facts->mechanism;
	enum gp_mode plaintext_mode = settings->login.plaintext_mode;

	/* A certificate has no mechanism, and a proxy's was judged by it. */
	if (!is_given(facts->login) ||
	    gp_text_equals(mechanism, strlen(mechanism), "XCLIENT", 7))
		return;
	/* Who only observes TLS must not lose mail to this rule instead. */
	if (is_submission_port(settings, facts->port) &&
	    settings->tls.mode == GP_MODE_OBSERVE &&
	    plaintext_mode == GP_MODE_ENFORCE)
		plaintext_mode = GP_MODE_OBSERVE;
	consider(facts, decision,
		 !gp_login_mechanism_is_allowed(&settings->login.mechanisms,
						mechanism, facts->port),
		 GP_REASON_MECHANISM, settings->login.mechanisms_mode,
		 "login.mechanisms");
	consider(facts, decision, !is_given(facts->tls_version) &&
		 gp_login_mechanism_is_plaintext(mechanism),
		 GP_REASON_PLAINTEXT_LOGIN, plaintext_mode,
		 "login.plaintext_mode");
}

static void judge_login(const struct gp_settings *settings,
			const struct gp_submit_facts *facts,
			struct gp_decision *decision)
{
	judge_mechanism(settings, facts, decision);
	consider(facts, decision, author_is_somebody_else(settings, facts),
		 GP_REASON_AUTHOR_MISMATCH, settings->login.author_mode,
		 "login.author_mode");
	consider(facts, decision, !envelope_is_owned(settings, facts),
		 GP_REASON_SENDER_NOT_OWNED, settings->identity.envelope,
		 "identity.envelope");
}

static bool is_trusted(const struct gp_settings *settings,
		       const struct gp_submit_facts *facts)
{
	return gp_network_list_contains(&settings->relay.trusted_networks,
					&facts->client) ||
		gp_exempt_host(settings, facts);
}

/* Mail from outside that carries one of our own addresses. */
static void judge_inbound(const struct gp_settings *settings,
			  const struct gp_submit_facts *facts,
			  struct gp_decision *decision)
{
	struct gp_address sender;

	if (facts->sender == NULL || is_trusted(settings, facts))
		return;
	gp_address_parse(facts->sender, &sender);
	consider(facts, decision, gp_identity_is_ours(settings, &sender),
		 GP_REASON_INBOUND_IDENTITY, settings->identity.inbound,
		 "identity.inbound");
}

static void judge_submission(const struct gp_settings *settings,
			     const struct gp_submit_facts *facts,
			     struct gp_decision *decision)
{
	if (is_exempt(facts, gp_exempt_host(settings, facts), "client")) {
		*decision = pass(GP_REASON_EXEMPT, "submission.exemptions");
		return;
	}
	consider(facts, decision, !is_given(facts->tls_version), GP_REASON_TLS_REQUIRED,
		 settings->tls.mode, "tls.mode");
	if (!gp_exempt_login(settings, facts))
		judge_strength(settings, facts, settings->tls.strength_mode,
			       decision);
	consider(facts, decision, !gp_login_is_proven(settings, facts),
		 GP_REASON_AUTH_REQUIRED, settings->login.mode, "login.mode");
}

/* Everything but the state of the milter and the port. */
static void judge_mail(const struct gp_settings *settings,
		       const struct gp_submit_facts *facts,
		       struct gp_decision *decision)
{
	const bool has_login = gp_login_is_proven(settings, facts);

	*decision = has_login ? pass(GP_REASON_AUTHENTICATED, "login.mode")
		: is_submission_port(settings, facts->port)
		? pass(GP_REASON_RULE_OFF, "login.mode")
		: pass(GP_REASON_PUBLIC_PORT, "submission.ports");
	if (is_submission_port(settings, facts->port))
		judge_submission(settings, facts, decision);
	else
		judge_strength(settings, facts, settings->tls.inbound_mode,
			       decision);
	if (has_login && !is_exempt(facts, gp_exempt_login(settings, facts),
				    "login"))
		judge_login(settings, facts, decision);
	else if (has_login && decision->action == GP_ACTION_PASS)
		*decision = pass(GP_REASON_EXEMPT, "submission.exemptions");
	else if (!has_login)
		judge_inbound(settings, facts, decision);
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
	else
		judge_mail(settings, facts, decision_r);
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

	if (hear_pass(facts, gp_login_is_proven(settings, facts),
		      GP_REASON_AUTHENTICATED, "relay.mode", NULL)) {
		*decision_r = pass(GP_REASON_AUTHENTICATED, "relay.mode");
	} else if (is_local_submission(facts)) {
		*decision_r = pass(GP_REASON_LOCAL_SUBMISSION, "relay.mode");
	} else if (hear_pass(facts, gp_network_list_contains(
				&settings->relay.trusted_networks,
				&facts->client),
			     GP_REASON_TRUSTED_NETWORK,
			     "relay.trusted_networks", NULL)) {
		*decision_r = pass(GP_REASON_TRUSTED_NETWORK,
				   "relay.trusted_networks");
	} else if (is_exempt(facts, gp_exempt_host(settings, facts), "client")) {
		*decision_r = pass(GP_REASON_EXEMPT, "submission.exemptions");
	} else if (settings->relay.mode == GP_MODE_OFF) {
		*decision_r = pass(GP_REASON_RULE_OFF, "relay.mode");
	} else {
		reason = judge_recipient(settings, facts);
		*decision_r = reason == GP_REASON_LOCAL_RECIPIENT
			? pass(reason, "relay.local_domains")
			: decide(GP_ACTION_REJECT, reason, settings->relay.mode,
				 "relay.local_domains");
		gp_witness_hear(facts->witness, "relay.local_domains", NULL,
				reason, settings->relay.mode, true);
	}
}
