/* SPDX-License-Identifier: MIT */
/*
 * This module writes a report's rows as CSV (RFC 4180).  A spreadsheet runs what
 * begins with = + - or @, so such a name gets an apostrophe before it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report-judge.h"
#include "report-show.h"
#include "show.h"

static void put_text(const char *text)
{
	char *clean = gp_show_clean(text);

	(void)putchar('"');
	if (clean[0] != '\0' && strchr("=+-@", clean[0]) != NULL &&
	    clean[1] != '\0')
		(void)putchar('\'');
	for (const char *byte = clean; *byte != '\0'; byte++) {
		if (*byte == '"')
			(void)putchar('"');
		(void)putchar(*byte);
	}
	(void)putchar('"');
	free(clean);
}

static void put_known(int64_t value)
{
	if (value >= 0)
		(void)printf(",%" PRId64, value);
	else
		(void)putchar(',');
}

static void put_rate(double rate)
{
	if (rate >= 0)
		(void)printf(",%.2f", rate);
	else
		(void)putchar(',');
}

static void put_exemption(const struct gp_exemption *exemption)
{
	char text[GP_REPORT_TIME_BYTES];

	if (exemption == NULL) {
		(void)printf(",,,");
		return;
	}
	(void)printf(",%s,", gp_report_utc(exemption->until_secs * 1000, text));
	put_text(exemption->author != NULL ? exemption->author : "");
	(void)putchar(',');
	put_text(exemption->reason != NULL ? exemption->reason : "");
}

static void put_row(const struct gp_report *report,
		    const struct gp_report_row *row)
{
	char text[GP_REPORT_TIME_BYTES], habit[80];

	put_text(row->user);
	(void)putchar(',');
	put_text(row->program);
	(void)printf(",%" PRIu64 ",%" PRIu64 ",%" PRIu64,
		     gp_report_checks(row->kinds), gp_report_early(row->kinds),
		     gp_report_mail(row->kinds));
	for (int i = 0; i < GP_KIND_COUNT; i++)
		put_known(i == GP_KIND_ADMITTED &&
			  !gp_report_has_admitted(report)
			  ? -1 : (int64_t)row->kinds[i]);
	for (int i = 0; i < GP_CHECK_COUNT; i++)
		put_rate(gp_report_per_hour(row, (enum gp_check)i));
	(void)printf(",%.2f", gp_report_idle_share(row));
	put_known(gp_sketch_quantile(&row->intervals, 0.1));
	put_known(gp_sketch_quantile(&row->intervals, 0.5));
	put_known(row->policy_secs);
	(void)putchar(',');
	put_text(row->why == NULL ? "" : row->why);
	(void)printf(",%s", gp_report_utc(row->first_msecs, text));
	(void)printf(",%s", gp_report_utc(row->last_msecs, text));
	(void)printf(",%s,%" PRId64 ",%s", gp_report_state(report, row),
		     row->last_wait_secs,
		     row->now_state == NULL ? "" : row->now_state);
	put_known(row->now_state == NULL ? -1
		  : (row->now_left_msecs + 999) / 1000);
	(void)printf(",%s", gp_report_outcome(report, row));
	put_known(row->first_every_secs);
	put_known(gp_report_interval_after(row));
	(void)putchar(',');
	put_text(gp_report_habit(row, habit, sizeof(habit)));
	put_exemption(gp_report_exemption(report, row));
	(void)printf(",%s\r\n", gp_report_advice(row)->word);
}

static void put_head(void)
{
	(void)printf("user,program,checks,early,mail");
	for (int i = 0; i < GP_KIND_COUNT; i++)
		(void)printf(",%s", gp_report_kind_word((enum gp_report_kind)i));
	for (int i = 0; i < GP_CHECK_COUNT; i++)
		(void)printf(",%s_per_hour", gp_check_word((enum gp_check)i));
	(void)printf(",idle_share,interval_p10,interval_median,policy,why,first,last,state,"
		     "wait,now,left,outcome,interval_before,interval_after,habit,exempt_until,"
		     "exempt_by,exempt_reason,advice\r\n");
}

void gp_report_print_csv(const struct gp_report *report, size_t top)
{
	put_head();
	for (size_t i = 0; i < report->users_listed && i < top; i++)
		for (size_t k = 0; k < report->users[i].rows_count; k++)
			put_row(report, report->users[i].rows[k]);
}
