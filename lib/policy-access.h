/* SPDX-License-Identifier: MIT */
/*
 * This module decides whether somebody who has logged in may read mail that way: by
 * that protocol, with or without TLS, by that mechanism.  Core.
 */
#ifndef GP_POLICY_ACCESS_H
#define GP_POLICY_ACCESS_H

#include <stdbool.h>

#include "decision.h"
#include "facts.h"
#include "settings.h"

/* PASS or REFUSE; decision_r->gives_notice if mail is read and the user is to be told
   to leave the protocol.  What is not known breaks no rule. */
void gp_policy_access(const struct gp_settings *settings,
		      const struct gp_access_facts *facts,
		      struct gp_decision *decision_r);

/* The exemption that holds for the login, or NULL. */
const struct gp_exemption *
gp_policy_access_exemption(const struct gp_settings *settings,
			   const struct gp_access_facts *facts);

/* The notice, as a decision of its own. */
void gp_policy_access_notice(const struct gp_settings *settings,
			     enum gp_protocol protocol,
			     struct gp_decision *decision_r);

/* False if no login by the protocol can get anything but PASS. */
bool gp_policy_access_has_rules(const struct gp_settings *settings,
				enum gp_protocol protocol);

#endif
