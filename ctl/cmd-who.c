/* SPDX-License-Identifier: MIT */
/*
 * This module is "gatepostctl who": the programs that Redis remembers, how often
 * they check, and what they would get now.  who-sending.c shows the other half.
 */
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "command.h"
#include "policy-poll.h"
#include "policy-terms.h"
#include "pool.h"
#include "program.h"
#include "settings-parse.h"
#include "show.h"
#include "show-table.h"
#include "store.h"
#include "who-sending.h"

struct row {
	char *user, *program;
	struct gp_poll_record record;
	const char *state;
};

struct rows {
	const struct gp_settings *settings;
	bool only_early;
	struct row *items;
	size_t count;
};

/* What the next check gets: the policy's own word for an early one, "advise"
   for a program that keeps to the interval but not to the advised one. */
static const char *state_of(const struct gp_settings *settings,
			    const struct gp_poll_record *record)
{
	const bool is_pop3 = strncmp(record->program, "pop3/", 5) == 0;
	/* The userdb is not asked. */
	const struct gp_poll_subject subject = {
		.user = record->user,
		.ip = gp_program_ip(record->program),
		.program = record->program,
		.now_secs = time(NULL),
	};
	struct gp_poll_terms terms;
	struct gp_poll_facts facts = {
		.place = is_pop3 ? GP_PLACE_LOGIN : GP_PLACE_SESSION,
		.check = is_pop3 ? GP_CHECK_LOGIN : GP_CHECK_NOOP,
		.history_known = true,
		.history = {
			.verdict = GP_VERDICT_EARLY,
			.wait_msecs = record->wait_msecs,
			.early_count = record->early_count,
		},
		.can_absorb = true,
	};
	struct gp_decision decision;

	if (record->early_count == 0)
		return record->every_msecs > 0 && record->every_msecs <
			(int64_t)settings->poll.advised_secs * 1000
			? "advise" : "ok";
	gp_poll_terms_find(settings, &subject, &terms);
	facts.terms = &terms;
	gp_policy_poll(settings, &facts, &decision);
	return decision.action == GP_ACTION_PASS ? "early"
						 : gp_decision_word(&decision);
}

static void add_row(void *context, const struct gp_poll_record *record)
{
	struct rows *rows = context;
	struct row *row;

	if (rows->only_early && record->early_count == 0)
		return;
	rows->items = gp_realloc(rows->items,
				 (rows->count + 1) * sizeof(*rows->items));
	row = &rows->items[rows->count++];
	row->record = *record;
	row->user = gp_strdup(record->user);
	row->program = gp_strdup(record->program);
	row->state = state_of(rows->settings, record);
}

/* Who checks most often comes first; what was not measured yet comes last. */
static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	uint64_t every_a = (uint64_t)a->record.every_msecs - 1;
	uint64_t every_b = (uint64_t)b->record.every_msecs - 1;

	if (every_a != every_b)
		return every_a < every_b ? -1 : 1;
	if (strcmp(a->user, b->user) != 0)
		return strcmp(a->user, b->user);
	return strcmp(a->program, b->program);
}

static void free_rows(struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		free(rows->items[i].user);
		free(rows->items[i].program);
	}
	free(rows->items);
}

static const char *colour_of(const char *state)
{
	if (strcmp(state, "ok") == 0)
		return "green";
	return strcmp(state, "advise") == 0 ? "brown" : "red";
}

static void fill_line(struct libscols_line *line, const struct row *row)
{
	(void)scols_line_set_data(line, 0, row->user);
	(void)scols_line_set_data(line, 1, row->program);
	gp_table_set_number(line, 2, row->record.checks_count);
	gp_table_set_time(line, 3, row->record.every_msecs);
	gp_table_set_number(line, 4, row->record.early_count);
	(void)scols_line_set_data(line, 5, row->state);
	(void)scols_cell_set_color(scols_line_get_cell(line, 5),
				   colour_of(row->state));
	gp_table_set_time(line, 6, row->record.wait_msecs);
	gp_table_set_time(line, 7, row->record.last_age_msecs);
}

static int print_table(const struct rows *rows)
{
	static const struct gp_column columns[] = {
		{ "USER", 0 }, { "PROGRAM", 0 },
		{ "CHECKS", SCOLS_FL_RIGHT }, { "EVERY", SCOLS_FL_RIGHT },
		{ "EARLY", SCOLS_FL_RIGHT }, { "STATE", 0 },
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

static int print_json(const struct rows *rows)
{
	json_t *array = json_array();

	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->items[i];
		int64_t wait = row->record.wait_msecs;

		(void)json_array_append_new(array, json_pack(
			"{s:o, s:o, s:i, s:f, s:i, s:s, s:f, s:f}",
			"user", gp_show_json_name(row->user),
			"program", gp_show_json_name(row->program),
			"checks", (int)row->record.checks_count,
			"every_secs", (double)row->record.every_msecs / 1000,
			"early", (int)row->record.early_count,
			"state", row->state,
			"wait_secs", wait > 0 ? (double)wait / 1000 : 0.0,
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
		return gp_error_set(err, "redis.server is not set: there is no "
				    "history to show");
	store = gp_store_redis_open(rows->settings, err);
	if (store == NULL)
		return -1;
	person = gp_command_person(rows->settings, user);
	result = store->ops->list(store, person, (int64_t)1000 *
				  rows->settings->poll.ladder_window_secs,
				  add_row, rows, err);
	free(person);
	gp_store_close(&store);
	return result;
}

static int show(const struct gp_settings *settings, const char *user,
		bool only_early, bool is_json)
{
	struct rows rows = { .settings = settings, .only_early = only_early };
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
	free_rows(&rows);
	return code;
}

static int run(int argc, char **argv, const char *conf_path)
{
	static const struct option names[] = {
		{ "early", no_argument, NULL, 'e' },
		{ "json", no_argument, NULL, 'j' },
		{ "sending", no_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	bool only_early = false, is_json = false, is_sending = false;
	struct gp_settings *settings;
	struct gp_error err;
	int option, code;

	while ((option = getopt_long(argc, argv, "ejs", names, NULL)) != -1) {
		if (option == 'e')
			only_early = true;
		else if (option == 'j')
			is_json = true;
		else if (option == 's')
			is_sending = true;
		else
			return EX_USAGE;
	}
	if (argc - optind > 1)
		return gp_command_fail(EX_USAGE, "who takes one user at most");
	if (is_sending && only_early)
		return gp_command_fail(EX_USAGE, "--early is about checks for "
				       "mail, not about sending");
	if (gp_settings_load(conf_path, &settings, &err) < 0)
		return gp_command_fail(EX_CONFIG, "%s", err.text);
	(void)setlocale(LC_CTYPE, "");
	code = is_sending ? gp_who_sending(settings, argv[optind], is_json)
		: show(settings, argv[optind], only_early, is_json);
	gp_settings_free(&settings);
	return code;
}

const struct gp_command gp_command_who = {
	.name = "who",
	.arguments = "[--early | --sending] [--json] [USER]",
	.summary = "Shows who checks for mail, with which program, how often; or "
		"who sends",
	.help =
"  -e, --early   only programs that checked too often lately\n"
"  -s, --sending what users have sent lately, and what they may\n"
"  -j, --json    for machines\n"
"\n"
"Columns: CHECKS seen so far; EVERY, the measured time between them; EARLY, how\n"
"many rounds of early checks there were lately; STATE, what the next early check\n"
"gets (absorb, delay), \"advise\" for a program that keeps to poll.interval but\n"
"not to poll.advised, else ok; WAIT until a new round is admitted; LAST heard of.\n"
"A session that holds its connection brings its counts once per interval.\n"
"Columns of --sending: MESSAGES and RECIPIENTS in use of each limit; WAIT until\n"
"one more message may go; LAST message.\n",
	.run = run,
};
