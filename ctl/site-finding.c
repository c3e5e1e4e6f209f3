/* SPDX-License-Identifier: MIT */
/*
 * This module collects and shows the findings of check-site.  Values come from
 * files of administrators, so control characters are taken out on the way to
 * the terminal, and what is no UTF-8 on the way to JSON.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "show.h"
#include "site-finding.h"

struct gp_site_row {
	struct gp_site_finding finding;
	const char **places;
	size_t place_count;
};

enum { PLACES_SHOWN = 3, TEXT_COLUMN = 10, WIDTH_LEAST = 40, WIDTH_MOST = 100 };

static bool is_same(const char *left, const char *right)
{
	if (left == NULL || right == NULL)
		return left == right;
	return strcmp(left, right) == 0;
}

static bool is_same_finding(const struct gp_site_finding *a,
			    const struct gp_site_finding *b)
{
	return a->level == b->level && is_same(a->name, b->name) &&
	       is_same(a->file, b->file) && is_same(a->setting, b->setting) &&
	       is_same(a->value, b->value) && is_same(a->why, b->why) &&
	       is_same(a->remedy, b->remedy);
}

static void add_place(struct gp_site *site, struct gp_site_row *row,
		      const char *place)
{
	if (place == NULL)
		return;
	for (size_t i = 0; i < row->place_count; i++)
		if (strcmp(row->places[i], place) == 0)
			return;
	row->places = gp_realloc(row->places,
				 (row->place_count + 1) * sizeof(*row->places));
	row->places[row->place_count++] = gp_pool_strdup(site->pool, place);
}

void gp_site_report(struct gp_site *site, const struct gp_site_finding *finding)
{
	struct gp_site_row *row;

	for (size_t i = 0; i < site->count; i++) {
		if (!is_same_finding(&site->rows[i].finding, finding))
			continue;
		add_place(site, &site->rows[i], finding->place);
		return;
	}
	site->rows = gp_realloc(site->rows,
				(site->count + 1) * sizeof(*site->rows));
	row = &site->rows[site->count++];
	memset(row, 0, sizeof(*row));
	row->finding.level = finding->level;
	row->finding.name = gp_pool_strdup(site->pool, finding->name);
	row->finding.file = gp_pool_strdup(site->pool, finding->file);
	row->finding.setting = gp_pool_strdup(site->pool, finding->setting);
	row->finding.value = gp_pool_strdup(site->pool, finding->value);
	row->finding.why = gp_pool_strdup(site->pool, finding->why);
	row->finding.remedy = gp_pool_strdup(site->pool, finding->remedy);
	add_place(site, row, finding->place);
}

static bool is_listed(const struct gp_uint_list *ports, unsigned int port)
{
	for (size_t i = 0; i < ports->count; i++)
		if (ports->items[i] == port)
			return true;
	return false;
}

void gp_site_check_port(struct gp_site *site, const char *mta,
			const char *place, unsigned int port)
{
	const struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "port-not-listed",
		.file = site->conf_path, .place = place,
		.setting = "submission.ports",
		.value = gp_pool_printf(site->pool, "without %u", port),
		.why = gp_pool_printf(site->pool, "%s takes mail of users on port "
			"%u, but gatepost's rules about TLS and login hold only on "
			"the ports that are listed.", mta, port),
		.remedy = gp_pool_printf(site->pool,
			"submission { ports = { ..., %u } }", port),
	};

	if (port > 0 && !is_listed(&site->settings->submission.ports, port))
		gp_site_report(site, &finding);
}

void gp_site_report_unserved_port(struct gp_site *site, const char *mta,
				  unsigned int port)
{
	const struct gp_site_finding finding = {
		.level = GP_SITE_ADVICE, .name = "port-not-served",
		.file = site->conf_path, .setting = "submission.ports",
		.value = gp_pool_printf(site->pool, "with %u", port),
		.why = gp_pool_printf(site->pool, port == 25
			? "%s has port %u for other servers, which never log in: "
			  "their mail would be refused."
			: "%s takes no mail of users on port %u.", mta, port),
		.remedy = gp_pool_printf(site->pool,
			"submission { ports = { ... } } without %u", port),
	};

	gp_site_report(site, &finding);
}

size_t gp_site_count(const struct gp_site *site, enum gp_site_level level)
{
	size_t count = 0;

	for (size_t i = 0; i < site->count; i++)
		if (site->rows[i].finding.level == level)
			count++;
	return count;
}

void gp_site_free_rows(struct gp_site *site)
{
	for (size_t i = 0; i < site->count; i++)
		free(site->rows[i].places);
	free(site->rows);
	site->rows = NULL;
	site->count = 0;
}

/* --- for people */

struct style {
	const char *danger, *advice, *strong, *end;
	size_t width;
};

static struct style style_of_output(void)
{
	static const struct style plain = { "", "", "", "", 80 };
	static const struct style coloured = {
		"\033[1;31m", "\033[33m", "\033[1m", "\033[0m", 80
	};
	struct style style = gp_show_has_colour() ? coloured : plain;
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return plain;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		style.width = size.ws_col;
	if (style.width < WIDTH_LEAST)
		style.width = WIDTH_LEAST;
	if (style.width > WIDTH_MOST)
		style.width = WIDTH_MOST;
	return style;
}

static void put_plain(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];

		(void)putchar(byte < 0x20 || byte == 0x7f ? '?' : byte);
	}
}

/* One paragraph, indented, broken at blanks. */
static void put_wrapped(const char *text, const struct style *style)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t length = strcspn(text, " ");

		if (column > 0 && TEXT_COLUMN + column + 1 + length > style->width) {
			(void)putchar('\n');
			column = 0;
		}
		if (column == 0)
			(void)printf("%*s", TEXT_COLUMN, "");
		else
			(void)putchar(' ');
		put_plain(text, length);
		column += length + (column > 0);
		text += length + strspn(text + length, " ");
	}
	(void)putchar('\n');
}

/* Lines to be copied: each on its own, never broken. */
static void put_remedy(const char *text, const struct style *style)
{
	const char *label = "Remedy: ";

	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		(void)printf("%*s%s%s", TEXT_COLUMN, "", label, style->strong);
		put_plain(text, length);
		(void)printf("%s\n", style->end);
		text += length + (text[length] == '\n');
		label = "        ";
	}
}

static void put_places(const struct gp_site_row *row)
{
	size_t shown = row->place_count > PLACES_SHOWN + 1 ? PLACES_SHOWN
							   : row->place_count;

	if (shown == 0)
		return;
	(void)printf("%*sin ", TEXT_COLUMN, "");
	for (size_t i = 0; i < shown; i++) {
		if (i > 0)
			(void)fputs(", ", stdout);
		put_plain(row->places[i], strlen(row->places[i]));
	}
	if (shown < row->place_count)
		(void)printf(" and %zu others", row->place_count - shown);
	(void)putchar('\n');
}

static void put_row(const struct gp_site_row *row, const struct style *style)
{
	const struct gp_site_finding *finding = &row->finding;
	bool is_danger = finding->level == GP_SITE_DANGER;
	const char *value = finding->value;

	(void)printf("%s%s%s    %s", is_danger ? style->danger : style->advice,
		     is_danger ? "DANGER" : "advice", style->end, style->strong);
	put_plain(finding->setting, strlen(finding->setting));
	if (value == NULL || value[0] == '\0')
		value = value == NULL ? " is not set" : " is empty";
	else
		(void)fputs(" = ", stdout);
	put_plain(value, strlen(value));
	(void)printf("%s  (%s)\n%*s", style->end, finding->name, TEXT_COLUMN, "");
	put_plain(finding->file, strlen(finding->file));
	(void)putchar('\n');
	put_places(row);
	put_wrapped(finding->why, style);
	put_remedy(finding->remedy, style);
	(void)putchar('\n');
}

void gp_site_print(const struct gp_site *site)
{
	static const enum gp_site_level order[] = {
		GP_SITE_DANGER, GP_SITE_ADVICE
	};
	struct style style = style_of_output();
	size_t dangers = gp_site_count(site, GP_SITE_DANGER);
	size_t advice = gp_site_count(site, GP_SITE_ADVICE);

	for (size_t i = 0; i < 2; i++)
		for (size_t row = 0; row < site->count; row++)
			if (site->rows[row].finding.level == order[i])
				put_row(&site->rows[row], &style);
	for (size_t i = 0; i < site->seen_count; i++) {
		(void)fputs("Looked at ", stdout);
		put_plain(site->seen[i], strlen(site->seen[i]));
		(void)putchar('\n');
	}
	(void)printf("%s%zu danger%s%s, %zu piece%s of advice\n",
		     dangers > 0 ? style.danger : "", dangers,
		     dangers == 1 ? "" : "s", dangers > 0 ? style.end : "",
		     advice, advice == 1 ? "" : "s");
}

/* --- for machines */

static json_t *json_text(const char *text)
{
	return text == NULL ? json_null() : gp_show_json_name(text);
}

static json_t *json_row(const struct gp_site_row *row)
{
	const struct gp_site_finding *finding = &row->finding;
	json_t *places = json_array();

	for (size_t i = 0; i < row->place_count; i++)
		(void)json_array_append_new(places, json_text(row->places[i]));
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "level", finding->level == GP_SITE_DANGER ? "danger"
								   : "advice",
			 "name", finding->name,
			 "file", json_text(finding->file),
			 "places", places,
			 "setting", json_text(finding->setting),
			 "value", json_text(finding->value),
			 "why", json_text(finding->why),
			 "remedy", json_text(finding->remedy));
}

void gp_site_print_json(const struct gp_site *site)
{
	json_t *findings = json_array(), *seen = json_array(), *all;

	for (size_t i = 0; i < site->count; i++)
		(void)json_array_append_new(findings, json_row(&site->rows[i]));
	for (size_t i = 0; i < site->seen_count; i++)
		(void)json_array_append_new(seen, json_text(site->seen[i]));
	all = json_pack("{s:i, s:i, s:o, s:o}",
			"dangers", (int)gp_site_count(site, GP_SITE_DANGER),
			"advice", (int)gp_site_count(site, GP_SITE_ADVICE),
			"looked_at", seen, "findings", findings);
	gp_show_json(all);
}
