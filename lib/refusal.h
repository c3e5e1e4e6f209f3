/* SPDX-License-Identifier: MIT */
/*
 * This module tells a person in plain words why a check for mail was refused:
 * what the policy is, and how many seconds remain.
 */
#ifndef GP_REFUSAL_H
#define GP_REFUSAL_H

#include <stdint.h>

#include "decision.h"

enum { GP_REFUSAL_BYTES = 160, GP_NOTICE_BYTES = 512 };

/* One line of ASCII without a full stop, as POP3 and IMAP answers have it.
   Returns buffer. */
const char *gp_refusal_text(int64_t interval_msecs,
			    const struct gp_decision *decision,
			    char buffer[GP_REFUSAL_BYTES]);

/* The words of a notice with their places filled in; cut to fit.  Returns buffer. */
struct gp_notice {
	const char *program;            /* %{program} */
	int64_t every_msecs;            /* %{every}: how often it checks; 0 unknown */
	int64_t policy_msecs;           /* %{policy}: the least time */
	int64_t advised_msecs;          /* %{advised}: what to set instead */
};
const char *gp_notice_text(const char *words, const struct gp_notice *notice,
			   char buffer[GP_NOTICE_BYTES]);

#endif
