/* SPDX-License-Identifier: MIT */
/*
 * This module is what the parts of the HTML page share.  Whatever came from a log
 * goes through gp_page_text(); nothing else may be given to print as it is.
 */
#ifndef GP_REPORT_PAGE_H
#define GP_REPORT_PAGE_H

#include <stdint.h>
#include <stdio.h>

#include "report.h"

/* What the page tells apart; the kinds of a report are more. */
enum gp_page_band {
	GP_BAND_ADMITTED,
	GP_BAND_ABSORBED,
	GP_BAND_DELAYED,        /* and held */
	GP_BAND_REFUSED,        /* checks and mail */
	GP_BAND_WOULD,
	GP_BAND_COUNT
};

struct gp_page_band_name {
	const char *css;                /* class */
	const char *label;
};

extern const struct gp_page_band_name gp_page_bands[GP_BAND_COUNT];

uint64_t gp_page_band(const uint64_t kinds[GP_KIND_COUNT],
		      enum gp_page_band band);

/* For text and for attributes in double quotes. */
void gp_page_text(FILE *out, const char *text);

/* "12 345", with spaces that do not break. */
void gp_page_number(FILE *out, uint64_t number);

/* "5m00s", "-" for what is not known. */
void gp_page_secs(FILE *out, int64_t secs);

/* Sections of the page */
void gp_page_timeline(const struct gp_report *report, FILE *out);
void gp_page_week(const struct gp_report *report, FILE *out);
void gp_page_intervals(const struct gp_report *report, FILE *out);
void gp_page_programs(const struct gp_report *report, FILE *out);
void gp_page_users(const struct gp_report *report, size_t top, FILE *out);

#endif
