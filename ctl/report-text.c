/* SPDX-License-Identifier: MIT */
/* This module prints a report for a terminal: the head, then a table of those who
   check most.  Documented in report-show.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report-judge.h"
#include "report-show.h"
#include "show.h"
#include "show-table.h"
#include "show-width.h"

enum { LABEL_WIDTH = 11 };

static void print_line(const char *label, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void print_line(const char *label, const char *fmt, ...)
{
	char text[1024];
	const int begin = snprintf(text, sizeof(text), "%-10s ", label);
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text + begin, sizeof(text) - (size_t)begin, fmt, args);
	va_end(args);
	gp_width_print(stdout, text, LABEL_WIDTH);
}

static void print_period(const struct gp_report *report)
{
	char since[GP_REPORT_TIME_BYTES], until[GP_REPORT_TIME_BYTES];

	print_line("Period", "%s to %s, %" PRIu64 " lines of the journal",
		   gp_report_local(gp_report_begin(report), since),
		   gp_report_local(gp_report_end(report), until),
		   report->entries_count);
	print_line("Users", "%s%" PRIu64 " seen, %" PRIu64
		   " checked too often or had mail refused%s",
		   report->users_are_more ? "more than " : "",
		   report->users_count, report->violators_count,
		   gp_report_has_admitted(report) ? ""
		   : "; others are not recorded (journal.all_checks)");
}

/* "no outage", "1 outage, 5m00s" */
static void print_outages(const struct gp_report *report)
{
	char outage[32];

	gp_show_time(report->outage_msecs, outage, sizeof(outage));
	if (report->outages_count == 0)
		print_line("Redis", "no outage");
	else
		print_line("Redis", "%" PRIu64 " outage%s, %s",
			   report->outages_count,
			   report->outages_count == 1 ? "" : "s", outage);
}

static void print_figures(const struct gp_report *report)
{
	const uint64_t *kinds = report->kinds;
	char waited[32], admitted[64] = "admitted not recorded (journal.all_checks)";

	if (gp_report_has_admitted(report))
		(void)snprintf(admitted, sizeof(admitted), "%" PRIu64 " admitted",
			       kinds[GP_KIND_ADMITTED]);
	print_line("Checks", "%" PRIu64 " seen, %s, %" PRIu64
		   " served, %" PRIu64 " noted, %" PRIu64 " absorbed, %" PRIu64
		   " delayed, %" PRIu64 " held, %" PRIu64 " refused, %" PRIu64
		   " only observed", gp_report_checks(kinds),
		   admitted, kinds[GP_KIND_SERVED],
		   kinds[GP_KIND_NOTE], kinds[GP_KIND_ABSORB],
		   kinds[GP_KIND_DELAY], kinds[GP_KIND_HOLD],
		   kinds[GP_KIND_REFUSE], kinds[GP_KIND_WOULD_CHECK]);
	if (report->idle_count > 0)
		print_line("IDLE", "%" PRIu64 " of these checks in sessions that use "
			   "IDLE", report->idle_count);
	print_line("Mail", "%" PRIu64 " rejected, %" PRIu64 " deferred, %" PRIu64
		   " rewritten, %" PRIu64 " only observed",
		   kinds[GP_KIND_REJECT], kinds[GP_KIND_TEMPFAIL],
		   kinds[GP_KIND_REWRITE], kinds[GP_KIND_WOULD_MAIL]);
	gp_show_time(report->waited_secs * 1000, waited, sizeof(waited));
	print_line("Saved", "%" PRIu64 " looks into mailboxes; %s%s",
		   kinds[GP_KIND_ABSORB], report->waited_secs > 0
		   ? "programs waited " : "no program waited",
		   report->waited_secs > 0 ? waited : "");
	print_outages(report);
	if (report->reasons[GP_REASON_STORE_MEMORY] > 0)
		print_line("Memory", "a milter without Redis began to count from "
			   "nothing, times: %" PRIu64,
			   report->reasons[GP_REASON_STORE_MEMORY]);
	if (report->reasons[GP_REASON_STREAM_LOST] > 0)
		print_line("Stream", "%" PRIu64 " lines of the journal were lost on "
			   "their way to it",
			   report->reasons[GP_REASON_STREAM_LOST]);
}

/* A line for each section, the first of them after the head. */
static void print_modes(const struct gp_settings *settings, const char *head)
{
	char line[1024];
	const char *section = "";
	struct gp_report_mode mode;
	size_t length = (size_t)snprintf(line, sizeof(line), "%s", head);

	for (size_t i = 0; gp_report_mode(settings, i, &mode); i++) {
		const bool is_same = strcmp(mode.section, section) == 0;

		if (!is_same) {
			gp_width_print(stdout, line, LABEL_WIDTH);
			length = (size_t)snprintf(line, sizeof(line),
						  "%-10s mode of %s: ", "",
						  mode.section);
		}
		if (length < sizeof(line))
			length += (size_t)snprintf(line + length,
						   sizeof(line) - length, "%s%s %s",
						   i > 0 && is_same ? ", " : "",
						   mode.name, mode.mode);
		section = mode.section;
	}
	gp_width_print(stdout, line, LABEL_WIDTH);
}

static void print_policy(const struct gp_report *report)
{
	const struct gp_settings *settings = report->settings;
	char interval[32], advised[32], head[128];

	if (!report->has_settings)
		return;
	gp_show_time((int64_t)settings->poll.interval_secs * 1000, interval,
		     sizeof(interval));
	gp_show_time((int64_t)settings->poll.advised_secs * 1000, advised,
		     sizeof(advised));
	(void)snprintf(head, sizeof(head),
		       "%-10s checks every %s (advised %s), mode %s; mode of ",
		       "Policy", interval, advised,
		       gp_mode_word(settings->poll.mode));
	print_modes(settings, head);
}

static void print_reasons(const struct gp_report *report)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	bool is_first = true;

	if (out == NULL)
		return;
	(void)fprintf(out, "%-10s ", "Reasons");
	for (int i = 0; i < GP_REASON_COUNT; i++) {
		if (report->reasons[i] == 0)
			continue;
		(void)fprintf(out, "%s%s %" PRIu64, is_first ? "" : ", ",
			     gp_reason_word((enum gp_reason)i),
			     report->reasons[i]);
		is_first = false;
	}
	(void)fputs(is_first ? "-" : "", out);
	(void)fclose(out);
	gp_width_print(stdout, text, LABEL_WIDTH);
	free(text);
}

static void set_count(struct libscols_line *line, size_t column, uint64_t count)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, count);
	(void)scols_line_set_data(line, column, text);
}

static void set_text(struct libscols_line *line, size_t column, const char *text)
{
	char *clean = gp_show_clean(text);

	(void)scols_line_set_data(line, column, clean);
	free(clean);
}

static const char *colour_of(const char *outcome)
{
	if (strcmp(outcome, "obeys") == 0 || strcmp(outcome, "quiet") == 0)
		return "green";
	return strcmp(outcome, "slower") == 0 ? "brown" : "red";
}

/* Only the day: why and by whom is told by "user". */
static const char *exempt_until(const struct gp_exemption *exemption,
				char buffer[GP_REPORT_TIME_BYTES])
{
	if (exemption == NULL)
		return "-";
	(void)gp_report_local(exemption->until_secs * 1000, buffer);
	buffer[strcspn(buffer, " T")] = '\0';
	return buffer;
}

/* What Redis says of now, or what was when the journal last heard of it. */
static void set_state(struct libscols_line *line, size_t column,
		      const struct gp_report *report,
		      const struct gp_report_row *row)
{
	char text[64 + GP_REPORT_TIME_BYTES], time[GP_REPORT_TIME_BYTES];

	(void)snprintf(text, sizeof(text), "%s as of %s",
		       gp_report_state(report, row),
		       gp_report_local(row->last_msecs, time));
	(void)scols_line_set_data(line, column, row->now_state != NULL
				  ? row->now_state : text);
	gp_table_set_time(line, column + 1, row->now_state != NULL
			  ? row->now_left_msecs : -1);
}

static void fill_line(struct libscols_line *line, const struct gp_report *report,
		      const struct gp_report_row *row)
{
	const uint64_t *kinds = row->kinds;
	const char *outcome = gp_report_outcome(report, row);
	char until[GP_REPORT_TIME_BYTES], since[GP_REPORT_TIME_BYTES];

	set_text(line, 0, row->user);
	set_text(line, 1, row->program);
	set_count(line, 2, gp_report_checks(kinds));
	set_count(line, 3, gp_report_early(kinds));
	gp_table_set_time(line, 4,
			  gp_sketch_quantile(&row->intervals, 0.5) * 1000);
	gp_table_set_time(line, 5, row->policy_secs * 1000);
	set_count(line, 6, kinds[GP_KIND_ABSORB]);
	set_count(line, 7, kinds[GP_KIND_DELAY] + kinds[GP_KIND_HOLD]);
	set_count(line, 8, kinds[GP_KIND_REFUSE] + kinds[GP_KIND_REJECT] +
		  kinds[GP_KIND_TEMPFAIL]);
	set_count(line, 9, kinds[GP_KIND_WOULD_CHECK] +
		  kinds[GP_KIND_WOULD_MAIL]);
	set_state(line, 10, report, row);
	(void)scols_line_set_data(line, 12, outcome);
	if (strcmp(outcome, "-") != 0)
		(void)scols_cell_set_color(scols_line_get_cell(line, 12),
					   colour_of(outcome));
	set_text(line, 13, exempt_until(gp_report_exemption(report, row), until));
	(void)scols_line_set_data(line, 14,
				  gp_report_local(row->first_msecs, since));
	(void)scols_line_set_data(line, 15, gp_report_advice(row)->word);
}

static void print_rows(const struct gp_report *report, size_t top)
{
	static const struct gp_column columns[] = {
		{ "USER", SCOLS_FL_TRUNC },
		{ "PROGRAM", SCOLS_FL_TRUNC | GP_COLUMN_LEAST(24) },
		{ "CHECKS", SCOLS_FL_RIGHT | GP_COLUMN_SPARE(9) },
		{ "EARLY", SCOLS_FL_RIGHT }, { "EVERY", SCOLS_FL_RIGHT },
		{ "POLICY", SCOLS_FL_RIGHT | GP_COLUMN_SPARE(3) },
		{ "ABSORBED", SCOLS_FL_RIGHT | GP_COLUMN_SPARE(7) },
		{ "WAITED", SCOLS_FL_RIGHT | GP_COLUMN_SPARE(7) },
		{ "REFUSED", SCOLS_FL_RIGHT | GP_COLUMN_SPARE(6) },
		{ "WOULD", SCOLS_FL_RIGHT | GP_COLUMN_SPARE(5) },
		{ "STATE", GP_COLUMN_SPARE(4) },
		{ "LEFT", SCOLS_FL_RIGHT | GP_COLUMN_SPARE(5) },
		{ "OUTCOME", GP_COLUMN_SPARE(2) },
		{ "EXEMPT", GP_COLUMN_SPARE(8) },
		{ "SINCE", GP_COLUMN_FIRST_WORD | GP_COLUMN_SPARE(1) },
		{ "ADVICE", 0 },
	};
	struct libscols_table *table =
		gp_table_create(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < report->users_listed && i < top; i++)
		for (size_t k = 0; k < report->users[i].rows_count; k++)
			fill_line(scols_table_new_line(table, NULL), report,
				  report->users[i].rows[k]);
	gp_table_print(table, stdout);
}

static void put_advice(const struct gp_advice *advice)
{
	char *text;

	if (asprintf(&text, "%s: %s", advice->word, advice->text) < 0)
		return;
	gp_width_print(stdout, text, 4);
	free(text);
}

/* Each advice in words, once. */
static void print_advice(const struct gp_report *report, size_t top)
{
	const char *told[32] = { NULL };
	size_t count = 0;

	for (size_t i = 0; i < report->users_listed && i < top; i++)
		for (size_t k = 0; k < report->users[i].rows_count; k++) {
			const struct gp_advice *advice =
				gp_report_advice(report->users[i].rows[k]);
			size_t n = 0;

			while (n < count && told[n] != advice->word)
				n++;
			if (n < count || n == 32 || advice->text[0] == '\0')
				continue;
			told[count++] = advice->word;
			if (count == 1)
				(void)putchar('\n');
			put_advice(advice);
		}
}

void gp_report_print_text(const struct gp_report *report, size_t top)
{
	print_period(report);
	print_policy(report);
	print_figures(report);
	print_reasons(report);
	(void)putchar('\n');
	print_rows(report, top);
	if (report->users_listed > top)
		(void)printf("... and %zu more users; --top N shows more\n",
			     report->users_listed - top);
	if (report->rows_dropped > 0)
		(void)printf("%" PRIu64 " rows with few decisions were dropped for "
			     "lack of room; a row may lack %" PRIu64 " at most\n",
			     report->rows_dropped, report->undercount_most);
	print_advice(report, top);
}
