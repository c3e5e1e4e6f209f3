/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in who.h: the programs that Redis remembers, how often
 * they check, and what they would get now.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "log.h"
#include "policy-poll.h"
#include "policy-terms.h"
#include "pool.h"
#include "program.h"
#include "settings-place.h"
#include "store-record.h"
#include "show.h"
#include "show-table.h"
#include "who-order.h"
#include "who.h"

static const char usual_why[] = "poll.interval";

/* The userdb is not asked. */
static void find_terms(const struct gp_program_rows *rows,
		       const struct gp_poll_record *record,
		       struct gp_poll_terms *terms_r)
{
	const struct gp_poll_subject subject = {
		.user = record->user,
		.ip = gp_program_ip(record->program),
		.program = record->program,
		.now_secs = time(NULL),
		.by_hand = rows->by_hand,
	};

	gp_poll_terms_find(rows->settings, &subject, terms_r);
}

static void decide(const struct gp_settings *settings,
		   const struct gp_poll_record *record,
		   const struct gp_poll_terms *terms,
		   struct gp_decision *decision_r)
{
	const bool is_pop3 = strncmp(record->program, "pop3/", 5) == 0;
	unsigned int within_secs[GP_LADDER_WINDOWS_MAX];
	struct gp_poll_facts facts = {
		.place = is_pop3 ? GP_PLACE_LOGIN : GP_PLACE_SESSION,
		.check = is_pop3 ? GP_CHECK_LOGIN : GP_CHECK_NOOP,
		.terms = terms,
		.history_known = true,
		.history = {
			.verdict = GP_VERDICT_EARLY,
			.wait_msecs = record->wait_msecs,
			.early_count = record->early_count,
		},
		.can_absorb = true,
	};

	(void)gp_poll_terms_windows(terms, within_secs);
	gp_store_record_within(record, within_secs, &facts.history);
	gp_policy_poll(settings, &facts, decision_r);
}

/* Of one without early checks lately: "advise" if it keeps to the interval but not to
   the advised one.  How often it checked says nothing of one that does not any more. */
static const char *calm_state(const struct gp_settings *settings,
			      const struct gp_poll_record *record)
{
	const int64_t advised_msecs = (int64_t)settings->poll.advised_secs * 1000;

	if (record->every_msecs <= 0 || record->every_msecs >= advised_msecs)
		return "ok";
	return record->last_age_msecs < advised_msecs ? "advise" : "quiet";
}

/* What the next check gets: the policy's own word for an early one. */
static void find_state(const struct gp_settings *settings,
		       const struct gp_poll_terms *terms,
		       struct gp_program_row *row)
{
	const struct gp_poll_record *record = &row->record;
	struct gp_decision decision;
	enum gp_action effect;

	if (terms->is_exempt) {
		row->state = "exempt";
		return;
	}
	if (record->early_count == 0) {
		row->state = calm_state(settings, record);
		return;
	}
	decide(settings, record, terms, &decision);
	effect = gp_decision_effect(&decision);
	row->state = decision.action == GP_ACTION_PASS
		? "early" : gp_decision_word(&decision);
	row->is_throttled = record->wait_msecs > 0 &&
		effect != GP_ACTION_PASS && effect != GP_ACTION_NOTE;
}

void gp_program_rows_add(void *context, const struct gp_poll_record *record)
{
	struct gp_program_rows *rows = context;
	const struct gp_settings *settings = rows->settings;
	struct gp_poll_terms terms;
	struct gp_program_row *row;

	rows->items = gp_realloc(rows->items,
				 (rows->count + 1) * sizeof(*rows->items));
	row = &rows->items[rows->count++];
	*row = (struct gp_program_row){
		.user = gp_strdup(record->user),
		.program = gp_strdup(record->program),
		.record = *record,
		.item = GP_PLACE_WHOLE,
	};
	row->record.user = row->user;
	row->record.program = row->program;
	find_terms(rows, &row->record, &terms);
	find_state(settings, &terms, row);
	row->interval_secs = terms.interval_secs;
	row->why = terms.why;
	if (terms.exemption != NULL)
		row->item = (size_t)(terms.exemption -
				     settings->poll.exemptions.items);
	else if (terms.override != NULL)
		row->item = (size_t)(terms.override -
				     settings->poll.overrides.items);
}

void gp_program_rows_know(struct gp_program_rows *rows, struct gp_store *store,
			  const char *user)
{
	const struct gp_exemption_list *by_hand;
	struct gp_error unused;

	if (store->ops->exemptions != NULL &&
	    store->ops->exemptions(store, user, gp_clock_monotonic_msecs(),
				   &by_hand, &unused) == 0)
		rows->by_hand = by_hand;
}

void gp_program_rows_clear(struct gp_program_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		free(rows->items[i].user);
		free(rows->items[i].program);
	}
	free(rows->items);
	rows->items = NULL;
	rows->count = 0;
}

/* --- the order --- */

static int by_name(const struct gp_program_row *a, const struct gp_program_row *b)
{
	const int order = strcmp(a->user, b->user);

	return order != 0 ? order : strcmp(a->program, b->program);
}

/* What was not measured yet comes last. */
static int by_every(const void *left, const void *right)
{
	const struct gp_program_row *a = left, *b = right;
	const uint64_t every_a = (uint64_t)a->record.every_msecs - 1;
	const uint64_t every_b = (uint64_t)b->record.every_msecs - 1;

	return every_a != every_b ? GP_ORDER(every_a, every_b) : by_name(a, b);
}

static int by_user(const void *left, const void *right)
{
	return by_name(left, right);
}

static int by_program(const void *left, const void *right)
{
	const struct gp_program_row *a = left, *b = right;
	const int order = strcmp(a->program, b->program);

	return order != 0 ? order : by_name(a, b);
}

static int by_checks(const void *left, const void *right)
{
	const struct gp_program_row *a = left, *b = right;
	const unsigned int of_a = a->record.checks_count;
	const unsigned int of_b = b->record.checks_count;

	return of_a != of_b ? GP_ORDER(of_b, of_a) : by_name(a, b);
}

static int by_early(const void *left, const void *right)
{
	const struct gp_program_row *a = left, *b = right;
	const unsigned int of_a = a->record.early_count;
	const unsigned int of_b = b->record.early_count;

	return of_a != of_b ? GP_ORDER(of_b, of_a) : by_every(a, b);
}

static int by_state(const void *left, const void *right)
{
	const struct gp_program_row *a = left, *b = right;
	const int order = strcmp(a->state, b->state);

	return order != 0 ? order : by_every(a, b);
}

static int by_wait(const void *left, const void *right)
{
	const struct gp_program_row *a = left, *b = right;

	return a->record.wait_msecs != b->record.wait_msecs
		? GP_ORDER(b->record.wait_msecs, a->record.wait_msecs)
		: by_name(a, b);
}

static int by_last(const void *left, const void *right)
{
	const struct gp_program_row *a = left, *b = right;

	return a->record.last_age_msecs != b->record.last_age_msecs
		? GP_ORDER(a->record.last_age_msecs, b->record.last_age_msecs)
		: by_name(a, b);
}

static const struct gp_order orders[] = {
	{ "every", by_every }, { "user", by_user }, { "program", by_program },
	{ "checks", by_checks }, { "early", by_early }, { "state", by_state },
	{ "wait", by_wait }, { "last", by_last }, { NULL, NULL },
};

int gp_who_programs_check(const char *sort, struct gp_error *err)
{
	return gp_order_find(orders, sort, err) == NULL ? -1 : 0;
}

void gp_program_rows_sort(struct gp_program_rows *rows)
{
	gp_order_apply(orders, "every", rows->items, rows->count,
		       sizeof(*rows->items));
}

/* --- the table --- */

static const char *colour_of(const char *state)
{
	if (strcmp(state, "ok") == 0 || strcmp(state, "exempt") == 0 ||
	    strcmp(state, "quiet") == 0)
		return "green";
	return strcmp(state, "advise") == 0 ? "brown" : "red";
}

const char *gp_program_row_why(const struct gp_settings *settings,
			       const struct gp_program_row *row,
			       char text[GP_PROGRAM_WHY_BYTES])
{
	const char *why = row->why != NULL ? row->why : usual_why;
	struct gp_setting_place place;

	if (row->item != GP_PLACE_WHOLE &&
	    gp_settings_place(settings, why, row->item, &place) &&
	    place.path != NULL)
		(void)snprintf(text, GP_PROGRAM_WHY_BYTES, "%s, line %d", why,
			       place.line);
	else
		(void)snprintf(text, GP_PROGRAM_WHY_BYTES, "%s", why);
	return text;
}

static void fill_line(const struct gp_settings *settings,
		      struct libscols_line *line, const struct gp_program_row *row)
{
	char why[GP_PROGRAM_WHY_BYTES];

	gp_table_set_name(line, 0, row->user);
	gp_table_set_name(line, 1, row->program);
	gp_table_set_number(line, 2, row->record.checks_count);
	gp_table_set_time(line, 3, row->record.every_msecs);
	gp_table_set_time(line, 4, (int64_t)row->interval_secs * 1000);
	gp_table_set_number(line, 5, row->record.early_count);
	(void)scols_line_set_data(line, 6, row->state);
	(void)scols_cell_set_color(scols_line_get_cell(line, 6),
				   colour_of(row->state));
	gp_table_set_time(line, 7, row->record.wait_msecs);
	gp_table_set_time(line, 8, row->record.last_age_msecs);
	(void)scols_line_set_data(line, 9,
				  gp_program_row_why(settings, row, why));
}

static void print_table(const struct gp_program_rows *rows, size_t count,
			FILE *out)
{
	static const struct gp_column columns[] = {
		{ "USER", SCOLS_FL_TRUNC },
		{ "PROGRAM", SCOLS_FL_TRUNC | GP_COLUMN_LEAST(27) },
		{ "CHECKS", SCOLS_FL_RIGHT | GP_COLUMN_SPARE(3) },
		{ "EVERY", SCOLS_FL_RIGHT }, { "INTERVAL", SCOLS_FL_RIGHT },
		{ "EARLY", SCOLS_FL_RIGHT }, { "STATE", 0 },
		{ "WAIT", SCOLS_FL_RIGHT },
		{ "LAST", SCOLS_FL_RIGHT | GP_COLUMN_SPARE(2) },
		{ "WHY", SCOLS_FL_TRUNC | GP_COLUMN_SPARE(1) },
	};
	struct libscols_table *table =
		gp_table_create(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < count; i++)
		fill_line(rows->settings, scols_table_new_line(table, NULL),
			  &rows->items[i]);
	gp_table_print(table, out);
}

json_t *gp_program_row_json(const struct gp_program_row *row)
{
	const int64_t wait = row->record.wait_msecs;

	return json_pack("{s:o, s:i, s:f, s:i, s:i, s:s, s:f, s:f}",
			 "program", gp_show_json_name(row->program),
			 "checks", (int)row->record.checks_count,
			 "every_secs", (double)row->record.every_msecs / 1000,
			 "interval_secs", (int)row->interval_secs,
			 "early", (int)row->record.early_count,
			 "state", row->state,
			 "wait_secs", wait > 0 ? (double)wait / 1000 : 0.0,
			 "last_secs", (double)row->record.last_age_msecs / 1000);
}

static void print_json(const struct gp_who *who,
		       const struct gp_program_rows *rows, size_t count, FILE *out)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct gp_program_row *row = &rows->items[i];
		json_t *object = json_pack("{s:o}", "user", gp_show_json_name(row->user));

		(void)json_object_update_new(object, gp_program_row_json(row));
		(void)json_object_set_new(object, "why", json_string(
			row->why != NULL ? row->why : usual_why));
		(void)json_array_append_new(array, object);
	}
	if (who->is_watched)
		gp_show_json_line(out, "programs", array);
	else
		gp_show_json(array);
}

/* Those that are not asked for go. */
static void choose(const struct gp_who *who, struct gp_program_rows *rows)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->count; i++) {
		struct gp_program_row *row = &rows->items[i];

		if ((who->only_early && row->record.early_count == 0) ||
		    (who->only_throttled && !row->is_throttled)) {
			free(row->user);
			free(row->program);
		} else {
			rows->items[kept++] = *row;
		}
	}
	rows->count = kept;
}

static int list(const struct gp_who *who, struct gp_program_rows *rows,
		struct gp_error *err)
{
	struct gp_store *store = gp_command_store(rows->settings, err);
	int result;

	if (store == NULL)
		return -1;
	gp_program_rows_know(rows, store, who->user);
	result = store->ops->list(store, who->user, (int64_t)1000 *
				  rows->settings->poll.ladder_window_secs,
				  gp_program_rows_add, rows, err);
	gp_store_close(&store);
	return result;
}

int gp_who_programs(const struct gp_settings *settings, const struct gp_who *who,
		    FILE *out, struct gp_error *err)
{
	struct gp_program_rows rows = { .settings = settings };
	size_t count;
	int result = list(who, &rows, err);

	if (result == 0) {
		choose(who, &rows);
		gp_order_apply(orders, who->sort != NULL ? who->sort : "every",
			       rows.items, rows.count, sizeof(*rows.items));
		count = who->top > 0 && who->top < rows.count ? who->top
							      : rows.count;
		if (who->is_json)
			print_json(who, &rows, count, out);
		else
			print_table(&rows, count, out);
	}
	gp_program_rows_clear(&rows);
	return result;
}
