/* SPDX-License-Identifier: MIT */
/* This module is documented in who-sending.h. */
#include "who-sending.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "command.h"
#include "policy-rate.h"
#include "pool.h"
#include "settings-rate.h"
#include "show.h"
#include "show-table.h"
#include "store.h"

enum { USED_BYTES = GP_RATE_WINDOWS_MAX * (GP_RATE_WINDOW_BYTES + 16) };

struct row {
	char *user;
	struct gp_sender_record record;
	struct gp_rate_policy policy;
	int64_t wait_msecs;             /* until one more message may go */
};

struct rows {
	const struct gp_settings *settings;
	struct row *items;
	size_t count;
};

static void add_row(void *context, const struct gp_sender_record *record)
{
	struct rows *rows = context;
	struct gp_rate_verdict verdict;
	struct row *row;

	rows->items = gp_realloc(rows->items,
				 (rows->count + 1) * sizeof(*rows->items));
	row = &rows->items[rows->count++];
	row->record = *record;
	row->user = gp_strdup(record->user);
	gp_policy_rate_find(rows->settings, row->user, &row->policy);
	gp_rate_look(&row->policy.terms, &record->state, 1, 0, &verdict);
	row->wait_msecs = (verdict.wait_ticks + GP_RATE_TICKS_PER_MSEC - 1) /
		GP_RATE_TICKS_PER_MSEC;
}

/* Who waits comes first, and then who has sent last. */
static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->wait_msecs != b->wait_msecs)
		return a->wait_msecs > b->wait_msecs ? -1 : 1;
	if (a->record.last_age_msecs != b->record.last_age_msecs)
		return a->record.last_age_msecs < b->record.last_age_msecs
			? -1 : 1;
	return strcmp(a->user, b->user);
}

static unsigned int used_of(const struct row *row, enum gp_rate_kind kind,
			    const struct gp_rate_window *window)
{
	return gp_rate_used(window, gp_rate_tat(&row->record.state, kind, window),
			    0);
}

/* "12 of 30/1m, 40 of 300/1h" */
static void format_used(const struct row *row, enum gp_rate_kind kind,
			char text[USED_BYTES])
{
	const struct gp_rate_limits *limits = &row->policy.terms.limits[kind];
	char window[GP_RATE_WINDOW_BYTES];
	size_t length = 0;

	(void)strcpy(text, "-");
	for (size_t i = 0; i < limits->count; i++)
		length += (size_t)snprintf(text + length, USED_BYTES - length,
			"%s%u of %s", i == 0 ? "" : ", ",
			used_of(row, kind, &limits->windows[i]),
			gp_rate_window_format(&limits->windows[i], window));
}

static void fill_line(struct libscols_line *line, const struct row *row)
{
	char text[USED_BYTES];

	(void)scols_line_set_data(line, 0, row->user);
	for (int kind = 0; kind < GP_RATE_KINDS; kind++) {
		format_used(row, (enum gp_rate_kind)kind, text);
		(void)scols_line_set_data(line, 1 + (size_t)kind, text);
	}
	gp_table_set_time(line, 3, row->wait_msecs);
	if (row->wait_msecs > 0)
		(void)scols_cell_set_color(scols_line_get_cell(line, 3), "red");
	gp_table_set_time(line, 4, row->record.last_age_msecs + 1);
}

static int print_table(const struct rows *rows)
{
	static const struct gp_column columns[] = {
		{ "USER", 0 }, { "MESSAGES", 0 }, { "RECIPIENTS", 0 },
		{ "WAIT", SCOLS_FL_RIGHT }, { "LAST", SCOLS_FL_RIGHT },
	};
	struct libscols_table *table =
		gp_table_create(columns, sizeof(columns) / sizeof(columns[0]));

	if (table == NULL)
		return EX_OSERR;
	for (size_t i = 0; i < rows->count; i++)
		fill_line(scols_table_new_line(table, NULL), &rows->items[i]);
	(void)scols_print_table(table);
	scols_unref_table(table);
	return EX_OK;
}

static json_t *json_used(const struct row *row, enum gp_rate_kind kind)
{
	const struct gp_rate_limits *limits = &row->policy.terms.limits[kind];
	json_t *array = json_array();

	for (size_t i = 0; i < limits->count; i++)
		(void)json_array_append_new(array, json_pack(
			"{s:i, s:i, s:i}",
			"used", (int)used_of(row, kind, &limits->windows[i]),
			"limit", (int)limits->windows[i].count,
			"secs", (int)limits->windows[i].secs));
	return array;
}

static int print_json(const struct rows *rows)
{
	json_t *array = json_array();

	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->items[i];

		(void)json_array_append_new(array, json_pack(
			"{s:o, s:o, s:o, s:f, s:f}",
			"user", gp_show_json_name(row->user),
			"messages", json_used(row, GP_RATE_MESSAGES),
			"recipients", json_used(row, GP_RATE_RECIPIENTS),
			"wait_secs", (double)row->wait_msecs / 1000,
			"last_secs", (double)row->record.last_age_msecs / 1000));
	}
	gp_show_json(array);
	return EX_OK;
}

static int list(struct rows *rows, const char *user, struct gp_error *err)
{
	struct gp_store *store;
	char *person;
	int result;

	if (rows->settings->redis.server[0] == '\0')
		return gp_error_set(err, "redis.server is not set: each milter "
				    "counts by itself, and shows nothing");
	store = gp_store_redis_open(rows->settings, err);
	if (store == NULL)
		return -1;
	person = gp_command_person(rows->settings, user);
	result = store->ops->list_senders(store, person, add_row, rows, err);
	free(person);
	gp_store_close(&store);
	return result;
}

int gp_who_sending(const struct gp_settings *settings, const char *user,
		   bool is_json)
{
	struct rows rows = { .settings = settings };
	struct gp_error err;
	int code;

	if (list(&rows, user, &err) < 0) {
		code = gp_command_fail(EX_UNAVAILABLE, "%s", err.text);
	} else {
		if (rows.count > 0)
			qsort(rows.items, rows.count, sizeof(*rows.items),
			      compare_rows);
		code = is_json ? print_json(&rows) : print_table(&rows);
	}
	for (size_t i = 0; i < rows.count; i++)
		free(rows.items[i].user);
	free(rows.items);
	return code;
}
