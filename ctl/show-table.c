/* SPDX-License-Identifier: MIT */
/* This module is documented in show-table.h. */
#include "show-table.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "command.h"
#include "show.h"

struct libscols_table *gp_table_create(const struct gp_column *columns,
				       size_t count)
{
	struct libscols_table *table = scols_new_table();

	if (table == NULL)
		exit(gp_command_fail(EX_OSERR, "no memory for a table"));
	for (size_t i = 0; i < count; i++)
		(void)scols_table_new_column(table, columns[i].name, 0,
					     columns[i].flags);
	(void)scols_table_enable_colors(table, isatty(STDOUT_FILENO));
	return table;
}

void gp_table_set_name(struct libscols_line *line, size_t column,
		       const char *name)
{
	char *clean = gp_show_clean(name);

	(void)scols_line_set_data(line, column, clean);
	free(clean);
}

void gp_table_print(struct libscols_table *table, FILE *out)
{
	(void)scols_table_set_stream(table, out);
	(void)scols_print_table(table);
	scols_unref_table(table);
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
