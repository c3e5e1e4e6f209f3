/* SPDX-License-Identifier: MIT */
/* This module is "gatepostctl reset": a user's checks and messages count anew. */
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

static int run(int argc, char **argv, const char *conf_path)
{
	struct gp_settings *settings;
	struct gp_error err;
	char *person, *clean;
	int code = EX_OK, result;

	if (argc != 2 || argv[1][0] == '-')
		return gp_command_fail(EX_USAGE, "reset whom?  Give one user");
	if (gp_settings_load(conf_path, &settings, &err) < 0)
		return gp_command_fail(EX_CONFIG, "%s", err.text);
	person = gp_command_person(settings, argv[1]);
	result = reset(settings, person, &err);
	clean = gp_show_clean(person);
	if (result < 0)
		code = gp_command_fail(EX_UNAVAILABLE, "%s", err.text);
	else
		(void)printf(result > 0 ? "%s begins anew\n"
			     : "nothing was known of %s\n", clean);
	free(clean);
	free(person);
	gp_settings_free(&settings);
	return code;
}

const struct gp_command gp_command_reset = {
	.name = "reset",
	.arguments = "USER",
	.summary = "Lets a user's checks and messages count anew",
	.help =
"Nobody has to wait for what came before.  A session that was told to wait knows of it\n"
"when that time is over.  The journal has a line of it.  \"forget\" removes all.\n",
	.run = run,
};
