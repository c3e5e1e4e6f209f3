/* SPDX-License-Identifier: MIT */
/*
 * This module is "gatepostctl explain": the core that the milter and the plugin
 * run, on facts that somebody types.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "command.h"
#include "decision.h"
#include "explain-facts.h"
#include "identity.h"
#include "login.h"
#include "policy-author.h"
#include "policy-poll.h"
#include "policy-rate.h"
#include "policy-submit.h"
#include "pool.h"
#include "reply.h"
#include "settings-parse.h"
#include "show.h"

/* What was typed is about the first limit of its kind; more recipients than a
   limit has room for are found by the limits alone. */
static void decide_rate(const struct gp_settings *settings,
			const struct gp_typed_facts *facts,
			struct gp_decision *decision)
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
	else
		rate.verdict.window =
			policy.terms.limits[rate.verdict.kind].windows[0];
	gp_policy_rate(settings, &policy, &rate, &found);
	if (found.action != GP_ACTION_PASS)
		*decision = found;
}

static void decide(const struct gp_settings *settings,
		   const struct gp_typed_facts *facts,
		   struct gp_decision *decision_r)
{
	if (facts->is_poll)
		gp_policy_poll(settings, &facts->poll, decision_r);
	else if (facts->stage == GP_STAGE_RCPT)
		gp_policy_submit_rcpt(settings, &facts->submit, decision_r);
	else if (facts->stage == GP_STAGE_MESSAGE)
		gp_policy_author(settings, &facts->submit, decision_r);
	else
		gp_policy_submit_mail(settings, &facts->submit, decision_r);
	if (facts->has_rate && decision_r->action == GP_ACTION_PASS)
		decide_rate(settings, facts, decision_r);
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

static void print_json(const struct gp_decision *decision)
{
	const struct gp_reply *reply = gp_reason_reply(decision->reason);
	char text[GP_REPLY_BYTES];
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}",
		"action", gp_decision_word(decision),
		"mode", gp_mode_word(decision->mode),
		"reason", gp_reason_word(decision->reason),
		"text", gp_reason_text(decision->reason),
		"rule", decision->why,
		"wait_secs", (json_int_t)((decision->wait_msecs + 999) / 1000));

	if (reply->code != NULL)
		(void)json_object_set_new(object, "answer", json_sprintf(
			"%s %s %s", reply->code, reply->status,
			gp_reply_format(decision, text)));
	if (decision->detail != NULL)
		(void)json_object_set_new(object, "detail",
					  json_string(decision->detail));
	gp_show_json(object);
}

static void print_text(const struct gp_decision *decision)
{
	const struct gp_reply *reply = gp_reason_reply(decision->reason);
	char text[GP_REPLY_BYTES];

	(void)printf("decision  %s\n", gp_decision_word(decision));
	(void)printf("reason    %s: %s\n", gp_reason_word(decision->reason),
		     gp_reason_text(decision->reason));
	if (decision->detail != NULL)
		(void)printf("detail    %s\n", decision->detail);
	(void)printf("rule      %s (mode %s)\n", decision->why,
		     gp_mode_word(decision->mode));
	if (reply->code != NULL && decision->mode == GP_MODE_ENFORCE)
		(void)printf("answer    %s %s %s  (%s)\n", reply->code,
			     reply->status, gp_reply_format(decision, text),
			     reply->source);
	if (decision->wait_msecs > 0)
		(void)printf("wait      %" PRId64 " s\n",
			     (decision->wait_msecs + 999) / 1000);
}

static int explain(int argc, char **argv, bool is_json, struct gp_pool *pool,
		   const char *conf_path)
{
	struct gp_typed_facts facts;
	struct gp_settings *settings;
	struct gp_decision decision;
	struct gp_error err;

	if (gp_typed_facts_parse(argv, argc, pool, &facts, &err) < 0)
		return gp_command_fail(EX_USAGE, "%s", err.text);
	if (gp_settings_load(conf_path, &settings, &err) < 0)
		return gp_command_fail(EX_CONFIG, "%s", err.text);
	know_person(settings, &facts.submit, pool);
	decide(settings, &facts, &decision);
	if (is_json)
		print_json(&decision);
	else
		print_text(&decision);
	gp_settings_free(&settings);
	return EX_OK;
}

static int run(int argc, char **argv, const char *conf_path)
{
	const bool is_json = argc > 1 && strcmp(argv[1], "--json") == 0;
	const int first = is_json ? 2 : 1;
	struct gp_pool *pool;
	int code;

	if (first >= argc)
		return gp_command_fail(EX_USAGE, "explain which facts?  Try: "
				       "gatepostctl explain --help");
	pool = gp_pool_create();
	code = explain(argc - first, argv + first, is_json, pool, conf_path);
	gp_pool_free(&pool);
	return code;
}

const struct gp_command gp_command_explain = {
	.name = "explain",
	.arguments = "[--json] FACT=VALUE...",
	.summary = "Tells what the policy does with given facts, and why",
	.help = GP_TYPED_FACTS_HELP,
	.run = run,
};
