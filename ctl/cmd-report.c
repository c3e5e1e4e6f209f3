/* SPDX-License-Identifier: MIT */
/*
 * This module is "gatepostctl report": who checks too often or has mail refused, with
 * what program, what was done, and whether it helped; from the journal, in one pass.
 */
#include <getopt.h>
#include <inttypes.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "journal-batch.h"
#include "journal-files.h"
#include "journal-filter.h"
#include "log.h"
#include "pool.h"
#include "report.h"
#include "report-now.h"
#include "report-show.h"
#include "settings-parse.h"
#include "store.h"

enum { TOP_OF_TABLE = 20, TOP_OF_HTML = 500, PROGRESS_BATCHES = 128 };

struct wishes {
	struct gp_filter filter;
	bool is_json, is_csv;
	const char *html;               /* path, "-", or NULL */
	long top;                       /* -1: as the form has it */
};

/* --- reading --- */

static void show_progress(const struct gp_batch *batch, int64_t started_msecs)
{
	static const char full[] = "########################################";
	const struct gp_source_progress *progress = &batch->progress;
	int64_t msecs = gp_clock_monotonic_msecs() - started_msecs;
	uint64_t lines = batch->input.lines_count;
	int width = 0;

	if (progress->total_bytes > 0)
		width = (int)((double)progress->done_bytes * 40 /
			      (double)progress->total_bytes);
	width = width > 40 ? 40 : width;
	(void)fprintf(stderr, "\r[%.*s%*s] %3d%% %" PRIu64 " lines, %.1f million "
		      "a second ", width, full, 40 - width, "", width * 100 / 40,
		      lines, msecs > 0 ? (double)lines / (double)msecs / 1000 : 0);
}

static int read_journal(struct gp_report *report, const struct wishes *wishes,
			const char *const *paths, size_t count)
{
	const int64_t started = gp_clock_monotonic_msecs();
	const bool has_bar = isatty(STDERR_FILENO);
	struct gp_batches *batches = gp_batches_start(paths, count,
						      &wishes->filter);
	struct gp_source_progress progress = { 0 };
	struct gp_input input = { 0 };
	const struct gp_batch *batch;
	int code;

	for (size_t i = 1; (batch = gp_batches_next(batches)) != NULL; i++) {
		gp_report_add_all(report, batch->entries, batch->count);
		progress = batch->progress;
		input = batch->input;
		if (has_bar && i % PROGRESS_BATCHES == 0)
			show_progress(batch, started);
	}
	if (has_bar)
		(void)fputs("\r\033[K", stderr);
	code = gp_batches_has_failed(batches) ? EX_NOINPUT : EX_OK;
	gp_batches_free(&batches);
	report->lines_count = input.lines_count;
	report->broken_count = input.broken_count + progress.too_long_count;
	gp_input_complain(&input, progress.too_long_count);
	return code;
}

/* --- writing --- */

static size_t top_of(const struct wishes *wishes, size_t usual)
{
	return wishes->top >= 0 ? (size_t)wishes->top : usual;
}

struct page {
	const struct gp_report *report;
	size_t top;
};

static void write_page(void *context, FILE *out)
{
	const struct page *page = context;

	gp_report_write_html(page->report, page->top, out);
}

/* It names people, so it is for its owner and group. */
static int write_html(const struct gp_report *report,
		      const struct wishes *wishes)
{
	struct page page = { report, top_of(wishes, TOP_OF_HTML) };

	return gp_command_write(wishes->html, 0640, NULL, write_page, &page);
}

static bool is_short(const struct wishes *wishes)
{
	return !wishes->is_json && !wishes->is_csv && wishes->html == NULL;
}

static int show(const struct gp_report *report, const struct wishes *wishes)
{
	int code = EX_OK;

	if (wishes->html != NULL)
		code = write_html(report, wishes);
	if (wishes->is_json)
		gp_report_print_json(report, top_of(wishes, SIZE_MAX));
	else if (wishes->is_csv)
		gp_report_print_csv(report, top_of(wishes, SIZE_MAX));
	else if (wishes->html == NULL)
		gp_report_print_text(report, top_of(wishes, TOP_OF_TABLE));
	if (fflush(stdout) != 0 && code == EX_OK)
		code = gp_command_fail(EX_IOERR, "cannot write the report");
	return code;
}

/* --- the command --- */

/* Who is exempt by hand, and what programs may do now, is told where Redis can be asked,
   under the names that the journal has, be they pseudonyms.  The store keeps it. */
static struct gp_store *ask_store(struct gp_report *report,
				  const struct wishes *wishes)
{
	struct gp_error unused;
	struct gp_store *store;

	if (!report->has_settings || report->settings->redis.server[0] == '\0')
		return NULL;
	store = gp_store_redis_open(report->settings, &unused);
	if (store != NULL &&
	    store->ops->exemptions(store, NULL, gp_clock_monotonic_msecs(),
				   &report->by_hand, &unused) < 0)
		report->by_hand = NULL;
	else if (store != NULL)
		gp_report_now_ask(report, store, top_of(wishes, is_short(wishes)
							? TOP_OF_TABLE
							: GP_REPORT_NOW_MAX));
	return store;
}

static int report_files(const struct gp_settings *settings, bool has_settings,
			const struct wishes *wishes, const char *const *paths,
			size_t count)
{
	struct gp_report *report = gp_report_create(settings,
						    GP_REPORT_ROWS_MAX);
	struct gp_store *store;
	int code, show_code;

	report->has_settings = has_settings;
	report->period = wishes->filter.period;
	code = read_journal(report, wishes, paths, count);
	gp_report_finish(report);
	store = ask_store(report, wishes);
	show_code = show(report, wishes);
	gp_store_close(&store);
	gp_report_free(&report);
	return code != EX_OK ? code : show_code;
}

static int report_usual(const struct gp_settings *settings,
			const struct wishes *wishes)
{
	struct gp_journal_files files;
	struct gp_error err;
	int code;

	if (gp_journal_files_find_all(settings,
				      wishes->filter.period.since_msecs, false,
				      &files, &err) < 0)
		return gp_command_fail(EX_NOINPUT, "%s", err.text);
	code = report_files(settings, true, wishes,
			    (const char *const *)files.paths, files.count);
	if (gp_journal_files_free(&files, &err) < 0 && code == EX_OK)
		code = gp_command_fail(EX_UNAVAILABLE, "%s", err.text);
	return code;
}

static int set_top(struct wishes *wishes, const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || number > 1000000)
		return gp_command_fail(EX_USAGE, "--top '%s' is not a number from "
				       "0 to 1000000", text);
	wishes->top = number;
	return 0;
}

static int parse_option(struct wishes *wishes, int option)
{
	struct gp_error err;

	switch (option) {
	case 'c':
		wishes->is_csv = true;
		return 0;
	case 'h':
		wishes->html = optarg;
		return 0;
	case 'j':
		wishes->is_json = true;
		return 0;
	case 't':
		return set_top(wishes, optarg);
	case '?':
		return EX_USAGE;
	default:
		break;
	}
	if (gp_filter_add(&wishes->filter, option, optarg, (int64_t)time(NULL),
			  &err) < 0)
		return gp_command_fail(EX_USAGE, "%s", err.text);
	return 0;
}

static int parse(int argc, char **argv, struct wishes *wishes)
{
	static const struct option names[] = {
		GP_FILTER_OPTIONS,
		{ "csv", no_argument, NULL, 'c' },
		{ "html", required_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "top", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	int option, code = 0;

	while (code == 0 && (option = getopt_long(argc, argv, "jt:", names,
						  NULL)) != -1)
		code = parse_option(wishes, option);
	if (code == 0 && wishes->is_json && wishes->is_csv)
		code = gp_command_fail(EX_USAGE, "--json or --csv, not both");
	if (code == 0 && (wishes->is_json || wishes->is_csv) &&
	    wishes->html != NULL && strcmp(wishes->html, "-") == 0)
		code = gp_command_fail(EX_USAGE, "--html - and another form want "
				       "the same output");
	return code;
}

/* What the journal calls those who are asked about. */
static int find_users(struct wishes *wishes, struct gp_settings **settings)
{
	struct gp_error err;

	if (gp_filter_find_pseudonyms(&wishes->filter, *settings, &err) == 0)
		return EX_OK;
	gp_settings_free(settings);
	return gp_command_fail(EX_CONFIG, "%s", err.text);
}

static int run(int argc, char **argv, const char *conf_path)
{
	struct wishes wishes = { .top = -1 };
	struct gp_settings *settings;
	bool has_settings;
	int code;

	gp_filter_init(&wishes.filter);
	code = parse(argc, argv, &wishes);
	if (code == 0)
		code = gp_command_load(conf_path, optind == argc, &settings,
				       &has_settings);
	if (code == 0)
		code = find_users(&wishes, &settings);
	if (code == 0) {
		(void)setlocale(LC_CTYPE, "");
		code = optind == argc ? report_usual(settings, &wishes)
			: report_files(settings, has_settings, &wishes,
				       (const char *const *)(argv + optind),
				       (size_t)(argc - optind));
		gp_settings_free(&settings);
	}
	gp_filter_free(&wishes.filter);
	return code;
}

const struct gp_command gp_command_report = {
	.name = "report",
	.arguments = "[--json | --csv] [--html FILE] [--top N]\n"
		"         " GP_FILTER_ARGUMENTS "\n         [FILE...]",
	.summary = "Sums up the journal: who checks too often, and what was done",
	.help =
"      --html FILE    a page that needs no network and no script; - is standard\n"
"                     output\n"
"      --csv          a row for each user and program\n"
"  -j, --json         for machines\n"
"  -t, --top N        at most N users; 20 in the table, 500 in the page, else all\n"
GP_FILTER_HELP
"\n"
"FILE and what is read without one: as for gatepostctl log.\n"
"STATE and LEFT are what Redis says now; without it the last line, as of when.\n"
"OUTCOME of a program whose checks were absorbed, held or refused: obeys (it\n"
"keeps to the interval now), slower, same, faster, quiet (not heard of for a\n"
"day).\n",
	.run = run,
};
