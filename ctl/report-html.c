/* SPDX-License-Identifier: MIT */
/*
 * This module writes the frame of the HTML page and its head figures.  The page asks
 * for nothing from anywhere: a policy in it forbids all but its own style and its
 * one script, which is named by its hash.
 */
#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "gatepost-config.h"
#include "report-page.h"
#include "report-page.css.h"
#include "report-page.js.h"
#include "report-show.h"
#include "show.h"

const struct gp_page_band_name gp_page_bands[GP_BAND_COUNT] = {
	[GP_BAND_ADMITTED] = { "admitted", "admitted or served" },
	[GP_BAND_ABSORBED] = { "absorbed", "absorbed or noted" },
	[GP_BAND_DELAYED] = { "delayed", "delayed or held" },
	[GP_BAND_REFUSED] = { "refused", "refused" },
	[GP_BAND_WOULD] = { "would", "only observed" },
};

uint64_t gp_page_band(const uint64_t kinds[GP_KIND_COUNT],
		      enum gp_page_band band)
{
	switch (band) {
	case GP_BAND_ADMITTED:
		return kinds[GP_KIND_ADMITTED] + kinds[GP_KIND_SERVED];
	case GP_BAND_ABSORBED:
		return kinds[GP_KIND_ABSORB] + kinds[GP_KIND_NOTE];
	case GP_BAND_DELAYED:
		return kinds[GP_KIND_DELAY] + kinds[GP_KIND_HOLD];
	case GP_BAND_REFUSED:
		return kinds[GP_KIND_REFUSE] + kinds[GP_KIND_REJECT] +
			kinds[GP_KIND_TEMPFAIL] + kinds[GP_KIND_REWRITE];
	case GP_BAND_WOULD:
	case GP_BAND_COUNT:
		break;
	}
	return kinds[GP_KIND_WOULD_CHECK] + kinds[GP_KIND_WOULD_MAIL];
}

void gp_page_text(FILE *out, const char *text)
{
	char *clean = gp_show_clean(text);

	for (const char *byte = clean; *byte != '\0'; byte++) {
		switch (*byte) {
		case '&':
			(void)fputs("&amp;", out);
			break;
		case '<':
			(void)fputs("&lt;", out);
			break;
		case '>':
			(void)fputs("&gt;", out);
			break;
		case '"':
			(void)fputs("&quot;", out);
			break;
		case '\'':
			(void)fputs("&#39;", out);
			break;
		default:
			(void)fputc(*byte, out);
		}
	}
	free(clean);
}

void gp_page_number(FILE *out, uint64_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			(void)fputs("&#8239;", out);
		(void)fputc(digits[i], out);
	}
}

void gp_page_secs(FILE *out, int64_t secs)
{
	char text[32];

	gp_show_time(secs * 1000, text, sizeof(text));
	(void)fputs(text, out);
}

/* --- the frame --- */

/* The sources of the policy take a hash in base64 (CSP 3, section 6.7.2.3). */
static void put_policy(FILE *out)
{
	unsigned char hash[SHA256_DIGEST_LENGTH], text[64];

	(void)SHA256((const unsigned char *)report_page_js_script,
		     sizeof(report_page_js_script) - 1, hash);
	(void)EVP_EncodeBlock(text, hash, sizeof(hash));
	(void)fprintf(out, "<meta http-equiv=\"Content-Security-Policy\" "
		      "content=\"default-src 'none'; style-src 'unsafe-inline'; "
		      "script-src 'sha256-%s'; img-src data:; base-uri 'none'; "
		      "form-action 'none'\">\n", (const char *)text);
}

static void put_begin(const struct gp_report *report, FILE *out)
{
	char since[GP_REPORT_TIME_BYTES], until[GP_REPORT_TIME_BYTES];

	(void)gp_report_local(gp_report_begin(report), since);
	(void)gp_report_local(gp_report_end(report), until);
	(void)fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		    "<meta charset=\"utf-8\">\n", out);
	put_policy(out);
	(void)fprintf(out, "<meta name=\"viewport\" content=\"width=device-width, "
		      "initial-scale=1\">\n"
		      "<meta name=\"referrer\" content=\"no-referrer\">\n"
		      "<link rel=\"icon\" href=\"data:,\">\n"
		      "<title>gatepost: %s to %s</title>\n<style>\n%s</style>\n"
		      "</head>\n<body>\n"
		      "<a class=\"skip\" href=\"#users\">Skip to the users</a>\n"
		      "<header>\n<h1>Who checks for mail too often, and what was "
		      "done</h1>\n<p>%s to %s</p>\n", since, until,
		      report_page_css_script, since, until);
}

static void put_policy_line(const struct gp_report *report, FILE *out)
{
	const struct gp_settings *settings = report->settings;
	struct gp_report_mode mode;

	if (!report->has_settings)
		return;
	(void)fputs("<p>Policy in force: a program may check every ", out);
	gp_page_secs(out, settings->poll.interval_secs);
	(void)fputs(", every ", out);
	gp_page_secs(out, settings->poll.advised_secs);
	(void)fprintf(out, " is advised (%s). Modes: ",
		      gp_mode_word(settings->poll.mode));
	for (size_t i = 0; gp_report_mode(settings, i, &mode); i++)
		(void)fprintf(out, "%s<span class=\"mode\">%s%s%s %s</span>",
			      i == 0 ? "" : ", ", mode.section,
			      mode.section[0] == '\0' ? "" : ".", mode.name,
			      mode.mode);
	(void)fputs(".</p>\n", out);
}

/* --- head figures --- */

static void put_figure(FILE *out, const char *id, const char *label,
		       uint64_t value)
{
	(void)fprintf(out, "<div><dt>%s</dt><dd id=\"f-%s\" data-value=\"%" PRIu64
		      "\">", label, id, value);
	gp_page_number(out, value);
	(void)fputs("</dd></div>\n", out);
}

static void put_time_figure(FILE *out, const char *id, const char *label,
			    int64_t secs)
{
	(void)fprintf(out, "<div><dt>%s</dt><dd id=\"f-%s\" data-value=\"%" PRId64
		      "\">", label, id, secs);
	if (secs > 0)
		gp_page_secs(out, secs);
	else
		(void)fputs("none", out);
	(void)fputs("</dd></div>\n", out);
}

static void put_admitted(FILE *out, const struct gp_report *report)
{
	if (gp_report_has_admitted(report))
		put_figure(out, "admitted", "Admitted",
			   report->kinds[GP_KIND_ADMITTED]);
	else
		(void)fputs("<div><dt>Admitted</dt><dd id=\"f-admitted\" class="
			    "\"unknown\">not recorded<br><small>journal.all_checks is "
			    "off</small></dd></div>\n", out);
}

static void put_figures(const struct gp_report *report, FILE *out)
{
	const uint64_t *kinds = report->kinds;

	(void)fputs("<section aria-labelledby=\"h-figures\">\n"
		    "<h2 id=\"h-figures\">Head figures</h2>\n"
		    "<dl class=\"figures\">\n", out);
	put_figure(out, "users", gp_report_has_admitted(report)
		   ? "Users seen" : "Users seen too early or refused", report->users_count);
	put_figure(out, "violators", "Users who checked too often or had mail refused",
		   report->violators_count);
	put_figure(out, "seen", "Checks in the journal",
		   gp_report_checks(kinds));
	put_figure(out, "early", "Checks too early", gp_report_early(kinds));
	put_figure(out, "with_idle", "Checks where IDLE is used", report->idle_count);
	put_admitted(out, report);
	put_figure(out, "served", "Early, but served", kinds[GP_KIND_SERVED]);
	put_figure(out, "note", "Only noted", kinds[GP_KIND_NOTE]);
	put_figure(out, "absorb", "Absorbed", kinds[GP_KIND_ABSORB]);
	put_figure(out, "delay", "Delayed", kinds[GP_KIND_DELAY]);
	put_figure(out, "hold", "Logins held", kinds[GP_KIND_HOLD]);
	put_figure(out, "refuse", "Checks refused", kinds[GP_KIND_REFUSE]);
	put_figure(out, "would", "Would have been",
		   kinds[GP_KIND_WOULD_CHECK]);
	put_figure(out, "reject", "Mail rejected", kinds[GP_KIND_REJECT]);
	put_figure(out, "tempfail", "Mail deferred", kinds[GP_KIND_TEMPFAIL]);
	put_figure(out, "rewrite", "Mail corrected", kinds[GP_KIND_REWRITE]);
	put_figure(out, "would-mail", "Mail: would have been",
		   kinds[GP_KIND_WOULD_MAIL]);
	put_figure(out, "saved", "Looks into mailboxes saved",
		   kinds[GP_KIND_ABSORB]);
	put_time_figure(out, "waited", "Programs waited", report->waited_secs);
	put_figure(out, "outages", "Outages of Redis", report->outages_count);
	put_time_figure(out, "outage", "All outages together",
			report->outage_msecs / 1000);
	(void)fputs("</dl>\n</section>\n", out);
}

static void put_reasons(const struct gp_report *report, FILE *out)
{
	(void)fputs("<section aria-labelledby=\"h-reasons\">\n"
		    "<h2 id=\"h-reasons\">Reasons</h2>\n"
		    "<table class=\"wide\" id=\"reasons\">\n<thead><tr>"
		    "<th scope=\"col\">Reason</th><th scope=\"col\" class=\"n\">"
		    "Decisions</th></tr></thead>\n<tbody>\n", out);
	for (int i = 0; i < GP_REASON_COUNT; i++) {
		if (report->reasons[i] == 0)
			continue;
		(void)fprintf(out, "<tr data-reason=\"%s\"><th scope=\"row\">%s"
			      "<br><span class=\"soft\">%s</span></th>"
			      "<td class=\"n\" data-value=\"%" PRIu64 "\">",
			      gp_reason_word((enum gp_reason)i),
			      gp_reason_word((enum gp_reason)i),
			      gp_reason_text((enum gp_reason)i),
			      report->reasons[i]);
		gp_page_number(out, report->reasons[i]);
		(void)fputs("</td></tr>\n", out);
	}
	(void)fputs("</tbody>\n</table>\n</section>\n", out);
}

static void put_end(const struct gp_report *report, FILE *out)
{
	(void)fputs("</main>\n<footer>\n<p>From ", out);
	gp_page_number(out, report->entries_count);
	(void)fputs(" lines of the journal", out);
	if (report->broken_count > 0) {
		(void)fputs("; passed over as damaged or forged: ", out);
		gp_page_number(out, report->broken_count);
	}
	(void)fputs(".", out);
	if (report->rows_dropped > 0) {
		(void)fputs(" For lack of room, ", out);
		gp_page_number(out, report->rows_dropped);
		(void)fputs(" rows with few decisions were dropped; a row may lack ",
			    out);
		gp_page_number(out, report->undercount_most);
		(void)fputs(" at most.", out);
	}
	(void)fprintf(out, " Intervals are exact below 32 seconds, above that "
		      "within 3 percent. Hours are local ones.</p>\n"
		      "<p>gatepost %s. This page names people: keep it as you keep "
		      "the mail log.</p>\n</footer>\n<script>%s</script>\n</body>\n"
		      "</html>\n", PACKAGE_VERSION, report_page_js_script);
}

void gp_report_write_html(const struct gp_report *report, size_t top, FILE *out)
{
	put_begin(report, out);
	put_policy_line(report, out);
	(void)fputs("</header>\n<main>\n", out);
	put_figures(report, out);
	gp_page_timeline(report, out);
	gp_page_week(report, out);
	gp_page_intervals(report, out);
	put_reasons(report, out);
	gp_page_programs(report, out);
	gp_page_users(report, top, out);
	put_end(report, out);
}
