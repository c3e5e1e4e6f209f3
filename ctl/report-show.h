/* SPDX-License-Identifier: MIT */
/* This module is the forms of a finished report: a table, JSON, CSV, HTML.  Each
   escapes what came from users by its own rules. */
#ifndef GP_REPORT_SHOW_H
#define GP_REPORT_SHOW_H

#include <stdio.h>

#include "report.h"

/* Rows for at most top users, in all forms. */
void gp_report_print_text(const struct gp_report *report, size_t top);
void gp_report_print_json(const struct gp_report *report, size_t top);
void gp_report_print_csv(const struct gp_report *report, size_t top);
void gp_report_write_html(const struct gp_report *report, size_t top, FILE *out);

/* "2026-11-23T18:53:20Z", and in the reader's zone "2026-11-23 19:53"; "-" when
   msecs are negative. */
enum { GP_REPORT_TIME_BYTES = 40 };
const char *gp_report_utc(int64_t msecs, char text[GP_REPORT_TIME_BYTES]);
const char *gp_report_local(int64_t msecs, char text[GP_REPORT_TIME_BYTES]);

/* The begin and end that were asked for, or what the journal has. */
int64_t gp_report_begin(const struct gp_report *report);
int64_t gp_report_end(const struct gp_report *report);

/* Between the first and the last line of a row; 0 if they have no time. */
int64_t gp_report_row_secs(const struct gp_report_row *row);

/* How often an hour a program checked in that way; -1 when less than an hour was
   seen of it, for that is no rate. */
double gp_report_per_hour(const struct gp_report_row *row, enum gp_check check);

/* The modes of the policy in force, by the names of their settings: the section is
   "" for "tls", whose mode it is.  False behind the last. */
struct gp_report_mode {
	const char *section, *name, *mode;
};
bool gp_report_mode(const struct gp_settings *settings, size_t number,
		    struct gp_report_mode *mode_r);

#endif
