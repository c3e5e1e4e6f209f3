/* SPDX-License-Identifier: MIT */
/*
 * This module is the arithmetic of store-poll.lua once more, in C and pure: what
 * is kept of a user and their programs, one check, the verdict.  Tests hold the script to
 * it, and "gatepostctl replay" asks it what would have been.  Times are milliseconds;
 * numbers are doubles, as Lua's are.
 */
#ifndef GP_POLL_MODEL_H
#define GP_POLL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "store.h"

/* As exact as the packed record, in whose units it is. */
struct gp_poll_program {
	bool is_known;
	double held_until;              /* 0: not held */
	double told;                    /* of the last notice; 0: none */
	double at, ahead, last, early_start, journal_due, every, checks;
	double early, early_before, window_number;
	struct gp_poll_within within[GP_LADDER_WINDOWS_MAX];
};

struct gp_poll_person {
	bool is_known;
	int touched;                    /* when the key was given its time to live */
	double human, crowd_tat, crowd_early;   /* ms, 10 ms, count */
	double crowd_held;              /* 10 ms; 0: no login */
	struct gp_poll_program *programs;       /* of the caller */
	unsigned int programs_count;
};

/* The query's user and program say nothing here: it is programs[number]. */
struct gp_poll_history
gp_poll_model_check(struct gp_poll_person *user, unsigned int number,
		    const struct gp_poll_query *query,
		    int64_t retention_msecs, int64_t now_msecs);

#endif
