/* SPDX-License-Identifier: MIT */
/* This module writes a report as JSON: all figures of the other forms, by the same
   names.  Documented in report-show.h. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report-judge.h"
#include "report-show.h"
#include "show.h"

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* What is not known is null. */
static json_t *known(int64_t value)
{
	return value < 0 ? json_null() : json_integer(value);
}

static json_t *time_of(int64_t msecs)
{
	char text[GP_REPORT_TIME_BYTES];

	return msecs < 0 ? json_null() : json_string(gp_report_utc(msecs, text));
}

/* How many were admitted the journal may not know. */
static void add_kinds(json_t *object, const struct gp_report *report,
		      const uint64_t kinds[GP_KIND_COUNT], int from, int to)
{
	const bool has_admitted = gp_report_has_admitted(report);

	for (int i = from; i <= to; i++)
		(void)json_object_set_new(object,
			gp_report_kind_word((enum gp_report_kind)i),
			i == GP_KIND_ADMITTED && !has_admitted
			? json_null() : number(kinds[i]));
}

static json_t *quantiles(const struct gp_sketch *sketch)
{
	return json_pack("{s:o, s:o, s:o, s:I}",
			 "p10", known(gp_sketch_quantile(sketch, 0.1)),
			 "median", known(gp_sketch_quantile(sketch, 0.5)),
			 "p90", known(gp_sketch_quantile(sketch, 0.9)),
			 "measured", (json_int_t)sketch->total);
}

static json_t *week_json(const uint32_t *week)
{
	json_t *array = json_array();

	for (int i = 0; week != NULL && i < GP_REPORT_WEEK_HOURS; i++)
		(void)json_array_append_new(array, json_integer(week[i]));
	return array;
}

/* By what the program did; null for a rate of less than an hour. */
static json_t *checks_json(const struct gp_report_row *row, bool is_rate)
{
	json_t *object = json_object();

	for (int i = 0; i < GP_CHECK_COUNT; i++) {
		const double rate = gp_report_per_hour(row, (enum gp_check)i);

		if (row->checks[i] > 0)
			(void)json_object_set_new(object,
				gp_check_word((enum gp_check)i),
				!is_rate ? number(row->checks[i])
				: rate < 0 ? json_null()
				: json_real(round(rate * 100) / 100));
	}
	return object;
}

/* What Redis says. */
static json_t *now_json(const struct gp_report_row *row)
{
	return row->now_state == NULL ? json_null()
		: json_pack("{s:s, s:I}", "state", row->now_state, "left_secs",
			    (json_int_t)((row->now_left_msecs + 999) / 1000));
}

static json_t *exemption_json(const struct gp_exemption *exemption)
{
	if (exemption == NULL)
		return json_null();
	return json_pack("{s:o, s:o, s:o}",
			 "until", time_of(exemption->until_secs * 1000),
			 "by", gp_show_json_name(exemption->author != NULL
						 ? exemption->author : ""),
			 "reason", gp_show_json_name(exemption->reason != NULL
						     ? exemption->reason : ""));
}

static json_t *row_json(const struct gp_report *report,
			const struct gp_report_row *row)
{
	const struct gp_advice *advice = gp_report_advice(row);
	json_t *object = json_object(), *kinds = json_object();
	char habit[80];

	add_kinds(kinds, report, row->kinds, 0, GP_KIND_COUNT - 1);
	(void)json_object_update_new(object, json_pack(
		"{s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:I, s:o, s:o, s:s?, s:o,"
		" s:o}",
		"program", gp_show_json_name(row->program),
		"checks", (json_int_t)gp_report_checks(row->kinds),
		"early", (json_int_t)gp_report_early(row->kinds),
		"mail", (json_int_t)gp_report_mail(row->kinds),
		"actions", kinds,
		"by_command", checks_json(row, false),
		"checks_per_hour", checks_json(row, true),
		"span_secs", (json_int_t)gp_report_row_secs(row),
		"interval_secs", quantiles(&row->intervals),
		"policy_secs", known(row->policy_secs),
		"why", row->why,
		"first", time_of(row->first_msecs),
		"last", time_of(row->last_msecs)));
	(void)json_object_update_new(object, json_pack(
		"{s:s, s:s, s:I, s:o, s:o, s:s, s:I, s:s, s:s, s:o}",
		"state", gp_report_state(report, row),
		"outcome", gp_report_outcome(report, row),
		"wait_secs", (json_int_t)row->last_wait_secs,
		"interval_before_secs", known(row->first_every_secs),
		"interval_after_secs", known(gp_report_interval_after(row)),
		"habit", gp_report_habit(row, habit, sizeof(habit)),
		"waited_secs", (json_int_t)row->waited_secs,
		"advice", advice->word, "advice_text", advice->text,
		"week", week_json(row->week)));
	(void)json_object_update_new(object, json_pack(
		"{s:o, s:f, s:o}", "now", now_json(row),
		"idle_share", round(gp_report_idle_share(row) * 100) / 100,
		"exempt", exemption_json(gp_report_exemption(report, row))));
	return object;
}

static json_t *user_json(const struct gp_report *report,
			 const struct gp_report_user *user)
{
	const struct gp_advice *advice = gp_report_user_advice(user);
	json_t *rows = json_array(), *object;
	struct gp_sketch intervals;

	for (size_t i = 0; i < user->rows_count; i++)
		(void)json_array_append_new(rows,
					    row_json(report, user->rows[i]));
	gp_report_user_intervals(user, &intervals);
	object = json_pack("{s:o, s:I, s:I, s:I, s:o, s:s, s:s, s:s, s:o}",
			   "user", gp_show_json_name(user->user),
			   "checks", (json_int_t)gp_report_checks(user->kinds),
			   "early", (json_int_t)user->early_count,
			   "mail", (json_int_t)user->mail_count,
			   "interval_secs", quantiles(&intervals),
			   "outcome", gp_report_user_outcome(report, user),
			   "advice", advice->word, "advice_text", advice->text,
			   "programs", rows);
	gp_sketch_free(&intervals);
	return object;
}

static json_t *head_json(const struct gp_report *report)
{
	json_t *checks = json_object(), *mail = json_object();

	(void)json_object_set_new(checks, "seen",
				  number(gp_report_checks(report->kinds)));
	(void)json_object_set_new(checks, "early",
				  number(gp_report_early(report->kinds)));
	(void)json_object_set_new(checks, "with_idle",
				  number(report->idle_count));
	add_kinds(checks, report, report->kinds, GP_KIND_ADMITTED, GP_KIND_WOULD_CHECK);
	add_kinds(mail, report, report->kinds, GP_KIND_REJECT, GP_KIND_WOULD_MAIL);
	return json_pack("{s:{s:o, s:o, s:o, s:o}, s:I, s:I, s:I, s:I, s:I, s:b,"
			 " s:b, s:o, s:o, s:{s:I, s:I}, s:{s:I, s:I}}",
			 "period", "since", time_of(gp_report_begin(report)),
			 "until", time_of(gp_report_end(report)),
			 "first", time_of(report->first_msecs),
			 "last", time_of(report->last_msecs),
			 "lines", (json_int_t)report->lines_count,
			 "entries", (json_int_t)report->entries_count,
			 "broken", (json_int_t)report->broken_count,
			 "users", (json_int_t)report->users_count,
			 "violators", (json_int_t)report->violators_count,
			 "users_are_more", report->users_are_more,
			 "all_checks", gp_report_has_admitted(report),
			 "checks", checks, "mail", mail,
			 "saved", "mailbox_looks",
			 (json_int_t)report->kinds[GP_KIND_ABSORB],
			 "waited_secs", (json_int_t)report->waited_secs,
			 "redis", "outages", (json_int_t)report->outages_count,
			 "outage_secs",
			 (json_int_t)(report->outage_msecs / 1000));
}

/* "tls_mode"; those of a section are an object in it. */
static void add_mode(json_t *policy, const struct gp_report_mode *mode)
{
	char name[32];
	json_t *section = json_object_get(policy, mode->section);

	if (mode->section[0] == '\0') {
		(void)snprintf(name, sizeof(name), "%s_mode", mode->name);
		(void)json_object_set_new(policy, name, json_string(mode->mode));
		return;
	}
	if (section == NULL) {
		section = json_object();
		(void)json_object_set_new(policy, mode->section, section);
	}
	(void)json_object_set_new(section, mode->name, json_string(mode->mode));
}

static json_t *policy_json(const struct gp_report *report)
{
	const struct gp_settings *settings = report->settings;
	struct gp_report_mode mode;
	json_t *object;

	if (!report->has_settings)
		return json_null();
	object = json_pack("{s:s, s:i, s:i, s:i}",
			 "poll_mode", gp_mode_word(settings->poll.mode),
			 "interval_secs", (int)settings->poll.interval_secs,
			 "advised_secs", (int)settings->poll.advised_secs,
			 "round_secs", (int)settings->poll.round_secs);
	for (size_t i = 0; gp_report_mode(settings, i, &mode); i++)
		add_mode(object, &mode);
	return object;
}

static json_t *reasons_json(const struct gp_report *report)
{
	json_t *object = json_object();

	for (int i = 0; i < GP_REASON_COUNT; i++)
		if (report->reasons[i] > 0)
			(void)json_object_set_new(object,
				gp_reason_word((enum gp_reason)i),
				number(report->reasons[i]));
	return object;
}

static json_t *timeline_json(const struct gp_report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->hours_count; i++) {
		json_t *hour = json_object();

		(void)json_object_set_new(hour, "hour",
					  time_of(report->hours[i].hour * 3600000));
		add_kinds(hour, report, report->hours[i].kinds, 0, GP_KIND_COUNT - 1);
		(void)json_array_append_new(array, hour);
	}
	return array;
}

static json_t *week_totals_json(const struct gp_report *report)
{
	json_t *array = json_array();

	for (int i = 0; i < GP_REPORT_WEEK_HOURS; i++)
		(void)json_array_append_new(array, number(report->week[i]));
	return array;
}

static json_t *distribution_json(const struct gp_report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; report->intervals.counts != NULL &&
	     i < GP_SKETCH_BUCKETS; i++)
		if (report->intervals.counts[i] > 0)
			(void)json_array_append_new(array, json_pack(
				"{s:I, s:I, s:I}",
				"from_secs", (json_int_t)gp_sketch_least(i),
				"to_secs", (json_int_t)gp_sketch_least(i + 1),
				"checks",
				(json_int_t)report->intervals.counts[i]));
	return array;
}

static json_t *names_json(const struct gp_report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->names_count; i++) {
		const struct gp_report_name *name = &report->names[i];
		json_t *kinds = json_object();

		add_kinds(kinds, report, name->kinds, 0, GP_KIND_COUNT - 1);
		(void)json_array_append_new(array, json_pack(
			"{s:o, s:I, s:I, s:I, s:o, s:o}",
			"name", gp_show_json_name(name->name),
			"programs", (json_int_t)name->rows_count,
			"checks", (json_int_t)gp_report_checks(name->kinds),
			"early", (json_int_t)gp_report_early(name->kinds),
			"interval_secs", quantiles(&name->intervals),
			"actions", kinds));
	}
	return array;
}

/* A tree of all rows would take a gigabyte, so they are printed one by one, as the
   last member of the object. */
static void print_rows(const struct gp_report *report, size_t top)
{
	for (size_t i = 0; i < report->users_listed && i < top; i++) {
		json_t *user = user_json(report, &report->users[i]);

		(void)fputs(i == 0 ? "\n    " : ",\n    ", stdout);
		(void)json_dumpf(user, stdout, JSON_COMPACT | GP_SHOW_JSON);
		json_decref(user);
	}
}

void gp_report_print_json(const struct gp_report *report, size_t top)
{
	json_t *object = head_json(report);
	char *text;

	(void)json_object_update_new(object, json_pack(
		"{s:o, s:o, s:{s:I, s:I, s:I}, s:o, s:o, s:o, s:o, s:I}",
		"policy", policy_json(report), "reasons", reasons_json(report),
		"bounds", "rows_dropped", (json_int_t)report->rows_dropped,
		"undercount_most", (json_int_t)report->undercount_most,
		"not_in_timeline", (json_int_t)report->untimed_count,
		"timeline", timeline_json(report),
		"week", week_totals_json(report),
		"intervals", distribution_json(report),
		"programs", names_json(report),
		"users_listed", (json_int_t)report->users_listed));
	text = json_dumps(object, JSON_INDENT(2) | GP_SHOW_JSON);
	json_decref(object);
	if (text == NULL)
		return;
	(void)printf("%.*s,\n  \"rows\": [", (int)strlen(text) - 2, text);
	free(text);
	print_rows(report, top);
	(void)puts("\n  ]\n}");
}
