/* SPDX-License-Identifier: MIT */
/* This module reads at the end of this host's journal whether the milter leaves Redis
   alone (its circuit breaker). */
#ifndef GP_STATUS_JOURNAL_H
#define GP_STATUS_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "settings.h"

struct gp_outage {
	bool was_found;         /* in what was read of the journal */
	bool is_over;
	int64_t went_msecs;     /* since 1970; -1: before what was read */
	int64_t back_msecs;     /* if it is over */
};

/* False if there is no journal to read. */
bool gp_status_find_outage(const struct gp_settings *settings,
			   struct gp_outage *outage_r);

#endif
