/* SPDX-License-Identifier: MIT */
/*
 * This module asks other programs (postconf, doveconf) for what they know: an
 * argument vector, never a shell; and keeps their "name = value" lines.
 */
#ifndef GP_SITE_RUN_H
#define GP_SITE_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "pool.h"

/*
 * Runs argv[0], found in PATH, and returns what it wrote to standard output, in
 * the pool.  0; or a code of sysexits.h with *err filled and *text_r untouched:
 * EX_UNAVAILABLE when there is no such program, EX_CONFIG when it failed, with
 * the last line it complained with.
 */
int gp_site_run(struct gp_pool *pool, const char *const argv[], const char **text_r,
		struct gp_error *err);

/* A whole file, in the pool; NULL when it cannot be read, errno tells.  A NUL
   in it ends the text. */
const char *gp_site_read_file(struct gp_pool *pool, const char *path);

struct gp_site_pair {
	const char *name, *value;
};

struct gp_site_map {
	struct gp_site_pair *pairs;     /* sorted by name */
	size_t count;
};

/* Takes "name = value" lines apart; other lines are left out. */
void gp_site_map_parse(struct gp_pool *pool, const char *text,
		       struct gp_site_map *map_r);

/* NULL when it is not there. */
const char *gp_site_map_get(const struct gp_site_map *map, const char *name);

/* The next word of *list_r, split at blanks and commas, "{ ... }" being one
   word; NULL at the end.  The word is in the pool. */
const char *gp_site_next_word(struct gp_pool *pool, const char **list_r);

#endif
