/* SPDX-License-Identifier: MIT */
/* This module makes the tables that people see: columns that line up, and colour on
   a terminal alone. */
#ifndef GP_SHOW_TABLE_H
#define GP_SHOW_TABLE_H

#include <libsmartcols.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct gp_column {
	const char *name;
	int flags;              /* SCOLS_FL_RIGHT for numbers */
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
