/* SPDX-License-Identifier: MIT */
/*
 * This module understands how people name a time: "yesterday", "2h", "monday",
 * "2026-11-01", "2026-11-01 13:30", "13:30", in the time zone of the reader, or
 * "2026-11-01T13:30:00Z".
 */
#ifndef GP_WHEN_H
#define GP_WHEN_H

#include <stdint.h>

#include "error.h"

struct gp_period {
	int64_t since_msecs, until_msecs;  /* since <= time < until; 1970 on */
};

/* All times there are. */
void gp_period_init(struct gp_period *period_r);

/* Begins or ends the period at a time; a day, or a word for one, ends when it is
   over.  "A..B" as a begin sets both, and either may be left out.  now_secs: since
   1970.  0, or -1 with *err and *period untouched. */
int gp_period_set_since(struct gp_period *period, const char *text,
			int64_t now_secs, struct gp_error *err);
int gp_period_set_until(struct gp_period *period, const char *text,
			int64_t now_secs, struct gp_error *err);

#endif
