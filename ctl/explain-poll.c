/* SPDX-License-Identifier: MIT */
/* This module is a part of explain-rules.h: the rules of a check for mail. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "exemption.h"
#include "explain-rules.h"
#include "login.h"
#include "network-text.h"
#include "policy-poll.h"
#include "program.h"
#include "settings-place.h"

struct check {
	const struct gp_settings *settings;
	struct gp_typed_facts *facts;
	struct gp_rules *rules;
	struct gp_poll_subject subject;
	struct gp_poll_terms terms;
	const char *who;                /* the subject in words */
};

/* Whose check it is, as the plugin would know. */
static void find_subject(struct check *check)
{
	struct gp_typed_facts *facts = check->facts;
	struct gp_pool *pool = facts->pool;
	const char *protocol = facts->poll.place == GP_PLACE_LOGIN ? "pop3"
								   : "imap";
	char *person, program[GP_PROGRAM_BYTES];

	if (facts->user != NULL) {
		person = gp_pool_alloc(pool, strlen(facts->user) + 1);
		gp_login_normalise(check->settings, facts->user, person);
		facts->user = person;
	}
	if (facts->program != NULL && !facts->submit.client.is_known)
		facts->submit.client = gp_program_ip(facts->program);
	if (facts->program == NULL && facts->submit.client.is_known)
		facts->program = gp_pool_strdup(pool, gp_program_name(
			protocol, &facts->submit.client, NULL, program));
	check->subject = (struct gp_poll_subject){
		.user = facts->user != NULL ? facts->user : "",
		.ip = facts->submit.client,
		.program = facts->program != NULL ? facts->program : "",
		.now_secs = facts->now_secs,
		.by_hand = facts->by_hand,
	};
	gp_poll_terms_find(check->settings, &check->subject, &check->terms);
	check->who = facts->user == NULL && facts->program == NULL ? "anybody"
		: gp_pool_printf(pool, "%s%s%s", check->subject.user,
				 facts->user != NULL && facts->program != NULL
				 ? " " : "", check->subject.program);
}

static struct gp_rule *add(struct check *check, const char *setting, size_t item,
			   const char *compared, const char *result)
{
	return gp_rules_add(check->rules, setting, item,
			    gp_mode_word(check->terms.mode), compared, result);
}

static const char *terms_in_words(const struct check *check)
{
	const struct gp_poll_override *override = check->terms.override;

	return override->is_lifted ? "nothing holds"
		: override->names_interval ? "other interval"
		: override->names_ladder || override->names_login_ladder
		? "other ladder" : "other mode";
}

/* "until 2026-12-08 by ann: new webmail" */
static const char *exemption_in_words(const struct check *check,
				      const struct gp_exemption *exemption)
{
	const time_t until = (time_t)exemption->until_secs;
	char text[32] = "?";
	struct tm tm;

	if (localtime_r(&until, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm);
	return gp_pool_printf(check->facts->pool, "%s until %s by %s: %s",
			      check->who, text, exemption->author != NULL
			      ? exemption->author : "-", exemption->reason != NULL
			      ? exemption->reason : "-");
}

static void add_exemptions(struct check *check)
{
	const struct gp_exemption_list *list = &check->settings->poll.exemptions;
	const struct gp_exemption_list *by_hand = check->subject.by_hand;
	const struct gp_exemption *found =
		gp_exemption_find(check->settings, list, &check->subject);

	add(check, "poll.exemptions", found == NULL ? GP_PLACE_WHOLE
	    : (size_t)(found - list->items), check->who,
	    found == NULL ? "no" : "exempt")->is_decisive = found != NULL;
	if (by_hand == NULL) {
		add(check, "by hand", GP_PLACE_WHOLE,
		    check->facts->by_hand_unknown != NULL
		    ? check->facts->by_hand_unknown : "-", "not known");
		return;
	}
	/* Only that of the settings counts where both are. */
	if (found != NULL)
		return;
	found = gp_exemption_find(check->settings, by_hand, &check->subject);
	add(check, "by hand", GP_PLACE_WHOLE, found == NULL ? check->who
	    : exemption_in_words(check, found), found == NULL ? "no" : "exempt")
		->is_decisive = found != NULL;
}

static void add_terms(struct check *check)
{
	const struct gp_poll_terms *terms = &check->terms;
	const struct gp_settings *settings = check->settings;

	add_exemptions(check);
	add(check, "poll.overrides", terms->override == NULL ? GP_PLACE_WHOLE
	    : (size_t)(terms->override - settings->poll.overrides.items),
	    check->who, terms->override == NULL ? "no" : terms_in_words(check))
		->is_decisive = terms->override != NULL &&
		terms->override->is_lifted && terms->exemption == NULL;
	if (check->facts->user == NULL)
		return;
	add(check, "userdb", GP_PLACE_WHOLE, check->who, "not asked");
}

static unsigned int interval_of(const struct check *check)
{
	return check->facts->poll.history.is_away
		? check->terms.away_interval_secs : check->terms.interval_secs;
}

/* The time that has passed is held against the interval in force, unless somebody
   said what came of it, or it was that interval. */
static void judge_interval(struct check *check)
{
	struct gp_poll_history *history = &check->facts->poll.history;
	const int64_t interval_msecs = (int64_t)interval_of(check) * 1000;
	const int64_t elapsed_msecs = check->facts->elapsed_secs * 1000;
	const int64_t tolerance_msecs = interval_msecs *
		check->settings->poll.tolerance_percent / 100;

	if (check->facts->verdict_given || elapsed_msecs < 0 ||
	    check->facts->policy_secs * 1000 == interval_msecs)
		return;
	history->wait_msecs = interval_msecs - tolerance_msecs - elapsed_msecs;
	history->verdict = history->wait_msecs > 0 ? GP_VERDICT_EARLY
						   : GP_VERDICT_ADMITTED;
	if (history->wait_msecs <= 0)
		history->wait_msecs = 0;
	else if (history->early_count == 0)
		history->early_count = 1;
}

static const char *interval_setting(const struct check *check, size_t *item_r)
{
	const struct gp_poll_terms *terms = &check->terms;

	*item_r = GP_PLACE_WHOLE;
	if (terms->override != NULL && terms->override->names_interval) {
		*item_r = (size_t)(terms->override -
				   check->settings->poll.overrides.items);
		return "poll.overrides";
	}
	return check->facts->poll.history.is_away ? "poll.away_interval"
						  : "poll.interval";
}

static void add_interval(struct check *check)
{
	static const char *const results[] = {
		[GP_VERDICT_ADMITTED] = "in time",
		[GP_VERDICT_IN_ROUND] = "in a round",
		[GP_VERDICT_EARLY] = "early",
		[GP_VERDICT_FREE] = "free",
	};
	const struct gp_poll_history *history = &check->facts->poll.history;
	const char *text = gp_pool_printf(check->facts->pool, "interval %u s",
					  interval_of(check));
	struct gp_rule *rule;
	size_t item;
	const char *setting = interval_setting(check, &item);

	if (check->facts->every_secs >= 0)
		text = gp_pool_printf(check->facts->pool, "every %" PRId64
				      " s, %s", check->facts->every_secs, text);
	if (history->wait_msecs > 0)
		text = gp_pool_printf(check->facts->pool, "%s, %" PRId64
				      " s to wait", text,
				      (history->wait_msecs + 999) / 1000);
	add(check, "poll.grace", GP_PLACE_WHOLE, history->verdict ==
	    GP_VERDICT_FREE ? "human activity just now" : "no human activity",
	    history->verdict == GP_VERDICT_FREE ? "passes" : "no")->is_decisive =
		history->verdict == GP_VERDICT_FREE;
	if (history->is_crowded)
		add(check, "poll.programs_max", GP_PLACE_WHOLE,
		    "all programs of the user together", "early")
			->is_decisive = true;
	rule = add(check, setting, item, text, results[history->verdict]);
	rule->is_decisive = history->verdict != GP_VERDICT_FREE &&
		!history->is_crowded;
}

static size_t find_step(const struct check *check, const struct gp_ladder *ladder)
{
	struct gp_poll_facts facts = check->facts->poll;
	const struct gp_ladder_step *step;

	facts.terms = &check->terms;
	step = gp_policy_poll_step(ladder, &facts);
	return step == NULL ? GP_PLACE_WHOLE : (size_t)(step - ladder->steps);
}

/* Which step of which ladder has decided about an early check. */
static void add_ladder(struct check *check)
{
	const struct gp_poll_facts *facts = &check->facts->poll;
	const struct gp_poll_override *override = check->terms.override;
	const struct gp_decision *decision = &check->rules->decision;
	const struct gp_ladder_step *step =
		&check->terms.login_ladder->steps[0];
	bool by_login = facts->place != GP_PLACE_SESSION;
	size_t item = find_step(check, check->terms.login_ladder);

	if (!by_login && (facts->check != GP_CHECK_LOGIN ||
			  item == GP_PLACE_WHOLE ||
			  step[item].action != GP_ACTION_REFUSE))
		item = find_step(check, check->terms.ladder);
	else
		by_login = true;
	if (override != NULL && (by_login ? override->names_login_ladder
					  : override->names_ladder))
		add(check, "poll.overrides", (size_t)(override -
			check->settings->poll.overrides.items),
		    gp_pool_printf(check->facts->pool, "early round %u",
				   facts->history.early_count),
		    gp_decision_word(decision))->is_decisive = true;
	else
		add(check, by_login ? "poll.login_ladder" : "poll.ladder", item,
		    gp_pool_printf(check->facts->pool, "early round %u",
				   facts->history.early_count),
		    item == GP_PLACE_WHOLE ? "no step yet"
		    : gp_decision_word(decision))->is_decisive = true;
	if (decision->reason == GP_REASON_HELD_MAX)
		add(check, "authpolicy.held_max", GP_PLACE_WHOLE,
		    "as many are held as may be", "passes");
}

void gp_rules_poll(const struct gp_settings *settings,
		   struct gp_typed_facts *facts, struct gp_rules *rules)
{
	struct check check = {
		.settings = settings, .facts = facts, .rules = rules
	};
	const struct gp_decision *decision = &rules->decision;

	find_subject(&check);
	judge_interval(&check);
	facts->poll.terms = &check.terms;
	gp_policy_poll(settings, &facts->poll, &rules->decision);
	facts->poll.terms = NULL;
	rules->interval_secs = interval_of(&check);
	add_terms(&check);
	if (decision->reason == GP_REASON_EXEMPT)
		return;
	if (check.terms.mode == GP_MODE_OFF) {
		add(&check, "poll.mode", GP_PLACE_WHOLE, "-", "off")
			->is_decisive = true;
		return;
	}
	if (!facts->poll.history_known) {
		add(&check, "redis.server", GP_PLACE_WHOLE, "Redis is silent",
		    "passes")->is_decisive = true;
		return;
	}
	add_interval(&check);
	if (decision->reason == GP_REASON_EARLY ||
	    decision->reason == GP_REASON_REPEATED ||
	    decision->reason == GP_REASON_EARLY_SERVED ||
	    decision->reason == GP_REASON_HELD_MAX)
		add_ladder(&check);
}
