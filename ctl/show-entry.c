/* SPDX-License-Identifier: MIT */
/* This module is documented in show-entry.h. */
#include "show-entry.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "journal-fields.h"
#include "pool.h"
#include "show.h"

static void put_name(FILE *out, const char *text)
{
	if (text == NULL) {
		(void)fputc('-', out);
		return;
	}
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte < ' ' || byte >= 0x7f || byte == '%')
			(void)fprintf(out, "%%%02X", byte);
		else
			(void)fputc(byte, out);
	}
}

static void put_local_time(FILE *out, int64_t msecs)
{
	time_t secs = (time_t)(msecs / 1000);
	char text[32] = "-";
	struct tm tm;

	if (msecs >= 0 && localtime_r(&secs, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	(void)fprintf(out, "%-19s", text);
}

static const char *colour_of(const char *action)
{
	if (strncmp(action, "would-", 6) == 0)
		return "\033[36m";
	if (strcmp(action, "reject") == 0 || strcmp(action, "tempfail") == 0 ||
	    strcmp(action, "refuse") == 0)
		return "\033[31m";
	if (strcmp(action, "delay") == 0 || strcmp(action, "hold") == 0)
		return "\033[33m";
	return "\033[32m";
}

static void put_padded(FILE *out, const char *text, int width)
{
	char *shown = NULL;
	size_t length = 0;
	FILE *memory = open_memstream(&shown, &length);

	if (memory == NULL)
		return;
	put_name(memory, text);
	(void)fclose(memory);
	(void)fprintf(out, " %-*s", width, shown);
	free(shown);
}

static void put_seconds(FILE *out, const char *label, int64_t secs)
{
	char text[32];

	if (secs <= 0)
		return;
	gp_show_time(secs * 1000, text, sizeof(text));
	(void)fprintf(out, " %s %s", label, text);
}

static void put_labelled(FILE *out, const char *label, const char *text)
{
	if (text == NULL)
		return;
	(void)fprintf(out, " %s", label);
	put_name(out, text);
}

static void put_details(FILE *out, const struct gp_journal_entry *entry)
{
	put_labelled(out, "", entry->program);
	put_labelled(out, "", entry->check);
	put_labelled(out, "from ", entry->sender);
	put_labelled(out, "to ", entry->recipient);
	put_labelled(out, "answer ", entry->answer);
	put_labelled(out, "detail ", entry->detail);
	put_labelled(out, "address ", entry->address);
	put_labelled(out, "limit ", entry->limit);
	put_seconds(out, "every", entry->every_secs);
	put_seconds(out, "policy", entry->policy_secs);
	put_seconds(out, "wait", entry->wait_secs);
	if (entry->count > 1)
		(void)fprintf(out, " times %" PRId64, entry->count);
	put_labelled(out, "by ", entry->why);
	put_labelled(out, "s=", entry->session);
}

static void put_text(FILE *out, const struct gp_journal_entry *entry,
		     bool has_colour)
{
	put_local_time(out, entry->time_msecs);
	put_padded(out, entry->user, 16);
	if (has_colour && entry->action != NULL)
		(void)fputs(colour_of(entry->action), out);
	put_padded(out, entry->action, 12);
	if (has_colour && entry->action != NULL)
		(void)fputs("\033[0m", out);
	put_padded(out, entry->reason, 18);
	put_details(out, entry);
}

static json_t *field_json(struct gp_journal_entry *entry,
			  const struct gp_journal_field *field)
{
	if (field->type == GP_JOURNAL_TEXT)
		return *gp_journal_text(entry, field) == NULL ? json_null()
			: gp_show_json_name(*gp_journal_text(entry, field));
	if (field->type == GP_JOURNAL_TIME)
		return gp_show_json_time(*gp_journal_number(entry, field));
	return *gp_journal_number(entry, field) < 0 ? json_null()
		: json_integer(*gp_journal_number(entry, field));
}

struct json_t *gp_show_entry_json(const struct gp_journal_entry *entry)
{
	struct gp_journal_entry copy = *entry;
	size_t count;
	const struct gp_journal_field *fields = gp_journal_fields(&count);
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++) {
		json_t *value = field_json(&copy, &fields[i]);

		if (json_is_null(value) && fields[i].is_optional)
			json_decref(value);
		else
			(void)json_object_set_new(object, fields[i].name, value);
	}
	return object;
}

char *gp_show_entry(const struct gp_journal_entry *entry,
		    enum gp_entry_form form, bool has_colour)
{
	char *text = NULL;
	size_t length = 0;
	json_t *object;
	FILE *out;

	if (form == GP_ENTRY_RAW)
		return gp_journal_format(entry);
	if (form == GP_ENTRY_JSON) {
		object = gp_show_entry_json(entry);
		text = json_dumps(object, JSON_COMPACT | GP_SHOW_JSON);
		json_decref(object);
		return text != NULL ? text : gp_strdup("{}");
	}
	out = open_memstream(&text, &length);
	if (out == NULL)
		return gp_strdup("");
	put_text(out, entry, has_colour);
	(void)fclose(out);
	return text;
}
