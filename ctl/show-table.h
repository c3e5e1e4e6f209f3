/* SPDX-License-Identifier: MIT */
/* This module makes the tables that people see: columns that line up, and on a
   terminal alone colour and no line that is wider than it. */
#ifndef GP_SHOW_TABLE_H
#define GP_SHOW_TABLE_H

#include <libsmartcols.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Columns of greater ranks, 1 to 9, go first where a terminal is too narrow. */
#define GP_COLUMN_SPARE(rank) ((rank) << 24)
/* What is cut or broken keeps so much, up to 255, for as long as others can go. */
#define GP_COLUMN_LEAST(width) ((width) << 16)
/* Of what is too wide only the first word stays, such as the day of a time. */
#define GP_COLUMN_FIRST_WORD (1 << 28)

struct gp_column {
	const char *name;
	/* SCOLS_FL_RIGHT for numbers.  Where a terminal is too narrow, SCOLS_FL_TRUNC
	   cuts, SCOLS_FL_WRAP breaks between words, GP_COLUMN_SPARE() leaves out, and
	   so do columns that say nothing ("-", "0") in any line. */
	int flags;
};

/* An empty table, to be freed with scols_unref_table(). */
struct libscols_table *gp_table_create(const struct gp_column *columns,
				       size_t count);

/* What came from a client: without what a terminal might act on. */
void gp_table_set_name(struct libscols_line *line, size_t column,
		       const char *name);

/* Prints the table and frees it. */
void gp_table_print(struct libscols_table *table, FILE *out);

void gp_table_set_time(struct libscols_line *line, size_t column, int64_t msecs);
void gp_table_set_number(struct libscols_line *line, size_t column,
			 unsigned int number);

#endif
