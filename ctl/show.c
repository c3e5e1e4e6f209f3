/* SPDX-License-Identifier: MIT */
/* This module is documented in show.h. */
#include "show.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <time.h>

#include "log.h"
#include "pool.h"

/* "5m" and not "5m00s": people set and say round times. */
static void put_two(int64_t small, int64_t per, const char units[2], char *text,
		    size_t size)
{
	if (small % per == 0)
		(void)snprintf(text, size, "%" PRId64 "%c", small / per, units[0]);
	else
		(void)snprintf(text, size, "%" PRId64 "%c%02" PRId64 "%c",
			       small / per, units[0], small % per, units[1]);
}

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
		put_two(secs, 60, "ms", text, size);
	else
		put_two(secs / 60, 60, "hm", text, size);
}

/* The length of a well-formed character (RFC 3629), 0 if there is none. */
static size_t read_utf8(const unsigned char *text, uint32_t *character_r)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 :
		text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : text[0] < 0xf5 ? 4 : 0;
	uint32_t character = length < 2 ? text[0]
					: text[0] & (0x7fu >> length);

	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (text[i] & 0x3f);
	}
	if (length == 0 || character < least[length] || character > 0x10ffff ||
	    (character >= 0xd800 && character < 0xe000))
		return 0;
	*character_r = character;
	return length;
}

static bool is_showable(uint32_t character)
{
	return character >= ' ' && !(character >= 0x7f && character < 0xa0) &&
		character != 0x061c && character != 0xfeff &&
		!(character >= 0x200b && character <= 0x200f) &&
		!(character >= 0x2028 && character <= 0x202e) &&
		!(character >= 0x2060 && character <= 0x206f) &&
		(character & 0xfffe) != 0xfffe;
}

char *gp_show_clean(const char *name)
{
	const unsigned char *in = (const unsigned char *)name;
	char *clean = gp_alloc(3 * strlen(name) + 1), *out = clean;

	while (*in != '\0') {
		uint32_t character;
		size_t length = read_utf8(in, &character);

		if (length > 0 && is_showable(character)) {
			memcpy(out, in, length);
			out += length;
			in += length;
			continue;
		}
		for (length += length == 0; length > 0; length--)
			out += sprintf(out, "%%%02X", *in++);
	}
	*out = '\0';
	return clean;
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

bool gp_show_has_colour(void)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) &&
		(no_colour == NULL || no_colour[0] == '\0') &&
		(term == NULL || strcmp(term, "dumb") != 0);
}

void gp_show_json(json_t *value)
{
	(void)json_dumpf(value, stdout, JSON_INDENT(2) | GP_SHOW_JSON);
	(void)putchar('\n');
	json_decref(value);
}

json_t *gp_show_json_time(int64_t msecs)
{
	time_t secs = (time_t)(msecs / 1000);
	char text[32], whole[48];
	struct tm tm;

	if (msecs < 0 || gmtime_r(&secs, &tm) == NULL)
		return json_null();
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(whole, sizeof(whole), "%s.%03dZ", text,
		       (int)(msecs % 1000));
	return json_string(whole);
}

void gp_show_json_line(FILE *out, const char *name, json_t *value)
{
	json_t *line = json_pack("{s:o, s:o}", "time",
				 gp_show_json_time(gp_clock_wall_msecs()),
				 name, value);

	(void)json_dumpf(line, out, JSON_COMPACT | GP_SHOW_JSON);
	(void)fputc('\n', out);
	json_decref(line);
}
