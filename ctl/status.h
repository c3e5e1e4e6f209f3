/* SPDX-License-Identifier: MIT */
/*
 * This module finds out whether each part of gatepost is alive: what it asked, what
 * came of it, and what that means.
 */
#ifndef GP_STATUS_H
#define GP_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool.h"

enum gp_part_state {
	GP_PART_OK,
	GP_PART_OFF,            /* not configured: nothing to be alive */
	GP_PART_QUIET,          /* nothing was heard of it, which proves nothing */
	GP_PART_UNKNOWN,        /* it could not be asked from here */
	GP_PART_OLD,            /* alive, but not what is installed */
	GP_PART_DOWN
};

struct gp_part {
	const char *name;
	enum gp_part_state state;
	const char *detail;     /* one line */
	const char *version;    /* NULL: not known */
	int64_t usecs;          /* of a round trip; -1: none */
	int64_t age_secs;       /* since it was changed, started, heard of; -1 */
};

enum { GP_PARTS_MAX = 10 };

struct gp_status {
	struct gp_part parts[GP_PARTS_MAX];
	size_t count;
	bool is_well;           /* nothing is down, old, or too quiet */
	bool is_misconfigured;  /* the settings are not good */
};

struct gp_status_terms {
	const char *conf_path;
	int64_t deadline_msecs; /* of each question */
	int64_t heard_secs;     /* the plugins must be heard of; 0: they need not */
};

/* Texts live as long as the pool. */
void gp_status_find(const struct gp_status_terms *terms, struct gp_pool *pool,
		    struct gp_status *status_r);

const char *gp_part_word(enum gp_part_state state);

#endif
