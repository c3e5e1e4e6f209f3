/* SPDX-License-Identifier: MIT */
/* This module is documented in report-rows.h. */
#include "report-rows.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "pool.h"

/* Eight bytes at a time, mixed by multiplication.  Programs name themselves, so the
   seed is a new one each time: nobody can choose names that collide. */
static uint64_t mix(uint64_t hash, uint64_t block)
{
	hash = (hash ^ block) * UINT64_C(0xff51afd7ed558ccd);
	return hash ^ hash >> 32;
}

uint64_t gp_report_hash(const char *text, size_t length, uint64_t seed)
{
	uint64_t hash = seed ^ length * UINT64_C(0x9e3779b97f4a7c15), block;

	for (; length >= sizeof(block); text += sizeof(block)) {
		memcpy(&block, text, sizeof(block));
		hash = mix(hash, block);
		length -= sizeof(block);
	}
	for (block = 0; length > 0; length--)
		block = block << 8 | (unsigned char)text[length - 1];
	hash = mix(hash, block) * UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 29;
}

void gp_report_rows_init(struct gp_report_rows *rows_r, size_t max)
{
	*rows_r = (struct gp_report_rows){ .slots_count = 64, .max = max };
	if (getrandom(&rows_r->seed, sizeof(rows_r->seed), GRND_NONBLOCK) < 0)
		rows_r->seed = (uint64_t)(uintptr_t)rows_r;
	while (rows_r->slots_count < 2 * max)
		rows_r->slots_count *= 2;
	rows_r->slots = gp_alloc(rows_r->slots_count * sizeof(*rows_r->slots));
}

static void free_row(struct gp_report_row *row)
{
	if (row == NULL)
		return;
	gp_sketch_free(&row->intervals);
	free(row->week);
	free(row);
}

void gp_report_rows_free(struct gp_report_rows *rows)
{
	for (size_t i = 0; i < rows->slots_count; i++)
		free_row(rows->slots[i].row);
	free(rows->slots);
	rows->slots = NULL;
}

void gp_report_rows_key(const struct gp_report_rows *rows,
			const struct gp_journal_entry *entry,
			struct gp_report_key *key_r)
{
	key_r->user = entry->user == NULL ? "-" : entry->user;
	key_r->program = entry->program == NULL ? "-" : entry->program;
	key_r->program_length = entry->user == NULL
		? strcspn(key_r->program, "/") : strlen(key_r->program);
	key_r->hash = gp_report_hash(key_r->program, key_r->program_length,
				     gp_report_hash(key_r->user,
						    strlen(key_r->user),
						    rows->seed));
}

void gp_report_rows_expect(const struct gp_report_rows *rows,
			   const struct gp_report_key *key)
{
	__builtin_prefetch(&rows->slots[key->hash & (rows->slots_count - 1)]);
}

void gp_report_rows_expect_more(const struct gp_report_rows *rows,
				const struct gp_report_key *key)
{
	enum { LINE_BYTES = 64 };
	const struct gp_report_slot *slot =
		&rows->slots[key->hash & (rows->slots_count - 1)];
	const char *row = (const char *)slot->row;

	if (row == NULL || slot->hash != key->hash)
		return;
	for (size_t i = 0; i < sizeof(*slot->row) + LINE_BYTES; i += LINE_BYTES)
		__builtin_prefetch(row + i);
}

/* Where the row is, or where it belongs. */
static struct gp_report_slot *find(const struct gp_report_rows *rows,
				   const struct gp_report_key *key)
{
	size_t mask = rows->slots_count - 1, i = key->hash & mask;

	for (;; i = (i + 1) & mask) {
		const struct gp_report_row *row = rows->slots[i].row;

		if (row == NULL ||
		    (rows->slots[i].hash == key->hash &&
		     strncmp(row->program, key->program,
			     key->program_length) == 0 &&
		     row->program[key->program_length] == '\0' &&
		     strcmp(row->user, key->user) == 0))
			return &rows->slots[i];
	}
}

static void place(struct gp_report_rows *rows, const struct gp_report_slot *slot)
{
	size_t mask = rows->slots_count - 1, i = slot->hash & mask;

	while (rows->slots[i].row != NULL)
		i = (i + 1) & mask;
	rows->slots[i] = *slot;
}

static struct gp_report_row *create_row(const struct gp_report_key *key)
{
	size_t user_bytes = strlen(key->user) + 1;
	struct gp_report_row *row = gp_alloc(sizeof(*row) + user_bytes +
					     key->program_length + 1);
	char *names = (char *)(row + 1);

	memcpy(names, key->user, user_bytes);
	memcpy(names + user_bytes, key->program, key->program_length);
	row->user = names;
	row->program = names + user_bytes;
	row->first_msecs = row->last_msecs = -1;
	row->first_every_secs = -1;
	row->policy_secs = row->reason = -1;
	row->last_kind = GP_KIND_NONE;
	return row;
}

static int compare_totals(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

static uint64_t median_total(const struct gp_report_rows *rows)
{
	uint64_t *totals = gp_alloc(rows->count * sizeof(*totals)), median;
	size_t count = 0;

	for (size_t i = 0; i < rows->slots_count; i++)
		if (rows->slots[i].row != NULL)
			totals[count++] = rows->slots[i].row->total;
	qsort(totals, count, sizeof(*totals), compare_totals);
	median = totals[count / 2];
	free(totals);
	return median;
}

static void drop(struct gp_report_rows *rows, struct gp_report_slot *slot)
{
	free_row(slot->row);
	slot->row = NULL;
	rows->count--;
	rows->dropped_count++;
}

/* Half of the rows, those with the fewest decisions: who checks much stays, and
   the work is spread over as many new rows. */
static void drop_half(struct gp_report_rows *rows)
{
	const uint64_t median = median_total(rows);
	const size_t half = rows->count / 2, slots_count = rows->slots_count;
	struct gp_report_slot *old = rows->slots;

	rows->undercount_most += median;
	rows->slots = gp_alloc(slots_count * sizeof(*rows->slots));
	/* Less than the median are at most half; the others may be equal to it. */
	for (size_t i = 0; i < slots_count; i++)
		if (old[i].row != NULL && old[i].row->total < median)
			drop(rows, &old[i]);
	for (size_t i = 0; i < slots_count; i++) {
		if (old[i].row != NULL && old[i].row->total == median &&
		    rows->count > half)
			drop(rows, &old[i]);
		if (old[i].row != NULL)
			place(rows, &old[i]);
	}
	free(old);
}

struct gp_report_row *gp_report_rows_get(struct gp_report_rows *rows,
					 const struct gp_report_key *key)
{
	struct gp_report_slot *slot = find(rows, key);

	if (slot->row != NULL)
		return slot->row;
	if (rows->count == rows->max) {
		drop_half(rows);
		slot = find(rows, key);
	}
	slot->hash = key->hash;
	slot->row = create_row(key);
	rows->count++;
	return slot->row;
}
