/* SPDX-License-Identifier: MIT */
/* This module is "gatepostctl reset": a user's checks and messages count anew. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "command.h"
#include "settings-parse.h"
#include "show.h"
#include "store.h"

/* Returns 1, 0 if nothing was known, or -1. */
static int reset(const struct gp_settings *settings, const char *person,
		 struct gp_error *err)
{
	struct gp_store *store = gp_command_store(settings, err);
	int result;

	if (store == NULL)
		return -1;
	result = store->ops->reset(store, person, err);
	gp_store_close(&store);
	if (result <= 0)
		return result;
	return gp_command_journal(settings, GP_REASON_HISTORY_RESET, person,
				  gp_command_author(), err) < 0 ? -1 : 1;
}

static void tell(const char *person, bool was_known, bool is_json)
{
	char *clean = gp_show_clean(person);

	if (is_json)
		gp_show_json(json_pack("{s:o, s:b}",
				       "user", gp_show_json_name(person),
				       "reset", (int)was_known));
	else
		(void)printf(was_known ? "%s begins anew\n"
			     : "nothing was known of %s\n", clean);
	free(clean);
}

static int run(int argc, char **argv, const char *conf_path)
{
	struct gp_settings *settings;
	struct gp_error err;
	int code = EX_OK, result;
	bool is_json;
	char *person;

	if (!gp_command_parse_json(argc, argv, &is_json))
		return EX_USAGE;
	if (argc - optind != 1)
		return gp_command_fail(EX_USAGE, "reset whom?  Give one user");
	if (gp_settings_load(conf_path, &settings, &err) < 0)
		return gp_command_fail(EX_CONFIG, "%s", err.text);
	person = gp_command_person(settings, argv[optind]);
	result = reset(settings, person, &err);
	if (result < 0)
		code = gp_command_fail(EX_UNAVAILABLE, "%s", err.text);
	else
		tell(person, result > 0, is_json);
	free(person);
	gp_settings_free(&settings);
	return code;
}

const struct gp_command gp_command_reset = {
	.name = "reset",
	.arguments = "[--json] USER",
	.summary = "Lets a user's checks and messages count anew",
	.help =
"  -j, --json  for machines\n"
"\n"
"Nobody has to wait for what came before.  A session that was told to wait knows\n"
"of it when that time is over.  The journal has a line of it.  \"forget\" removes\n"
"all.\n",
	.run = run,
};
