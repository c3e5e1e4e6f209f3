/* SPDX-License-Identifier: MIT */
/* This module shows times and names in tables and in JSON. */
#ifndef GP_SHOW_H
#define GP_SHOW_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* "45s", "5m00s", "1h30m": short enough for a column; "-" for 0 and below. */
void gp_show_time(int64_t msecs, char *text, size_t size);

/* JSON is UTF-8; a name that is not is shown with its odd bytes as %XX. */
json_t *gp_show_json_name(const char *name);

/* The name as UTF-8 that may be shown anywhere: bytes that are no UTF-8, control
   characters, and those that turn the direction of writing, as %XX.  In memory to
   free(). */
char *gp_show_clean(const char *name);

/* Prints to standard output, and takes the value over. */
void gp_show_json(json_t *value);

#endif
