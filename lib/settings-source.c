/* SPDX-License-Identifier: MIT */
/* This module is documented in settings-source.h. */
#include "settings-source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pool.h"

enum { DEPTH_MAX = 2 }; /* a section, and a list in it */

/* --- the file ---------------------------------------------------------- */

static int check_status(const char *path, const struct stat *status,
			struct gp_error *err)
{
	if (S_ISDIR(status->st_mode))
		return gp_error_set(err, "%s: this is a folder, not a file", path);
	if (!S_ISREG(status->st_mode))
		return gp_error_set(err, "%s: this is not a plain file", path);
	if ((status->st_mode & S_IWOTH) != 0)
		return gp_error_set(err, "%s: everybody can write to it; run: "
				    "chmod o-w %s", path, path);
	if (status->st_size > GP_SOURCE_BYTES_MAX)
		return gp_error_set(err, "%s: it is larger than %d bytes", path,
				    GP_SOURCE_BYTES_MAX);
	return 0;
}

/* The file may grow or shrink while it is read: what counts is what came. */
static int read_all(int fd, const char *path, struct gp_source *source,
		    struct gp_error *err)
{
	size_t size = 0;
	ssize_t got;

	do {
		if (source->length == size) {
			size = size == 0 ? 16384 : size * 2;
			source->text = gp_realloc(source->text, size + 1);
		}
		got = read(fd, source->text + source->length,
			   size - source->length);
		if (got > 0)
			source->length += (size_t)got;
	} while ((got > 0 && source->length <= GP_SOURCE_BYTES_MAX) ||
		 (got < 0 && errno == EINTR));
	if (got == 0) {
		source->text[source->length] = '\0';
		return 0;
	}
	if (got < 0)
		(void)gp_error_set(err, "%s: %s", path, strerror(errno));
	else
		(void)gp_error_set(err, "%s: it is larger than %d bytes", path,
				   GP_SOURCE_BYTES_MAX);
	free(source->text);
	return -1;
}

int gp_source_read(const char *path, struct gp_source *source_r,
		   struct gp_error *err)
{
	struct gp_source source = { 0 };
	struct stat status;
	/* O_NONBLOCK: a pipe would hold us for as long as nobody writes. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int result;

	if (fd < 0)
		return gp_error_set(err, "%s: %s", path, strerror(errno));
	if (fstat(fd, &status) < 0)
		result = gp_error_set(err, "%s: %s", path, strerror(errno));
	else
		result = check_status(path, &status, err);
	if (result == 0)
		result = read_all(fd, path, &source, err);
	(void)close(fd);
	if (result < 0)
		return -1;
	source.state = gp_file_state_of(&status);
	*source_r = source;
	return 0;
}

/* --- the text ---------------------------------------------------------- */

struct cleaner {
	const char *name;
	const char *p, *end;
	unsigned int line;
	char *out;              /* large enough: '{' alone becomes longer */
	size_t out_length;
	char previous;          /* the last token: its mark, 'w' word, 's' string */
	size_t list_open;       /* where in out the '{' of a list stands */
	bool word_is_include;   /* the last word */
	unsigned int depth;
	unsigned int open_lines[DEPTH_MAX];
	struct gp_error *err;
};

#define fail(cleaner, ...) \
	fail_at(cleaner, (cleaner)->line, __VA_ARGS__)

__attribute__((format(printf, 3, 4)))
static int fail_at(struct cleaner *cleaner, unsigned int line,
		   const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return gp_error_set(cleaner->err, "%s:%u: %s", cleaner->name, line, text);
}

static void put(struct cleaner *cleaner, char c)
{
	cleaner->out[cleaner->out_length++] = c;
}

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

static bool starts(const struct cleaner *cleaner, const char *text)
{
	size_t length = strlen(text);

	return (size_t)(cleaner->end - cleaner->p) >= length &&
	       memcmp(cleaner->p, text, length) == 0;
}

static int refuse_environment(struct cleaner *cleaner)
{
	return fail(cleaner, "'${' is not allowed: values are not taken from the "
		    "environment; a literal one stands in single quotes");
}

/* Bytes that end a word; as the scanner of libconfuse has it, and '|', which
   leads its look-up from one section into another. */
static bool ends_word(char c)
{
	return c == ' ' || is_control(c) || strchr("#\"'={}()+,*|", c) != NULL;
}

static int take_word(struct cleaner *cleaner)
{
	const char *start = cleaner->p;
	size_t length;

	if (starts(cleaner, "//"))
		return fail(cleaner, "'//' at the start of a word; a comment "
			    "begins with '#', other values stand in quotes");
	while (cleaner->p < cleaner->end && !ends_word(*cleaner->p)) {
		if (starts(cleaner, "${"))
			return refuse_environment(cleaner);
		put(cleaner, *cleaner->p++);
	}
	length = (size_t)(cleaner->p - start);
	if (length > GP_VALUE_BYTES_MAX)
		return fail(cleaner, "a word of %zu bytes; allowed are %d", length,
			    GP_VALUE_BYTES_MAX);
	cleaner->word_is_include = length == 7 && memcmp(start, "include", 7) == 0;
	cleaner->previous = 'w';
	return 0;
}

/* A backslash: before a quote or itself in "..."; in '...' also as itself. */
static int take_escape(struct cleaner *cleaner, char quote)
{
	const char next = cleaner->end - cleaner->p > 1 ? cleaner->p[1] : '\n';
	const bool is_pair = next == quote || next == '\\';

	if (!is_pair && quote == '"')
		return fail(cleaner, "a backslash in \"...\" stands before \" or "
			    "another backslash; or use single quotes");
	put(cleaner, *cleaner->p++);
	if (is_pair)
		put(cleaner, *cleaner->p++);
	return 0;
}

static int take_string_byte(struct cleaner *cleaner, char quote)
{
	if (cleaner->p == cleaner->end || *cleaner->p == '\n')
		return fail(cleaner, "the string has no closing %c on this line",
			    quote);
	if (is_control(*cleaner->p) && *cleaner->p != '\t')
		return fail(cleaner, "byte 0x%02x in a string",
			    (unsigned int)(unsigned char)*cleaner->p);
	if (quote == '"' && starts(cleaner, "${"))
		return refuse_environment(cleaner);
	if (*cleaner->p == '\\')
		return take_escape(cleaner, quote);
	put(cleaner, *cleaner->p++);
	return 0;
}

static int take_string(struct cleaner *cleaner)
{
	const char *start = cleaner->p;
	const char quote = *start;

	put(cleaner, *cleaner->p++);
	while (cleaner->p == cleaner->end || *cleaner->p != quote) {
		if (take_string_byte(cleaner, quote) < 0)
			return -1;
	}
	put(cleaner, *cleaner->p++);
	if (cleaner->p - start > GP_VALUE_BYTES_MAX)
		return fail(cleaner, "a string of %zu bytes; allowed are %d",
			    (size_t)(cleaner->p - start), GP_VALUE_BYTES_MAX);
	cleaner->previous = 's';
	return 0;
}

static int open_brace(struct cleaner *cleaner)
{
	if (cleaner->depth == DEPTH_MAX)
		return fail(cleaner, "one '{' too many; is a '}' missing after "
			    "line %u?", cleaner->open_lines[DEPTH_MAX - 1]);
	cleaner->open_lines[cleaner->depth++] = cleaner->line;
	cleaner->list_open = cleaner->previous == '=' ? cleaner->out_length : 0;
	put(cleaner, '{');
	put(cleaner, ' ');
	cleaner->previous = '{';
	cleaner->p++;
	return 0;
}

/* libconfuse tells nobody of an empty list, but of '' it does. */
static int close_brace(struct cleaner *cleaner)
{
	if (cleaner->depth == 0)
		return fail(cleaner, "'}' without a '{'");
	cleaner->depth--;
	if (cleaner->previous == '{' && cleaner->list_open > 0)
		memset(cleaner->out + cleaner->list_open, '\'', 2);
	else
		put(cleaner, '}');
	cleaner->previous = '}';
	cleaner->p++;
	return 0;
}

static void take_blanks(struct cleaner *cleaner)
{
	while (cleaner->p < cleaner->end) {
		if (*cleaner->p == '#') {
			while (cleaner->p < cleaner->end && *cleaner->p != '\n')
				cleaner->p++;
		} else if (*cleaner->p == '\n') {
			put(cleaner, *cleaner->p++);
			cleaner->line++;
		} else if (*cleaner->p == ' ' || *cleaner->p == '\t' ||
			   starts(cleaner, "\r\n")) {
			put(cleaner, ' ');
			cleaner->p++;
		} else {
			break;
		}
	}
}

static int take_value(struct cleaner *cleaner)
{
	return *cleaner->p == '"' || *cleaner->p == '\'' ? take_string(cleaner)
							 : take_word(cleaner);
}

/* The only thing with parentheses.  Its form is checked here, because
   libconfuse 3.3 loses memory when it is wrong. */
static int take_include(struct cleaner *cleaner)
{
	static const char form[] = "write include(\"FILE\")";

	if (cleaner->previous != 'w' || !cleaner->word_is_include)
		return fail(cleaner, "'(' is not allowed here");
	if (cleaner->depth > 0)
		return fail(cleaner, "include stands outside sections");
	put(cleaner, *cleaner->p++);
	take_blanks(cleaner);
	if (cleaner->p == cleaner->end || strchr("={}()+,*|", *cleaner->p) != NULL)
		return fail(cleaner, form);
	if (is_control(*cleaner->p))
		return fail(cleaner, "byte 0x%02x",
			    (unsigned int)(unsigned char)*cleaner->p);
	if (take_value(cleaner) < 0)
		return -1;
	take_blanks(cleaner);
	if (cleaner->p == cleaner->end || *cleaner->p != ')')
		return fail(cleaner, form);
	put(cleaner, *cleaner->p++);
	cleaner->previous = ')';
	return 0;
}

static int take_token(struct cleaner *cleaner)
{
	const char c = *cleaner->p;

	if (is_control(c))
		return fail(cleaner, "byte 0x%02x",
			    (unsigned int)(unsigned char)c);
	switch (c) {
	case '{':
		return open_brace(cleaner);
	case '}':
		return close_brace(cleaner);
	case '(':
		return take_include(cleaner);
	case '=':
	case ',':
		cleaner->previous = c;
		put(cleaner, c);
		cleaner->p++;
		return 0;
	case ')':
	case '+':
	case '*':
	case '|':
		return fail(cleaner, "'%c' is not allowed here; a value that "
			    "holds it stands in quotes", c);
	default:
		return take_value(cleaner);
	}
}

int gp_source_clean(const char *name, const struct gp_source *source,
		    char **clean_r, struct gp_error *err)
{
	struct cleaner cleaner = {
		.name = name, .p = source->text,
		.end = source->text + source->length, .line = 1, .err = err,
		.out = gp_alloc(2 * source->length + 2)
	};
	int result = 0;

	take_blanks(&cleaner);
	while (result == 0 && cleaner.p < cleaner.end) {
		result = take_token(&cleaner);
		take_blanks(&cleaner);
	}
	if (result == 0 && cleaner.depth > 0)
		result = fail_at(&cleaner, cleaner.open_lines[cleaner.depth - 1],
				 "the '{' on this line has no '}'");
	if (result < 0) {
		free(cleaner.out);
		return -1;
	}
	/* libconfuse must not be given an empty file. */
	put(&cleaner, ' ');
	put(&cleaner, '\0');
	*clean_r = cleaner.out;
	return 0;
}
