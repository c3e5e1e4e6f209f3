/* SPDX-License-Identifier: MIT */
/* This module is documented in explain-rules.h: the rules of submission. */
#include "explain-rules.h"

#include <stdlib.h>
#include <string.h>

#include "exempt.h"
#include "identity.h"
#include "login.h"
#include "policy-author.h"
#include "policy-submit.h"
#include "settings-place.h"
#include "settings-rate.h"

struct gp_rule *gp_rules_add(struct gp_rules *rules, const char *setting,
			     size_t item, const char *mode, const char *compared,
			     const char *result)
{
	struct gp_rule *rule;

	rules->items = gp_realloc(rules->items, (rules->count + 1) *
				  sizeof(*rules->items));
	rule = &rules->items[rules->count++];
	*rule = (struct gp_rule){
		.setting = setting, .item = item, .mode = mode,
		.compared = compared, .result = result,
	};
	return rule;
}

void gp_rules_clear(struct gp_rules *rules)
{
	free(rules->items);
	rules->items = NULL;
	rules->count = 0;
}

struct listener {
	const struct gp_settings *settings;
	const struct gp_typed_facts *facts;
	struct gp_rules *rules;
	enum gp_reason reasons[64];     /* of the rules, in their order */
};

/* The exemption that names the client or the login. */
static size_t find_exemption(const struct listener *listener)
{
	const struct gp_exemption_list *list =
		&listener->settings->submission.exemptions;
	const struct gp_submit_facts *facts = &listener->facts->submit;
	struct gp_settings one = *listener->settings;

	for (size_t i = 0; i < list->count; i++) {
		one.submission.exemptions.items = &list->items[i];
		one.submission.exemptions.count = 1;
		if (gp_exempt_host(&one, facts) || gp_exempt_login(&one, facts))
			return i;
	}
	return GP_PLACE_WHOLE;
}

static const char *result_of(enum gp_reason reason, enum gp_mode mode,
			     bool applies)
{
	const struct gp_reply *reply = gp_reason_reply(reason);

	if (reply->code == NULL)
		return applies ? "passes" : "no";
	if (!applies)
		return "kept";
	if (mode != GP_MODE_ENFORCE)
		return mode == GP_MODE_OFF ? "off" : "would refuse";
	return reply->code[0] == '4' ? "defers" : "refuses";
}

static void hear(void *context, const char *why, const char *about,
		 enum gp_reason reason, enum gp_mode mode, bool applies)
{
	struct listener *listener = context;
	struct gp_rules *rules = listener->rules;
	const bool is_passing = gp_reason_reply(reason)->code == NULL;
	const bool is_guess = !applies &&
		gp_rule_is_unknown(listener->facts, why, about);

	if (rules->count >= sizeof(listener->reasons) /
	    sizeof(listener->reasons[0]))
		return;
	listener->reasons[rules->count] = reason;
	gp_rules_add(rules, why, reason == GP_REASON_EXEMPT && applies
		     ? find_exemption(listener) : GP_PLACE_WHOLE,
		     is_passing ? "-" : gp_mode_word(mode),
		     is_guess ? "not in the line" : gp_rule_compared(
			listener->settings, listener->facts, why, about, reason),
		     is_guess ? "?" : result_of(reason, mode, applies))
		->about = about;
}

/* The rule that the decision names. */
static void mark_decisive(struct listener *listener)
{
	struct gp_rules *rules = listener->rules;
	const struct gp_decision *decision = &rules->decision;

	for (size_t i = 0; i < rules->count; i++) {
		const char *result = rules->items[i].result;

		if (strcmp(rules->items[i].setting, decision->why) != 0 ||
		    listener->reasons[i] != decision->reason ||
		    strcmp(result, "kept") == 0 || strcmp(result, "no") == 0 ||
		    strcmp(result, "?") == 0)
			continue;
		rules->items[i].is_decisive = true;
		return;
	}
}

static size_t rate_item(const struct gp_settings *settings,
			const struct gp_rate_policy *policy, const char *why)
{
	return policy->override == NULL || strcmp(why, "rate.overrides") != 0
		? GP_PLACE_WHOLE
		: (size_t)(policy->override - settings->rate.overrides.items);
}

/* A message finds no room when all are used; of recipients there may be a few left.
   What is used of other windows is not asked. */
static const char *format_window(struct gp_pool *pool, enum gp_rate_kind kind,
				 const struct gp_rate_window *window, bool is_hit)
{
	char text[GP_RATE_WINDOW_BYTES];

	(void)gp_rate_window_format(window, text);
	if (!is_hit)
		return gp_pool_strdup(pool, text);
	return kind == GP_RATE_MESSAGES
		? gp_pool_printf(pool, "%u of %s used", window->count, text)
		: gp_pool_printf(pool, "too few left of %s", text);
}

static const char *format_limits(struct gp_pool *pool, enum gp_rate_kind kind,
				 const struct gp_rate_limits *limits,
				 const struct gp_rate_window *hit)
{
	const char *text = "";

	for (size_t i = 0; i < limits->count; i++)
		text = gp_pool_printf(pool, "%s%s%s", text, i == 0 ? "" : ", ",
				      format_window(pool, kind,
						    &limits->windows[i],
						    hit != NULL &&
						    limits->windows[i].secs ==
						    hit->secs));
	return *text == '\0' ? "no limit" : text;
}

static void add_rate_rules(const struct gp_settings *settings,
			   const struct gp_typed_facts *facts,
			   const struct gp_rate_policy *policy,
			   const struct gp_decision *found,
			   struct gp_rules *rules)
{
	static const enum gp_reason reasons[] = {
		[GP_RATE_MESSAGES] = GP_REASON_RATE_MESSAGES,
		[GP_RATE_RECIPIENTS] = GP_REASON_RATE_RECIPIENTS,
	};
	const char *mode = gp_mode_word(settings->rate.mode);
	const char *result = result_of(found->reason, settings->rate.mode, true);
	const bool decides = rules->decision.action == GP_ACTION_PASS &&
		found->action != GP_ACTION_PASS;
	bool is_hit = found->reason == GP_REASON_RECIPIENTS_PER_MESSAGE;
	struct gp_rule *rule = gp_rules_add(
		rules, policy->why_per_message,
		rate_item(settings, policy, policy->why_per_message), mode,
		gp_pool_printf(rules->pool, "%u recipients of %u in a message",
			       facts->rate.recipients,
			       policy->recipients_per_message),
		is_hit ? result : "kept");

	rule->is_decisive = is_hit && decides;
	for (int kind = 0; kind < GP_RATE_KINDS; kind++) {
		is_hit = found->reason == reasons[kind];
		rule = gp_rules_add(rules, policy->why[kind],
				    rate_item(settings, policy, policy->why[kind]),
				    mode, format_limits(rules->pool,
							(enum gp_rate_kind)kind,
							&policy->terms.limits[kind],
							is_hit ? &found->limit
							: NULL),
				    is_hit ? result : "kept");
		rule->is_decisive = is_hit && decides;
	}
	if (found->reason == GP_REASON_RATE_STORE_FAILURE)
		gp_rules_add(rules, "rate.on_store_failure", GP_PLACE_WHOLE, mode,
			     "Redis is silent", result)->is_decisive = decides;
}

/* What was typed is about the first limit of its kind, unless a line names it; more
   recipients than a limit has room for are found by the limits alone. */
static void decide_rate(const struct gp_settings *settings,
			const struct gp_typed_facts *facts,
			struct gp_rules *rules)
{
	const struct gp_rate_state empty = { 0 };
	const char *user = gp_policy_rate_user(&facts->submit);
	struct gp_rate_facts rate = facts->rate;
	struct gp_rate_policy policy;
	struct gp_rate_verdict verdict;
	struct gp_decision found;

	if (user == NULL)
		return;
	gp_policy_rate_find(settings, user, &policy);
	gp_rate_look(&policy.terms, &empty, rate.recipients, 0, &verdict);
	if (!verdict.is_admitted)
		rate.verdict = verdict;
	else if (rate.verdict.window.count == 0)
		rate.verdict.window =
			policy.terms.limits[rate.verdict.kind].windows[0];
	gp_policy_rate(settings, &policy, &rate, &found);
	add_rate_rules(settings, facts, &policy, &found, rules);
	if (found.action != GP_ACTION_PASS)
		rules->decision = found;
}

/* The person behind the login is not typed: the settings tell. */
static void know_person(const struct gp_settings *settings,
			struct gp_submit_facts *facts, struct gp_pool *pool)
{
	facts->identity = gp_login_identity(settings, facts, gp_pool_alloc(
		pool, gp_login_identity_bytes(settings, facts)));
	facts->primary = gp_identity_primary(settings, facts->identity,
		gp_pool_alloc(pool, gp_identity_primary_bytes(settings,
							      facts->identity)));
}

static void decide_submission(const struct gp_settings *settings,
			      struct gp_typed_facts *facts,
			      struct gp_rules *rules)
{
	struct listener listener = {
		.settings = settings, .facts = facts, .rules = rules
	};
	const struct gp_witness witness = { hear, &listener };

	know_person(settings, &facts->submit, rules->pool);
	facts->submit.witness = &witness;
	if (facts->stage == GP_STAGE_RCPT)
		gp_policy_submit_rcpt(settings, &facts->submit, &rules->decision);
	else if (facts->stage == GP_STAGE_MESSAGE)
		gp_policy_author(settings, &facts->submit, &rules->decision);
	else
		gp_policy_submit_mail(settings, &facts->submit, &rules->decision);
	facts->submit.witness = NULL;
	mark_decisive(&listener);
	if (facts->has_rate && rules->decision.action == GP_ACTION_PASS)
		decide_rate(settings, facts, rules);
}

void gp_rules_find(const struct gp_settings *settings, struct gp_pool *pool,
		   struct gp_typed_facts *facts, struct gp_rules *rules_r)
{
	*rules_r = (struct gp_rules){ .pool = pool };
	if (facts->stage == GP_STAGE_ACCESS)
		gp_rules_access(settings, facts, rules_r);
	else if (facts->is_poll)
		gp_rules_poll(settings, facts, rules_r);
	else
		decide_submission(settings, facts, rules_r);
}
