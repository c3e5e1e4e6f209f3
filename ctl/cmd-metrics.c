/* SPDX-License-Identifier: MIT */
/*
 * This module is "gatepostctl metrics": figures for Prometheus, by way of the textfile
 * collector of its node_exporter.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "journal-files.h"
#include "journal-filter.h"
#include "journal-input.h"
#include "journal-place.h"
#include "journal-source.h"
#include "log.h"
#include "metrics.h"
#include "metrics-state.h"
#include "settings-parse.h"
#include "show.h"

enum { TOP_MAX = 1000, DEADLINE_MSECS = 2000, DAY_SECS = 86400 };

struct wishes {
	struct gp_filter filter;
	const char *output;             /* path or "-" */
	const char *state;              /* NULL: none was named */
	char *chosen;                   /* the filters as they were typed */
	unsigned long top;
	bool is_offline;                /* asks no part */
	bool is_json;
	bool has_period;
};

/* One run. */
struct run {
	const struct gp_settings *settings;
	const char *conf_path;
	const struct wishes *wishes;
	struct gp_metrics *metrics;
	struct gp_input input;
	const struct gp_status *status; /* NULL: nothing was asked */
};

/* --- reading --- */

static void take_line(void *context, char *line, size_t length)
{
	struct run *run = context;
	struct gp_journal_entry entry;

	if (gp_input_take(&run->input, line, length, &entry))
		gp_metrics_add(run->metrics, &entry);
}

/* All that the files have. */
static int read_whole(struct run *run, const char *const *paths, size_t count)
{
	struct gp_source *source = gp_source_create(paths, count);
	struct gp_source_progress progress;
	struct gp_error err;
	int result, code = EX_OK;
	size_t length;
	char *line;

	while ((result = gp_source_next(source, &line, &length, &err)) != 0) {
		if (result > 0)
			take_line(run, line, length);
		else
			code = gp_command_fail(EX_NOINPUT, "%s", err.text);
	}
	gp_source_progress(source, &progress);
	run->metrics->damaged_count += run->input.broken_count +
		progress.too_long_count;
	gp_source_free(&source);
	return code;
}

/* What was added since the last time. */
static int read_on(struct run *run, struct gp_places *places,
		   const char *const *paths, size_t count)
{
	const int64_t now_secs = run->metrics->now_msecs / 1000;
	uint64_t too_long = 0;
	struct gp_error err;
	int code = EX_OK;

	for (size_t i = 0; i < count; i++)
		if (gp_places_read(places, paths[i], now_secs, take_line, run,
				   &too_long, &err) < 0)
			code = gp_command_fail(EX_NOINPUT, "%s", err.text);
	gp_places_forget_old(places, now_secs);
	run->metrics->damaged_count += run->input.broken_count + too_long;
	return code;
}

/* --- writing --- */

static void write_figures(void *context, FILE *out)
{
	const struct run *run = context;
	size_t length;
	char *text;
	FILE *memory;

	if (!run->wishes->is_json) {
		gp_metrics_write(run->metrics, run->wishes->top, run->status, out);
		return;
	}
	memory = open_memstream(&text, &length);
	if (memory != NULL)
		gp_metrics_write(run->metrics, run->wishes->top, run->status,
				 memory);
	if (memory == NULL || fclose(memory) != 0)
		exit(gp_command_fail(EX_OSERR, "out of memory for the figures"));
	(void)gp_metrics_write_json(text, out);
	free(text);
}

static int show(struct run *run)
{
	const struct gp_status_terms terms = {
		.conf_path = run->conf_path, .deadline_msecs = DEADLINE_MSECS
	};
	struct gp_pool *pool = gp_pool_create();
	struct gp_status status;
	int code;

	if (!run->wishes->is_offline) {
		gp_status_find(&terms, pool, &status);
		run->status = &status;
	}
	code = gp_command_write(run->wishes->output, 0644, NULL, write_figures, run);
	run->status = NULL;
	gp_pool_free(&pool);
	return code;
}

static void begin(struct run *run, const struct wishes *wishes,
		  int64_t users_since_msecs)
{
	run->metrics = gp_metrics_create(gp_clock_wall_msecs(), users_since_msecs);
	gp_input_init(&run->input, &wishes->filter);
}

static int count_whole(struct run *run, const char *const *paths, size_t count)
{
	int code, write_code;

	begin(run, run->wishes, INT64_MIN);
	code = read_whole(run, paths, count);
	write_code = show(run);
	gp_metrics_free(&run->metrics);
	return code != EX_OK ? code : write_code;
}

/* The figures before the state: if one of them cannot be written, they are the same the
   next time, and no less. */
static int count_on(struct run *run, const char *state, const char *const *paths,
		    size_t count)
{
	struct gp_places places = { 0 };
	struct gp_error err;
	int code, write_code;

	begin(run, run->wishes, gp_clock_wall_msecs() - 1000 * DAY_SECS);
	if (gp_metrics_state_read(state, run->wishes->chosen, run->metrics, &places,
				  &err) < 0)
		(void)gp_command_fail(EX_DATAERR, "%s; all counters begin anew",
				      err.text);
	code = read_on(run, &places, paths, count);
	write_code = show(run);
	if (write_code == EX_OK)
		write_code = gp_metrics_state_write(state, run->wishes->chosen,
						    run->metrics, &places);
	gp_places_free(&places);
	gp_metrics_free(&run->metrics);
	return code != EX_OK ? code : write_code;
}

static int count_alone(struct run *run, const char *state,
		       const char *const *paths, size_t count)
{
	struct gp_error err;
	const int lock = gp_metrics_state_lock(state, &err);
	int code;

	if (lock < 0)
		return gp_command_fail(EX_CANTCREAT, "%s", err.text);
	code = count_on(run, state, paths, count);
	(void)close(lock);
	return code;
}

/* Beside the figures.  Its name does not end as the collector wants it. */
static char *name_state(const struct wishes *wishes)
{
	char *path = NULL;

	if (wishes->state != NULL)
		return gp_strdup(wishes->state);
	if (strcmp(wishes->output, "-") == 0 || wishes->has_period)
		return NULL;
	return asprintf(&path, "%s.state", wishes->output) < 0 ? NULL : path;
}

/* The files of this host, also where a stream has those of all: what node_exporter
   tells is of its host. */
static int count_usual(struct run *run)
{
	struct gp_journal_files files;
	struct gp_error err;
	char *state;
	int code;

	if (gp_journal_files_find(run->settings,
				  run->wishes->filter.period.since_msecs,
				  &files, &err) < 0)
		return gp_command_fail(EX_NOINPUT, "%s", err.text);
	state = name_state(run->wishes);
	code = state == NULL
		? count_whole(run, (const char *const *)files.paths, files.count)
		: count_alone(run, state, (const char *const *)files.paths,
			      files.count);
	free(state);
	(void)gp_journal_files_free(&files, &err);
	return code;
}

/* --- what is wanted --- */

/* What is counted depends on it. */
static void note_filter(struct wishes *wishes, int option, const char *argument)
{
	char *clean = gp_show_clean(argument), *chosen;

	wishes->has_period |= option == GP_FILTER_SINCE ||
		option == GP_FILTER_UNTIL;
	if (asprintf(&chosen, "%s%d=%s\n", wishes->chosen, option - GP_FILTER_USER,
		     clean) >= 0) {
		free(wishes->chosen);
		wishes->chosen = chosen;
	}
	free(clean);
}

static int parse_option(struct wishes *wishes, int option)
{
	struct gp_error err;
	char *end;

	switch (option) {
	case 'o':
		wishes->output = optarg;
		return 0;
	case 's':
		wishes->state = optarg;
		return 0;
	case 'O':
		wishes->is_offline = true;
		return 0;
	case 'j':
		wishes->is_json = true;
		return 0;
	case 't':
		wishes->top = strtoul(optarg, &end, 10);
		if (optarg[0] >= '0' && optarg[0] <= '9' && *end == '\0' &&
		    wishes->top <= TOP_MAX)
			return 0;
		return gp_command_fail(EX_USAGE, "--top '%s' is not a number from "
				       "0 to %d", optarg, TOP_MAX);
	case '?':
		return EX_USAGE;
	default:
		break;
	}
	if (gp_filter_add(&wishes->filter, option, optarg, (int64_t)time(NULL),
			  &err) < 0)
		return gp_command_fail(EX_USAGE, "%s", err.text);
	note_filter(wishes, option, optarg);
	return 0;
}

static int parse(int argc, char **argv, struct wishes *wishes)
{
	static const struct option names[] = {
		GP_FILTER_OPTIONS,
		{ "json", no_argument, NULL, 'j' },
		{ "offline", no_argument, NULL, 'O' },
		{ "output", required_argument, NULL, 'o' },
		{ "state", required_argument, NULL, 's' },
		{ "top", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	int option, code = 0;

	while (code == 0 && (option = getopt_long(argc, argv, "jo:s:t:", names,
						  NULL)) != -1)
		code = parse_option(wishes, option);
	if (code == 0 && wishes->state != NULL &&
	    (wishes->has_period || optind < argc))
		return gp_command_fail(EX_USAGE, "--state is for what is added to "
				       "the journal: it goes with no FILE, --since "
				       "or --until");
	return code;
}

static int count(const struct wishes *wishes, const char *conf_path,
		 const struct gp_settings *settings, char **paths, int paths_count)
{
	struct run run = { .settings = settings, .conf_path = conf_path,
			   .wishes = wishes };

	return paths_count == 0 ? count_usual(&run)
		: count_whole(&run, (const char *const *)paths,
			      (size_t)paths_count);
}

static int run(int argc, char **argv, const char *conf_path)
{
	struct wishes wishes = { .output = "-", .chosen = gp_strdup("") };
	struct gp_settings *settings;
	struct gp_error err;
	bool has_settings;
	int code;

	gp_filter_init(&wishes.filter);
	code = parse(argc, argv, &wishes);
	if (code == 0)
		code = gp_command_load(conf_path, optind == argc, &settings,
				       &has_settings);
	if (code == 0) {
		wishes.is_offline |= !has_settings;
		code = gp_filter_find_pseudonyms(&wishes.filter, settings, &err) < 0
			? gp_command_fail(EX_CONFIG, "%s", err.text)
			: count(&wishes, conf_path, settings, argv + optind,
				argc - optind);
		gp_settings_free(&settings);
	}
	gp_filter_free(&wishes.filter);
	free(wishes.chosen);
	return code;
}

const struct gp_command gp_command_metrics = {
	.name = "metrics",
	.arguments = "[--output FILE] [--state FILE] [--top N]\n"
		"         [--offline] [--json]\n"
		"         " GP_FILTER_ARGUMENTS "\n         [FILE...]",
	.summary = "Gives the figures to Prometheus",
	.help =
"  -o, --output FILE  written whole, for the textfile collector of node_exporter\n"
"  -s, --state FILE   what was counted and read so far; else beside the output\n"
"  -t, --top N        names the N users with most early checks; none without\n"
"      --offline      asks neither milter nor Redis whether they are alive\n"
"  -j, --json         the same figures as JSON\n"
GP_FILTER_HELP
"\n"
"Without a FILE: journal.file of this host, else syslog's file of mail, with the\n"
"rotated ones, also where the stream in Redis has the lines of all hosts.  With\n"
"--output or --state each run reads what was added since the last one, and no\n"
"counter ever falls; without, or with --since, --until or a FILE, the figures\n"
"are those of what is read.  conf/ has rules for alerts and a dashboard for\n"
"Grafana.  Each minute, by cron:\n"
"  gatepostctl metrics --output /var/lib/prometheus/node-exporter/gatepost.prom\n",
	.run = run,
};
