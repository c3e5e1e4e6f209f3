/* SPDX-License-Identifier: MIT */
/* This module is documented in show.h. */
#include "show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

void gp_show_time(int64_t msecs, char *text, size_t size)
{
	int64_t secs = (msecs + 500) / 1000;

	if (msecs <= 0)
		(void)snprintf(text, size, "-");
	else if (msecs < 9500)
		(void)snprintf(text, size, "%.1fs", (double)msecs / 1000);
	else if (secs < 120)
		(void)snprintf(text, size, "%" PRId64 "s", secs);
	else if (secs < 7200)
		(void)snprintf(text, size, "%" PRId64 "m%02" PRId64 "s",
			       secs / 60, secs % 60);
	else
		(void)snprintf(text, size, "%" PRId64 "h%02" PRId64 "m",
			       secs / 3600, secs / 60 % 60);
}

json_t *gp_show_json_name(const char *name)
{
	json_t *text = json_string(name);
	char *escaped, *end;

	if (text != NULL)
		return text;
	escaped = end = gp_alloc(3 * strlen(name) + 1);
	for (; *name != '\0'; name++) {
		if ((unsigned char)*name < 0x80)
			*end++ = *name;
		else
			end += sprintf(end, "%%%02X", (unsigned char)*name);
	}
	text = json_string(escaped);
	free(escaped);
	return text;
}

void gp_show_json(json_t *value)
{
	(void)json_dumpf(value, stdout, JSON_INDENT(2));
	(void)putchar('\n');
	json_decref(value);
}
