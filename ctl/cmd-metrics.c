/* SPDX-License-Identifier: MIT */
/*
 * This module is "gatepostctl metrics": figures for Prometheus, by way of the textfile
 * collector of its node_exporter.
 */
#include <getopt.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>

#include "command.h"
#include "journal-batch.h"
#include "journal-files.h"
#include "journal-filter.h"
#include "metrics.h"
#include "report.h"
#include "settings-parse.h"

enum { TOP_MAX = 1000, DEADLINE_MSECS = 2000 };

struct wishes {
	struct gp_filter filter;
	const char *output;             /* path or "-" */
	unsigned long top;
	bool is_offline;                /* asks no part */
};

/* What is written at the end. */
struct figures {
	struct gp_metrics *metrics;
	const struct gp_report *report;
	const struct gp_status *status;
	size_t top;
};

static void write_figures(void *context, FILE *out)
{
	const struct figures *figures = context;

	gp_metrics_write(figures->metrics, figures->report, figures->top,
			 figures->status, out);
}

static int read_journal(struct gp_metrics *metrics, struct gp_report *report,
			const struct wishes *wishes, const char *const *paths,
			size_t count)
{
	struct gp_batches *batches = gp_batches_start(paths, count,
						      &wishes->filter);
	const struct gp_batch *batch;
	struct gp_input input = { 0 };
	uint64_t too_long_count = 0;
	int code;

	while ((batch = gp_batches_next(batches)) != NULL) {
		gp_report_add_all(report, batch->entries, batch->count);
		for (size_t i = 0; i < batch->count; i++)
			gp_metrics_add(metrics, &batch->entries[i]);
		input = batch->input;
		too_long_count = batch->progress.too_long_count;
	}
	code = gp_batches_has_failed(batches) ? EX_NOINPUT : EX_OK;
	gp_batches_free(&batches);
	report->lines_count = input.lines_count;
	report->broken_count = input.broken_count + too_long_count;
	return code;
}

static int show(const struct gp_settings *settings, const char *conf_path,
		const struct wishes *wishes, const char *const *paths,
		size_t count)
{
	const struct gp_status_terms terms = {
		.conf_path = conf_path, .deadline_msecs = DEADLINE_MSECS
	};
	struct gp_metrics *metrics = gp_alloc(sizeof(*metrics));
	struct gp_report *report = gp_report_create(settings,
						    GP_REPORT_ROWS_MAX);
	struct gp_pool *pool = gp_pool_create();
	struct gp_status status;
	struct figures figures = { metrics, report, NULL, wishes->top };
	int code, write_code;

	metrics->last_msecs = -1;
	report->period = wishes->filter.period;
	code = read_journal(metrics, report, wishes, paths, count);
	gp_report_finish(report);
	if (!wishes->is_offline) {
		gp_status_find(&terms, pool, &status);
		figures.status = &status;
	}
	write_code = gp_command_write(wishes->output, 0644, write_figures,
				      &figures);
	gp_pool_free(&pool);
	gp_report_free(&report);
	free(metrics);
	return code != EX_OK ? code : write_code;
}

static int show_usual(const struct gp_settings *settings, const char *conf_path,
		      const struct wishes *wishes)
{
	struct gp_journal_files files;
	struct gp_error err;
	int code;

	if (gp_journal_files_find(settings, wishes->filter.period.since_msecs,
				  &files, &err) < 0)
		return gp_command_fail(EX_NOINPUT, "%s", err.text);
	code = show(settings, conf_path, wishes, (const char *const *)files.paths,
		    files.count);
	(void)gp_journal_files_free(&files, &err);
	return code;
}

static int parse_option(struct wishes *wishes, int option)
{
	struct gp_error err;
	char *end;

	switch (option) {
	case 'o':
		wishes->output = optarg;
		return 0;
	case 'O':
		wishes->is_offline = true;
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
	return 0;
}

static int parse(int argc, char **argv, struct wishes *wishes)
{
	static const struct option names[] = {
		GP_FILTER_OPTIONS,
		{ "offline", no_argument, NULL, 'O' },
		{ "output", required_argument, NULL, 'o' },
		{ "top", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	int option, code = 0;

	while (code == 0 && (option = getopt_long(argc, argv, "o:t:", names,
						  NULL)) != -1)
		code = parse_option(wishes, option);
	return code;
}

static int run(int argc, char **argv, const char *conf_path)
{
	struct wishes wishes = { .output = "-" };
	struct gp_settings *settings;
	bool has_settings;
	int code;

	gp_filter_init(&wishes.filter);
	code = parse(argc, argv, &wishes);
	if (code == 0)
		code = gp_command_load(conf_path, optind == argc, &settings,
				       &has_settings);
	if (code == 0) {
		if (!has_settings)
			wishes.is_offline = true;
		code = optind == argc ? show_usual(settings, conf_path, &wishes)
			: show(settings, conf_path, &wishes,
			       (const char *const *)(argv + optind),
			       (size_t)(argc - optind));
		gp_settings_free(&settings);
	}
	gp_filter_free(&wishes.filter);
	return code;
}

const struct gp_command gp_command_metrics = {
	.name = "metrics",
	.arguments = "[--output FILE] [--top N] [--offline]\n"
		"         " GP_FILTER_ARGUMENTS "\n         [FILE...]",
	.summary = "Gives the figures to Prometheus",
	.help =
"  -o, --output FILE  written whole, for the textfile collector of node_exporter\n"
"  -t, --top N        names the N users with most early checks; none without\n"
"      --offline      asks neither milter nor Redis whether they are alive\n"
GP_FILTER_HELP
"\n"
"FILE and what is read without one: as for gatepostctl log.  A counter begins anew\n"
"when the journal is rotated, which Prometheus's rate() knows.  conf/ has rules for\n"
"alerts and a dashboard for Grafana.  Each minute, by cron:\n"
"  gatepostctl metrics --output /var/lib/prometheus/node-exporter/gatepost.prom\n",
	.run = run,
};
