/* SPDX-License-Identifier: MIT */
/*
 * This module reads and parses a journal in a thread of its own, and hands the
 * entries over in batches: whoever adds them up does not wait for the reading.
 */
#ifndef GP_JOURNAL_BATCH_H
#define GP_JOURNAL_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "journal-filter.h"
#include "journal-input.h"
#include "journal-source.h"

enum { GP_BATCH_ENTRIES = 2048 };

struct gp_batch {
	struct gp_journal_entry entries[GP_BATCH_ENTRIES];
	size_t count;
	char *bytes;                    /* what the entries point into */
	/* How far the reading has come */
	struct gp_source_progress progress;
	struct gp_input input;
};

struct gp_batches;

/* paths and filter must live as long as this.  A file that cannot be read is said
   on standard error and passed over. */
struct gp_batches *gp_batches_start(const char *const *paths, size_t count,
				    const struct gp_filter *filter);

/* The next batch, perhaps an empty one, valid until the next call; NULL after the
   last, and only then may has_failed be asked for and all be freed. */
const struct gp_batch *gp_batches_next(struct gp_batches *batches);
bool gp_batches_has_failed(const struct gp_batches *batches);
void gp_batches_free(struct gp_batches **batches);

#endif
