/* SPDX-License-Identifier: MIT */
/* This module is documented in policy-author.h. */
#include "policy-author.h"

#include <stddef.h>

#include "address.h"
#include "exempt.h"
#include "identity.h"
#include "login.h"

/* What holds for one header. */
struct rule {
	enum gp_author_field field;
	const char *header;
	size_t mode_offset;             /* into struct gp_settings */
	const char *why;
	enum gp_reason not_owned;
	bool is_needed;                 /* its absence is refused */
	bool may_be_several;            /* lines: each resending adds its own */
	bool can_be_rewritten;
};

#define MODE(name) offsetof(struct gp_settings, identity.name), "identity." #name

static const struct rule rules[] = {
	{ GP_AUTHOR_FROM, "From", MODE(from), GP_REASON_FROM_NOT_OWNED,
	  true, false, true },
	{ GP_AUTHOR_SENDER, "Sender", MODE(sender),
	  GP_REASON_SENDER_HEADER_NOT_OWNED, false, false, true },
	{ GP_AUTHOR_RESENT_FROM, "Resent-From", MODE(resent),
	  GP_REASON_RESENT_NOT_OWNED, false, true, false },
	{ GP_AUTHOR_RESENT_SENDER, "Resent-Sender", MODE(resent),
	  GP_REASON_RESENT_NOT_OWNED, false, true, false },
	{ GP_AUTHOR_REPLY_TO, "Reply-To", MODE(reply_to),
	  GP_REASON_REPLY_TO_NOT_OWNED, false, false, false },
};

enum { RULES = sizeof(rules) / sizeof(rules[0]) };

static enum gp_mode mode_of(const struct gp_settings *settings,
			    const struct rule *rule)
{
	return *(const enum gp_mode *)((const char *)settings +
				       rule->mode_offset);
}

bool gp_policy_author_is_needed(const struct gp_settings *settings)
{
	for (size_t i = 0; i < RULES; i++)
		if (mode_of(settings, &rules[i]) != GP_MODE_OFF)
			return true;
	return false;
}

/* The first address that is somebody else's; NULL if there is none. */
static const char *find_stranger(const struct gp_settings *settings,
				 const char *identity,
				 const struct gp_author_facts *author)
{
	struct gp_address address;

	for (size_t i = 0; i < author->addresses_count; i++) {
		gp_address_parse(author->addresses[i], &address);
		if (!gp_identity_owns(settings, identity, &address))
			return author->addresses[i];
	}
	return NULL;
}

/* What makes a header ambiguous; NULL if nothing does. */
static const char *find_trouble(const struct gp_author_facts *author,
				const struct rule *rule)
{
	if (author->trouble != NULL)
		return author->trouble;
	return author->fields_count > 1 && !rule->may_be_several ? "several"
								 : NULL;
}

/* OWNED stands for: nothing to say against it. */
static enum gp_reason find_fault(const struct gp_settings *settings,
				 const struct gp_submit_facts *facts,
				 const struct rule *rule)
{
	const struct gp_author_facts *author = &facts->authors[rule->field];

	if (author->fields_count == 0)
		return rule->is_needed ? GP_REASON_FROM_MISSING
				       : GP_REASON_OWNED;
	if (find_trouble(author, rule) != NULL)
		return GP_REASON_HEADER_AMBIGUOUS;
	if (author->addresses_count == 0)
		return rule->is_needed ? GP_REASON_FROM_MISSING
				       : GP_REASON_HEADER_AMBIGUOUS;
	return find_stranger(settings, facts->identity, author) == NULL
		? GP_REASON_OWNED : rule->not_owned;
}

static enum gp_action remedy(const struct gp_settings *settings,
			     const struct gp_submit_facts *facts,
			     const struct rule *rule, enum gp_reason reason)
{
	if (reason == GP_REASON_HEADER_UNKNOWN)
		return GP_ACTION_TEMPFAIL;
	return rule->can_be_rewritten &&
		settings->identity.header == GP_HEADER_REWRITE &&
		facts->primary != NULL && !facts->header_names_odd
		? GP_ACTION_REWRITE : GP_ACTION_REJECT;
}

/* Refusals first, then what is mended, then what is only observed. */
static int weight(const struct gp_decision *decision)
{
	if (decision->action == GP_ACTION_PASS)
		return 0;
	if (decision->mode != GP_MODE_ENFORCE)
		return 1;
	return decision->action == GP_ACTION_REWRITE ? 2 : 3;
}

static void judge(const struct gp_settings *settings,
		  const struct gp_submit_facts *facts, const struct rule *rule,
		  struct gp_decision *decision)
{
	const enum gp_reason reason = facts->headers_known
		? find_fault(settings, facts, rule) : GP_REASON_HEADER_UNKNOWN;
	const bool is_strange = reason == rule->not_owned;
	const struct gp_author_facts *author = &facts->authors[rule->field];
	const struct gp_decision finding = {
		.action = remedy(settings, facts, rule, reason),
		.reason = reason,
		.mode = mode_of(settings, rule),
		.why = rule->why,
		.detail = is_strange ? rule->header
			: reason != GP_REASON_HEADER_AMBIGUOUS ? NULL
			: find_trouble(author, rule),
		.address = is_strange ? find_stranger(settings, facts->identity,
						      author) : NULL,
	};

	gp_witness_hear(facts->witness, rule->why, rule->header,
			reason == GP_REASON_OWNED ? rule->not_owned : reason,
			finding.mode, reason != GP_REASON_OWNED);
	if (reason != GP_REASON_OWNED && finding.mode != GP_MODE_OFF &&
	    weight(&finding) > weight(decision))
		*decision = finding;
}

/* Of mail from outside, the author that claims to be one of ours, or NULL.  Its
   envelope was judged at MAIL; headers only where they come anyway. */
static const char *find_claim(const struct gp_settings *settings,
			      const struct gp_submit_facts *facts)
{
	const struct gp_author_facts *from = &facts->authors[GP_AUTHOR_FROM];
	struct gp_address address;

	for (size_t i = 0; facts->headers_known && i < from->addresses_count; i++) {
		gp_address_parse(from->addresses[i], &address);
		if (gp_identity_is_ours(settings, &address))
			return from->addresses[i];
	}
	return NULL;
}

static void judge_inbound(const struct gp_settings *settings,
			  const struct gp_submit_facts *facts,
			  struct gp_decision *decision)
{
	const char *claim;

	if (settings->identity.inbound == GP_MODE_OFF ||
	    gp_exempt_host(settings, facts) ||
	    gp_network_list_contains(&settings->relay.trusted_networks,
				     &facts->client))
		return;
	claim = find_claim(settings, facts);
	if (claim == NULL)
		return;
	*decision = (struct gp_decision){
		.action = GP_ACTION_REJECT,
		.reason = GP_REASON_INBOUND_IDENTITY,
		.mode = settings->identity.inbound,
		.why = "identity.inbound",
		.detail = "From",
		.address = claim,
	};
}

void gp_policy_author(const struct gp_settings *settings,
		      const struct gp_submit_facts *facts,
		      struct gp_decision *decision_r)
{
	*decision_r = (struct gp_decision){ .action = GP_ACTION_PASS,
					    .reason = GP_REASON_OWNED,
					    .mode = GP_MODE_ENFORCE,
					    .why = "identity.from" };
	if (facts->port_known && facts->port == 0) {
		decision_r->reason = GP_REASON_LOCAL_SUBMISSION;
	} else if (!gp_login_is_proven(settings, facts)) {
		decision_r->reason = GP_REASON_RULE_OFF;
		judge_inbound(settings, facts, decision_r);
		gp_witness_hear(facts->witness, "identity.inbound", "From",
				GP_REASON_INBOUND_IDENTITY,
				settings->identity.inbound,
				decision_r->action != GP_ACTION_PASS);
	} else if (gp_exempt_login(settings, facts)) {
		decision_r->reason = GP_REASON_EXEMPT;
		decision_r->why = "submission.exemptions";
	} else {
		for (size_t i = 0; i < RULES; i++)
			judge(settings, facts, &rules[i], decision_r);
	}
}
