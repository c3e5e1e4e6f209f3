/* SPDX-License-Identifier: MIT */
/*
 * This module decides what a check for mail gets: let through, absorbed or
 * delayed.  Core: the history comes in as a fact; a silent store is a fact too,
 * and then the check passes.
 */
#ifndef GP_POLICY_POLL_H
#define GP_POLICY_POLL_H

#include "decision.h"
#include "facts.h"
#include "policy-terms.h"
#include "settings.h"

void gp_policy_poll(const struct gp_settings *settings,
		    const struct gp_poll_facts *facts,
		    struct gp_decision *decision_r);

/* The last step that so many early rounds have reached: "after N" is for number N + 1
   and on.  NULL: none yet.  facts->terms must be there. */
const struct gp_ladder_step *gp_policy_poll_step(const struct gp_ladder *ladder,
						 const struct gp_poll_facts *facts);

/*
 * The interval in force, in seconds: the one of the terms, or more when the server
 * is busy and poll.interval_max says so, but never above that.  load_percent: runnable
 * processes for each processor, 100 for one.
 */
unsigned int gp_policy_poll_interval(const struct gp_settings *settings,
				     const struct gp_poll_terms *terms,
				     unsigned int load_percent);

#endif
