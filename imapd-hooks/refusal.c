/* SPDX-License-Identifier: MIT */
/* This module is documented in refusal.h. */
#include "refusal.h"

#include <stdio.h>

enum { MINUTE = 60, MSECS = 1000 };

static const char *plural(unsigned int count)
{
	return count == 1 ? "" : "s";
}

const char *gp_refusal_text(const struct gp_settings *settings,
			    const struct gp_decision *decision,
			    char buffer[GP_REFUSAL_BYTES])
{
	unsigned int interval = settings->poll.interval_secs;
	const bool in_minutes = interval % MINUTE == 0;
	/* Whoever comes back after so many seconds is in time. */
	const unsigned int left = (unsigned int)
		((decision->wait_msecs + MSECS - 1) / MSECS);

	if (in_minutes)
		interval /= MINUTE;
	(void)snprintf(buffer, GP_REFUSAL_BYTES,
		       "You may look for new mail once every %u %s%s, "
		       "try again in %u second%s", interval,
		       in_minutes ? "minute" : "second", plural(interval),
		       left, plural(left));
	return buffer;
}
