/* SPDX-License-Identifier: MIT */
/*
 * This module is "gatepostctl who": its options; who-programs.c shows who checks for
 * mail, who-sending.c who sends.
 */
#include <getopt.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "command.h"
#include "pool.h"
#include "settings-parse.h"
#include "who-watch.h"
#include "who.h"

enum { WATCH_SECS = 2, WATCH_SECS_MAX = 86400, TOP_MAX = 1000000 };

struct view {
	const struct gp_settings *settings;
	struct gp_who who;
	bool is_sending;
	unsigned int watch_secs;        /* 0: once */
};

static int draw(void *context, FILE *out, struct gp_error *err)
{
	const struct view *view = context;

	return view->is_sending
		? gp_who_sending(view->settings, &view->who, out, err)
		: gp_who_programs(view->settings, &view->who, out, err);
}

static int show(struct view *view, const char *user)
{
	char *person = gp_command_person(view->settings, user);
	struct gp_error err;
	int code = EX_OK;

	view->who.user = person;
	view->who.is_watched = view->watch_secs > 0;
	if (view->watch_secs > 0)
		gp_watch(draw, view, view->watch_secs, view->who.is_json);
	else if (draw(view, stdout, &err) < 0)
		code = gp_command_fail(EX_UNAVAILABLE, "%s", err.text);
	free(person);
	return code;
}

static int take_number(const char *option, const char *text, unsigned long most,
		       unsigned long *number_r)
{
	char *end;
	const unsigned long number = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || number < 1 ||
	    number > most)
		return gp_command_fail(EX_USAGE, "--%s '%s' is not a number from 1 "
				       "to %lu", option, text, most);
	*number_r = number;
	return 0;
}

static int parse_option(struct view *view, int option)
{
	unsigned long number = WATCH_SECS;
	int code = 0;

	switch (option) {
	case 'e':
		view->who.only_early = true;
		break;
	case 'j':
		view->who.is_json = true;
		break;
	case 'o':
		view->who.sort = optarg;
		break;
	case 's':
		view->is_sending = true;
		break;
	case 't':
		view->who.only_throttled = true;
		break;
	case 'n':
		code = take_number("top", optarg, TOP_MAX, &number);
		view->who.top = number;
		break;
	case 'w':
		if (optarg != NULL)
			code = take_number("watch", optarg, WATCH_SECS_MAX,
					   &number);
		view->watch_secs = (unsigned int)number;
		break;
	default:
		code = EX_USAGE;
	}
	return code;
}

static bool is_number(const char *word)
{
	return word != NULL && *word != '\0' &&
		word[strspn(word, "0123456789")] == '\0';
}

/* getopt takes the seconds of "--watch 5" for a name: they become one word, to be
   freed, as they would be with "=".  Returns the number of words. */
static int join_watch(int argc, char **argv, char **joined_r)
{
	*joined_r = NULL;
	for (int i = 1; i + 1 < argc && *joined_r == NULL; i++) {
		if ((strcmp(argv[i], "--watch") != 0 &&
		     strcmp(argv[i], "-w") != 0) || !is_number(argv[i + 1]))
			continue;
		*joined_r = gp_alloc(sizeof("--watch=") + strlen(argv[i + 1]));
		(void)sprintf(*joined_r, "--watch=%s", argv[i + 1]);
		argv[i] = *joined_r;
		memmove(&argv[i + 1], &argv[i + 2],
			(size_t)(argc - i - 1) * sizeof(*argv));
		return argc - 1;
	}
	return argc;
}

static int parse(int argc, char **argv, struct view *view)
{
	static const struct option names[] = {
		{ "early", no_argument, NULL, 'e' },
		{ "json", no_argument, NULL, 'j' },
		{ "sending", no_argument, NULL, 's' },
		{ "sort", required_argument, NULL, 'o' },
		{ "throttled", no_argument, NULL, 't' },
		{ "top", required_argument, NULL, 'n' },
		{ "watch", optional_argument, NULL, 'w' },
		{ NULL, 0, NULL, 0 },
	};
	struct gp_error err;
	int option, code = 0;

	while (code == 0 && (option = getopt_long(argc, argv, "ejn:o:stw::",
						  names, NULL)) != -1)
		code = parse_option(view, option);
	if (code != 0)
		return code;
	if (view->is_sending && view->who.only_early)
		return gp_command_fail(EX_USAGE, "--early is about checks for "
				       "mail, not about sending");
	if (view->who.sort == NULL)
		return 0;
	code = view->is_sending ? gp_who_sending_check(view->who.sort, &err)
				: gp_who_programs_check(view->who.sort, &err);
	return code == 0 ? 0 : gp_command_fail(EX_USAGE, "%s", err.text);
}

static int look(int argc, char **argv, const char *conf_path)
{
	struct view view = { .watch_secs = 0 };
	struct gp_settings *settings;
	struct gp_error err;
	int code = parse(argc, argv, &view);

	if (code != 0)
		return code;
	if (argc - optind > 1)
		return gp_command_fail(EX_USAGE, "who takes one user at most");
	if (gp_settings_load(conf_path, &settings, &err) < 0)
		return gp_command_fail(EX_CONFIG, "%s", err.text);
	(void)setlocale(LC_CTYPE, "");
	view.settings = settings;
	code = show(&view, argv[optind]);
	gp_settings_free(&settings);
	return code;
}

static int run(int argc, char **argv, const char *conf_path)
{
	char *joined;
	int code;

	argc = join_watch(argc, argv, &joined);
	code = look(argc, argv, conf_path);
	free(joined);
	return code;
}

const struct gp_command gp_command_who = {
	.name = "who",
	.arguments = "[--early | --sending] [--throttled]\n"
		"         [--sort COLUMN] [--top N] [--watch [SECONDS]] [--json] [USER]",
	.summary = "Shows who checks for mail, with which program; or who sends",
	.help =
"  -e, --early         only programs that checked too often lately\n"
"  -s, --sending       what users have sent lately, and what they may\n"
"  -t, --throttled     only those who would be absorbed, held or refused now;\n"
"                      with --sending, those who must wait\n"
"  -o, --sort COLUMN   such as every, checks, early, wait, last, user; -COLUMN is\n"
"                      the other way round\n"
"  -n, --top N         only the first N\n"
"  -w, --watch [SECONDS]  again and again, every 2 seconds, until Ctrl-C\n"
"  -j, --json          for machines; with --watch one line each time\n"
"\n"
"Columns: CHECKS seen so far; EVERY, the measured time between them; INTERVAL in\n"
"force; EARLY, how many rounds of early checks there were lately; STATE, what the\n"
"next early check gets (absorb, delay), exempt, \"advise\" for a program that keeps\n"
"to poll.interval but not to poll.advised, quiet if nothing was heard of it for\n"
"longer than that, else ok; WAIT until a new round is admitted; LAST heard of;\n"
"WHY: the setting that gave the interval, with its line.\n"
"Since when a program is there: see \"user\" and \"report\".\n"
"A session that holds its connection brings its counts once per interval.\n"
"Columns of --sending: MESSAGES and RECIPIENTS in use of each limit; WAIT until\n"
"one more message may go; LAST message.\n",
	.run = run,
};
