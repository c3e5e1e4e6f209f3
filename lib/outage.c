/* SPDX-License-Identifier: MIT */
/* This module is documented in outage.h. */
#include "outage.h"

/* Whoever is on a lost master asks it, on a site with some users, within the first of
   these periods; the second is for those with few.  They count from the first answer
   and not from the last failure: where somebody asks a lost master once an hour, that
   nobody else failed meanwhile says nothing. */
enum { TRIAL_PERIODS = 2 };

int64_t gp_outage_trial_msecs(const struct gp_settings *settings)
{
	return settings->redis.topology != GP_REDIS_CLUSTER ? 0
		: (int64_t)1000 * settings->redis.retry_secs * TRIAL_PERIODS;
}

bool gp_outage_fail(struct gp_outage_state *outage, int64_t now_msecs)
{
	const bool is_news = !outage->is_on;

	if (is_news)
		outage->since_msecs = now_msecs;
	outage->is_on = true;
	outage->is_answered = false;
	return is_news;
}

bool gp_outage_answer(struct gp_outage_state *outage, int64_t trial_msecs,
		      int64_t now_msecs)
{
	if (!outage->is_on)
		return false;
	if (!outage->is_answered)
		outage->answered_since_msecs = now_msecs;
	outage->is_answered = true;
	if (now_msecs - outage->answered_since_msecs < trial_msecs)
		return false;
	*outage = (struct gp_outage_state){ .is_on = false };
	return true;
}
