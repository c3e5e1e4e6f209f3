/* SPDX-License-Identifier: MIT */
/* This module reads at the end of this host's journal whether the milter leaves Redis
   alone (its circuit breaker), and what Redis does not know of lines that were lost. */
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

/* Lines of this host that the stream lacks and of which Redis was not told, as far as
   the end of the journal tells; 0 if there is none to read. */
int64_t gp_status_find_untold(const struct gp_settings *settings);

#endif
