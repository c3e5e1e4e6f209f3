/* SPDX-License-Identifier: MIT */
/*
 * This module keeps in a file what "gatepostctl metrics" has counted and how far it has
 * read: the next run goes on from there, and no counter falls when logrotate deletes what
 * was counted.
 */
#ifndef GP_METRICS_STATE_H
#define GP_METRICS_STATE_H

#include "error.h"
#include "journal-place.h"
#include "metrics.h"

/* One run at a time: waits for another one.  A descriptor to be closed at the end, or -1
   with *err. */
int gp_metrics_state_lock(const char *path, struct gp_error *err);

/* Adds what the file has to metrics and places, which have nothing yet.  chosen: what
   lines are counted; those of another choice count for nothing.  1; 0 when there is no
   such file; -1 with *err, and nothing added, when it is none of ours. */
int gp_metrics_state_read(const char *path, const char *chosen,
			  struct gp_metrics *metrics, struct gp_places *places,
			  struct gp_error *err);

/* Without users that were not seen since metrics->users_since_msecs.  A code of
   sysexits.h, after saying what is wrong. */
int gp_metrics_state_write(const char *path, const char *chosen,
			   const struct gp_metrics *metrics,
			   const struct gp_places *places);

#endif
