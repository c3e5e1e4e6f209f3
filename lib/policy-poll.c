/* SPDX-License-Identifier: MIT */
/*
 * This module chooses what a check for mail gets.  The rule: a round is free,
 * an early check gets what the ladder says for as many early rounds as there
 * were lately, and whatever only the mailbox can answer is served.
 */
#include "policy-poll.h"

#include "policy-terms.h"

/* What a check waits that a step would refuse but the protocol does not; and the most
   that one waits which may be a person's, who opens a mailbox. */
enum { REFUSE_DELAY_SECS = 10, OPEN_DELAY_SECS_MAX = 10 };

static void decide(struct gp_decision *decision, enum gp_action action,
		   enum gp_reason reason, const char *why)
{
	decision->action = action;
	decision->reason = reason;
	decision->why = why;
}

/* Early rounds in the time that a step counts in. */
static unsigned int count_for(const struct gp_poll_facts *facts,
			      const struct gp_ladder_step *step)
{
	unsigned int windows[GP_LADDER_WINDOWS_MAX];

	if (step->within_secs == 0 || !facts->history.within_known)
		return facts->history.early_count;
	(void)gp_poll_terms_windows(facts->terms, windows);
	for (size_t i = 0; i < GP_LADDER_WINDOWS_MAX; i++)
		if (windows[i] == step->within_secs)
			return facts->history.within_counts[i];
	return facts->history.early_count;
}

const struct gp_ladder_step *gp_policy_poll_step(const struct gp_ladder *ladder,
						 const struct gp_poll_facts *facts)
{
	const struct gp_ladder_step *step = NULL;

	for (size_t i = 0; i < ladder->count; i++) {
		if (ladder->steps[i].after_count < count_for(facts,
							     &ladder->steps[i]))
			step = &ladder->steps[i];
	}
	return step;
}

static void decide_absorb(const struct gp_poll_facts *facts,
			  struct gp_decision *decision)
{
	if (facts->can_absorb)
		decide(decision, GP_ACTION_ABSORB, GP_REASON_EARLY,
		       "poll.ladder");
	else
		decide(decision, GP_ACTION_PASS, GP_REASON_EARLY_SERVED,
		       "poll.ladder");
}

static void decide_hold(const struct gp_poll_facts *facts,
			const struct gp_ladder_step *step,
			struct gp_decision *decision)
{
	const int64_t hold_msecs = (int64_t)step->secs * 1000;

	if (facts->was_delayed) {
		decide(decision, GP_ACTION_PASS, GP_REASON_EARLY_SERVED,
		       "poll.login_ladder");
		return;
	}
	if (facts->is_full) {
		decide(decision, GP_ACTION_PASS, GP_REASON_HELD_MAX,
		       facts->place == GP_PLACE_BEFORE_LOGIN
		       ? "authpolicy.held_max" : "poll.held_max");
		return;
	}
	decide(decision, GP_ACTION_HOLD, GP_REASON_EARLY, "poll.login_ladder");
	if (hold_msecs < decision->wait_msecs)
		decision->wait_msecs = hold_msecs;
}

/* A login can wait or be refused; there is nothing to absorb.  Nobody is refused
   before the password was looked at: it would be taken for a wrong one. */
static void decide_login(const struct gp_poll_facts *facts,
			 struct gp_decision *decision)
{
	const struct gp_ladder_step *step =
		gp_policy_poll_step(facts->terms->login_ladder, facts);

	if (step == NULL)
		decide(decision, GP_ACTION_PASS, GP_REASON_EARLY,
		       "poll.interval");
	else if (step->action == GP_ACTION_HOLD)
		decide_hold(facts, step, decision);
	else if (step->action == GP_ACTION_NOTE)
		decide(decision, GP_ACTION_NOTE, GP_REASON_EARLY,
		       "poll.login_ladder");
	else if (facts->place == GP_PLACE_BEFORE_LOGIN)
		decide(decision, GP_ACTION_PASS, GP_REASON_EARLY,
		       "poll.login_ladder");
	else
		decide(decision, GP_ACTION_REFUSE, GP_REASON_EARLY,
		       "poll.login_ladder");
}

/* What a program opens at once to look into many folders comes in the first third
   of a round.  Whoever goes on to log in, and did so lately, is not looking into
   folders. */
static bool is_held_in_round(const struct gp_settings *settings,
			     const struct gp_poll_facts *facts)
{
	const int64_t round_msecs = (int64_t)settings->poll.round_secs * 1000;
	const struct gp_ladder_step *step;

	if (facts->place == GP_PLACE_SESSION || facts->was_delayed ||
	    facts->history.round_left_msecs > round_msecs * 2 / 3)
		return false;
	step = gp_policy_poll_step(facts->terms->login_ladder, facts);
	return step != NULL && step->action == GP_ACTION_HOLD;
}

/* A program that holds its connection and is made to wait for its early checks. */
static bool waits_for_early(const struct gp_poll_facts *facts)
{
	const struct gp_ladder_step *step;

	if (facts->place != GP_PLACE_SESSION || !facts->can_absorb)
		return false;
	step = gp_policy_poll_step(facts->terms->ladder, facts);
	return step != NULL && step->action == GP_ACTION_DELAY;
}

/* What it asks after the first third of a round is no sweep either. */
static bool is_early_in_round(const struct gp_settings *settings,
			      const struct gp_poll_facts *facts)
{
	const int64_t round_msecs = (int64_t)settings->poll.round_secs * 1000;

	return facts->history.round_left_msecs <= round_msecs * 2 / 3 &&
		waits_for_early(facts);
}

/* Nor is what it was told in this round.  Programs ask for the same twice within one
   check, and people click twice: that is sooner. */
static bool is_repeated(const struct gp_settings *settings,
			const struct gp_poll_facts *facts)
{
	const int64_t round_msecs = (int64_t)settings->poll.round_secs * 1000;

	return facts->told_msecs >= round_msecs / 10 &&
		facts->told_msecs <= round_msecs - facts->history.round_left_msecs &&
		waits_for_early(facts);
}

/* The first check of a session that the ladder for logins refuses. */
static bool login_is_refused(const struct gp_poll_facts *facts)
{
	const struct gp_ladder_step *step;

	if (facts->check != GP_CHECK_LOGIN)
		return false;
	step = gp_policy_poll_step(facts->terms->login_ladder, facts);
	return step != NULL && step->action == GP_ACTION_REFUSE;
}

static bool opens_mailbox(const struct gp_poll_facts *facts)
{
	return !facts->can_absorb && (facts->check == GP_CHECK_SELECT ||
				      facts->check == GP_CHECK_EXAMINE);
}

static void decide_delay(const struct gp_poll_facts *facts, unsigned int secs,
			 struct gp_decision *decision)
{
	int64_t delay_msecs = (int64_t)secs * 1000;

	if (opens_mailbox(facts) && secs > OPEN_DELAY_SECS_MAX)
		delay_msecs = OPEN_DELAY_SECS_MAX * 1000;
	if (facts->was_delayed) {
		decide_absorb(facts, decision);
		return;
	}
	if (facts->is_full) {
		decide(decision, facts->can_absorb ? GP_ACTION_ABSORB
		       : GP_ACTION_PASS, GP_REASON_HELD_MAX, "poll.held_max");
		return;
	}
	decide(decision, GP_ACTION_DELAY, GP_REASON_EARLY, "poll.ladder");
	/* Nobody is held once a new round is free. */
	if (delay_msecs < decision->wait_msecs)
		decision->wait_msecs = delay_msecs;
}

/* RFC 9051 has no NO for NOOP and CHECK (sections 6.1.2, 6.4.1), a SELECT that
   fails closes the mailbox that was open (section 6.3.2), and a LIST that fails
   leaves a program without its folders: those wait. */
static void decide_refuse(const struct gp_poll_facts *facts,
			  struct gp_decision *decision)
{
	if (facts->check == GP_CHECK_LOGIN || facts->check == GP_CHECK_STATUS)
		decide(decision, GP_ACTION_REFUSE, GP_REASON_EARLY,
		       "poll.ladder");
	else
		decide_delay(facts, REFUSE_DELAY_SECS, decision);
}

static void decide_early(const struct gp_poll_facts *facts,
			 struct gp_decision *decision)
{
	const struct gp_ladder_step *step;

	if (facts->place != GP_PLACE_SESSION) {
		decide_login(facts, decision);
		return;
	}
	if (login_is_refused(facts)) {
		decide(decision, GP_ACTION_REFUSE, GP_REASON_EARLY,
		       "poll.login_ladder");
		return;
	}
	step = gp_policy_poll_step(facts->terms->ladder, facts);
	if (step == NULL) {
		decide(decision, GP_ACTION_PASS, GP_REASON_EARLY,
		       "poll.interval");
		return;
	}
	switch (step->action) {
	case GP_ACTION_NOTE:
		decide(decision, GP_ACTION_NOTE, GP_REASON_EARLY,
		       "poll.ladder");
		break;
	case GP_ACTION_DELAY:
		decide_delay(facts, step->secs, decision);
		break;
	case GP_ACTION_REFUSE:
		decide_refuse(facts, decision);
		break;
	case GP_ACTION_DISCONNECT:
		decide(decision, GP_ACTION_DISCONNECT, GP_REASON_EARLY,
		       "poll.ladder");
		break;
	case GP_ACTION_ABSORB:
	default:
		decide_absorb(facts, decision);
		break;
	}
}

/* Who would be in time by poll.interval hears what else was in the way. */
static void name_interval(const struct gp_poll_facts *facts,
			  struct gp_decision *decision)
{
	const struct gp_poll_history *history = &facts->history;

	if (decision->reason != GP_REASON_EARLY &&
	    decision->reason != GP_REASON_EARLY_SERVED)
		return;
	if (facts->terms->why != NULL)
		decision->why = facts->terms->why;
	else if (history->is_crowded)
		decision->why = "poll.programs_max";
	else if (history->is_away)
		decision->why = "poll.away_interval";
}

/* Straight up from the interval where the load is low to the one where it is
   high. */
unsigned int gp_policy_poll_interval(const struct gp_settings *settings,
				     const struct gp_poll_terms *terms,
				     unsigned int load_percent)
{
	const unsigned int least = terms->interval_secs;
	const unsigned int most = terms->interval_max_secs;
	const unsigned int low = settings->poll.load_low_percent;
	const unsigned int high = settings->poll.load_high_percent;

	if (most <= least || load_percent <= low)
		return least;
	if (load_percent >= high)
		return most;
	return least + (unsigned int)((uint64_t)(most - least) *
				      (load_percent - low) / (high - low));
}

static void decide_check(const struct gp_settings *settings,
			 const struct gp_poll_facts *facts,
			 struct gp_decision *decision_r)
{
	if (facts->terms->mode == GP_MODE_OFF) {
		decide(decision_r, GP_ACTION_PASS, GP_REASON_RULE_OFF,
		       facts->terms->why != NULL ? facts->terms->why
						 : "poll.mode");
		return;
	}
	if (facts->terms->is_exempt) {
		decide(decision_r, GP_ACTION_PASS, GP_REASON_EXEMPT,
		       facts->terms->why);
		return;
	}
	/* A broken store must never make mail slow: who cannot be judged passes. */
	if (!facts->history_known) {
		decide(decision_r, GP_ACTION_PASS, GP_REASON_STORE_UNAVAILABLE,
		       "redis.server");
		return;
	}
	decision_r->gives_notice = facts->history.notice_due;
	decision_r->wait_msecs = facts->history.wait_msecs > 0
		? facts->history.wait_msecs : 0;
	switch (facts->history.verdict) {
	case GP_VERDICT_ADMITTED:
		decide(decision_r, GP_ACTION_PASS, GP_REASON_ADMITTED,
		       "poll.interval");
		break;
	case GP_VERDICT_IN_ROUND:
		if (is_held_in_round(settings, facts))
			decide_login(facts, decision_r);
		else if (is_early_in_round(settings, facts))
			decide_early(facts, decision_r);
		else if (is_repeated(settings, facts))
			decide(decision_r, GP_ACTION_ABSORB, GP_REASON_REPEATED,
			       "poll.ladder");
		else
			decide(decision_r, GP_ACTION_PASS, GP_REASON_IN_ROUND,
			       "poll.interval");
		break;
	case GP_VERDICT_FREE:
		decide(decision_r, GP_ACTION_PASS, GP_REASON_GRACE,
		       "poll.grace");
		break;
	case GP_VERDICT_EARLY:
	default:
		decide_early(facts, decision_r);
		name_interval(facts, decision_r);
		break;
	}
}

void gp_policy_poll(const struct gp_settings *settings,
		    const struct gp_poll_facts *facts,
		    struct gp_decision *decision_r)
{
	struct gp_poll_facts complete = *facts;
	struct gp_poll_terms terms;

	if (complete.terms == NULL) {
		gp_poll_terms_default(settings, &terms);
		complete.terms = &terms;
	}
	*decision_r = (struct gp_decision){ .mode = complete.terms->mode };
	decide_check(settings, &complete, decision_r);
}
