/* SPDX-License-Identifier: MIT */
/* This module is "gatepostctl forget": all that Redis holds of a user goes. */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "command.h"
#include "settings-parse.h"
#include "store.h"

static int forget(const struct gp_settings *settings, const char *person,
		  struct gp_removal *removal_r, struct gp_error *err)
{
	struct gp_store *store = gp_command_store(settings, err);
	int result;

	if (store == NULL)
		return -1;
	result = store->ops->forget(store, person, removal_r, err);
	gp_store_close(&store);
	return result;
}

static int tell(const struct gp_removal *removal)
{
	if (removal->is_left)
		return gp_command_fail(EX_SOFTWARE, "a session of the user wrote to "
				       "Redis meanwhile: end it and try again");
	if (!removal->was_known)
		(void)printf("Redis holds nothing of this user\n");
	else
		(void)printf("removed, programs: %u; Redis holds nothing of this "
			     "user now\n", removal->programs_count);
	return EX_OK;
}

static int run(int argc, char **argv, const char *conf_path)
{
	struct gp_settings *settings;
	struct gp_removal removal;
	struct gp_error err;
	char *person;
	int code;

	if (argc != 2)
		return gp_command_fail(EX_USAGE, "forget whom?  Give one user");
	if (gp_settings_load(conf_path, &settings, &err) < 0)
		return gp_command_fail(EX_CONFIG, "%s", err.text);
	person = gp_command_person(settings, argv[1]);
	if (forget(settings, person, &removal, &err) < 0)
		code = gp_command_fail(EX_UNAVAILABLE, "%s", err.text);
	else
		code = tell(&removal);
	free(person);
	gp_settings_free(&settings);
	return code;
}

const struct gp_command gp_command_forget = {
	.name = "forget",
	.arguments = "USER",
	.summary = "Removes all that Redis holds of a user, and proves it",
	.help = "Exit code 0: Redis holds nothing of the user now.  70: a session "
		"wrote to it\nmeanwhile.  The journal stays as it is.\n",
	.run = run,
};
