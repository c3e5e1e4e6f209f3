/* SPDX-License-Identifier: MIT */
/*
 * This module tells a person in plain words why a check for mail was refused:
 * what the policy is, and how many seconds remain.
 */
#ifndef GP_REFUSAL_H
#define GP_REFUSAL_H

#include "decision.h"
#include "settings.h"

enum { GP_REFUSAL_BYTES = 160 };

/* One line of ASCII without a full stop, as POP3 and IMAP answers have it.
   Returns buffer. */
const char *gp_refusal_text(const struct gp_settings *settings,
			    const struct gp_decision *decision,
			    char buffer[GP_REFUSAL_BYTES]);

#endif
