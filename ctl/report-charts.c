/* SPDX-License-Identifier: MIT */
/*
 * This module draws the charts of the page: bars are SVG that stretches, words are
 * HTML beside it, so that they stay readable on a telephone.  Each chart has its
 * figures in a table too.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "report-page.h"
#include "report-show.h"

enum { CHART_WIDTH = 1000, CHART_HEIGHT = 200, BARS_MAX = 120 };

/* --- timeline --- */

struct bar {
	int64_t hour;
	uint64_t bands[GP_BAND_COUNT], total;
};

/* Hours that share a bar, so that there are not too many. */
static int64_t hours_in_bar(const struct gp_report *report)
{
	static const int64_t steps[] = { 1, 2, 3, 6, 12, 24, 48, 168 };
	int64_t span = report->hours[report->hours_count - 1].hour -
		report->hours[0].hour + 1;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (span <= steps[i] * BARS_MAX)
			return steps[i];
	return (span + BARS_MAX - 1) / BARS_MAX;
}

static size_t fill_bars(const struct gp_report *report, struct bar *bars,
			int64_t step, uint64_t *most_r)
{
	const int64_t first = report->hours[0].hour / step * step;
	size_t count = 0;

	*most_r = 1;
	memset(bars, 0, (BARS_MAX + 1) * sizeof(*bars));
	for (size_t i = 0; i < report->hours_count; i++) {
		size_t k = (size_t)((report->hours[i].hour - first) / step);

		for (int band = 0; band < GP_BAND_COUNT; band++) {
			uint64_t value = gp_page_band(report->hours[i].kinds,
						      (enum gp_page_band)band);

			bars[k].bands[band] += value;
			bars[k].total += value;
		}
		if (bars[k].total > *most_r)
			*most_r = bars[k].total;
		count = k + 1;
	}
	for (size_t k = 0; k < count; k++)
		bars[k].hour = first + (int64_t)k * step;
	return count;
}

static void put_bar(FILE *out, const struct bar *bar, double left, double width,
		    uint64_t most)
{
	char time[GP_REPORT_TIME_BYTES];
	double top = CHART_HEIGHT;

	if (bar->total == 0)
		return;
	(void)fprintf(out, "<g><title>%s:",
		      gp_report_local(bar->hour * 3600000, time));
	for (int i = 0; i < GP_BAND_COUNT; i++)
		if (bar->bands[i] > 0)
			(void)fprintf(out, " %" PRIu64 " %s;", bar->bands[i],
				      gp_page_bands[i].label);
	(void)fputs("</title>", out);
	for (int i = 0; i < GP_BAND_COUNT; i++) {
		double height = (double)bar->bands[i] * (CHART_HEIGHT - 6) /
			(double)most;

		if (bar->bands[i] == 0)
			continue;
		top -= height;
		(void)fprintf(out, "<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" "
			      "width=\"%.2f\" height=\"%.2f\"/>",
			      gp_page_bands[i].css, left, top, width * 0.9,
			      height);
	}
	(void)fputs("</g>\n", out);
}

static void put_legend(FILE *out)
{
	(void)fputs("<ul class=\"legend\">", out);
	for (int i = 0; i < GP_BAND_COUNT; i++)
		(void)fprintf(out, "<li><svg aria-hidden=\"true\" viewBox=\"0 0 1 "
			      "1\"><rect class=\"%s\" width=\"1\" height=\"1\"/>"
			      "</svg>%s</li>", gp_page_bands[i].css,
			      gp_page_bands[i].label);
	(void)fputs("</ul>\n", out);
}

static void put_bar_table(FILE *out, const struct bar *bars, size_t count)
{
	char time[GP_REPORT_TIME_BYTES];

	(void)fputs("<details><summary>The figures of the timeline</summary>\n"
		    "<table class=\"wide cards\" role=\"table\"><thead role="
		    "\"rowgroup\"><tr role=\"row\"><th scope=\"col\" role="
		    "\"columnheader\">From</th>", out);
	for (int i = 0; i < GP_BAND_COUNT; i++)
		(void)fprintf(out, "<th scope=\"col\" role=\"columnheader\" "
			      "class=\"n\">%s</th>", gp_page_bands[i].label);
	(void)fputs("</tr></thead>\n<tbody role=\"rowgroup\">\n", out);
	for (size_t k = 0; k < count; k++) {
		if (bars[k].total == 0)
			continue;
		(void)fprintf(out, "<tr role=\"row\"><th scope=\"row\" role="
			      "\"rowheader\">%s</th>",
			      gp_report_local(bars[k].hour * 3600000, time));
		for (int i = 0; i < GP_BAND_COUNT; i++) {
			(void)fprintf(out, "<td role=\"cell\" class=\"n\" "
				      "data-label=\"%s\">",
				      gp_page_bands[i].label);
			gp_page_number(out, bars[k].bands[i]);
			(void)fputs("</td>", out);
		}
		(void)fputs("</tr>\n", out);
	}
	(void)fputs("</tbody></table></details>\n", out);
}

static void put_empty(FILE *out)
{
	(void)fputs("<p>There is nothing to show.</p>\n</section>\n", out);
}

void gp_page_timeline(const struct gp_report *report, FILE *out)
{
	struct bar bars[BARS_MAX + 1];
	char time[GP_REPORT_TIME_BYTES];
	uint64_t most;
	int64_t step;
	size_t count;

	(void)fputs("<section aria-labelledby=\"h-timeline\">\n"
		    "<h2 id=\"h-timeline\">Timeline</h2>\n", out);
	if (report->hours_count == 0) {
		put_empty(out);
		return;
	}
	step = hours_in_bar(report);
	count = fill_bars(report, bars, step, &most);
	(void)fputs("<figure>\n<figcaption>What became of checks and mail; the "
		    "highest bar is ", out);
	gp_page_number(out, most);
	(void)fprintf(out, " in %" PRId64 " h</figcaption>\n", step);
	put_legend(out);
	(void)fprintf(out, "<svg class=\"chart\" id=\"timeline\" role=\"img\" "
		      "aria-label=\"Timeline; its figures are in the table "
		      "below\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">\n",
		      CHART_WIDTH, CHART_HEIGHT);
	for (size_t k = 0; k < count; k++)
		put_bar(out, &bars[k], (double)k * CHART_WIDTH / (double)count,
			(double)CHART_WIDTH / (double)count, most);
	(void)fprintf(out, "</svg>\n<div class=\"ticks\" aria-hidden=\"true\">"
		      "<span class=\"start\">%s</span>",
		      gp_report_local(bars[0].hour * 3600000, time));
	(void)fprintf(out, "<span class=\"end\">%s</span></div>\n",
		      gp_report_local((bars[count - 1].hour + step) * 3600000,
				      time));
	put_bar_table(out, bars, count);
	(void)fputs("</figure>\n</section>\n", out);
}

/* --- the week --- */

static const char *const day_names[] = {
	"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
	"Sunday",
};

/* The square root lets hours with little be seen beside the busiest. */
void gp_page_week(const struct gp_report *report, FILE *out)
{
	uint64_t most = 1;

	for (int i = 0; i < GP_REPORT_WEEK_HOURS; i++)
		if (report->week[i] > most)
			most = report->week[i];
	(void)fputs("<section aria-labelledby=\"h-week\">\n<h2 id=\"h-week\">Hours "
		    "of the week</h2>\n<table class=\"week\" id=\"week\">\n"
		    "<caption>Decisions in the journal by local hour; the darkest "
		    "is ", out);
	gp_page_number(out, most);
	(void)fputs("</caption>\n<thead><tr><td></td>", out);
	for (int hour = 0; hour < 24; hour++)
		(void)fprintf(out, "<th scope=\"col\">%02d</th>", hour);
	(void)fputs("</tr></thead>\n<tbody>\n", out);
	for (int day = 0; day < 7; day++) {
		(void)fprintf(out, "<tr><th scope=\"row\"><abbr title=\"%s\">%.3s"
			      "</abbr></th>", day_names[day], day_names[day]);
		for (int hour = 0; hour < 24; hour++) {
			uint64_t value = report->week[day * 24 + hour];

			(void)fprintf(out, "<td data-value=\"%" PRIu64 "\" title=\""
				      "%s %02d:00: %" PRIu64 "\" style=\"--v:%.2f\">"
				      "<span class=\"hidden\">%" PRIu64
				      "</span></td>", value, day_names[day], hour,
				      value, sqrt((double)value / (double)most),
				      value);
		}
		(void)fputs("</tr>\n", out);
	}
	(void)fputs("</tbody>\n</table>\n</section>\n", out);
}

/* --- intervals --- */

/* Half octaves from a second to a day and a half. */
enum { INTERVAL_BARS = 34 };

static double place_of(double secs)
{
	double place = 2 * log2(secs < 1 ? 1 : secs);

	return place > INTERVAL_BARS ? INTERVAL_BARS : place;
}

static void fill_intervals(const struct gp_report *report, uint64_t *bars,
			   uint64_t *most_r)
{
	const struct gp_sketch *sketch = &report->intervals;

	memset(bars, 0, INTERVAL_BARS * sizeof(*bars));
	*most_r = 1;
	for (size_t i = 0; sketch->counts != NULL && i < GP_SKETCH_BUCKETS; i++) {
		int bar = (int)place_of((double)gp_sketch_least(i));

		if (bar >= INTERVAL_BARS)
			bar = INTERVAL_BARS - 1;
		bars[bar] += sketch->counts[i];
		if (bars[bar] > *most_r)
			*most_r = bars[bar];
	}
}

static void put_mark(FILE *out, const char *css, unsigned int secs)
{
	double x = place_of(secs) * CHART_WIDTH / INTERVAL_BARS;

	(void)fprintf(out, "<line class=\"mark %s\" x1=\"%.2f\" x2=\"%.2f\" y1=\"0\" "
		      "y2=\"%d\"/>\n", css, x, x, CHART_HEIGHT);
}

static void put_tick(FILE *out, const char *label, double secs)
{
	(void)fprintf(out, "<span style=\"left:%.2f%%\">%s</span>",
		      place_of(secs) * 100 / INTERVAL_BARS, label);
}

static void put_interval_bars(FILE *out, const uint64_t *bars, uint64_t most)
{
	const double width = (double)CHART_WIDTH / INTERVAL_BARS;

	for (int i = 0; i < INTERVAL_BARS; i++) {
		double height = (double)bars[i] * (CHART_HEIGHT - 6) /
			(double)most;

		if (bars[i] == 0)
			continue;
		(void)fprintf(out, "<rect class=\"interval\" x=\"%.2f\" y=\"%.2f\" "
			      "width=\"%.2f\" height=\"%.2f\"><title>%.0f s to "
			      "%.0f s: %" PRIu64 "</title></rect>\n", i * width,
			      CHART_HEIGHT - height, width * 0.9, height,
			      ceil(exp2(i / 2.0)), ceil(exp2((i + 1) / 2.0)),
			      bars[i]);
	}
}

static void put_interval_table(FILE *out, const uint64_t *bars)
{
	(void)fputs("<details><summary>The figures of the intervals</summary>\n"
		    "<table class=\"wide\"><thead><tr><th scope=\"col\">From</th>"
		    "<th scope=\"col\">below</th><th scope=\"col\" class=\"n\">"
		    "Checks</th></tr></thead>\n<tbody>\n", out);
	for (int i = 0; i < INTERVAL_BARS; i++) {
		if (bars[i] == 0)
			continue;
		(void)fputs("<tr><th scope=\"row\">", out);
		gp_page_secs(out, (int64_t)ceil(exp2(i / 2.0)));
		(void)fputs("</th><td>", out);
		gp_page_secs(out, (int64_t)ceil(exp2((i + 1) / 2.0)));
		(void)fputs("</td><td class=\"n\">", out);
		gp_page_number(out, bars[i]);
		(void)fputs("</td></tr>\n", out);
	}
	(void)fputs("</tbody></table></details>\n", out);
}

void gp_page_intervals(const struct gp_report *report, FILE *out)
{
	const int64_t policy = report->has_settings
		? (int64_t)report->settings->poll.interval_secs
		: report->policy_secs;
	uint64_t bars[INTERVAL_BARS], most;

	(void)fputs("<section aria-labelledby=\"h-intervals\">\n"
		    "<h2 id=\"h-intervals\">Time between checks</h2>\n", out);
	if (report->intervals.total == 0) {
		put_empty(out);
		return;
	}
	fill_intervals(report, bars, &most);
	(void)fputs("<figure>\n<figcaption>Checks by the measured interval of their "
		    "program, on a logarithmic scale; the line is the policy",
		    out);
	if (policy > 0) {
		(void)fputs(", ", out);
		gp_page_secs(out, policy);
	}
	if (report->has_settings) {
		(void)fputs(", the broken line what is advised, ", out);
		gp_page_secs(out, report->settings->poll.advised_secs);
	}
	(void)fprintf(out, "</figcaption>\n<svg class=\"chart\" id=\"intervals\" "
		      "role=\"img\" aria-label=\"Distribution of intervals; its "
		      "figures are in the table below\" viewBox=\"0 0 %d %d\" "
		      "preserveAspectRatio=\"none\">\n", CHART_WIDTH,
		      CHART_HEIGHT);
	put_interval_bars(out, bars, most);
	if (policy > 0)
		put_mark(out, "policy", (unsigned int)policy);
	if (report->has_settings)
		put_mark(out, "advised", report->settings->poll.advised_secs);
	(void)fputs("</svg>\n<div class=\"ticks\" aria-hidden=\"true\">"
		    "<span class=\"start\">1s</span>", out);
	put_tick(out, "10s", 10);
	put_tick(out, "1m", 60);
	put_tick(out, "5m", 300);
	put_tick(out, "30m", 1800);
	put_tick(out, "3h", 10800);
	put_tick(out, "1d", 86400);
	(void)fputs("</div>\n", out);
	put_interval_table(out, bars);
	(void)fputs("</figure>\n</section>\n", out);
}
