/* SPDX-License-Identifier: MIT */
/* This module is documented in replay-show.h. */
#include "replay-show.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pool.h"
#include "settings-value.h"
#include "show.h"
#include "show-table.h"
#include "show-width.h"

enum { LABEL_WIDTH = 10 };

/* One program to which something would have been done. */
struct row {
	const struct gp_replay_user *user;
	const struct gp_replay_program *program;
	uint64_t touched_count;
};

struct rows {
	struct row *items;
	size_t count;
};

static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	const int order = strcmp(a->user->name, b->user->name);

	if (a->touched_count != b->touched_count)
		return a->touched_count > b->touched_count ? -1 : 1;
	return order != 0 ? order : strcmp(a->program->name, b->program->name);
}

static void find_rows(const struct gp_replay *replay, struct rows *rows_r)
{
	struct rows rows = { NULL, 0 };

	for (size_t i = 0; i < replay->slots_count; i++) {
		const struct gp_replay_user *user = replay->slots[i];

		for (unsigned int k = 0; user != NULL &&
		     k < user->programs_count; k++) {
			const struct gp_replay_program *program =
				&user->programs[k];

			if ((program->touched_runs & 1) == 0)
				continue;
			if ((rows.count & (rows.count - 1)) == 0)
				rows.items = gp_realloc(rows.items,
					(2 * rows.count + 1) *
					sizeof(*rows.items));
			rows.items[rows.count++] = (struct row){
				user, program, program->absorbed_count +
				program->held_count + program->refused_count,
			};
		}
	}
	if (rows.count > 0)
		qsort(rows.items, rows.count, sizeof(*rows.items), compare_rows);
	*rows_r = rows;
}

static int compare_names(const void *left, const void *right)
{
	const struct gp_replay_user *a = *(struct gp_replay_user *const *)left;
	const struct gp_replay_user *b = *(struct gp_replay_user *const *)right;

	return strcmp(a->name, b->name);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : 100.0 * (double)part / (double)whole;
}

static const char *interval_text(unsigned int secs, char buffer[GP_DURATION_BYTES])
{
	return gp_duration_format(GP_SETTING_SECS, secs, buffer);
}

/* --- who comes with an interval --- */

/* Touched by that interval, and by none before it: in memory to free(). */
static const struct gp_replay_user **find_new(const struct gp_replay *replay,
					      size_t run, size_t *count_r)
{
	const unsigned int before = (1u << run) - 2;    /* without the policy */
	const struct gp_replay_user **users = gp_alloc(
		(replay->users_count + 1) * sizeof(*users));

	*count_r = 0;
	for (size_t i = 0; i < replay->slots_count; i++)
		if (replay->slots[i] != NULL &&
		    (replay->slots[i]->touched_runs & (1u << run)) != 0 &&
		    (replay->slots[i]->touched_runs & before) == 0)
			users[(*count_r)++] = replay->slots[i];
	qsort(users, *count_r, sizeof(*users), compare_names);
	return users;
}

/* --- for people --- */

static const char *time_text(int64_t msecs, char *text, size_t size)
{
	const time_t secs = (time_t)(msecs / 1000);
	struct tm tm;

	if (msecs < 0 || localtime_r(&secs, &tm) == NULL ||
	    strftime(text, size, "%Y-%m-%d %H:%M", &tm) == 0)
		(void)snprintf(text, size, "-");
	return text;
}

/* Of who has one, or of all when they are not known. */
static void put_by_hand(const struct gp_replay *replay)
{
	char text[sizeof(struct gp_error) + 64];

	if (replay->by_hand_unknown != NULL)
		(void)snprintf(text, sizeof(text), "by hand   exemptions are not "
			       "applied: %s", replay->by_hand_unknown);
	else if (replay->by_hand != NULL && replay->by_hand->count > 0)
		(void)snprintf(text, sizeof(text), "by hand   %zu exemption%s, "
			       "applied as of now", replay->by_hand->count,
			       replay->by_hand->count == 1 ? "" : "s");
	else
		return;
	gp_width_print(stdout, text, LABEL_WIDTH);
}

static void put_head(const struct gp_replay *replay)
{
	char since[32], until[32];

	(void)printf("period    %s to %s\n",
		     time_text(replay->first_msecs, since, sizeof(since)),
		     time_text(replay->last_msecs, until, sizeof(until)));
	(void)printf("read      %" PRIu64 " lines: %" PRIu64 " logins by IMAP, %"
		     PRIu64 " by POP3, %" PRIu64 " messages, %" PRIu64
		     " of the journal\n", replay->lines_count, replay->imap_count,
		     replay->pop3_count, replay->messages_count,
		     replay->journal_count);
	if (replay->broken_count > 0)
		(void)printf("damaged   %" PRIu64 " lines\n",
			     replay->broken_count);
	if (replay->dropped_count > 0)
		(void)printf("left out  %" PRIu64 " lines: more users or programs "
			     "than there is room for\n", replay->dropped_count);
	(void)printf("users     %zu, programs %zu\n", replay->users_count,
		     replay->programs_count);
	put_by_hand(replay);
	if (gp_replay_is_partial(replay))
		(void)printf("warning   the journal has early checks alone "
			     "(journal.all_checks is off): who was\n"
			     "          in time by its interval is missing, so longer "
			     "intervals touch more\n"
			     "          than is told here; logs of logins know all\n");
}

static void put_runs(const struct gp_replay *replay,
		     const struct gp_replay_view *view)
{
	static const struct gp_column columns[] = {
		{ "INTERVAL", 0 }, { "USERS TOUCHED", SCOLS_FL_RIGHT },
		{ "SHARE", SCOLS_FL_RIGHT }, { "PROGRAMS", SCOLS_FL_RIGHT },
		{ "EARLY", SCOLS_FL_RIGHT }, { "TOUCHED", SCOLS_FL_RIGHT },
	};
	struct libscols_table *table =
		gp_table_create(columns, sizeof(columns) / sizeof(columns[0]));
	const unsigned int best = gp_replay_suggest(replay, view->share_percent);
	char text[GP_DURATION_BYTES];

	for (size_t run = 0; run < replay->runs_count; run++) {
		const struct gp_replay_run *found = &replay->runs[run];
		struct libscols_line *line = scols_table_new_line(table, NULL);
		char cell[64];

		(void)snprintf(cell, sizeof(cell), "%s%s",
			       interval_text(found->interval_secs, text),
			       run == 0 ? " (policy)" : "");
		(void)scols_line_set_data(line, 0, cell);
		(void)snprintf(cell, sizeof(cell), "%" PRIu64,
			       found->users_touched);
		(void)scols_line_set_data(line, 1, cell);
		(void)snprintf(cell, sizeof(cell), "%.1f %%",
			       percent(found->users_touched,
				       replay->users_count));
		(void)scols_line_set_data(line, 2, cell);
		(void)snprintf(cell, sizeof(cell), "%" PRIu64,
			       found->programs_touched);
		(void)scols_line_set_data(line, 3, cell);
		(void)snprintf(cell, sizeof(cell), "%" PRIu64,
			       found->early_count);
		(void)scols_line_set_data(line, 4, cell);
		(void)snprintf(cell, sizeof(cell), "%" PRIu64,
			       found->touched_count);
		(void)scols_line_set_data(line, 5, cell);
	}
	(void)putchar('\n');
	gp_table_print(table, stdout);
	if (best > 0)
		(void)printf("\nsuggested: poll.interval = %s, the longest of these "
			     "that touches at most %.1f %% of the users\n",
			     interval_text(best, text), view->share_percent);
	else if (replay->users_count > 0 && replay->runs_count > 1)
		(void)printf("\nsuggested: none of these; the shortest, %s, touches "
			     "%.1f %% of the users, more than %.1f %%\n",
			     interval_text(replay->runs[1].interval_secs, text),
			     percent(replay->runs[1].users_touched,
				     replay->users_count), view->share_percent);
}

static void put_names(const struct gp_replay_user **users, size_t count, size_t top)
{
	const size_t shown = top > 0 && top < count ? top : count;

	for (size_t i = 0; i < shown; i++) {
		char *clean = gp_show_clean(users[i]->name);

		(void)printf("%s%s", i == 0 ? " " : ", ", clean);
		free(clean);
	}
	if (shown < count)
		(void)printf(" and %zu more", count - shown);
}

/* What would change with a longer interval: for whom. */
static void put_new_users(const struct gp_replay *replay, size_t top)
{
	char text[GP_DURATION_BYTES];
	bool is_first = true;

	for (size_t run = 1; run < replay->runs_count; run++) {
		size_t count;
		const struct gp_replay_user **users =
			find_new(replay, run, &count);

		if (count > 0) {
			(void)printf("%sat %s:%s", is_first
				     ? "\nusers touched:\n" : "",
				     interval_text(replay->runs[run].interval_secs,
						   text), is_first ? "" : " also");
			put_names(users, count, top);
			(void)putchar('\n');
			is_first = false;
		}
		free(users);
	}
}

static void put_rows(const struct rows *rows, size_t top)
{
	static const struct gp_column columns[] = {
		{ "USER", SCOLS_FL_TRUNC },
		{ "PROGRAM", SCOLS_FL_TRUNC | GP_COLUMN_LEAST(27) },
		{ "CHECKS", SCOLS_FL_RIGHT | GP_COLUMN_SPARE(1) },
		{ "EVERY", SCOLS_FL_RIGHT }, { "EARLY", SCOLS_FL_RIGHT },
		{ "ABSORBED", SCOLS_FL_RIGHT }, { "HELD", SCOLS_FL_RIGHT },
		{ "REFUSED", SCOLS_FL_RIGHT },
	};
	struct libscols_table *table;

	if (rows->count == 0)
		return;
	table = gp_table_create(columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < rows->count && (top == 0 || i < top); i++) {
		const struct gp_replay_program *program = rows->items[i].program;
		struct libscols_line *line = scols_table_new_line(table, NULL);

		gp_table_set_name(line, 0, rows->items[i].user->name);
		gp_table_set_name(line, 1, program->name);
		gp_table_set_number(line, 2, (unsigned int)program->checks_count);
		gp_table_set_time(line, 3, program->every_msecs);
		gp_table_set_number(line, 4, (unsigned int)program->early_count);
		gp_table_set_number(line, 5,
				    (unsigned int)program->absorbed_count);
		gp_table_set_number(line, 6, (unsigned int)program->held_count);
		gp_table_set_number(line, 7, (unsigned int)program->refused_count);
	}
	(void)printf("\nby the policy, %zu program%s would have been slowed down:\n",
		     rows->count, rows->count == 1 ? "" : "s");
	gp_table_print(table, stdout);
}

static int compare_senders(const void *left, const void *right)
{
	const struct gp_replay_user *a = *(struct gp_replay_user *const *)left;
	const struct gp_replay_user *b = *(struct gp_replay_user *const *)right;

	if (a->messages_refused_count != b->messages_refused_count)
		return a->messages_refused_count > b->messages_refused_count
			? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Those whose mail would have been deferred, in memory to free(). */
static const struct gp_replay_user **find_senders(const struct gp_replay *replay,
						  size_t *count_r)
{
	const struct gp_replay_user **senders =
		gp_alloc((replay->users_count + 1) * sizeof(*senders));

	*count_r = 0;
	for (size_t i = 0; i < replay->slots_count; i++)
		if (replay->slots[i] != NULL &&
		    replay->slots[i]->messages_refused_count > 0)
			senders[(*count_r)++] = replay->slots[i];
	if (*count_r > 0)
		qsort(senders, *count_r, sizeof(*senders), compare_senders);
	return senders;
}

static void put_senders(const struct gp_replay *replay, size_t top)
{
	static const struct gp_column columns[] = {
		{ "USER", SCOLS_FL_TRUNC }, { "MESSAGES", SCOLS_FL_RIGHT },
		{ "REFUSED", SCOLS_FL_RIGHT },
	};
	size_t count;
	const struct gp_replay_user **senders = find_senders(replay, &count);
	struct libscols_table *table;

	if (count > 0) {
		table = gp_table_create(columns, 3);
		for (size_t i = 0; i < count && (top == 0 || i < top); i++) {
			struct libscols_line *line =
				scols_table_new_line(table, NULL);

			gp_table_set_name(line, 0, senders[i]->name);
			gp_table_set_number(line, 1, (unsigned int)
					    senders[i]->messages_count);
			gp_table_set_number(line, 2, (unsigned int)
					    senders[i]->messages_refused_count);
		}
		(void)printf("\nby the limits for sending, mail of %zu user%s would "
			     "have had to wait:\n", count, count == 1 ? "" : "s");
		gp_table_print(table, stdout);
	}
	free(senders);
}

void gp_replay_show(const struct gp_replay *replay,
		    const struct gp_replay_view *view)
{
	struct rows rows;

	put_head(replay);
	if (replay->users_count == 0)
		return;
	put_runs(replay, view);
	put_new_users(replay, view->top);
	find_rows(replay, &rows);
	put_rows(&rows, view->top);
	free(rows.items);
	put_senders(replay, view->top);
}

/* --- for machines --- */

static json_t *new_users_json(const struct gp_replay *replay, size_t run,
			      size_t top)
{
	json_t *array = json_array();
	size_t count;
	const struct gp_replay_user **users = find_new(replay, run, &count);

	for (size_t i = 0; i < count && (top == 0 || i < top); i++)
		(void)json_array_append_new(array,
					    gp_show_json_name(users[i]->name));
	free(users);
	return array;
}

static json_t *runs_json(const struct gp_replay *replay, size_t top)
{
	json_t *array = json_array();

	for (size_t run = 0; run < replay->runs_count; run++) {
		const struct gp_replay_run *found = &replay->runs[run];

		(void)json_array_append_new(array, json_pack(
			"{s:o, s:i, s:b, s:I, s:f, s:I, s:I, s:I}",
			"also", new_users_json(replay, run, top),
			"interval_secs", (int)found->interval_secs,
			"policy", (int)(run == 0),
			"users_touched", (json_int_t)found->users_touched,
			"users_percent", percent(found->users_touched,
						 replay->users_count),
			"programs_touched", (json_int_t)found->programs_touched,
			"early", (json_int_t)found->early_count,
			"touched", (json_int_t)found->touched_count));
	}
	return array;
}

static json_t *rows_json(const struct rows *rows, size_t top)
{
	json_t *array = json_array();

	for (size_t i = 0; i < rows->count && (top == 0 || i < top); i++) {
		const struct gp_replay_program *program = rows->items[i].program;

		(void)json_array_append_new(array, json_pack(
			"{s:o, s:o, s:I, s:f, s:I, s:I, s:I, s:I}",
			"user", gp_show_json_name(rows->items[i].user->name),
			"program", gp_show_json_name(program->name),
			"checks", (json_int_t)program->checks_count,
			"every_secs", (double)program->every_msecs / 1000,
			"early", (json_int_t)program->early_count,
			"absorbed", (json_int_t)program->absorbed_count,
			"held", (json_int_t)program->held_count,
			"refused", (json_int_t)program->refused_count));
	}
	return array;
}

static json_t *senders_json(const struct gp_replay *replay, size_t top)
{
	json_t *array = json_array();
	size_t count;
	const struct gp_replay_user **senders = find_senders(replay, &count);

	for (size_t i = 0; i < count && (top == 0 || i < top); i++)
		(void)json_array_append_new(array, json_pack(
			"{s:o, s:I, s:I}",
			"user", gp_show_json_name(senders[i]->name),
			"messages", (json_int_t)senders[i]->messages_count,
			"refused",
			(json_int_t)senders[i]->messages_refused_count));
	free(senders);
	return array;
}

void gp_replay_show_json(const struct gp_replay *replay,
			 const struct gp_replay_view *view)
{
	const unsigned int best = gp_replay_suggest(replay, view->share_percent);
	struct rows rows;

	find_rows(replay, &rows);
	gp_show_json(json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:b, s:o, s:o,"
		" s:o, s:o}",
		"lines", (json_int_t)replay->lines_count,
		"damaged", (json_int_t)replay->broken_count,
		"left_out", (json_int_t)replay->dropped_count,
		"imap_logins", (json_int_t)replay->imap_count,
		"pop3_logins", (json_int_t)replay->pop3_count,
		"messages", (json_int_t)replay->messages_count,
		"journal", (json_int_t)replay->journal_count,
		"users", (json_int_t)replay->users_count,
		"programs", (json_int_t)replay->programs_count,
		"intervals", runs_json(replay, view->top),
		"journal_is_partial", (int)gp_replay_is_partial(replay),
		"suggested_secs", best == 0 ? json_null() : json_integer(best),
		"throttled", rows_json(&rows, view->top),
		"senders", senders_json(replay, view->top),
		"exempt_by_hand", replay->by_hand == NULL ? json_null()
		: json_integer((json_int_t)replay->by_hand->count)));
	free(rows.items);
}
