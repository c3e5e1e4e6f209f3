/* SPDX-License-Identifier: MIT */
/* This module is documented in person-show.h. */
#include "person-show.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exempt.h"
#include "identity.h"
#include "journal.h"
#include "pool.h"
#include "settings-place.h"
#include "settings-rate.h"
#include "show.h"
#include "show-entry.h"
#include "show-table.h"
#include "show-width.h"

enum { LABEL_WIDTH = 10, LINE_INDENT = 20 };

/* --- what both forms need --- */

/* The number of the item of submission.exemptions for the login; -1: none. */
static size_t find_exemption(const struct gp_person *person)
{
	const struct gp_exemption_list *list =
		&person->settings->submission.exemptions;

	for (size_t i = 0; i < list->count; i++)
		if (!list->items[i].is_network &&
		    strcmp(list->items[i].login, person->name) == 0 &&
		    list->items[i].until_secs > (int64_t)time(NULL))
			return i;
	return GP_PLACE_WHOLE;
}

static bool sends_as_anyone(const struct gp_person *person)
{
	const struct gp_str_list *list = &person->settings->identity.send_as_anyone;

	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], person->name) == 0)
			return true;
	return false;
}

/* What is special about the person, place by place. */
typedef void visit_special(void *context, const char *setting, size_t item);

static void visit_specials(const struct gp_person *person, visit_special *visit,
			   void *context)
{
	const struct gp_settings *settings = person->settings;
	const struct gp_poll_terms *terms = &person->terms;

	if (terms->exemption >= settings->poll.exemptions.items &&
	    terms->exemption < settings->poll.exemptions.items +
			       settings->poll.exemptions.count)
		visit(context, "poll.exemptions",
		      (size_t)(terms->exemption -
			       settings->poll.exemptions.items));
	if (terms->override != NULL)
		visit(context, "poll.overrides",
		      (size_t)(terms->override - settings->poll.overrides.items));
	if (person->rate.override != NULL)
		visit(context, "rate.overrides",
		      (size_t)(person->rate.override -
			       settings->rate.overrides.items));
	if (find_exemption(person) != GP_PLACE_WHOLE)
		visit(context, "submission.exemptions", find_exemption(person));
	if (sends_as_anyone(person))
		visit(context, "identity.send_as_anyone", GP_PLACE_WHOLE);
}

/* --- for people --- */

static void put_whole(const char *label, const char *clean)
{
	char *line;

	if (asprintf(&line, "%-9s %s", label, clean) < 0)
		return;
	gp_width_print(stdout, line, LABEL_WIDTH);
	free(line);
}

static void put(const char *label, const char *text)
{
	char *clean = gp_show_clean(text);

	put_whole(label, clean);
	free(clean);
}

static void put_groups(const struct gp_person *person)
{
	const struct gp_group_list *groups = &person->settings->login.groups;
	struct gp_pool *pool = gp_pool_create();
	const char *text = NULL;

	for (size_t i = 0; i < groups->count; i++)
		if (gp_group_contains(&groups->items[i], person->name))
			text = gp_pool_printf(pool, "%s%s%s",
					      text == NULL ? "" : text,
					      text == NULL ? "" : ", ",
					      groups->items[i].name);
	if (text != NULL)
		put("groups", text);
	gp_pool_free(&pool);
}

static void put_terms(const struct gp_person *person)
{
	const struct gp_poll_terms *terms = &person->terms;
	char interval[32];

	gp_show_time((int64_t)terms->interval_secs * 1000, interval,
		     sizeof(interval));
	(void)printf("checks    %s, interval %s%s\n", gp_mode_word(terms->mode),
		     interval, terms->is_exempt ? ", exempt" : "");
}

static void put_special(void *context, const char *setting, size_t item)
{
	const struct gp_person *person = context;
	struct gp_setting_place place;
	char *text = NULL;

	if (!gp_settings_place(person->settings, setting, item, &place))
		return;
	if (place.path == NULL)
		return;
	if (asprintf(&text, "%s, %s:%d: %.*s", setting, place.path, place.line,
		     (int)place.text_length, place.text) < 0)
		return;
	put("special", text);
	free(text);
}

static void put_used(const struct gp_person *person, enum gp_rate_kind kind,
		     const char *label)
{
	const struct gp_rate_limits *limits = &person->rate.terms.limits[kind];
	char window[GP_RATE_WINDOW_BYTES], *text = NULL;
	size_t length = 0;
	FILE *out = limits->count == 0 ? NULL : open_memstream(&text, &length);

	if (out == NULL)
		return;
	for (size_t i = 0; i < limits->count; i++) {
		const unsigned int used = gp_sender_used(&person->sent, kind,
							 &limits->windows[i]);

		(void)gp_rate_window_format(&limits->windows[i], window);
		if (person->is_looked_up)
			(void)fprintf(out, "%s%u of %s, %u left", i == 0
				      ? "" : "; ", used, window,
				      limits->windows[i].count - used);
		else
			(void)fprintf(out, "%s%s", i == 0 ? "" : "; ", window);
	}
	(void)fprintf(out, "  (%s)", person->rate.why[kind]);
	(void)fclose(out);
	put_whole(label, text);
	free(text);
}

static void put_sent(const struct gp_person *person)
{
	const int64_t wait_msecs = gp_sender_wait_msecs(&person->sent,
							&person->rate);
	char text[32];

	if (!person->has_sent && !gp_rate_is_limited(&person->rate.terms))
		return;
	put_used(person, GP_RATE_MESSAGES, "messages");
	put_used(person, GP_RATE_RECIPIENTS, "recipients");
	if (wait_msecs > 0) {
		gp_show_time(wait_msecs, text, sizeof(text));
		(void)printf("wait      %s until one more message may go\n", text);
	}
	if (!person->has_sent)
		return;
	gp_show_time(person->sent.last_age_msecs + 1, text, sizeof(text));
	(void)printf("sent      %s ago\n", text);
}

static void put_human(const struct gp_person *person)
{
	char text[32];

	if (person->human_age_msecs < 0)
		return;
	gp_show_time(person->human_age_msecs + 1, text, sizeof(text));
	(void)printf("there     %s ago\n", text);
}

static void put_actions(const struct gp_person *person)
{
	const time_t since = (time_t)(person->since_msecs / 1000);
	char when[32] = "", *text = NULL;
	size_t length = 0;
	FILE *out = person->actions_count == 0 ? NULL
		: open_memstream(&text, &length);
	struct tm tm;

	if (out == NULL)
		return;
	for (size_t i = 0; i < person->actions_count; i++) {
		char *clean = gp_show_clean(person->actions[i].word);

		(void)fprintf(out, "%s%s %" PRIu64, i == 0 ? "" : ", ", clean,
			      person->actions[i].count);
		free(clean);
	}
	if (person->since_msecs >= 0 && localtime_r(&since, &tm) != NULL)
		(void)strftime(when, sizeof(when), " since %Y-%m-%d %H:%M", &tm);
	(void)fputs(when, out);
	(void)fclose(out);
	put_whole("actions", text);
	free(text);
}

static void fill_line(const struct gp_person *person, struct libscols_line *line,
		      const struct gp_program_row *row)
{
	char why[GP_PROGRAM_WHY_BYTES];

	gp_table_set_name(line, 0, row->program);
	gp_table_set_number(line, 1, row->record.checks_count);
	gp_table_set_time(line, 2, row->record.every_msecs);
	gp_table_set_time(line, 3, (int64_t)row->interval_secs * 1000);
	gp_table_set_number(line, 4, row->record.early_count);
	(void)scols_line_set_data(line, 5, row->state);
	gp_table_set_time(line, 6, row->record.wait_msecs);
	gp_table_set_time(line, 7, row->record.last_age_msecs);
	(void)scols_line_set_data(line, 8, gp_program_row_why(person->settings,
							      row, why));
}

static void put_programs(const struct gp_person *person)
{
	static const struct gp_column columns[] = {
		{ "PROGRAM", SCOLS_FL_TRUNC | GP_COLUMN_LEAST(27) },
		{ "CHECKS", SCOLS_FL_RIGHT | GP_COLUMN_SPARE(2) },
		{ "EVERY", SCOLS_FL_RIGHT }, { "INTERVAL", SCOLS_FL_RIGHT },
		{ "EARLY", SCOLS_FL_RIGHT }, { "STATE", 0 },
		{ "WAIT", SCOLS_FL_RIGHT },
		{ "LAST", SCOLS_FL_RIGHT | GP_COLUMN_SPARE(1) },
		{ "WHY", SCOLS_FL_TRUNC },
	};
	struct libscols_table *table;

	if (person->programs.count == 0)
		return;
	table = gp_table_create(columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < person->programs.count; i++)
		fill_line(person, scols_table_new_line(table, NULL),
			  &person->programs.items[i]);
	(void)putchar('\n');
	gp_table_print(table, stdout);
}

/* A line that was formatted by us can be read by us. */
static void put_lines(const struct gp_person *person)
{
	const bool has_colour = gp_show_has_colour();

	if (person->lines_count > 0)
		(void)putchar('\n');
	for (size_t i = 0; i < person->lines_count; i++) {
		struct gp_journal_entry entry;
		struct gp_error unused;
		char *memory, *text;

		if (gp_journal_parse(person->lines[i], &entry, &memory,
				     &unused) != 1)
			continue;
		text = gp_show_entry(&entry, GP_ENTRY_TEXT, has_colour);
		gp_width_print(stdout, text, LINE_INDENT);
		free(text);
		free(memory);
	}
}

void gp_person_show(const struct gp_person *person)
{
	const char *address;
	char *memory = gp_alloc(gp_identity_primary_bytes(person->settings,
							  person->name));

	put("user", person->name);
	if (person->pseudonym != NULL)
		put("pseudonym", person->pseudonym);
	address = gp_identity_primary(person->settings, person->name, memory);
	if (address != NULL)
		put("address", address);
	free(memory);
	put_groups(person);
	put_terms(person);
	if (person->exempt_by_hand != NULL)
		put("exempt", person->exempt_by_hand);
	visit_specials(person, put_special, (void *)(uintptr_t)person);
	if (person->is_looked_up && person->programs.count == 0 &&
	    !person->has_sent && person->human_age_msecs < 0)
		(void)printf("history   none\n");
	put_human(person);
	put_sent(person);
	put_actions(person);
	put_programs(person);
	if (person->seen.count > 0)
		(void)printf("\nin the journal:\n");
	gp_seen_print(&person->seen, stdout);
	put_lines(person);
}

/* --- for machines --- */

static json_t *place_json(const struct gp_settings *settings, const char *setting,
			  size_t item)
{
	struct gp_setting_place place;
	char *text;
	json_t *object;

	if (!gp_settings_place(settings, setting, item, &place) ||
	    place.path == NULL)
		return json_pack("{s:s}", "setting", setting);
	text = strndup(place.text, place.text_length);
	object = json_pack("{s:s, s:o, s:i, s:o}", "setting", setting,
			   "file", gp_show_json_name(place.path),
			   "line", place.line,
			   "text", gp_show_json_name(text == NULL ? "" : text));
	free(text);
	return object;
}

struct specials {
	const struct gp_settings *settings;
	json_t *array;
};

static void add_special(void *context, const char *setting, size_t item)
{
	struct specials *specials = context;

	(void)json_array_append_new(specials->array, place_json(
		specials->settings, setting, item));
}

static json_t *programs_json(const struct gp_person *person)
{
	json_t *array = json_array();

	for (size_t i = 0; i < person->programs.count; i++) {
		const struct gp_program_row *row = &person->programs.items[i];
		json_t *object = gp_program_row_json(row);

		(void)json_object_set_new(object, "terms", row->why == NULL ? json_null()
			: place_json(person->settings, row->why, row->item));
		(void)json_array_append_new(array, object);
	}
	return array;
}

static json_t *groups_json(const struct gp_person *person)
{
	const struct gp_group_list *groups = &person->settings->login.groups;
	json_t *array = json_array();

	for (size_t i = 0; i < groups->count; i++)
		if (gp_group_contains(&groups->items[i], person->name))
			(void)json_array_append_new(array, gp_show_json_name(
				groups->items[i].name));
	return array;
}

static json_t *address_json(const struct gp_person *person)
{
	char *memory = gp_alloc(gp_identity_primary_bytes(person->settings,
							  person->name));
	const char *address = gp_identity_primary(person->settings, person->name,
						  memory);
	json_t *json = address == NULL ? json_null() : gp_show_json_name(address);

	free(memory);
	return json;
}

static json_t *limits_json(const struct gp_person *person, enum gp_rate_kind kind)
{
	const struct gp_rate_limits *limits = &person->rate.terms.limits[kind];
	json_t *array = json_array();

	for (size_t i = 0; i < limits->count; i++) {
		const struct gp_rate_window *window = &limits->windows[i];
		const unsigned int used = gp_sender_used(&person->sent, kind,
							 window);

		(void)json_array_append_new(array, json_pack(
			"{s:i, s:i, s:i, s:i}", "used", (int)used,
			"left", (int)(window->count - used),
			"limit", (int)window->count, "secs", (int)window->secs));
	}
	return array;
}

static json_t *actions_json(const struct gp_person *person)
{
	json_t *object = json_object();

	for (size_t i = 0; i < person->actions_count; i++) {
		char *clean = gp_show_clean(person->actions[i].word);

		(void)json_object_set_new(object, clean, json_integer(
			(json_int_t)person->actions[i].count));
		free(clean);
	}
	return object;
}

static json_t *lines_json(const struct gp_person *person)
{
	json_t *array = json_array();

	for (size_t i = 0; i < person->lines_count; i++) {
		struct gp_journal_entry entry;
		struct gp_error unused;
		char *memory;

		if (gp_journal_parse(person->lines[i], &entry, &memory,
				     &unused) != 1)
			continue;
		(void)json_array_append_new(array, gp_show_entry_json(&entry));
		free(memory);
	}
	return array;
}

void gp_person_show_json(const struct gp_person *person)
{
	struct specials specials = { person->settings, json_array() };
	const int64_t wait_msecs = gp_sender_wait_msecs(&person->sent,
							&person->rate);

	visit_specials(person, add_special, &specials);
	gp_show_json(json_pack(
		"{s:o, s:s?, s:o, s:o, s:s, s:i, s:b, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:f, "
		"s:o, s:o, s:o, s:o}",
		"user", gp_show_json_name(person->name),
		"pseudonym", person->pseudonym,
		"address", address_json(person), "groups", groups_json(person),
		"mode", gp_mode_word(person->terms.mode),
		"interval_secs", (int)person->terms.interval_secs,
		"exempt", (int)person->terms.is_exempt,
		"exempt_by_hand", person->exempt_by_hand == NULL ? json_null()
		: gp_show_json_name(person->exempt_by_hand),
		"special", specials.array,
		"store", (int)person->is_looked_up,
		"human_secs", person->human_age_msecs < 0 ? json_null()
		: json_real((double)person->human_age_msecs / 1000),
		"programs", programs_json(person),
		"messages", limits_json(person, GP_RATE_MESSAGES),
		"recipients", limits_json(person, GP_RATE_RECIPIENTS),
		"wait_secs", (double)wait_msecs / 1000,
		"sent_secs", !person->has_sent ? json_null()
		: json_real((double)person->sent.last_age_msecs / 1000),
		"actions", actions_json(person),
		"seen", gp_seen_json(&person->seen),
		"journal", lines_json(person)));
}
