/* SPDX-License-Identifier: MIT */
/*
 * This module is "gatepostctl user": everything about one person on one page.
 */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "command.h"
#include "journal-files.h"
#include "person.h"
#include "person-show.h"
#include "settings-parse.h"

enum { LINES = 20, LINES_MAX = 10000 };

struct view {
	struct gp_filter filter;
	size_t lines_max;
	bool is_json;
};

static int read_journal(const struct view *view, struct gp_person *person,
			char **paths, int count)
{
	struct gp_journal_files files;
	struct gp_error err;
	int result;

	if (count > 0)
		return gp_person_read(person, (const char *const *)paths,
				      (size_t)count, &view->filter,
				      view->lines_max);
	if (gp_journal_files_find_all(person->settings,
				      view->filter.period.since_msecs, false,
				      &files, &err) < 0) {
		(void)gp_command_fail(EX_NOINPUT, "%s", err.text);
		return -1;
	}
	result = gp_person_read(person, (const char *const *)files.paths,
				files.count, &view->filter, view->lines_max);
	if (gp_journal_files_free(&files, &err) < 0) {
		(void)gp_command_fail(EX_UNAVAILABLE, "%s", err.text);
		result = -1;
	}
	return result;
}

/* What one source does not tell another may. */
static int show(const struct view *view, const struct gp_settings *settings,
		char **words, int count)
{
	struct gp_person person;
	struct gp_error err;
	int code = EX_OK;

	gp_person_init(settings, words[0], &person);
	if (gp_person_look_up(&person, &err) < 0)
		code = gp_command_fail(EX_UNAVAILABLE, "%s", err.text);
	if (view->lines_max > 0 &&
	    read_journal(view, &person, words + 1, count - 1) < 0 &&
	    code == EX_OK)
		code = EX_NOINPUT;
	if (view->is_json)
		gp_person_show_json(&person);
	else
		gp_person_show(&person);
	gp_person_clear(&person);
	return code;
}

static int set_lines(struct view *view, const char *text)
{
	char *end;
	const unsigned long number = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || number > LINES_MAX)
		return gp_command_fail(EX_USAGE, "--lines '%s' is not a number "
				       "from 0 to %d", text, LINES_MAX);
	view->lines_max = number;
	return 0;
}

static int parse(int argc, char **argv, struct view *view)
{
	static const struct option names[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "lines", required_argument, NULL, 'n' },
		{ "since", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	const char *since = "7d";
	struct gp_error err;
	int option, code = 0;

	while (code == 0 && (option = getopt_long(argc, argv, "jn:", names,
						  NULL)) != -1) {
		if (option == 'j')
			view->is_json = true;
		else if (option == 'n')
			code = set_lines(view, optarg);
		else if (option == 's')
			since = optarg;
		else
			code = EX_USAGE;
	}
	if (code == 0 && gp_filter_add(&view->filter, GP_FILTER_SINCE, since,
				       (int64_t)time(NULL), &err) < 0)
		code = gp_command_fail(EX_USAGE, "%s", err.text);
	return code;
}

static int look(struct view *view, int argc, char **argv, const char *conf_path)
{
	struct gp_settings *settings;
	struct gp_error err;
	int code;

	if (optind == argc || argv[optind][0] == '\0')
		return gp_command_fail(EX_USAGE, "which user?  Try: gatepostctl "
				       "user --help");
	if (gp_settings_load(conf_path, &settings, &err) < 0)
		return gp_command_fail(EX_CONFIG, "%s", err.text);
	(void)setlocale(LC_CTYPE, "");
	code = show(view, settings, argv + optind, argc - optind);
	gp_settings_free(&settings);
	return code;
}

static int run(int argc, char **argv, const char *conf_path)
{
	struct view view = { .lines_max = LINES };
	int code;

	gp_filter_init(&view.filter);
	code = parse(argc, argv, &view);
	if (code == 0)
		code = look(&view, argc, argv, conf_path);
	gp_filter_free(&view.filter);
	return code;
}

const struct gp_command gp_command_user = {
	.name = "user",
	.arguments = "[--since WHEN] [--lines N] [--json] NAME\n"
		"         [FILE...]",
	.summary = "Shows everything about one person",
	.help =
"  --since WHEN    how far back the journal is read; a week if it is not given\n"
"  -n, --lines N   the last N lines of the journal, 20 if it is not given; with 0\n"
"                  the journal is not read\n"
"  -j, --json      for machines\n"
"\n"
"NAME is any login name of the person; FILE as for log.  Shown are the terms\n"
"that the settings have for the person, with file and line; from Redis when the\n"
"person was last there, what was sent and how much is left, and each mail\n"
"program (the columns are those of who); from the journal what was done with\n"
"which program how often, since when and when last, and the last lines.\n",
	.run = run,
};
