/* SPDX-License-Identifier: MIT */
/* This module is documented in policy-rate.h. */
#include "policy-rate.h"

#include <string.h>

const char *gp_policy_rate_user(const struct gp_submit_facts *facts)
{
	return facts->identity != NULL && facts->identity[0] != '\0'
		? facts->identity : NULL;
}

const struct gp_group *gp_group_find(const struct gp_group_list *groups,
				     const char *name)
{
	for (size_t i = 0; i < groups->count; i++)
		if (strcmp(groups->items[i].name, name) == 0)
			return &groups->items[i];
	return NULL;
}

bool gp_group_contains(const struct gp_group *group, const char *login)
{
	size_t low = 0, high = group->members.count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = strcmp(group->members.items[middle], login);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool is_for(const struct gp_settings *settings,
		   const struct gp_rate_override *override, const char *login)
{
	const struct gp_group *group;

	if (override->who[0] != '@')
		return strcmp(override->who, login) == 0;
	group = gp_group_find(&settings->login.groups, override->who + 1);
	return group != NULL && gp_group_contains(group, login);
}

static void apply(const struct gp_rate_override *override,
		  struct gp_rate_policy *policy)
{
	for (int kind = 0; kind < GP_RATE_KINDS; kind++) {
		if (!override->names_limits[kind])
			continue;
		policy->terms.limits[kind] = override->terms.limits[kind];
		policy->why[kind] = "rate.overrides";
	}
	if (override->names_per_message) {
		policy->recipients_per_message = override->recipients_per_message;
		policy->why_per_message = "rate.overrides";
	}
}

void gp_policy_rate_find(const struct gp_settings *settings, const char *login,
			 struct gp_rate_policy *policy_r)
{
	*policy_r = (struct gp_rate_policy){
		.terms = settings->rate.terms,
		.recipients_per_message = settings->rate.recipients_per_message,
		.why = { [GP_RATE_MESSAGES] = "rate.messages",
			 [GP_RATE_RECIPIENTS] = "rate.recipients" },
		.why_per_message = "rate.recipients_per_message",
	};
	for (size_t i = 0; i < settings->rate.overrides.count; i++) {
		const struct gp_rate_override *override =
			&settings->rate.overrides.items[i];

		if (is_for(settings, override, login)) {
			apply(override, policy_r);
			policy_r->override = override;
			return;
		}
	}
}

static void refuse(struct gp_decision *decision, enum gp_reason reason,
		   const char *why, struct gp_rate_window limit)
{
	decision->action = GP_ACTION_TEMPFAIL;
	decision->reason = reason;
	decision->why = why;
	decision->limit = limit;
}

/* A message with more recipients than a window holds could wait for ever: its
   sender is told to send it in parts, as for the limit of one message. */
static bool has_too_many(const struct gp_rate_policy *policy,
			 const struct gp_rate_facts *facts,
			 struct gp_decision *decision)
{
	const struct gp_rate_verdict *verdict = &facts->verdict;

	if (policy->recipients_per_message > 0 &&
	    facts->recipients > policy->recipients_per_message) {
		refuse(decision, GP_REASON_RECIPIENTS_PER_MESSAGE,
		       policy->why_per_message, (struct gp_rate_window){
				.count = policy->recipients_per_message });
		return true;
	}
	if (verdict->is_admitted || !verdict->is_never)
		return false;
	refuse(decision, GP_REASON_RECIPIENTS_PER_MESSAGE,
	       policy->why[verdict->kind], verdict->window);
	return true;
}

void gp_policy_rate(const struct gp_settings *settings,
		    const struct gp_rate_policy *policy,
		    const struct gp_rate_facts *facts,
		    struct gp_decision *decision_r)
{
	static const enum gp_reason reasons[] = {
		[GP_RATE_MESSAGES] = GP_REASON_RATE_MESSAGES,
		[GP_RATE_RECIPIENTS] = GP_REASON_RATE_RECIPIENTS,
	};
	const struct gp_rate_verdict *verdict = &facts->verdict;

	*decision_r = (struct gp_decision){
		.action = GP_ACTION_PASS,
		.reason = settings->rate.mode == GP_MODE_OFF
			? GP_REASON_RULE_OFF : GP_REASON_AUTHENTICATED,
		.mode = settings->rate.mode,
		.why = "rate.mode",
	};
	if (settings->rate.mode == GP_MODE_OFF ||
	    has_too_many(policy, facts, decision_r))
		return;
	if (facts->store_is_silent && gp_rate_is_limited(&policy->terms) &&
	    settings->rate.on_store_failure == GP_STORE_FAILURE_DEFER) {
		refuse(decision_r, GP_REASON_RATE_STORE_FAILURE,
		       "rate.on_store_failure", (struct gp_rate_window){ 0 });
		return;
	}
	if (verdict->is_admitted)
		return;
	refuse(decision_r, reasons[verdict->kind], policy->why[verdict->kind],
	       verdict->window);
	decision_r->wait_msecs = (verdict->wait_ticks +
		GP_RATE_TICKS_PER_MSEC - 1) / GP_RATE_TICKS_PER_MSEC;
}
