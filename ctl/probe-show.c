/* SPDX-License-Identifier: MIT */
/* This module is documented in probe-show.h. */
#include "probe-show.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "show.h"
#include "show-table.h"
#include "show-width.h"

enum { REMEDY_INDENT = 4, WELL_INDENT = 6 };

size_t gp_probe_count(const struct gp_probe *probe, enum gp_verdict_level level)
{
	size_t count = 0;

	for (size_t i = 0; i < probe->count; i++)
		count += probe->findings[i].level == level;
	return count;
}

static const char *colour_of(enum gp_verdict_level level)
{
	static const char *const colours[GP_PROBE_LEVELS] = {
		[GP_PROBE_OK] = "green", [GP_PROBE_NOTE] = "darkgray",
		[GP_PROBE_WARN] = "brown", [GP_PROBE_FAIL] = "red",
	};

	return colours[level];
}

static void fill_line(struct libscols_line *line,
		      const struct gp_probe_finding *finding)
{
	gp_table_set_number(line, 0, finding->role->port);
	(void)scols_line_set_data(line, 1, finding->role->name);
	(void)scols_line_set_data(line, 2, gp_probe_level_word(finding->level));
	(void)scols_cell_set_color(scols_line_get_cell(line, 2),
				   colour_of(finding->level));
	(void)scols_line_set_data(line, 3, finding->check);
	gp_table_set_name(line, 4, finding->found);
}

/* What fails comes first; within a level it is in the order of the ports. */
static void print_findings(const struct gp_probe *probe,
			   enum gp_verdict_level least)
{
	static const struct gp_column columns[] = {
		{ "PORT", SCOLS_FL_RIGHT }, { "ROLE", GP_COLUMN_SPARE(1) },
		{ "VERDICT", 0 }, { "CHECK", 0 },
		{ "FOUND", SCOLS_FL_WRAP | GP_COLUMN_LEAST(24) },
	};
	struct libscols_table *table =
		gp_table_create(columns, sizeof(columns) / sizeof(columns[0]));

	for (int level = GP_PROBE_FAIL; level >= (int)least; level--)
		for (size_t i = 0; i < probe->count; i++)
			if (probe->findings[i].level ==
			    (enum gp_verdict_level)level)
				fill_line(scols_table_new_line(table, NULL),
					  &probe->findings[i]);
	if (scols_table_get_nlines(table) > 0)
		gp_table_print(table, stdout);
	else
		scols_unref_table(table);
}

/* "993 imaps 9, 995 pop3s 9": checks of each port that are well. */
static void print_well(const struct gp_probe *probe)
{
	const struct gp_probe_role *role = NULL;
	size_t length = 0, count = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &length);

	if (out == NULL)
		return;
	for (size_t i = 0; i <= probe->count; i++) {
		const struct gp_probe_role *next =
			i < probe->count ? probe->findings[i].role : NULL;

		if (next != role && count > 0) {
			(void)fprintf(out, "%s%u %s %zu", ftello(out) > 0
				      ? ", " : "well: ", role->port,
				      role->name, count);
			count = 0;
		}
		role = next;
		count += i < probe->count &&
			probe->findings[i].level == GP_PROBE_OK;
	}
	(void)fclose(out);
	if (length > 0) {
		(void)putchar('\n');
		gp_width_print(stdout, text, WELL_INDENT);
	}
	free(text);
}

/* --- remedies --- */

static bool is_same_remedy(const struct gp_probe_finding *a,
			   const struct gp_probe_finding *b)
{
	return a->remedy == b->remedy && a->check == b->check;
}

static bool was_said(const struct gp_probe *probe, size_t before)
{
	for (size_t i = 0; i < before; i++)
		if (is_same_remedy(&probe->findings[i], &probe->findings[before]))
			return true;
	return false;
}

/* "certificate-time, port 993, 995: renew it"; a port has one such finding or more. */
static void print_remedy(const struct gp_probe *probe, size_t first)
{
	const struct gp_probe_finding *finding = &probe->findings[first];
	const struct gp_probe_role *role = NULL;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (out == NULL)
		return;
	(void)fprintf(out, "  %s, port", finding->check);
	for (size_t i = first; i < probe->count; i++) {
		if (!is_same_remedy(finding, &probe->findings[i]) ||
		    probe->findings[i].role == role)
			continue;
		(void)fprintf(out, "%s %u", role == NULL ? "" : ",",
			      probe->findings[i].role->port);
		role = probe->findings[i].role;
	}
	(void)fprintf(out, ": %s", finding->remedy);
	(void)fclose(out);
	gp_width_print(stdout, text, REMEDY_INDENT);
	free(text);
}

static void print_remedies(const struct gp_probe *probe)
{
	bool is_first = true;

	for (int level = GP_PROBE_FAIL; level > GP_PROBE_OK; level--)
		for (size_t i = 0; i < probe->count; i++) {
			const struct gp_probe_finding *finding =
				&probe->findings[i];

			if (finding->level != (enum gp_verdict_level)level ||
			    finding->remedy == NULL || was_said(probe, i))
				continue;
			if (is_first)
				(void)puts("\nWhat to do:");
			is_first = false;
			print_remedy(probe, i);
		}
}

void gp_probe_show(const struct gp_probe *probe, bool shows_all)
{
	print_findings(probe, shows_all ? GP_PROBE_OK : GP_PROBE_NOTE);
	print_remedies(probe);
	if (!shows_all)
		print_well(probe);
	(void)printf("\n%zu failed, %zu to look at, %zu well%s\n",
		     gp_probe_count(probe, GP_PROBE_FAIL),
		     gp_probe_count(probe, GP_PROBE_WARN),
		     gp_probe_count(probe, GP_PROBE_OK),
		     shows_all ? "" : " (--all shows each)");
}

void gp_probe_show_json(const struct gp_probe *probe)
{
	json_t *array = json_array();

	for (size_t i = 0; i < probe->count; i++) {
		const struct gp_probe_finding *finding = &probe->findings[i];

		(void)json_array_append_new(array, json_pack(
			"{s:s, s:i, s:s, s:s, s:o, s:s?}",
			"role", finding->role->name,
			"port", (int)finding->role->port,
			"check", finding->check,
			"verdict", gp_probe_level_word(finding->level),
			"found", gp_show_json_name(finding->found),
			"remedy", finding->remedy));
	}
	gp_show_json(json_pack("{s:o, s:I, s:I, s:I, s:o}",
		"host", gp_show_json_name(probe->host),
		"failed", (json_int_t)gp_probe_count(probe, GP_PROBE_FAIL),
		"warned", (json_int_t)gp_probe_count(probe, GP_PROBE_WARN),
		"ok", (json_int_t)gp_probe_count(probe, GP_PROBE_OK),
		"findings", array));
}
