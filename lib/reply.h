/* SPDX-License-Identifier: MIT */
/*
 * This module puts into words what a client is told: the text of the reason with
 * the limit that was reached and the time to wait, as policy found them.
 */
#ifndef GP_REPLY_H
#define GP_REPLY_H

#include "decision.h"

enum { GP_REPLY_BYTES = 256 };

/* "Too many messages: at most 30 in 1m, try again in 17 seconds".  Holds no '%'.
   Seconds are rounded up.  Returns buffer; "" for a reason without a reply. */
const char *gp_reply_format(const struct gp_decision *decision,
			    char buffer[GP_REPLY_BYTES]);

/* The limit as in the settings, "30/1m", or "1000" for one of a message; NULL if
   the decision names none. */
enum { GP_REPLY_LIMIT_BYTES = 64 };
const char *gp_reply_limit(const struct gp_decision *decision,
			   char buffer[GP_REPLY_LIMIT_BYTES]);

#endif
