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
#include "settings.h"

void gp_policy_poll(const struct gp_settings *settings,
		    const struct gp_poll_facts *facts,
		    struct gp_decision *decision_r);

#endif
