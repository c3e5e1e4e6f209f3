/* SPDX-License-Identifier: MIT */
/*
 * This module decides what is an outage of Redis and what is only a part of one: each
 * is told once when it begins and once when it ends.  Who may ask meanwhile is not
 * decided here.
 *
 * One server that answers is back.  In a cluster the answer of one master says nothing
 * of another that is away, so all have to have answered for a while, and a failure
 * begins that anew.
 */
#ifndef GP_OUTAGE_H
#define GP_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "settings.h"

/* Nothing set: there is none. */
struct gp_outage_state {
	bool is_on;
	bool is_answered;               /* without a failure since */
	int64_t since_msecs;            /* the first failure */
	int64_t answered_since_msecs;   /* the first answer after the last one */
};

/* For how long there must be answers alone until an outage is over. */
int64_t gp_outage_trial_msecs(const struct gp_settings *settings);

/* Redis failed, or answered as it should, at now_msecs, on any clock that is not set.
   True if an outage has begun, or is over, with that. */
bool gp_outage_fail(struct gp_outage_state *outage, int64_t now_msecs);
bool gp_outage_answer(struct gp_outage_state *outage, int64_t trial_msecs,
		      int64_t now_msecs);

#endif
