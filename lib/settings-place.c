/* SPDX-License-Identifier: MIT */
/* This module is documented in settings-place.h. */
#include "settings-place.h"

#include <string.h>

#include "settings-files.h"

static const struct gp_setting *find_row(const char *name)
{
	for (const struct gp_setting *row = gp_settings_table;
	     row->section != NULL; row++) {
		const size_t length = strlen(row->section);

		if (strncmp(name, row->section, length) == 0 &&
		    name[length] == '.' && strcmp(name + length + 1, row->name) == 0)
			return row;
	}
	return NULL;
}

/* What stands on that line of the file as it was read. */
static void find_line(const struct gp_source *source,
		      struct gp_setting_place *place)
{
	const char *line = source->text, *end = source->text + source->length;
	const char *next = line;

	for (int number = 1; number < place->line && next != NULL; number++) {
		next = memchr(line, '\n', (size_t)(end - line));
		if (next != NULL)
			line = next + 1;
	}
	next = memchr(line, '\n', (size_t)(end - line));
	if (next != NULL)
		end = next;
	while (line < end && strchr(" \t", *line) != NULL)
		line++;
	while (end > line && strchr(" \t\r", end[-1]) != NULL)
		end--;
	place->text = line;
	place->text_length = (size_t)(end - line);
}

bool gp_settings_place(const struct gp_settings *settings, const char *name,
		       size_t item, struct gp_setting_place *place_r)
{
	const struct gp_setting *row = find_row(name);
	struct gp_setting_place place = { NULL, 0, "", 0 };
	const struct gp_origin *origin = NULL;
	const struct gp_source *source;

	if (row == NULL)
		return false;
	place.text = row->default_text;
	place.text_length = strlen(row->default_text);
	if (settings->files != NULL)
		origin = gp_settings_files_origin(
			settings->files, (size_t)(row - gp_settings_table));
	if (origin != NULL && origin->path != NULL) {
		place.path = origin->path;
		place.line = item < origin->items_count
			? origin->item_lines[item] : origin->line;
		source = gp_settings_files_find(settings->files, place.path);
		find_line(source, &place);
	}
	*place_r = place;
	return true;
}
