/* SPDX-License-Identifier: MIT */
/* This module is documented in who.h: what users have sent lately, beside what they
   may. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy-rate.h"
#include "pool.h"
#include "settings-rate.h"
#include "show.h"
#include "show-table.h"
#include "store-pseudonym.h"
#include "who-order.h"
#include "who.h"

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

unsigned int gp_sender_used(const struct gp_sender_record *record,
			    enum gp_rate_kind kind,
			    const struct gp_rate_window *window)
{
	return gp_rate_used(window, gp_rate_tat(&record->state, kind, window), 0);
}

int64_t gp_sender_wait_msecs(const struct gp_sender_record *record,
			     const struct gp_rate_policy *policy)
{
	struct gp_rate_verdict verdict;

	gp_rate_look(&policy->terms, &record->state, 1, 0, &verdict);
	return (verdict.wait_ticks + GP_RATE_TICKS_PER_MSEC - 1) /
		GP_RATE_TICKS_PER_MSEC;
}

static void add_row(void *context, const struct gp_sender_record *record)
{
	struct rows *rows = context;
	struct row *row;

	rows->items = gp_realloc(rows->items,
				 (rows->count + 1) * sizeof(*rows->items));
	row = &rows->items[rows->count++];
	row->record = *record;
	row->user = gp_strdup(record->user);
	gp_policy_rate_find(rows->settings, row->user, &row->policy);
	row->wait_msecs = gp_sender_wait_msecs(record, &row->policy);
}

/* Who has sent last. */
static int by_last(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	return a->record.last_age_msecs != b->record.last_age_msecs
		? GP_ORDER(a->record.last_age_msecs, b->record.last_age_msecs)
		: strcmp(a->user, b->user);
}

static int by_wait(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	return a->wait_msecs != b->wait_msecs
		? GP_ORDER(b->wait_msecs, a->wait_msecs) : by_last(a, b);
}

static int by_user(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	return strcmp(a->user, b->user);
}

/* The window that is fullest, in thousandths. */
static unsigned int fullest(const struct row *row, enum gp_rate_kind kind)
{
	const struct gp_rate_limits *limits = &row->policy.terms.limits[kind];
	unsigned int most = 0;

	for (size_t i = 0; i < limits->count; i++) {
		const uint64_t used = gp_sender_used(&row->record, kind,
						     &limits->windows[i]);
		const unsigned int share = (unsigned int)(
			used * 1000 / limits->windows[i].count);

		if (share > most)
			most = share;
	}
	return most;
}

static int by_kind(const struct row *a, const struct row *b,
		   enum gp_rate_kind kind)
{
	const unsigned int of_a = fullest(a, kind), of_b = fullest(b, kind);

	return of_a != of_b ? GP_ORDER(of_b, of_a) : by_wait(a, b);
}

static int by_messages(const void *left, const void *right)
{
	return by_kind(left, right, GP_RATE_MESSAGES);
}

static int by_recipients(const void *left, const void *right)
{
	return by_kind(left, right, GP_RATE_RECIPIENTS);
}

static const struct gp_order orders[] = {
	{ "wait", by_wait }, { "user", by_user }, { "messages", by_messages },
	{ "recipients", by_recipients }, { "last", by_last }, { NULL, NULL },
};

int gp_who_sending_check(const char *sort, struct gp_error *err)
{
	return gp_order_find(orders, sort, err) == NULL ? -1 : 0;
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
			gp_sender_used(&row->record, kind, &limits->windows[i]),
			gp_rate_window_format(&limits->windows[i], window));
}

static void fill_line(struct libscols_line *line, const struct row *row)
{
	char text[USED_BYTES];

	gp_table_set_name(line, 0, row->user);
	for (int kind = 0; kind < GP_RATE_KINDS; kind++) {
		format_used(row, (enum gp_rate_kind)kind, text);
		(void)scols_line_set_data(line, 1 + (size_t)kind, text);
	}
	gp_table_set_time(line, 3, row->wait_msecs);
	if (row->wait_msecs > 0)
		(void)scols_cell_set_color(scols_line_get_cell(line, 3), "red");
	gp_table_set_time(line, 4, row->record.last_age_msecs + 1);
}

static void print_table(const struct rows *rows, size_t count, FILE *out)
{
	static const struct gp_column columns[] = {
		{ "USER", SCOLS_FL_TRUNC }, { "MESSAGES", SCOLS_FL_WRAP },
		{ "RECIPIENTS", SCOLS_FL_WRAP },
		{ "WAIT", SCOLS_FL_RIGHT }, 
		{ "LAST", SCOLS_FL_RIGHT | GP_COLUMN_SPARE(1) },
	};
	struct libscols_table *table =
		gp_table_create(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < count; i++)
		fill_line(scols_table_new_line(table, NULL), &rows->items[i]);
	gp_table_print(table, out);
}

static json_t *json_used(const struct row *row, enum gp_rate_kind kind)
{
	const struct gp_rate_limits *limits = &row->policy.terms.limits[kind];
	json_t *array = json_array();

	for (size_t i = 0; i < limits->count; i++)
		(void)json_array_append_new(array, json_pack(
			"{s:i, s:i, s:i}",
			"used", (int)gp_sender_used(&row->record, kind, &limits->windows[i]),
			"limit", (int)limits->windows[i].count,
			"secs", (int)limits->windows[i].secs));
	return array;
}

static void print_json(const struct gp_who *who, const struct rows *rows,
		       size_t count, FILE *out)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows->items[i];

		(void)json_array_append_new(array, json_pack(
			"{s:o, s:o, s:o, s:f, s:f}",
			"user", gp_show_json_name(row->user),
			"messages", json_used(row, GP_RATE_MESSAGES),
			"recipients", json_used(row, GP_RATE_RECIPIENTS),
			"wait_secs", (double)row->wait_msecs / 1000,
			"last_secs", (double)row->record.last_age_msecs / 1000));
	}
	if (who->is_watched)
		gp_show_json_line(out, "senders", array);
	else
		gp_show_json(array);
}

static int list(struct rows *rows, const char *user, struct gp_error *err)
{
	struct gp_store *store;
	int result;

	if (rows->settings->redis.server[0] == '\0')
		return gp_error_set(err, "redis.server is not set: each milter "
				    "counts by itself, and shows nothing");
	store = gp_store_open_to_review(rows->settings, err);
	if (store == NULL)
		return -1;
	result = store->ops->list_senders(store, user, add_row, rows, err);
	gp_store_close(&store);
	return result;
}

/* Those who need not wait go. */
static void choose_throttled(struct rows *rows)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->count; i++) {
		if (rows->items[i].wait_msecs > 0)
			rows->items[kept++] = rows->items[i];
		else
			free(rows->items[i].user);
	}
	rows->count = kept;
}

int gp_who_sending(const struct gp_settings *settings, const struct gp_who *who,
		   FILE *out, struct gp_error *err)
{
	struct rows rows = { .settings = settings };
	size_t count;
	int result = list(&rows, who->user, err);

	if (result == 0) {
		if (who->only_throttled)
			choose_throttled(&rows);
		gp_order_apply(orders, who->sort != NULL ? who->sort : "wait",
			       rows.items, rows.count, sizeof(*rows.items));
		count = who->top > 0 && who->top < rows.count ? who->top
							      : rows.count;
		if (who->is_json)
			print_json(who, &rows, count, out);
		else
			print_table(&rows, count, out);
	}
	for (size_t i = 0; i < rows.count; i++)
		free(rows.items[i].user);
	free(rows.items);
	return result;
}
