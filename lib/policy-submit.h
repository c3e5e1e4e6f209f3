/* SPDX-License-Identifier: MIT */
/*
 * This module decides about submission: ports, TLS, login and relaying.  Core:
 * the answer is a function of settings and facts and of nothing else.
 */
#ifndef GP_POLICY_SUBMIT_H
#define GP_POLICY_SUBMIT_H

#include "decision.h"
#include "facts.h"
#include "settings.h"

/* At MAIL: port, TLS, login.  A rule in observe mode does not hide a later one
   that is enforced: the first enforced refusal is the decision, else the first
   observed one, else PASS. */
void gp_policy_submit_mail(const struct gp_settings *settings,
			   const struct gp_submit_facts *facts,
			   struct gp_decision *decision_r);

/* At each RCPT: relaying. */
void gp_policy_submit_rcpt(const struct gp_settings *settings,
			   const struct gp_submit_facts *facts,
			   struct gp_decision *decision_r);

#endif
