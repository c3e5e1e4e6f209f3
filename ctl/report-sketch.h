/* SPDX-License-Identifier: MIT */
/*
 * This module counts whole seconds in buckets that grow with them, so that medians of
 * any number of values need one kilobyte.  Exact below 32 seconds, above that
 * within 1/32; what is 12 days and more is one bucket.
 */
#ifndef GP_REPORT_SKETCH_H
#define GP_REPORT_SKETCH_H

#include <stddef.h>
#include <stdint.h>

enum { GP_SKETCH_BUCKETS = 272 };

struct gp_sketch {
	uint32_t *counts;               /* NULL while it is empty */
	uint64_t total;
};

void gp_sketch_add(struct gp_sketch *sketch, int64_t secs, uint64_t count);
void gp_sketch_merge(struct gp_sketch *into, const struct gp_sketch *from);
void gp_sketch_free(struct gp_sketch *sketch);

/* The value below which this share (0 to 1) of the values are; -1 if there are
   none. */
int64_t gp_sketch_quantile(const struct gp_sketch *sketch, double share);

/* The least value of a bucket; that of GP_SKETCH_BUCKETS is beyond all. */
int64_t gp_sketch_least(size_t bucket);

#endif
