/* SPDX-License-Identifier: MIT */
/*
 * This module reads a row as an administrator would: what the program does now, how
 * regularly, whether it slowed down, and what to tell the user.
 */
#ifndef GP_REPORT_JUDGE_H
#define GP_REPORT_JUDGE_H

#include "report.h"

struct gp_advice {
	const char *word;               /* stable, for machines */
	const char *text;               /* a sentence for the user */
};

/*
 * Did the interval grow after checks were first absorbed, held or refused?  By the
 * median of the latest nine lines, so that a pause is no change.
 *   obeys    it keeps to the policy's interval now
 *   slower   half as often again, or better
 *   same, faster
 *   quiet    no line for a day and for twelve intervals: it keeps to the policy or
 *            is away, which the journal does not tell apart
 *   -        nothing was done, or too few intervals were measured since
 */
const char *gp_report_outcome(const struct gp_report *report,
			      const struct gp_report_row *row);

/* That median, without what we held; -1 with less than three lines. */
int64_t gp_report_interval_after(const struct gp_report_row *row);

/* What happened last, or "quiet". */
const char *gp_report_state(const struct gp_report *report,
			    const struct gp_report_row *row);

/* "every 60s, within 2s, 02:00-07:00"; "" for a program without a habit.  text has
   room for size bytes, 80 are enough. */
const char *gp_report_habit(const struct gp_report_row *row, char *text,
			    size_t size);

/* Which part of its checks, 0 to 1, came in sessions that had used IDLE before. */
double gp_report_idle_share(const struct gp_report_row *row);

/* The exemption that holds for the program's checks now, of the settings or made by
   hand; NULL for none. */
const struct gp_exemption *gp_report_exemption(const struct gp_report *report,
					       const struct gp_report_row *row);

/* Never NULL; the word is "none" when there is nothing to tell. */
const struct gp_advice *gp_report_advice(const struct gp_report_row *row);
const struct gp_advice *gp_report_user_advice(const struct gp_report_user *user);

/* All intervals of a user; gp_sketch_free() it. */
void gp_report_user_intervals(const struct gp_report_user *user,
			      struct gp_sketch *sketch_r);

/* The outcome of the program that checks most. */
const char *gp_report_user_outcome(const struct gp_report *report,
				   const struct gp_report_user *user);

#endif
