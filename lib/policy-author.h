/* SPDX-License-Identifier: MIT */
/*
 * This module decides whether the headers that name a message's author are those
 * of who has logged in: nobody can appear as somebody else.  What could be read
 * in more than one way is refused.  Core.
 */
#ifndef GP_POLICY_AUTHOR_H
#define GP_POLICY_AUTHOR_H

#include "decision.h"
#include "facts.h"
#include "settings.h"

/* Does any rule that is on need the headers of messages? */
bool gp_policy_author_is_needed(const struct gp_settings *settings);

/* At the end of the message: PASS, REJECT, TEMPFAIL if the MTA was never asked
   for headers, or REWRITE: From and Sender are to be corrected. */
void gp_policy_author(const struct gp_settings *settings,
		      const struct gp_submit_facts *facts,
		      struct gp_decision *decision_r);

#endif
