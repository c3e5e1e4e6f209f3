/* SPDX-License-Identifier: MIT */
/*
 * This module is "gatepostctl log": lines of the journal, chosen and made
 * readable, from files, from journalctl, or as they are written.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "command.h"
#include "journal-files.h"
#include "journal-filter.h"
#include "journal-input.h"
#include "journal-source.h"
#include "log.h"
#include "log-follow.h"
#include "pool.h"
#include "settings-parse.h"
#include "show.h"
#include "show-entry.h"

enum { LAST_MAX = 100000, LAST_OF_FOLLOW = 10 };

struct view {
	struct gp_filter filter;
	struct gp_input input;
	enum gp_entry_form form;
	bool has_colour, is_following;
	bool has_since;
	bool has_pauses;                /* told by empty lines */
	long last_count;                /* -1: all */
	char **last;                    /* ring of lines not shown yet */
	size_t last_next;
};

/* With --lines only the last ones are shown, so they wait in a ring. */
static void show(struct view *view, const struct gp_journal_entry *entry)
{
	char *line = gp_show_entry(entry, view->form, view->has_colour);

	if (view->last == NULL) {
		(void)puts(line);
		free(line);
		return;
	}
	if (view->last_count == 0) {
		free(line);
		return;
	}
	free(view->last[view->last_next]);
	view->last[view->last_next] = line;
	view->last_next = (view->last_next + 1) % (size_t)view->last_count;
}

static void show_last(struct view *view)
{
	if (view->last == NULL)
		return;
	for (long i = 0; i < view->last_count; i++) {
		char *line = view->last[(view->last_next + (size_t)i) %
					(size_t)view->last_count];

		if (line != NULL)
			(void)puts(line);
		free(line);
	}
	free(view->last);
	view->last = NULL;
}

static void on_pause(void *context)
{
	show_last(context);
	if (fflush(stdout) != 0)
		exit(EX_IOERR);
}

static void on_line(void *context, char *line, size_t length)
{
	struct view *view = context;
	struct gp_journal_entry entry;

	if (length == 0 && view->has_pauses)
		on_pause(view);
	else if (gp_input_take(&view->input, line, length, &entry))
		show(view, &entry);
}

static int follow(struct view *view, const char *const *paths, size_t count)
{
	struct gp_error err;

	(void)gp_log_follow(paths, count, on_line, on_pause, view, &err);
	return gp_command_fail(EX_NOINPUT, "%s", err.text);
}

static int read_files(struct view *view, const char *const *paths, size_t count)
{
	struct gp_source *source = gp_source_create(paths, count);
	struct gp_source_progress progress;
	struct gp_error err;
	size_t length;
	char *line;
	int result, code = EX_OK;

	while ((result = gp_source_next(source, &line, &length, &err)) != 0) {
		if (result < 0)
			code = gp_command_fail(EX_NOINPUT, "%s", err.text);
		else
			on_line(view, line, length);
	}
	show_last(view);
	gp_source_progress(source, &progress);
	gp_input_complain(&view->input, progress.too_long_count);
	gp_source_free(&source);
	if (fflush(stdout) != 0 && code == EX_OK)
		code = gp_command_fail(EX_IOERR, "cannot write the lines");
	return code;
}

/* Settings are not needed to read a file, but help to find who is meant. */
static int find_users(struct view *view, const char *conf_path)
{
	struct gp_settings *settings;
	struct gp_error err;
	bool has_settings;
	int code = gp_command_load(conf_path, false, &settings, &has_settings);

	if (code != EX_OK)
		return code;
	if (gp_filter_find_pseudonyms(&view->filter, settings, &err) < 0)
		code = gp_command_fail(EX_CONFIG, "%s", err.text);
	gp_settings_free(&settings);
	return code;
}

static int read_named(struct view *view, const char *conf_path, char **argv,
		      int argc)
{
	const char **paths = gp_alloc((size_t)argc * sizeof(*paths));
	bool has_stdin = false;
	int code = view->filter.values[0].count == 0 ? EX_OK
		: find_users(view, conf_path);

	if (code != EX_OK) {
		free(paths);
		return code;
	}
	for (int i = 0; i < argc; i++) {
		paths[i] = argv[i];
		has_stdin = has_stdin || strcmp(argv[i], "-") == 0;
	}
	/* A pipe gives its lines as they come anyway. */
	if (has_stdin)
		(void)setvbuf(stdout, NULL, _IOLBF, 0);
	code = view->is_following && !has_stdin
		? follow(view, paths, (size_t)argc)
		: read_files(view, paths, (size_t)argc);
	free(paths);
	return code;
}

static int read_usual(struct view *view, const char *conf_path)
{
	struct gp_settings *settings;
	struct gp_journal_files files;
	struct gp_error err;
	int code;

	if (gp_settings_load(conf_path, &settings, &err) < 0)
		return gp_command_fail(EX_CONFIG, "%s", err.text);
	if (gp_filter_find_pseudonyms(&view->filter, settings, &err) < 0) {
		code = gp_command_fail(EX_CONFIG, "%s", err.text);
	} else if (gp_journal_files_find_all(settings,
					     view->filter.period.since_msecs,
					     view->is_following, &files,
					     &err) < 0) {
		code = gp_command_fail(EX_NOINPUT, "%s", err.text);
	} else {
		const char *const *paths = (const char *const *)files.paths;

		/* A stream goes on by itself, and says when it pauses. */
		view->has_pauses = view->is_following && files.stream != NULL;
		code = view->is_following && !view->has_pauses
			? follow(view, paths + files.count - 1, 1)
			: read_files(view, paths, files.count);
		if (gp_journal_files_free(&files, &err) < 0 && code == EX_OK)
			code = gp_command_fail(EX_UNAVAILABLE, "%s", err.text);
	}
	gp_settings_free(&settings);
	return code;
}

static int set_last(struct view *view, const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || number > LAST_MAX)
		return gp_command_fail(EX_USAGE, "--lines '%s' is not a number "
				       "from 0 to %d", text, LAST_MAX);
	view->last_count = number;
	return 0;
}

static int parse_option(struct view *view, int option)
{
	struct gp_error err;

	switch (option) {
	case 'f':
		view->is_following = true;
		return 0;
	case 'j':
		view->form = GP_ENTRY_JSON;
		return 0;
	case 'r':
		view->form = GP_ENTRY_RAW;
		return 0;
	case 'n':
		return set_last(view, optarg);
	case '?':
		return EX_USAGE;
	default:
		break;
	}
	if (option == GP_FILTER_SINCE)
		view->has_since = true;
	if (gp_filter_add(&view->filter, option, optarg, (int64_t)time(NULL),
			  &err) < 0)
		return gp_command_fail(EX_USAGE, "%s", err.text);
	return 0;
}

static int parse(int argc, char **argv, struct view *view)
{
	static const struct option names[] = {
		GP_FILTER_OPTIONS,
		{ "follow", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "lines", required_argument, NULL, 'n' },
		{ "raw", no_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	int option, code = 0;

	while (code == 0 && (option = getopt_long(argc, argv, "fjn:r", names,
						  NULL)) != -1)
		code = parse_option(view, option);
	return code;
}

static int run(int argc, char **argv, const char *conf_path)
{
	struct view view = { .last_count = -1, .has_colour = gp_show_has_colour() };
	int code;

	gp_filter_init(&view.filter);
	code = parse(argc, argv, &view);
	if (code == 0) {
		if (view.is_following && view.last_count < 0 && !view.has_since)
			view.last_count = LAST_OF_FOLLOW;
		if (view.last_count >= 0)
			view.last = gp_alloc(((size_t)view.last_count + 1) *
					     sizeof(*view.last));
		gp_input_init(&view.input, &view.filter);
		code = optind < argc
			? read_named(&view, conf_path, argv + optind, argc - optind)
			: read_usual(&view, conf_path);
		show_last(&view);
	}
	gp_filter_free(&view.filter);
	return code;
}

const struct gp_command gp_command_log = {
	.name = "log",
	.arguments = "[--follow] [--lines N] [--json | --raw]\n"
		"         " GP_FILTER_ARGUMENTS "\n         [FILE...]",
	.summary = "Shows lines of the journal, and those to come",
	.help =
"  -f, --follow       go on with what is added, also after a rotation\n"
"  -n, --lines N      only the last N lines; with --follow 10, unless --since is\n"
"                     given\n"
"  -j, --json         for machines: an object on each line\n"
"  -r, --raw          as the line stands in the journal\n"
GP_FILTER_HELP
"\n"
"FILE is a log of syslog, also packed by gzip, xz, bzip2 or zstd, or - for\n"
"standard input:\n"
"  journalctl -o cat -t gatepost-milter -t dovecot | gatepostctl log -\n"
"Without a FILE: the stream in Redis if there is one (journal.stream), else\n"
"journal.file, else syslog's file of mail, with its rotated ones.\n",
	.run = run,
};
