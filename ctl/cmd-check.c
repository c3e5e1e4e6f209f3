/* SPDX-License-Identifier: MIT */
/* This module is "gatepostctl check": are the settings good? */
#include <stdio.h>
#include <sysexits.h>

#include "command.h"
#include "pseudonym.h"
#include "settings-parse.h"

static int run(int argc, char **argv, const char *conf_path)
{
	struct gp_pseudonyms *pseudonyms;
	struct gp_settings *settings;
	struct gp_error err;
	int code = EX_OK;

	if (argc > 2)
		return gp_command_fail(EX_USAGE, "check takes one file");
	if (argc == 2)
		conf_path = argv[1];
	if (gp_settings_load(conf_path, &settings, &err) < 0)
		return gp_command_fail(EX_CONFIG, "%s", err.text);
	if (gp_pseudonyms_open(settings, &pseudonyms, &err) < 0) {
		code = gp_command_fail(EX_CONFIG, "%s", err.text);
	} else {
		(void)printf("%s: settings are good\n", conf_path);
		if (settings->store.kind == GP_STORE_MEMORY)
			(void)printf("store.kind = memory: each milter counts what "
				     "users send by itself, until it ends; checks "
				     "for mail are not limited\n");
		gp_pseudonyms_close(&pseudonyms);
	}
	gp_settings_free(&settings);
	return code;
}

const struct gp_command gp_command_check = {
	.name = "check",
	.arguments = "[FILE]",
	.summary = "Checks a settings file",
	.help = "Exit code 0: the file is good.  78: it is not, and one line says "
		"in which line\nand what is allowed there.\n",
	.run = run,
};
