/* SPDX-License-Identifier: MIT */
/* This module tests what "log" and "report" are made of: names of times, lines of
   any length, files in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "line-buffer.h"
#include "report.h"
#include "report-sketch.h"
#include "when.h"

/* Tuesday 2026-11-24 12:00:00 in Zurich, an hour before UTC's noon */
enum { NOW = 1795518000 };

static void set_zone(void)
{
	(void)setenv("TZ", "Europe/Zurich", 1);
	tzset();
}

static void times_that_are_none_are_refused(void **state)
{
	static const char *const texts[] = {
		"", "noon", "-", "2026", "2026-13-01", "2026-02-30", "2026-11-01x",
		"2026-11-01T25:00", "24:00", "13:61", "h", "2", "2x", "2 hours later",
		"2h..", "..", "a..b", "2026-11-01...2026-11-02", "..1d..",
		"0000-01-01", "1969-12-31", "mo", "99999999d", "+2h", " 2h",
	};
	struct gp_period period = { 1, 2 };

	(void)state;
	set_zone();
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct gp_error err = { "" };
		int result = gp_period_set_since(&period, texts[i], NOW, &err);

		/* Ends that are left out are none. */
		if (strcmp(texts[i], "2h..") == 0 || strcmp(texts[i], "..") == 0)
			continue;
		if (result != -1)
			fail_msg("'%s' is taken for a time", texts[i]);
		assert_int_equal(period.until_msecs, 2);
		assert_int_not_equal(strlen(err.text), 0);
	}
}

static void times_are_understood(void **state)
{
	static const struct {
		const char *text;
		int64_t since_secs, until_secs;
	} rows[] = {
		{ "now", NOW, NOW },
		{ "2h", NOW - 7200, NOW - 7200 },
		{ "2 hours ago", NOW - 7200, NOW - 7200 },
		{ "90min", NOW - 5400, NOW - 5400 },
		{ "1w", NOW - 604800, NOW - 604800 },
		{ "today", NOW - 43200, NOW + 43200 },
		{ "yesterday", NOW - 129600, NOW - 43200 },
		{ "tuesday", NOW - 43200, NOW + 43200 },
		{ "Mon", NOW - 129600, NOW - 43200 },
		{ "2026-11-24", NOW - 43200, NOW + 43200 },
		/* The clocks go back: a day of 25 hours. */
		{ "2026-10-25", 1792879200, 1792879200 + 90000 },
		{ "2026-11-24 12:00", NOW, NOW + 60 },
		{ "2026-11-24T11:00:00Z", NOW, NOW + 1 },
		{ "12:00:30", NOW + 30, NOW + 31 },
	};

	(void)state;
	set_zone();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gp_period period;
		struct gp_error err;

		gp_period_init(&period);
		if (gp_period_set_since(&period, rows[i].text, NOW, &err) < 0 ||
		    gp_period_set_until(&period, rows[i].text, NOW, &err) < 0)
			fail_msg("%s: %s", rows[i].text, err.text);
		if (period.since_msecs != rows[i].since_secs * 1000 ||
		    period.until_msecs != rows[i].until_secs * 1000)
			fail_msg("%s: %lld..%lld", rows[i].text,
				 (long long)period.since_msecs / 1000,
				 (long long)period.until_msecs / 1000);
	}
}

static void ranges_have_two_ends(void **state)
{
	struct gp_period period;
	struct gp_error err;

	(void)state;
	set_zone();
	gp_period_init(&period);
	assert_int_equal(gp_period_set_since(&period, "2026-11-24..today", NOW,
					     &err), 0);
	assert_int_equal(period.since_msecs, (NOW - 43200) * INT64_C(1000));
	assert_int_equal(period.until_msecs, (NOW + 43200) * INT64_C(1000));
	gp_period_init(&period);
	assert_int_equal(gp_period_set_since(&period, "..yesterday", NOW, &err),
			 0);
	assert_int_equal(period.since_msecs, 0);
	assert_int_equal(period.until_msecs, (NOW - 43200) * INT64_C(1000));
}

/* Feeds text in pieces and writes what comes out as "<line><line>". */
static void cut(const char *text, size_t length, size_t piece, char *out,
		uint64_t *too_long_r)
{
	struct gp_line_buffer buffer;
	size_t at = 0, got;
	char *line;

	gp_line_buffer_init(&buffer);
	*out = '\0';
	for (;;) {
		size_t space, size = length - at < piece ? length - at : piece;
		char *bytes = gp_line_buffer_space(&buffer, &space);

		assert_int_not_equal(space, 0);
		if (size > space)
			size = space;
		memcpy(bytes, text + at, size);
		gp_line_buffer_add(&buffer, size);
		at += size;
		while (gp_line_buffer_next(&buffer, at == length, &line, &got)) {
			line[got] = '\0';
			out += sprintf(out, "<%.20s>", line);
		}
		if (at == length)
			break;
	}
	*too_long_r = buffer.too_long_count;
	gp_line_buffer_free(&buffer);
}

static void lines_come_out_whatever_the_pieces(void **state)
{
	static const char text[] = "one\n\ntwo\nthree";
	char out[200];
	uint64_t too_long;

	(void)state;
	for (size_t piece = 1; piece < sizeof(text); piece++) {
		cut(text, sizeof(text) - 1, piece, out, &too_long);
		assert_string_equal(out, "<one><><two><three>");
		assert_int_equal(too_long, 0);
	}
	cut("one\n", 4, 4, out, &too_long);
	assert_string_equal(out, "<one>");
	cut("", 0, 1, out, &too_long);
	assert_string_equal(out, "");
}

static void a_line_without_end_takes_no_memory(void **state)
{
	enum { LONG = 3 * GP_LINE_BUFFER_BYTES };
	static char text[LONG + 20];
	static const size_t pieces[] = { 1000, 65536, GP_LINE_BUFFER_BYTES, LONG };
	char out[200];
	uint64_t too_long;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "one\n", 4);
	memcpy(text + LONG, "\ntwo\n", 5);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		cut(text, LONG + 5, pieces[i], out, &too_long);
		assert_string_equal(out, "<one><two>");
		assert_int_equal(too_long, 1);
	}
	/* The last one, without a newline */
	cut(text, LONG, 4096, out, &too_long);
	assert_string_equal(out, "<one>");
	assert_int_equal(too_long, 1);
}

static void add_check(struct gp_report *report, const char *user, int64_t count)
{
	struct gp_journal_entry entry;

	gp_journal_entry_init(&entry);
	entry.time_msecs = NOW * INT64_C(1000);
	entry.part = "imap";
	entry.action = "absorb";
	entry.reason = "early";
	entry.user = user;
	entry.program = "imap/192.0.2.7";
	entry.every_secs = 60;
	entry.count = count;
	gp_report_add(report, &entry);
}

/* More users than there is room for: sums stay exact, who is early most stays, and
   the bound that is told holds. */
static void rows_are_bounded_and_say_so(void **state)
{
	enum { MAX = 100, CROWD = 5000, BUSY = 10 };
	struct gp_report *report = gp_report_create(NULL, MAX);
	char user[32];

	(void)state;
	for (int i = 0; i < CROWD; i++) {
		(void)snprintf(user, sizeof(user), "crowd%d", i);
		add_check(report, user, 1);
		(void)snprintf(user, sizeof(user), "busy%d", i % BUSY);
		add_check(report, user, 20);
	}
	gp_report_finish(report);
	assert_int_equal(report->kinds[GP_KIND_ABSORB], CROWD + CROWD * 20);
	assert_int_equal(report->users_count, CROWD + BUSY);
	assert_int_equal(report->violators_count, CROWD + BUSY);
	assert_in_range(report->users_listed, MAX / 2, MAX);
	assert_int_equal(report->rows_dropped + report->users_listed,
			 CROWD + BUSY);
	for (int i = 0; i < BUSY; i++) {
		const struct gp_report_user *found = &report->users[i];

		assert_memory_equal(found->user, "busy", 4);
		assert_in_range(found->early_count + report->undercount_most,
				CROWD / BUSY * 20, UINT64_MAX);
	}
	gp_report_free(&report);
	assert_null(report);
}

static void quantiles_are_as_near_as_they_say(void **state)
{
	(void)state;
	for (int64_t secs = 1; secs < 1000000; secs += 1 + secs / 7) {
		struct gp_sketch sketch = { NULL, 0 };
		int64_t found;

		gp_sketch_add(&sketch, secs, 3);
		found = gp_sketch_quantile(&sketch, 0.5);
		assert_in_range(found * 32, secs * 31, secs * 33);
		if (secs < 32)
			assert_int_equal(found, secs);
		gp_sketch_free(&sketch);
		assert_int_equal(gp_sketch_quantile(&sketch, 0.5), -1);
	}
}

/* Counts and times that no program writes, and words of later versions */
static void odd_lines_do_no_harm(void **state)
{
	struct gp_report *report = gp_report_create(NULL, 10);
	struct gp_journal_entry entry;

	(void)state;
	gp_journal_entry_init(&entry);
	gp_report_add(report, &entry);
	entry.action = "future";
	gp_report_add(report, &entry);
	entry.action = "delay";
	entry.count = INT64_C(999999999999999999);
	entry.wait_secs = INT64_C(999999999999999999);
	entry.every_secs = INT64_C(999999999999999999);
	entry.time_msecs = INT64_C(253402300799999);
	gp_report_add(report, &entry);
	add_check(report, "", UINT32_MAX);
	add_check(report, "", UINT32_MAX);
	gp_report_finish(report);
	assert_int_equal(report->entries_count, 5);
	assert_int_equal(report->kinds[GP_KIND_DELAY], 1);
	assert_int_equal(report->kinds[GP_KIND_ABSORB], UINT64_C(2) * UINT32_MAX);
	assert_int_equal(report->waited_secs, 0);
	gp_report_free(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_that_are_none_are_refused),
		cmocka_unit_test(times_are_understood),
		cmocka_unit_test(ranges_have_two_ends),
		cmocka_unit_test(lines_come_out_whatever_the_pieces),
		cmocka_unit_test(odd_lines_do_no_harm),
		cmocka_unit_test(rows_are_bounded_and_say_so),
		cmocka_unit_test(quantiles_are_as_near_as_they_say),
		cmocka_unit_test(a_line_without_end_takes_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
