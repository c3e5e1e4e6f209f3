/* SPDX-License-Identifier: MIT */
/*
 * This module keeps what the journal has of one person's programs: what was done with
 * each, how often, since when and until when, and where it came from.
 */
#ifndef GP_PERSON_SEEN_H
#define GP_PERSON_SEEN_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "journal.h"

/* Whoever names a program can name many: beyond these there is one row for all. */
enum { GP_SEEN_MAX = 64 };

struct gp_seen_row {
	char *program, *action, *ip;    /* NULL: the line has none */
	uint64_t count;
	int64_t since_msecs, last_msecs;
};

struct gp_seen {
	struct gp_seen_row rows[GP_SEEN_MAX + 1];
	size_t count;
};

/* One line; begins with a struct of zeros. */
void gp_seen_add(struct gp_seen *seen, const struct gp_journal_entry *entry);

/* A table, the latest first; nothing if there is no row. */
void gp_seen_print(const struct gp_seen *seen, FILE *out);
json_t *gp_seen_json(const struct gp_seen *seen);

void gp_seen_clear(struct gp_seen *seen);

#endif
