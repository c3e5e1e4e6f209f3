/* SPDX-License-Identifier: MIT */
/* This module is the bounded table of rows, one for each user and program. */
#ifndef GP_REPORT_ROWS_H
#define GP_REPORT_ROWS_H

#include "report.h"

struct gp_report_slot {
	uint64_t hash;
	struct gp_report_row *row;      /* NULL: free */
};

struct gp_report_rows {
	struct gp_report_slot *slots;   /* open addressing */
	size_t slots_count, count, max;
	uint64_t dropped_count, undercount_most;
	uint64_t seed;
};

void gp_report_rows_init(struct gp_report_rows *rows_r, size_t max);
void gp_report_rows_free(struct gp_report_rows *rows);

/* By what a row is found; program_length bytes of program are its name. */
struct gp_report_key {
	const char *user, *program;
	size_t program_length;
	uint64_t hash;
};

/* The key of an entry.  Strangers who did not log in are one row for each protocol,
   however many addresses they come from. */
void gp_report_rows_key(const struct gp_report_rows *rows,
			const struct gp_journal_entry *entry,
			struct gp_report_key *key_r);

/* Tables of this size are not in the processor's cache: these ask for what
   gp_report_rows_get() will touch first, and then, before it is there. */
void gp_report_rows_expect(const struct gp_report_rows *rows,
			   const struct gp_report_key *key);
void gp_report_rows_expect_more(const struct gp_report_rows *rows,
				const struct gp_report_key *key);

/* The row, a new one if there is none.  Valid until the next call. */
struct gp_report_row *gp_report_rows_get(struct gp_report_rows *rows,
					 const struct gp_report_key *key);

/* The rows by user, in memory to free(); fills users and names of the report, which
   gp_report_ungroup() frees. */
struct gp_report_row **gp_report_group(struct gp_report *report,
				       const struct gp_report_rows *rows);
void gp_report_ungroup(struct gp_report *report);

uint64_t gp_report_hash(const char *text, size_t length, uint64_t seed);

#endif
