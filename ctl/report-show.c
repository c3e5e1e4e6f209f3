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

int64_t gp_report_row_secs(const struct gp_report_row *row)
{
	return row->first_msecs < 0 ? 0
		: (row->last_msecs - row->first_msecs) / 1000;
}

double gp_report_per_hour(const struct gp_report_row *row, enum gp_check check)
{
	const int64_t secs = gp_report_row_secs(row);

	return secs < 3600 ? -1
		: (double)row->checks[check] * 3600 / (double)secs;
}

bool gp_report_mode(const struct gp_settings *settings, size_t number,
		    struct gp_report_mode *mode_r)
{
	const struct {
		const char *section, *name;
		enum gp_mode mode;
	} modes[] = {
		{ "", "tls", settings->tls.mode },
		{ "", "login", settings->login.mode },
		{ "", "relay", settings->relay.mode },
		{ "", "rate", settings->rate.mode },
		{ "identity", "envelope", settings->identity.envelope },
		{ "identity", "from", settings->identity.from },
		{ "identity", "sender", settings->identity.sender },
		{ "identity", "reply_to", settings->identity.reply_to },
		{ "identity", "resent", settings->identity.resent },
		{ "identity", "inbound", settings->identity.inbound },
		{ "access", "protocol_mode", settings->access.protocol_mode },
		{ "access", "tls_mode", settings->access.tls_mode },
		{ "access", "mechanisms_mode", settings->access.mechanisms_mode },
	};

	if (number >= sizeof(modes) / sizeof(modes[0]))
		return false;
	*mode_r = (struct gp_report_mode){
		modes[number].section, modes[number].name,
		gp_mode_word(modes[number].mode),
	};
	return true;
}
