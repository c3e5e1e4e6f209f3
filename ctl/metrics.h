/* SPDX-License-Identifier: MIT */
/*
 * This module counts the journal by part, action, mode and reason, and writes that and
 * what is known of the parts in Prometheus's text format.  The series are bounded by the
 * words of the journal; users only come in as the first few, when somebody asks for it.
 */
#ifndef GP_METRICS_H
#define GP_METRICS_H

#include <stdint.h>
#include <stdio.h>

#include "journal.h"
#include "report.h"
#include "status.h"

enum { GP_METRICS_PARTS = 6 };  /* milter, imap, pop3, auth, ctl, and any other */

struct gp_metrics {
	/* what was done, and the same where it was only observed */
	uint64_t decisions[GP_METRICS_PARTS][2][GP_ACTION_COUNT][GP_REASON_COUNT];
	uint64_t unknown_count;         /* words of another version */
	int64_t last_msecs;             /* of the newest line; -1: none */
};

void gp_metrics_add(struct gp_metrics *metrics,
		    const struct gp_journal_entry *entry);

/* report has added up the same lines; top users of it are named.  status may be NULL:
   nothing was asked. */
void gp_metrics_write(const struct gp_metrics *metrics,
		      const struct gp_report *report, size_t top,
		      const struct gp_status *status, FILE *out);

#endif
