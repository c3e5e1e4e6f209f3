/* SPDX-License-Identifier: MIT */
/* This module is "gatepostctl check": are the settings good? */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <sysexits.h>

#include "command.h"
#include "pseudonym.h"
#include "settings-parse.h"
#include "show.h"

/* What is allowed, but not what most want; or NULL. */
static const char *find_note(const struct gp_settings *settings)
{
	return settings->store.kind == GP_STORE_MEMORY
		? "store.kind = memory: each milter counts what users send by "
		  "itself, until it ends; checks for mail are not limited" : NULL;
}

/* 0 with *note_r, or -1 with *err. */
static int check(const char *path, const char **note_r, struct gp_error *err)
{
	struct gp_pseudonyms *pseudonyms;
	struct gp_settings *settings;
	int result;

	if (gp_settings_load(path, &settings, err) < 0)
		return -1;
	result = gp_pseudonyms_open(settings, &pseudonyms, err);
	if (result == 0) {
		*note_r = find_note(settings);
		gp_pseudonyms_close(&pseudonyms);
	}
	gp_settings_free(&settings);
	return result;
}

static int show(const char *path, bool is_json)
{
	const char *note = NULL;
	struct gp_error err;
	const bool is_good = check(path, &note, &err) == 0;

	if (is_json)
		gp_show_json(json_pack("{s:o, s:b, s:o, s:s?}",
			"file", gp_show_json_name(path), "good", (int)is_good,
			"error", is_good ? json_null()
			: gp_show_json_name(err.text), "note", note));
	else if (!is_good)
		(void)gp_command_fail(EX_CONFIG, "%s", err.text);
	else
		(void)printf("%s: settings are good\n%s%s", path,
			     note != NULL ? note : "", note != NULL ? "\n" : "");
	return is_good ? EX_OK : EX_CONFIG;
}

static int run(int argc, char **argv, const char *conf_path)
{
	bool is_json;

	if (!gp_command_parse_json(argc, argv, &is_json))
		return EX_USAGE;
	if (argc - optind > 1)
		return gp_command_fail(EX_USAGE, "check takes one file");
	return show(argc > optind ? argv[optind] : conf_path, is_json);
}

const struct gp_command gp_command_check = {
	.name = "check",
	.arguments = "[--json] [FILE]",
	.summary = "Checks a settings file",
	.help =
"  -j, --json  for machines\n"
"\n"
"Exit code 0: the file is good.  78: it is not, and one line says in which\n"
"line and what is allowed there.\n",
	.run = run,
};
