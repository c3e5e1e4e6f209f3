/* SPDX-License-Identifier: MIT */
/*
 * This module writes the tables of the page: programs by name, and users with what
 * is known about each.  Each user is a table body of two rows, the second with the
 * details, so that sorting moves both.  Roles are named because narrow screens show
 * rows as blocks, and browsers then forget that they are a table.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report-judge.h"
#include "report-page.h"
#include "report-show.h"

struct column {
	const char *label;
	bool is_number;
};

static void put_heads(FILE *out, const struct column *columns, size_t count)
{
	(void)fputs("<thead role=\"rowgroup\"><tr role=\"row\">", out);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(out, "<th scope=\"col\" role=\"columnheader\"%s>%s"
			      "</th>", columns[i].is_number ? " class=\"n\"" : "",
			      columns[i].label);
	(void)fputs("</tr></thead>\n", out);
}

static void put_row_head(FILE *out, const char *text)
{
	(void)fputs("<th scope=\"row\" role=\"rowheader\">", out);
	gp_page_text(out, text);
	(void)fputs("</th>", out);
}

static void put_count(FILE *out, const struct column *column, uint64_t value)
{
	(void)fprintf(out, "<td role=\"cell\" class=\"n\" data-label=\"%s\" "
		      "data-value=\"%" PRIu64 "\">", column->label, value);
	gp_page_number(out, value);
	(void)fputs("</td>", out);
}

static void put_interval(FILE *out, const struct column *column, int64_t secs)
{
	(void)fprintf(out, "<td role=\"cell\" class=\"n\" data-label=\"%s\" "
		      "data-value=\"%" PRId64 "\">", column->label, secs);
	gp_page_secs(out, secs);
	(void)fputs("</td>", out);
}

static void put_word(FILE *out, const struct column *column, const char *word)
{
	(void)fprintf(out, "<td role=\"cell\" data-label=\"%s\">", column->label);
	gp_page_text(out, word);
	(void)fputs("</td>", out);
}

/* --- programs --- */

void gp_page_programs(const struct gp_report *report, FILE *out)
{
	static const struct column columns[] = {
		{ "Name", false }, { "Programs", true }, { "Checks", true },
		{ "Early", true }, { "Absorbed", true }, { "Waited", true },
		{ "Refused", true }, { "Median interval", true },
	};

	(void)fputs("<section aria-labelledby=\"h-programs\">\n"
		    "<h2 id=\"h-programs\">Programs by name</h2>\n"
		    "<table class=\"wide cards sortable\" id=\"programs\" "
		    "role=\"table\">\n<caption>As they name themselves in IMAP; "
		    "without a name, by protocol</caption>\n", out);
	put_heads(out, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < report->names_count; i++) {
		const struct gp_report_name *name = &report->names[i];
		const uint64_t *kinds = name->kinds;

		(void)fputs("<tbody role=\"rowgroup\"><tr role=\"row\">", out);
		put_row_head(out, name->name);
		put_count(out, &columns[1], name->rows_count);
		put_count(out, &columns[2], gp_report_checks(kinds));
		put_count(out, &columns[3], gp_report_early(kinds));
		put_count(out, &columns[4], kinds[GP_KIND_ABSORB]);
		put_count(out, &columns[5],
			  gp_page_band(kinds, GP_BAND_DELAYED));
		put_count(out, &columns[6],
			  gp_page_band(kinds, GP_BAND_REFUSED));
		put_interval(out, &columns[7],
			     gp_sketch_quantile(&name->intervals, 0.5));
		(void)fputs("</tr></tbody>\n", out);
	}
	(void)fputs("</table>\n</section>\n", out);
}

/* --- a user's programs --- */

enum { SHADES = 4 };

/* All hours of one shade are one path: a page of many users stays small.  The gaps
   tell a program that is always there from one that is drawn as a block. */
static void put_shade(FILE *out, const uint32_t *week, uint32_t most,
		      unsigned int shade)
{
	bool has_any = false;

	for (int i = 0; i < GP_REPORT_WEEK_HOURS; i++) {
		if (week[i] == 0 ||
		    1 + (uint64_t)(week[i] - 1) * SHADES / most != shade)
			continue;
		if (!has_any)
			(void)fprintf(out, "<path opacity=\".%u\" d=\"",
				      25 * shade - 1);
		has_any = true;
		(void)fprintf(out, "M%d %dh.85v.8h-.85z", i % 24, i / 24);
	}
	if (has_any)
		(void)fputs("\"/>", out);
}

static void put_strip_legend(FILE *out, uint32_t most)
{
	(void)fputs("<ul class=\"legend\">", out);
	for (unsigned int shade = 1; shade <= SHADES; shade++) {
		(void)fprintf(out, "<li><svg aria-hidden=\"true\" viewBox=\"0 0 1 1\">"
			      "<path opacity=\".%u\" d=\"M0 0h1v1h-1z\"/></svg>",
			      25 * shade - 1);
		if (shade < SHADES)
			(void)fputs("up to ", out);
		gp_page_number(out, shade == SHADES ? most
			       : 1 + (uint64_t)(most - 1) * shade / SHADES);
		(void)fputs("</li>", out);
	}
	(void)fputs("</ul>", out);
}

static void put_strip_frame(FILE *out)
{
	static const char *const days[] = {
		"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun",
	};

	(void)fputs("<div class=\"days\" aria-hidden=\"true\">", out);
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++)
		(void)fprintf(out, "<span>%s</span>", days[i]);
	(void)fputs("</div>", out);
}

static void put_strip(FILE *out, const uint32_t *week)
{
	uint32_t most = 1;
	int busiest = 0;

	for (int i = 0; i < GP_REPORT_WEEK_HOURS; i++)
		if (week[i] > most) {
			most = week[i];
			busiest = i;
		}
	(void)fputs("<figure class=\"strip-box\"><figcaption>Decisions by hour of "
		    "the week, local time</figcaption>", out);
	put_strip_frame(out);
	(void)fprintf(out, "<svg class=\"strip\" viewBox=\"0 0 24 7\" "
		      "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Hours "
		      "of the week, Monday on top; most on day %d at %02d:00\">",
		      busiest / 24 + 1, busiest % 24);
	for (unsigned int shade = 1; shade <= SHADES; shade++)
		put_shade(out, week, most, shade);
	(void)fputs("</svg><div class=\"ticks\" aria-hidden=\"true\"><span class="
		    "\"start\">0h</span><span style=\"left:25%\">6h</span><span "
		    "style=\"left:50%\">12h</span><span style=\"left:75%\">18h</span>"
		    "<span class=\"end\">24h</span></div>", out);
	put_strip_legend(out, most);
	(void)fputs("</figure>\n", out);
}

static void put_fact(FILE *out, const char *label, const char *text)
{
	(void)fprintf(out, "<dt>%s</dt><dd>", label);
	gp_page_text(out, text);
	(void)fputs("</dd>", out);
}

static void put_actions(FILE *out, const struct gp_report_row *row)
{
	bool is_first = true;

	(void)fputs("<dt>Actions</dt><dd>", out);
	for (int i = 0; i < GP_KIND_COUNT; i++) {
		if (row->kinds[i] == 0)
			continue;
		(void)fprintf(out, "%s%s ", is_first ? "" : ", ",
			      gp_report_kind_word((enum gp_report_kind)i));
		gp_page_number(out, row->kinds[i]);
		is_first = false;
	}
	(void)fputs("</dd>", out);
}

/* Numbers instead where less than an hour was seen. */
static void put_rates(FILE *out, const struct gp_report_row *row)
{
	const bool is_rate = gp_report_per_hour(row, GP_CHECK_LOGIN) >= 0;
	bool is_first = true;

	for (int i = 0; i < GP_CHECK_COUNT; i++) {
		if (row->checks[i] == 0)
			continue;
		(void)fprintf(out, "%s%s ", !is_first ? ", "
			      : is_rate ? "<dt>Checks per hour</dt><dd>"
			      : "<dt>Checks</dt><dd>",
			      gp_check_word((enum gp_check)i));
		if (is_rate)
			(void)fprintf(out, "%.1f", gp_report_per_hour(
				row, (enum gp_check)i));
		else
			gp_page_number(out, row->checks[i]);
		is_first = false;
	}
	if (!is_first && !is_rate && gp_report_row_secs(row) > 0) {
		(void)fputs(" within ", out);
		gp_page_secs(out, gp_report_row_secs(row));
	}
	if (!is_first)
		(void)fputs("</dd>", out);
}

static void put_intervals(FILE *out, const struct gp_report_row *row)
{
	if (row->intervals.total == 0)
		return;
	(void)fputs("<dt>Interval</dt><dd>median ", out);
	gp_page_secs(out, gp_sketch_quantile(&row->intervals, 0.5));
	(void)fputs(", one in ten below ", out);
	gp_page_secs(out, gp_sketch_quantile(&row->intervals, 0.1));
	(void)fputs("; policy ", out);
	gp_page_secs(out, row->policy_secs);
	if (row->why != NULL) {
		(void)fputs(" (", out);
		gp_page_text(out, row->why);
		(void)fputs(")", out);
	}
	(void)fputs("</dd>", out);
}

static void put_outcome(FILE *out, const struct gp_report *report,
			const struct gp_report_row *row)
{
	const int64_t after = gp_report_interval_after(row);

	(void)fprintf(out, "<dt>Outcome</dt><dd>%s",
		      gp_report_outcome(report, row));
	if (row->first_every_secs >= 0 && after >= 0) {
		(void)fputs(": ", out);
		gp_page_secs(out, row->first_every_secs);
		(void)fputs(" when first acted upon, then ", out);
		gp_page_secs(out, after);
	}
	(void)fputs("</dd>", out);
}

/* What Redis says of now, or what was when the journal last heard of it. */
static void put_state(FILE *out, const struct gp_report *report,
		      const struct gp_report_row *row)
{
	const int64_t wait_secs = row->now_state != NULL
		? (row->now_left_msecs + 999) / 1000 : row->last_wait_secs;
	char text[GP_REPORT_TIME_BYTES];

	if (row->now_state != NULL)
		(void)fprintf(out, "<dt>State now</dt><dd>%s", row->now_state);
	else
		(void)fprintf(out, "<dt>State</dt><dd>as of %s: %s",
			      gp_report_local(row->last_msecs, text),
			      gp_report_state(report, row));
	if (wait_secs > 0) {
		(void)fputs(row->now_state != NULL ? ", left: " : ", wait ", out);
		gp_page_secs(out, wait_secs);
	}
	(void)fputs("</dd>", out);
}

static void put_exemption(FILE *out, const struct gp_exemption *exemption)
{
	char text[GP_REPORT_TIME_BYTES];

	if (exemption == NULL)
		return;
	(void)fprintf(out, "<dt>Exempt</dt><dd>until %s by ",
		      gp_report_local(exemption->until_secs * 1000, text));
	gp_page_text(out, exemption->author != NULL ? exemption->author : "-");
	(void)fputs(": ", out);
	gp_page_text(out, exemption->reason != NULL ? exemption->reason : "-");
	(void)fputs("</dd>", out);
}

static void put_program(FILE *out, const struct gp_report *report,
			const struct gp_report_row *row)
{
	char text[GP_REPORT_TIME_BYTES], habit[80];

	(void)fputs("<h3>", out);
	gp_page_text(out, row->program);
	(void)fputs("</h3>\n<dl class=\"facts\">", out);
	put_actions(out, row);
	put_rates(out, row);
	put_intervals(out, row);
	if (gp_report_habit(row, habit, sizeof(habit))[0] != '\0')
		put_fact(out, "Habit", habit);
	put_outcome(out, report, row);
	put_state(out, report, row);
	if (row->idle_count > 0)
		(void)fprintf(out, "<dt>IDLE</dt><dd>%.0f %% of its checks in sessions "
			      "that use it</dd>", 100 * gp_report_idle_share(row));
	put_exemption(out, gp_report_exemption(report, row));
	put_fact(out, "First seen", gp_report_local(row->first_msecs, text));
	put_fact(out, "Last seen", gp_report_local(row->last_msecs, text));
	(void)fputs("</dl>\n", out);
	if (row->week != NULL)
		put_strip(out, row->week);
	if (gp_report_advice(row)->text[0] != '\0')
		(void)fprintf(out, "<p class=\"advice\">%s</p>\n",
			      gp_report_advice(row)->text);
}

/* --- users --- */

static const struct column user_columns[] = {
	{ "User", false }, { "Checks", true }, { "Early", true },
	{ "Mail", true }, { "Median interval", true }, { "Outcome", false },
	{ "Advice", false },
};

enum { USER_COLUMNS = sizeof(user_columns) / sizeof(user_columns[0]) };

static void put_user(FILE *out, const struct gp_report *report,
		     const struct gp_report_user *user)
{
	const bool is_nobody = strcmp(user->user, "-") == 0;
	const char *shown = is_nobody ? "(no login)" : user->user;
	struct gp_sketch intervals;

	gp_report_user_intervals(user, &intervals);
	(void)fputs("<tbody role=\"rowgroup\"><tr role=\"row\">", out);
	put_row_head(out, shown);
	put_count(out, &user_columns[1], gp_report_checks(user->kinds));
	put_count(out, &user_columns[2], user->early_count);
	put_count(out, &user_columns[3], user->mail_count);
	put_interval(out, &user_columns[4], gp_sketch_quantile(&intervals, 0.5));
	put_word(out, &user_columns[5], gp_report_user_outcome(report, user));
	put_word(out, &user_columns[6], gp_report_user_advice(user)->word);
	(void)fprintf(out, "</tr>\n<tr role=\"row\" class=\"detail\"><td role="
		      "\"cell\" colspan=\"%d\"><details><summary>%zu program%s "
		      "<span class=\"hidden\">of ", USER_COLUMNS,
		      user->rows_count, user->rows_count == 1 ? "" : "s");
	gp_page_text(out, shown);
	(void)fputs("</span></summary>\n", out);
	for (size_t i = 0; i < user->rows_count; i++)
		put_program(out, report, user->rows[i]);
	(void)fputs("</details></td></tr></tbody>\n", out);
	gp_sketch_free(&intervals);
}

void gp_page_users(const struct gp_report *report, size_t top, FILE *out)
{
	size_t count = report->users_listed < top ? report->users_listed : top;

	(void)fputs("<section aria-labelledby=\"h-users\">\n"
		    "<h2 id=\"h-users\">Users</h2>\n"
		    "<table class=\"wide cards sortable\" id=\"users\" "
		    "role=\"table\">\n<caption>Those with the most early checks "
		    "first; each opens to the user&#39;s programs</caption>\n",
		    out);
	put_heads(out, user_columns, USER_COLUMNS);
	for (size_t i = 0; i < count; i++)
		put_user(out, report, &report->users[i]);
	(void)fputs("</table>\n", out);
	if (count < report->users_listed)
		(void)fprintf(out, "<p>And %zu more; gatepostctl report --csv lists "
			      "all.</p>\n", report->users_listed - count);
	(void)fputs("</section>\n", out);
}
