/* SPDX-License-Identifier: MIT */
/* This module is documented in show-width.h. */
#include "show-width.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "pool.h"

enum { USUAL = 80, LEAST = 20, MOST = 10000, HEX_WIDTH = 4 };

size_t gp_width_of_terminal(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	long width = 0;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	if (width == 0 && columns != NULL)
		width = strtol(columns, NULL, 10);
	if (width <= 0 || width > MOST)
		width = USUAL;
	return width < LEAST ? LEAST : (size_t)width;
}

/* ESC [ ... m: ECMA-48, section 8.3.117.  0 if there is none. */
static size_t colour_length(const char *text)
{
	size_t length;

	if (text[0] != '\033' || text[1] != '[')
		return 0;
	length = 2 + strspn(text + 2, "0123456789;");
	return text[length] == 'm' ? length + 1 : 0;
}

/* The bytes of the next character, and the columns that it takes. */
static size_t take(const char *text, size_t *width_r)
{
	mbstate_t state = { 0 };
	size_t length = colour_length(text);
	wchar_t character;
	int width;

	*width_r = 0;
	if (length > 0)
		return length;
	length = mbrtowc(&character, text, strlen(text), &state);
	if (length == 0 || length > strlen(text)) {
		*width_r = HEX_WIDTH;
		return 1;
	}
	width = wcwidth(character);
	*width_r = width < 0 ? HEX_WIDTH * length : (size_t)width;
	return length;
}

size_t gp_width_of(const char *text)
{
	size_t width, sum = 0;

	for (; *text != '\0'; sum += width)
		text += take(text, &width);
	return sum;
}

/* The bytes of the text that take at most so many columns. */
static size_t fitting(const char *text, size_t most)
{
	size_t length = 0, width;

	while (text[length] != '\0') {
		const size_t bytes = take(text + length, &width);

		if (width > most)
			break;
		most -= width;
		length += bytes;
	}
	return length;
}

char *gp_width_cut(const char *text, size_t width)
{
	const char *mark = MB_CUR_MAX > 1 ? "\u2026" : "~";
	const size_t length = fitting(text, width);
	char *cut = gp_alloc(strlen(text) + strlen(mark) + 1);

	if (text[length] == '\0' || width == 0) {
		(void)strcpy(cut, text);
		cut[length] = '\0';
	} else {
		const size_t before = fitting(text, width - 1);

		memcpy(cut, text, before);
		(void)strcpy(cut + before, mark);
	}
	return cut;
}

/* The end of the first line: the last blank that leaves it within the width. */
static size_t line_length(const char *text, size_t width)
{
	size_t length = fitting(text, width), end = length;

	if (text[length] == '\0' || text[length] == ' ')
		return length;
	while (end > 0 && text[end - 1] != ' ')
		end--;
	while (end > 0 && text[end - 1] == ' ')
		end--;
	if (end > 0)
		return end;
	/* One character at least, or there would be no end of it. */
	return length > 0 ? length : take(text, &width);
}

/* Line by line; what begins the lines after the first has the width of indent. */
static void fold(FILE *out, const char *text, size_t width, size_t indent)
{
	size_t room = width;

	while (*text != '\0') {
		const size_t length = line_length(text, room);

		(void)fwrite(text, 1, length, out);
		text += length;
		text += strspn(text, " ");
		room = width - indent;
		if (*text != '\0')
			(void)fprintf(out, "\n%*s", (int)indent, "");
	}
}

char *gp_width_fold(const char *text, size_t width)
{
	char *folded = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&folded, &length);

	if (out == NULL)
		return gp_strdup(text);
	fold(out, text, width > 0 ? width : 1, 0);
	(void)fclose(out);
	return folded;
}

void gp_width_print(FILE *out, const char *text, size_t indent)
{
	const size_t width = gp_width_of_terminal();

	if (width == 0)
		(void)fputs(text, out);
	else
		fold(out, text, width, indent < width / 2 ? indent : width / 2);
	(void)fputc('\n', out);
}
