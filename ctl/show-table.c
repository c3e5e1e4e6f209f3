/* SPDX-License-Identifier: MIT */
/* This module is documented in show-table.h. */
#include "show-table.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "command.h"
#include "pool.h"
#include "show.h"
#include "show-width.h"

enum {
	COLUMNS_MAX = 24,
	SPARE_SHIFT = 24, SPARE_MASK = 0xf, LEAST_SHIFT = 16, LEAST_MASK = 0xff,
	USUAL_LEAST = 12
};

struct libscols_table *gp_table_create(const struct gp_column *columns,
				       size_t count)
{
	struct libscols_table *table = scols_new_table();

	if (table == NULL)
		exit(gp_command_fail(EX_OSERR, "no memory for a table"));
	for (size_t i = 0; i < count; i++) {
		/* How to make it fit is our business: libsmartcols 2.38 breaks
		   within words and cuts to the width of the heading. */
		struct libscols_column *column = scols_table_new_column(
			table, columns[i].name, 0,
			columns[i].flags & SCOLS_FL_RIGHT);

		(void)scols_cell_set_userdata(scols_column_get_header(column),
					      (void *)(uintptr_t)&columns[i]);
	}
	(void)scols_table_enable_colors(table, gp_show_has_colour());
	return table;
}

void gp_table_set_name(struct libscols_line *line, size_t column,
		       const char *name)
{
	char *clean = gp_show_clean(name);

	(void)scols_line_set_data(line, column, clean);
	free(clean);
}

/* --- to the width of a terminal --- */

/* How wide a column is, may be and is to be. */
struct fit {
	struct libscols_column *column;
	int flags;
	size_t natural, least, width;
	bool says_nothing, is_hidden;
};

static struct libscols_cell *cell_of(struct libscols_table *table, size_t line,
				     const struct fit *fit)
{
	return scols_line_get_column_cell(scols_table_get_line(table, line),
					  fit->column);
}

static const char *text_of(struct libscols_table *table, size_t line,
			   const struct fit *fit)
{
	const char *text = scols_cell_get_data(cell_of(table, line, fit));

	return text == NULL ? "" : text;
}

static size_t first_word_width(const char *text)
{
	char *word = gp_strdup(text);
	size_t width;

	word[strcspn(word, " ")] = '\0';
	width = gp_width_of(word);
	free(word);
	return width;
}

static void measure(struct libscols_table *table, size_t number, struct fit *fit_r)
{
	struct libscols_column *column = scols_table_get_column(table, number);
	struct libscols_cell *header = scols_column_get_header(column);
	const struct gp_column *given = scols_cell_get_userdata(header);
	size_t least = (size_t)(given->flags >> LEAST_SHIFT & LEAST_MASK);

	*fit_r = (struct fit){
		.column = column, .flags = given->flags, .says_nothing = true,
		.natural = gp_width_of(given->name),
	};
	if ((given->flags & GP_COLUMN_FIRST_WORD) != 0)
		least = 0;
	else if (!(given->flags & (SCOLS_FL_TRUNC | SCOLS_FL_WRAP)))
		least = SIZE_MAX;
	else if (least == 0)
		least = USUAL_LEAST;
	if (least < fit_r->natural)
		least = fit_r->natural;
	for (size_t i = 0; i < scols_table_get_nlines(table); i++) {
		const char *text = text_of(table, i, fit_r);
		const size_t width = gp_width_of(text);

		if ((given->flags & GP_COLUMN_FIRST_WORD) != 0 &&
		    first_word_width(text) > least)
			least = first_word_width(text);
		if (width > fit_r->natural)
			fit_r->natural = width;
		if (text[0] != '\0' && strcmp(text, "-") != 0 &&
		    strcmp(text, "0") != 0)
			fit_r->says_nothing = false;
	}
	fit_r->least = least < fit_r->natural ? least : fit_r->natural;
	fit_r->width = fit_r->natural;
}

/* Of all columns, with a blank between them. */
static size_t sum(const struct fit *fits, size_t count, bool is_least)
{
	size_t width = 0;

	for (size_t i = 0; i < count; i++)
		if (!fits[i].is_hidden)
			width += 1 + (is_least ? fits[i].least
				      : fits[i].width);
	return width > 0 ? width - 1 : 0;
}

/* Those that say nothing, then those that can be spared. */
static void hide(struct fit *fits, size_t count, size_t width)
{
	for (size_t i = 0; i < count; i++)
		fits[i].is_hidden = fits[i].says_nothing;
	for (int rank = 9; rank > 0; rank--)
		for (size_t i = count; i-- > 0;)
			if ((fits[i].flags >> SPARE_SHIFT & SPARE_MASK) == rank &&
			    sum(fits, count, true) > width)
				fits[i].is_hidden = true;
	for (size_t i = 0; i < count; i++)
		if (fits[i].is_hidden)
			(void)scols_column_set_flags(fits[i].column,
						     SCOLS_FL_HIDDEN);
}

/* What is shown in part or whole gets what others have left, if that is enough. */
static void make_whole(struct fit *fits, size_t count, size_t left)
{
	for (size_t i = 0; i < count; i++) {
		const size_t more = fits[i].natural - fits[i].width;

		if (fits[i].is_hidden || more > left)
			continue;
		fits[i].width += more;
		left -= more;
	}
}

/* Each gets the least, and of the rest as much as the others. */
static void share(struct fit *fits, size_t count, size_t width)
{
	size_t left = sum(fits, count, true);
	bool is_over = false;

	left = left < width ? width - left : 0;
	for (size_t i = 0; i < count; i++)
		fits[i].width = fits[i].least;
	while (left > 0 && !is_over) {
		is_over = true;
		for (size_t i = 0; i < count && left > 0; i++) {
			if (fits[i].is_hidden ||
			    fits[i].width == fits[i].natural ||
			    (fits[i].flags & GP_COLUMN_FIRST_WORD) != 0)
				continue;
			fits[i].width++;
			left--;
			is_over = false;
		}
	}
	make_whole(fits, count, left);
}

static char *make_fit(const char *text, const struct fit *fit)
{
	if ((fit->flags & GP_COLUMN_FIRST_WORD) != 0) {
		char *word = gp_strdup(text);

		word[strcspn(word, " ")] = '\0';
		return word;
	}
	return fit->flags & SCOLS_FL_WRAP ? gp_width_fold(text, fit->width)
		: gp_width_cut(text, fit->width);
}

/* What is wider is cut or folded. */
static void apply(struct libscols_table *table, const struct fit *fit)
{
	if (fit->flags & SCOLS_FL_WRAP) {
		(void)scols_column_set_flags(fit->column, SCOLS_FL_WRAP);
		(void)scols_column_set_wrapfunc(fit->column,
						scols_wrapnl_chunksize,
						scols_wrapnl_nextchunk, NULL);
		(void)scols_column_set_safechars(fit->column, "\n");
	}
	for (size_t i = 0; i < scols_table_get_nlines(table); i++) {
		const char *text = text_of(table, i, fit);
		char *fitting;

		if (gp_width_of(text) <= fit->width)
			continue;
		fitting = make_fit(text, fit);
		(void)scols_cell_set_data(cell_of(table, i, fit), fitting);
		free(fitting);
	}
}

static void tell_hidden(const struct fit *fits, size_t count, FILE *out)
{
	char *text = NULL;
	size_t length = 0, hidden = 0;
	FILE *memory = open_memstream(&text, &length);

	if (memory == NULL)
		return;
	for (size_t i = 0; i < count; i++)
		if (fits[i].is_hidden && !fits[i].says_nothing)
			(void)fprintf(memory, "%s%s", hidden++ == 0
				      ? "(a wider terminal also shows " : ", ",
				      scols_cell_get_data(scols_column_get_header(
					      fits[i].column)));
	(void)fputc(')', memory);
	(void)fclose(memory);
	if (hidden > 0)
		gp_width_print(out, text, 0);
	free(text);
}

static void print_fitting(struct libscols_table *table, size_t width, FILE *out)
{
	struct fit fits[COLUMNS_MAX] = { 0 };
	size_t count = scols_table_get_ncols(table);

	if (count > COLUMNS_MAX)
		count = COLUMNS_MAX;
	for (size_t i = 0; i < count; i++)
		measure(table, i, &fits[i]);
	if (sum(fits, count, false) > width) {
		hide(fits, count, width);
		share(fits, count, width);
		for (size_t i = 0; i < count; i++)
			if (!fits[i].is_hidden)
				apply(table, &fits[i]);
	}
	(void)scols_print_table(table);
	tell_hidden(fits, count, out);
}

void gp_table_print(struct libscols_table *table, FILE *out)
{
	const size_t width = gp_width_of_terminal();

	(void)scols_table_set_stream(table, out);
	if (width > 0)
		print_fitting(table, width, out);
	else
		(void)scols_print_table(table);
	scols_unref_table(table);
}

void gp_table_set_time(struct libscols_line *line, size_t column, int64_t msecs)
{
	char text[32];

	gp_show_time(msecs, text, sizeof(text));
	(void)scols_line_set_data(line, column, text);
}

void gp_table_set_number(struct libscols_line *line, size_t column,
			 unsigned int number)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", number);
	(void)scols_line_set_data(line, column, text);
}
