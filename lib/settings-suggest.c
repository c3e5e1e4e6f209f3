/* SPDX-License-Identifier: MIT */
/* This module is documented in settings-suggest.h. */
#include "settings-suggest.h"

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "settings.h"
#include "settings-value.h"

enum { NAME_BYTES_MAX = 40 };

struct message {
	char *buffer;
	size_t length;
};

__attribute__((format(printf, 2, 3)))
static void add(struct message *message, const char *fmt, ...)
{
	size_t room = GP_SUGGESTION_BYTES - message->length;
	va_list args;
	int length;

	va_start(args, fmt);
	length = vsnprintf(message->buffer + message->length, room, fmt, args);
	va_end(args);
	if (length > 0)
		message->length += (size_t)length < room ? (size_t)length
							 : room - 1;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein: how many letters to add, drop or change. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[NAME_BYTES_MAX + 1];
	size_t b_length = strlen(b);

	if (strlen(a) > NAME_BYTES_MAX || b_length > NAME_BYTES_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t above = row[j];
			size_t changed = diagonal + (a[i - 1] != b[j - 1]);

			row[j] = least(changed, least(above, row[j - 1]) + 1);
			diagonal = above;
		}
	}
	return row[b_length];
}

/* Is b near enough to be what was meant by a?  A third may be wrong. */
static bool is_near(const char *a, const char *b, size_t *best)
{
	size_t distance = edit_distance(a, b);

	if (distance > 1 && distance > strlen(b) / 3)
		return false;
	if (distance >= *best)
		return false;
	*best = distance;
	return true;
}

static bool is_new_section(const struct gp_setting *row)
{
	return row == gp_settings_table ||
	       strcmp(row[-1].section, row->section) != 0;
}

/* Names each section that has a setting of this very name. */
static bool add_owners(struct message *message, const char *name,
		       const char *before)
{
	bool found = false;

	for (const struct gp_setting *row = gp_settings_table;
	     row->section != NULL; row++) {
		if (strcmp(row->name, name) != 0)
			continue;
		add(message, "%s'%s'", found ? " or " : before, row->section);
		found = true;
	}
	return found;
}

static const struct gp_setting *nearest(const char *section, const char *name)
{
	const struct gp_setting *best_row = NULL;
	size_t best = SIZE_MAX;

	for (const struct gp_setting *row = gp_settings_table;
	     row->section != NULL; row++) {
		if (section != NULL && strcmp(row->section, section) != 0)
			continue;
		if (is_near(name, row->name, &best))
			best_row = row;
	}
	return best_row;
}

static void add_names_of(struct message *message, const char *section)
{
	const char *separator = "; it has ";

	for (const struct gp_setting *row = gp_settings_table;
	     row->section != NULL; row++) {
		if (strcmp(row->section, section) != 0)
			continue;
		add(message, "%s%s", separator, row->name);
		separator = ", ";
	}
}

static void suggest_setting(struct message *message, const char *section,
			    const char *name)
{
	const struct gp_setting *row;
	char shown[GP_SHOWN_BYTES];

	add(message, "unknown setting '%s' in section '%s'",
	    gp_shown(name, shown), section);
	row = nearest(section, name);
	if (row != NULL)
		add(message, "; did you mean '%s'?", row->name);
	else if (add_owners(message, name, "; it belongs in section "))
		return;
	else if ((row = nearest(NULL, name)) != NULL)
		add(message, "; did you mean '%s' in section '%s'?", row->name,
		    row->section);
	else
		add_names_of(message, section);
}

static bool add_near_section(struct message *message, const char *name)
{
	const char *best_section = NULL;
	size_t best = SIZE_MAX;

	for (const struct gp_setting *row = gp_settings_table;
	     row->section != NULL; row++) {
		if (is_new_section(row) && is_near(name, row->section, &best))
			best_section = row->section;
	}
	if (best_section != NULL)
		add(message, "; did you mean '%s'?", best_section);
	return best_section != NULL;
}

/* "poll.interval = 5m" is how we write names in messages. */
static bool add_dotted(struct message *message, const char *name)
{
	const char *dot = strchr(name, '.');

	for (const struct gp_setting *row = gp_settings_table;
	     dot != NULL && row->section != NULL; row++) {
		if (strlen(row->section) == (size_t)(dot - name) &&
		    strncmp(row->section, name, (size_t)(dot - name)) == 0 &&
		    strcmp(row->name, dot + 1) == 0) {
			add(message, "; write %s { %s = ... }", row->section,
			    row->name);
			return true;
		}
	}
	return false;
}

static void suggest_section(struct message *message, const char *name)
{
	const char *separator = "; sections are ";
	char shown[GP_SHOWN_BYTES];

	add(message, "unknown section '%s'", gp_shown(name, shown));
	if (add_owners(message, name, "; it is a setting of section ") ||
	    add_dotted(message, name) || add_near_section(message, name))
		return;
	for (const struct gp_setting *row = gp_settings_table;
	     row->section != NULL; row++) {
		if (!is_new_section(row))
			continue;
		add(message, "%s%s", separator, row->section);
		separator = ", ";
	}
}

const char *gp_settings_suggest(const char *section, const char *name,
				char buffer[GP_SUGGESTION_BYTES])
{
	struct message message = { .buffer = buffer };

	if (section != NULL)
		suggest_setting(&message, section, name);
	else
		suggest_section(&message, name);
	return buffer;
}
