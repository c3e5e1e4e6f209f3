/* SPDX-License-Identifier: MIT */
/* This module is documented in show-table.h. */
#include "show-table.h"

#include <stdio.h>
#include <unistd.h>

#include "show.h"

struct libscols_table *gp_table_create(const struct gp_column *columns,
				       size_t count)
{
	struct libscols_table *table = scols_new_table();

	if (table == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		(void)scols_table_new_column(table, columns[i].name, 0,
					     columns[i].flags);
	(void)scols_table_enable_colors(table, isatty(STDOUT_FILENO));
	return table;
}

void gp_table_set_time(struct libscols_line *line, size_t column, int64_t msecs)
{
	char text[32];

	gp_show_time(msecs, text, sizeof(text));
	(void)scols_line_set_data(line, column, text);
}

void gp_table_set_number(struct libscols_line *line, size_t column,
			 unsigned int number)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", number);
	(void)scols_line_set_data(line, column, text);
}
