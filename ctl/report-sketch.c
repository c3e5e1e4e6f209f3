/* SPDX-License-Identifier: MIT */
/* This module is documented in report-sketch.h. */
#include "report-sketch.h"

#include <stdlib.h>

#include "pool.h"

enum { SUB_BITS = 4, SUBS = 1 << SUB_BITS };

static size_t bucket_of(int64_t secs)
{
	uint64_t value = secs > 0 ? (uint64_t)secs : 0;
	unsigned int shift;
	size_t bucket;

	if (value < SUBS)
		return (size_t)value;
	shift = 63 - (unsigned int)__builtin_clzll(value) - SUB_BITS;
	bucket = (size_t)SUBS * (shift + 1) + ((value >> shift) & (SUBS - 1));
	return bucket < GP_SKETCH_BUCKETS ? bucket : GP_SKETCH_BUCKETS - 1;
}

int64_t gp_sketch_least(size_t bucket)
{
	if (bucket < SUBS)
		return (int64_t)bucket;
	return (int64_t)(SUBS + bucket % SUBS) << (bucket / SUBS - 1);
}

static void add_to(uint32_t *counter, uint64_t count)
{
	*counter = count < UINT32_MAX - *counter
		? *counter + (uint32_t)count : UINT32_MAX;
}

void gp_sketch_add(struct gp_sketch *sketch, int64_t secs, uint64_t count)
{
	if (sketch->counts == NULL)
		sketch->counts = gp_alloc(GP_SKETCH_BUCKETS *
					  sizeof(*sketch->counts));
	add_to(&sketch->counts[bucket_of(secs)], count);
	sketch->total += count;
}

void gp_sketch_merge(struct gp_sketch *into, const struct gp_sketch *from)
{
	if (from->counts == NULL)
		return;
	for (size_t i = 0; i < GP_SKETCH_BUCKETS; i++)
		if (from->counts[i] > 0)
			gp_sketch_add(into, gp_sketch_least(i), from->counts[i]);
}

void gp_sketch_free(struct gp_sketch *sketch)
{
	free(sketch->counts);
	sketch->counts = NULL;
	sketch->total = 0;
}

int64_t gp_sketch_quantile(const struct gp_sketch *sketch, double share)
{
	uint64_t sum = 0, seen = 0;

	if (sketch->counts == NULL)
		return -1;
	for (size_t i = 0; i < GP_SKETCH_BUCKETS; i++)
		sum += sketch->counts[i];
	for (size_t i = 0; i < GP_SKETCH_BUCKETS; i++) {
		int64_t least = gp_sketch_least(i);

		seen += sketch->counts[i];
		if (sketch->counts[i] > 0 &&
		    (double)seen >= share * (double)sum)
			return least + (gp_sketch_least(i + 1) - least - 1) / 2;
	}
	return -1;
}
