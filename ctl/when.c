/* SPDX-License-Identifier: MIT */
/* This module is documented in when.h. */
#include "when.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "pool.h"

/* A time, and when what was named is over: a second, a minute or a day later. */
struct moment {
	int64_t at_secs, over_secs;
};

void gp_period_init(struct gp_period *period_r)
{
	period_r->since_msecs = 0;
	period_r->until_msecs = INT64_MAX;
}

/* mktime() knows how long a day is when clocks are changed. */
static void set_day(struct tm *tm, struct moment *moment_r)
{
	struct tm next;

	tm->tm_hour = tm->tm_min = tm->tm_sec = 0;
	tm->tm_isdst = -1;
	next = *tm;
	next.tm_mday++;
	moment_r->at_secs = (int64_t)mktime(tm);
	moment_r->over_secs = (int64_t)mktime(&next);
}

static bool is_weekday(const char *text, int *weekday_r)
{
	static const char *const names[] = {
		"sunday", "monday", "tuesday", "wednesday", "thursday",
		"friday", "saturday",
	};
	size_t length = strlen(text);

	for (int i = 0; i < 7; i++)
		if (length >= 3 && strncasecmp(names[i], text, length) == 0) {
			*weekday_r = i;
			return true;
		}
	return false;
}

static bool read_word(const char *text, int64_t now_secs,
		      struct moment *moment_r)
{
	time_t now = (time_t)now_secs;
	struct tm tm;
	int weekday;

	(void)localtime_r(&now, &tm);
	if (strcasecmp(text, "now") == 0) {
		moment_r->at_secs = moment_r->over_secs = now_secs;
		return true;
	}
	if (strcasecmp(text, "yesterday") == 0)
		tm.tm_mday--;
	else if (is_weekday(text, &weekday))
		tm.tm_mday -= (tm.tm_wday - weekday + 7) % 7;
	else if (strcasecmp(text, "today") != 0)
		return false;
	set_day(&tm, moment_r);
	return true;
}

static int64_t unit_secs(const char *unit)
{
	static const struct { const char *name; int64_t secs; } units[] = {
		{ "s", 1 }, { "sec", 1 }, { "second", 1 },
		{ "m", 60 }, { "min", 60 }, { "minute", 60 },
		{ "h", 3600 }, { "hour", 3600 }, { "d", 86400 }, { "day", 86400 },
		{ "w", 604800 }, { "week", 604800 },
	};
	size_t length = strlen(unit);

	if (length > 1 && unit[length - 1] == 's')
		length--;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == length &&
		    strncasecmp(units[i].name, unit, length) == 0)
			return units[i].secs;
	return 0;
}

/* "2h", "2 hours", "2 hours ago" */
static bool read_span(const char *text, int64_t now_secs,
		      struct moment *moment_r)
{
	char unit[16], ago[8];
	int count, used = 0;
	int fields = sscanf(text, "%6d %15[a-zA-Z]%n %7s", &count, unit, &used,
			    ago);

	if (!isdigit((unsigned char)text[0]) || fields < 2 ||
	    unit_secs(unit) == 0 || (fields == 2 && text[used] != '\0') ||
	    (fields == 3 && strcasecmp(ago, "ago") != 0))
		return false;
	moment_r->at_secs = moment_r->over_secs =
		now_secs - count * unit_secs(unit);
	return true;
}

static bool is_calendar(const struct tm *tm)
{
	struct tm copy = *tm;

	copy.tm_isdst = 0;
	return timegm(&copy) != -1 && copy.tm_mday == tm->tm_mday &&
		copy.tm_mon == tm->tm_mon && copy.tm_hour == tm->tm_hour &&
		copy.tm_min == tm->tm_min && copy.tm_sec == tm->tm_sec;
}

/* The rest of a date, or all there is after today's: HH:MM[:SS][Z] */
static bool read_clock(const char *text, struct tm *tm, struct moment *moment_r)
{
	int used = 0, used_secs = 0;
	bool is_utc;

	tm->tm_sec = 0;
	if (sscanf(text, "%2d:%2d%n:%2d%n", &tm->tm_hour, &tm->tm_min, &used,
		   &tm->tm_sec, &used_secs) < 2 || used == 0)
		return false;
	text += used_secs > 0 ? used_secs : used;
	is_utc = strcmp(text, "Z") == 0;
	if ((*text != '\0' && !is_utc) || !is_calendar(tm))
		return false;
	tm->tm_isdst = -1;
	moment_r->at_secs = (int64_t)(is_utc ? timegm(tm) : mktime(tm));
	moment_r->over_secs = moment_r->at_secs + (used_secs > 0 ? 1 : 60);
	return true;
}

static bool read_date(const char *text, int64_t now_secs,
		      struct moment *moment_r)
{
	time_t now = (time_t)now_secs;
	struct tm tm = { 0 };
	int used = 0;

	if (sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &used) != 3 || used == 0) {
		(void)localtime_r(&now, &tm);
		return read_clock(text, &tm, moment_r);
	}
	tm.tm_year -= 1900;
	tm.tm_mon--;
	if (tm.tm_year < 70 || !is_calendar(&tm))
		return false;
	if (text[used] == 'T' || text[used] == ' ')
		return read_clock(text + used + 1, &tm, moment_r);
	if (text[used] != '\0')
		return false;
	set_day(&tm, moment_r);
	return true;
}

static int read_moment(const char *text, int64_t now_secs,
		       struct moment *moment_r, struct gp_error *err)
{
	if (read_word(text, now_secs, moment_r) ||
	    read_span(text, now_secs, moment_r) ||
	    read_date(text, now_secs, moment_r))
		return 0;
	return gp_error_set(err, "'%.60s' is not a time; try yesterday, 2h, "
			    "monday, 2026-11-01, '2026-11-01 13:30', or "
			    "2026-11-01..2026-11-07", text);
}

static int set_range(struct gp_period *period, const char *text,
		     const char *dots, int64_t now_secs, struct gp_error *err)
{
	struct gp_period both = *period;
	char *since = gp_strdup(text);
	int result = 0;

	since[dots - text] = '\0';
	if (*since != '\0')
		result = gp_period_set_since(&both, since, now_secs, err);
	if (result == 0 && dots[2] != '\0')
		result = gp_period_set_until(&both, dots + 2, now_secs, err);
	free(since);
	if (result == 0)
		*period = both;
	return result;
}

int gp_period_set_since(struct gp_period *period, const char *text,
			int64_t now_secs, struct gp_error *err)
{
	const char *dots = strstr(text, "..");
	struct moment moment;

	if (dots != NULL && strstr(dots + 2, "..") == NULL)
		return set_range(period, text, dots, now_secs, err);
	if (read_moment(text, now_secs, &moment, err) < 0)
		return -1;
	period->since_msecs = moment.at_secs * 1000;
	return 0;
}

int gp_period_set_until(struct gp_period *period, const char *text,
			int64_t now_secs, struct gp_error *err)
{
	struct moment moment;

	if (read_moment(text, now_secs, &moment, err) < 0)
		return -1;
	period->until_msecs = moment.over_secs * 1000;
	return 0;
}
