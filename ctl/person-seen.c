/* SPDX-License-Identifier: MIT */
/* This module is documented in person-seen.h. */
#include "person-seen.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pool.h"
#include "show.h"
#include "show-table.h"

static bool is_same(const char *left, const char *right)
{
	return left == NULL || right == NULL ? left == right
		: strcmp(left, right) == 0;
}

static char *copy(const char *text)
{
	return text == NULL ? NULL : gp_strdup(text);
}

static struct gp_seen_row *find_row(struct gp_seen *seen,
				    const struct gp_journal_entry *entry)
{
	struct gp_seen_row *row;

	for (size_t i = 0; i < seen->count; i++) {
		row = &seen->rows[i];
		if (i == GP_SEEN_MAX || (is_same(row->program, entry->program) &&
					 is_same(row->action, entry->action)))
			return row;
	}
	row = &seen->rows[seen->count++];
	*row = (struct gp_seen_row){
		.program = seen->count > GP_SEEN_MAX
			? gp_strdup("(others)") : copy(entry->program),
		.action = seen->count > GP_SEEN_MAX ? NULL : copy(entry->action),
		.since_msecs = entry->time_msecs, .last_msecs = entry->time_msecs,
	};
	return row;
}

/* Files need not be in the order of time. */
void gp_seen_add(struct gp_seen *seen, const struct gp_journal_entry *entry)
{
	struct gp_seen_row *row = find_row(seen, entry);

	row->count += entry->count > 0 ? (uint64_t)entry->count : 1;
	if (entry->time_msecs < row->since_msecs)
		row->since_msecs = entry->time_msecs;
	if (entry->time_msecs < row->last_msecs)
		return;
	row->last_msecs = entry->time_msecs;
	if (!is_same(row->ip, entry->ip)) {
		free(row->ip);
		row->ip = copy(entry->ip);
	}
}

static int by_last(const void *left, const void *right)
{
	const struct gp_seen_row *a = *(const struct gp_seen_row *const *)left;
	const struct gp_seen_row *b = *(const struct gp_seen_row *const *)right;

	return a->last_msecs < b->last_msecs ? 1
		: a->last_msecs > b->last_msecs ? -1 : a < b ? -1 : a > b;
}

static size_t sort(const struct gp_seen *seen,
		   const struct gp_seen_row *rows_r[GP_SEEN_MAX + 1])
{
	for (size_t i = 0; i < seen->count; i++)
		rows_r[i] = &seen->rows[i];
	if (seen->count > 0)
		qsort(rows_r, seen->count, sizeof(*rows_r), by_last);
	return seen->count;
}

static void set_day(struct libscols_line *line, size_t column, int64_t msecs)
{
	const time_t secs = (time_t)(msecs / 1000);
	char text[32] = "-";
	struct tm tm;

	if (msecs > 0 && localtime_r(&secs, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm);
	(void)scols_line_set_data(line, column, text);
}

static void fill_line(struct libscols_line *line, const struct gp_seen_row *row)
{
	char count[24];

	(void)snprintf(count, sizeof(count), "%" PRIu64, row->count);
	gp_table_set_name(line, 0, row->program != NULL ? row->program : "-");
	gp_table_set_name(line, 1, row->action != NULL ? row->action : "-");
	(void)scols_line_set_data(line, 2, count);
	set_day(line, 3, row->since_msecs);
	set_day(line, 4, row->last_msecs);
	gp_table_set_name(line, 5, row->ip != NULL ? row->ip : "-");
}

void gp_seen_print(const struct gp_seen *seen, FILE *out)
{
	static const struct gp_column columns[] = {
		{ "PROGRAM", SCOLS_FL_TRUNC | GP_COLUMN_LEAST(24) },
		{ "ACTION", SCOLS_FL_TRUNC },
		{ "TIMES", SCOLS_FL_RIGHT }, { "SINCE", 0 }, { "LAST", 0 },
		{ "FROM", SCOLS_FL_TRUNC | GP_COLUMN_LEAST(15) |
		  GP_COLUMN_SPARE(1) },
	};
	const struct gp_seen_row *rows[GP_SEEN_MAX + 1];
	const size_t count = sort(seen, rows);
	struct libscols_table *table;

	if (count == 0)
		return;
	table = gp_table_create(columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < count; i++)
		fill_line(scols_table_new_line(table, NULL), rows[i]);
	gp_table_print(table, out);
}

static json_t *json_name(const char *name)
{
	return name == NULL ? json_null() : gp_show_json_name(name);
}

json_t *gp_seen_json(const struct gp_seen *seen)
{
	const struct gp_seen_row *rows[GP_SEEN_MAX + 1];
	const size_t count = sort(seen, rows);
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(array, json_pack(
			"{s:o, s:o, s:I, s:o, s:o, s:o}",
			"program", json_name(rows[i]->program),
			"action", json_name(rows[i]->action),
			"count", (json_int_t)rows[i]->count,
			"since", gp_show_json_time(rows[i]->since_msecs),
			"last", gp_show_json_time(rows[i]->last_msecs),
			"from", json_name(rows[i]->ip)));
	return array;
}

void gp_seen_clear(struct gp_seen *seen)
{
	for (size_t i = 0; i < seen->count; i++) {
		free(seen->rows[i].program);
		free(seen->rows[i].action);
		free(seen->rows[i].ip);
	}
	seen->count = 0;
}
