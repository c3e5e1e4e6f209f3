/* SPDX-License-Identifier: MIT */
/* This module is what the forms of a report share; documented in report-show.h. */
#include "report-show.h"

#include <time.h>

const char *gp_report_utc(int64_t msecs, char text[GP_REPORT_TIME_BYTES])
{
	time_t secs = (time_t)(msecs / 1000);
	struct tm tm;

	if (msecs < 0 || gmtime_r(&secs, &tm) == NULL ||
	    strftime(text, GP_REPORT_TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(text, GP_REPORT_TIME_BYTES, "-");
	return text;
}

const char *gp_report_local(int64_t msecs, char text[GP_REPORT_TIME_BYTES])
{
	time_t secs = (time_t)(msecs / 1000);
	struct tm tm;

	if (msecs < 0 || localtime_r(&secs, &tm) == NULL ||
	    strftime(text, GP_REPORT_TIME_BYTES, "%Y-%m-%d %H:%M", &tm) == 0)
		(void)snprintf(text, GP_REPORT_TIME_BYTES, "-");
	return text;
}

int64_t gp_report_begin(const struct gp_report *report)
{
	return report->period.since_msecs > 0 ? report->period.since_msecs
					      : report->first_msecs;
}

int64_t gp_report_end(const struct gp_report *report)
{
	return report->period.until_msecs < INT64_MAX
		? report->period.until_msecs : report->last_msecs;
}

double gp_report_row_hours(const struct gp_report_row *row)
{
	double hours = (double)(row->last_msecs - row->first_msecs) / 3600000;

	return hours > 1 ? hours : 1;
}
