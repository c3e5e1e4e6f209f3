/* SPDX-License-Identifier: MIT */
/* This module shows times and names in tables and in JSON. */
#ifndef GP_SHOW_H
#define GP_SHOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* "45s", "5m", "5m10s", "1h30m": short enough for a column; "-" for 0 and below. */
void gp_show_time(int64_t msecs, char *text, size_t size);

/* JSON is UTF-8; a name that is not is shown with its odd bytes as %XX. */
json_t *gp_show_json_name(const char *name);

/* The name as UTF-8 that may be shown anywhere: bytes that are no UTF-8, control
   characters, and those that turn the direction of writing, as %XX.  In memory to
   free(). */
char *gp_show_clean(const char *name);

/* For json_dumps() and its like: 0.368 and not 0.36799999999999999. */
#define GP_SHOW_JSON JSON_REAL_PRECISION(12)

/* Whether standard output is a terminal that may have colours: NO_COLOR is not set to
   anything, and TERM does not say dumb. */
bool gp_show_has_colour(void);

/* Prints to standard output, and takes the value over. */
void gp_show_json(json_t *value);

/* The same as one line, with the time beside it: {"time": ..., name: value}. */
void gp_show_json_line(FILE *out, const char *name, json_t *value);

/* RFC 3339 in UTC; null below 0. */
json_t *gp_show_json_time(int64_t msecs);

#endif
