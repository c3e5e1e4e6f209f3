/* SPDX-License-Identifier: MIT */
/*
 * This module is "gatepostctl status": is every part alive?  Made to be asked by a
 * person and by a monitoring system.
 */
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "command.h"
#include "gatepost-config.h"
#include "pool.h"
#include "settings-value.h"
#include "show.h"
#include "show-table.h"
#include "status.h"

enum { DEADLINE_MSECS = 5000 };

static const char *colour_of(enum gp_part_state state)
{
	return state == GP_PART_OK ? "green"
		: state >= GP_PART_OLD ? "red" : "brown";
}

static void print_table(const struct gp_status *status)
{
	static const struct gp_column columns[] = {
		{ "PART", 0 }, { "STATE", 0 },
		{ "MS", SCOLS_FL_RIGHT | GP_COLUMN_SPARE(1) },
		{ "VERSION", 0 }, { "DETAIL", SCOLS_FL_WRAP | GP_COLUMN_LEAST(32) },
	};
	struct libscols_table *table =
		gp_table_create(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < status->count; i++) {
		const struct gp_part *part = &status->parts[i];
		struct libscols_line *line = scols_table_new_line(table, NULL);
		char msecs[32] = "-";

		if (part->usecs >= 0)
			(void)snprintf(msecs, sizeof(msecs), "%.2f",
				       (double)part->usecs / 1000);
		(void)scols_line_set_data(line, 0, part->name);
		(void)scols_line_set_data(line, 1, gp_part_word(part->state));
		(void)scols_cell_set_color(scols_line_get_cell(line, 1),
					   colour_of(part->state));
		(void)scols_line_set_data(line, 2, msecs);
		(void)scols_line_set_data(line, 3, part->version == NULL
					  ? "-" : part->version);
		gp_table_set_name(line, 4, part->detail);
	}
	gp_table_print(table, stdout);
}

static void print_json(const struct gp_status *status)
{
	json_t *parts = json_array();

	for (size_t i = 0; i < status->count; i++) {
		const struct gp_part *part = &status->parts[i];

		(void)json_array_append_new(parts, json_pack(
			"{s:s, s:s, s:o, s:o, s:o, s:s?}",
			"part", part->name,
			"state", gp_part_word(part->state),
			"detail", gp_show_json_name(part->detail),
			"round_trip_msecs", part->usecs < 0 ? json_null()
			: json_real((double)part->usecs / 1000),
			"age_secs", part->age_secs < 0 ? json_null()
			: json_integer(part->age_secs),
			"version", part->version));
	}
	gp_show_json(json_pack("{s:b, s:s, s:o}",
			       "well", (int)status->is_well,
			       "version", PACKAGE_VERSION, "parts", parts));
}

static int show(const struct gp_status_terms *terms, bool is_json)
{
	struct gp_pool *pool = gp_pool_create();
	struct gp_status status;

	gp_status_find(terms, pool, &status);
	if (is_json)
		print_json(&status);
	else
		print_table(&status);
	gp_pool_free(&pool);
	if (status.is_well)
		return EX_OK;
	return status.is_misconfigured ? EX_CONFIG : EX_UNAVAILABLE;
}

static int run(int argc, char **argv, const char *conf_path)
{
	static const struct option names[] = {
		{ "heard", required_argument, NULL, 'H' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct gp_status_terms terms = { .conf_path = conf_path,
					 .deadline_msecs = DEADLINE_MSECS };
	bool is_json = false;
	unsigned long secs;
	int option;

	while ((option = getopt_long(argc, argv, "H:j", names, NULL)) != -1) {
		if (option == 'j') {
			is_json = true;
		} else if (option == 'H') {
			if (!gp_duration_read(GP_SETTING_SECS, optarg, &secs) ||
			    secs == 0)
				return gp_command_fail(EX_USAGE, "--heard takes a "
						       "time, such as 15m");
			terms.heard_secs = (int64_t)secs;
		} else {
			return EX_USAGE;
		}
	}
	if (optind < argc)
		return gp_command_fail(EX_USAGE, "status takes no name");
	(void)setlocale(LC_CTYPE, "");
	return show(&terms, is_json);
}

const struct gp_command gp_command_status = {
	.name = "status",
	.arguments = "[--heard TIME] [--json]",
	.summary = "Tells whether each part is alive",
	.help =
"  -H, --heard TIME  a mail program must have been heard of lately, such as 15m\n"
"  -j, --json        for machines\n"
"\n"
"The milter is asked in its own protocol, the auth-policy service by HTTP, Redis\n"
"by writing a history of nobody, which is removed again.  Each has 5 seconds.\n"
"States: ok; off, where the settings have no such part; quiet, where no mail\n"
"program was heard of for two intervals; unknown, where it cannot be asked; old,\n"
"where the program that runs was replaced since; down.  0 says that none is old\n"
"or down, 69 that one is, 78 that the settings are not good.\n",
	.run = run,
};
