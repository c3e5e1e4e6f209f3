/* SPDX-License-Identifier: MIT */
/*
 * This module reads journal lines back, documented in journal.h.  It goes over each
 * byte once and allocates nothing: reports read millions of lines.
 *
 * A log is shared with programs that write what strangers send, so a line counts
 * only where a program of this host could begin one: at the start, or right after
 * what syslog puts before a message.
 */
#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "journal-fields.h"
#include "pool.h"

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static int hex_value(char digit)
{
	if (is_digit(digit))
		return digit - '0';
	return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* Two digits and the byte after them; -1 if they are not that. */
static int two_digits(const char *text, char after)
{
	if (!is_digit(text[0]) || !is_digit(text[1]) || text[2] != after)
		return -1;
	return (text[0] - '0') * 10 + text[1] - '0';
}

/* Days since 1970 in the Gregorian calendar; years begin in March here, so that
   the day that comes and goes is the last one. */
static int64_t days_of(int year, int month, int day)
{
	static const int before_month[12] = {
		306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275
	};
	int64_t y = year - (month <= 2);

	return y * 365 + y / 4 - y / 100 + y / 400 + before_month[month - 1] +
		day - 719469;
}

static bool parse_time(const char *value, size_t length, int64_t *msecs_r)
{
	int century, year, month, day, hour, minute, second;

	if (length != sizeof("2026-11-23T18:53:20.123Z") - 1 ||
	    value[19] != '.' || value[23] != 'Z' ||
	    !is_digit(value[20]) || !is_digit(value[21]) || !is_digit(value[22]))
		return false;
	century = two_digits(value, value[2]);
	year = two_digits(value + 2, '-');
	month = two_digits(value + 5, '-');
	day = two_digits(value + 8, 'T');
	hour = two_digits(value + 11, ':');
	minute = two_digits(value + 14, ':');
	second = two_digits(value + 17, '.');
	if (century < 0 || year < 0 || month < 1 || month > 12 || day < 1 ||
	    day > 31 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
	    second < 0 || second > 60)
		return false;
	*msecs_r = (((days_of(century * 100 + year, month, day) * 24 + hour) *
		     60 + minute) * 60 + second) * 1000 +
		(value[20] - '0') * 100 + (value[21] - '0') * 10 +
		value[22] - '0';
	return true;
}

static bool parse_number(const char *value, size_t length, int64_t *number_r)
{
	int64_t number = 0;

	if (length == 0 || length > 18)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!is_digit(value[i]))
			return false;
		number = number * 10 + value[i] - '0';
	}
	*number_r = number;
	return true;
}

/* What is left of a line: value and rest move on, end stays. */
struct reader {
	char *at, *end;
};

/* What stands for itself in a value: all that gp_journal_must_escape() does not
   name. */
static const bool is_plain[256] = {
	['!'] = true, ['#' ... '$'] = true, ['&' ... '<'] = true,
	['>' ... '['] = true, [']' ... '~'] = true,
};

/* Eight bytes at once: the top bit of each that equals, is below, or is 0x7f and above.
   Above the first such byte bits may be set by its borrow or carry. */
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

static inline uint64_t equal_bytes(uint64_t bytes, unsigned char byte)
{
	uint64_t difference = bytes ^ EACH(byte);

	return (difference - EACH(1)) & ~difference;
}

/* Passes over bytes that stand for themselves.  Most values are shorter than eight
   bytes, and of a length that no processor can foresee. */
static char *skip_plain(char *in, const char *end)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	while (end - in >= 8) {
		uint64_t bytes, others;

		memcpy(&bytes, in, sizeof(bytes));
		others = ((bytes - EACH('!')) & ~bytes) | bytes |
			(bytes + EACH(1)) | equal_bytes(bytes, '"') |
			equal_bytes(bytes, '%') | equal_bytes(bytes, '=') |
			equal_bytes(bytes, '\\');
		others &= EACH(0x80);
		if (others != 0)
			return in + __builtin_ctzll(others) / 8;
		in += 8;
	}
#endif
	while (in < end && is_plain[(unsigned char)*in])
		in++;
	return in;
}

/* Takes the value in place, up to a space or the end, and ends it with NUL.  False
   if a byte stands there that should have been escaped: the line is not ours or was
   tampered with. */
static bool take_value(struct reader *reader, char **value_r, size_t *length_r)
{
	char *out = reader->at, *in = reader->at;

	*value_r = out;
	in = skip_plain(in, reader->end);
	for (out = in; in < reader->end && *in != ' '; in++) {
		if (is_plain[(unsigned char)*in]) {
			*out++ = *in;
			continue;
		}
		if (*in != '%' || reader->end - in < 3 ||
		    hex_value(in[1]) < 0 || hex_value(in[2]) < 0)
			return false;
		*out = (char)(hex_value(in[1]) * 16 + hex_value(in[2]));
		if (*out++ == '\0')
			return false;
		in += 2;
	}
	*length_r = (size_t)(out - *value_r);
	reader->at = in < reader->end ? in + 1 : in;
	*out = '\0';
	return true;
}

static bool take_field(struct reader *reader, struct gp_journal_entry *entry,
		       const struct gp_journal_field *field)
{
	/* A dash that stands for itself is escaped, so look before. */
	const bool is_unknown = *reader->at == '-' &&
		(reader->end - reader->at == 1 || reader->at[1] == ' ');
	size_t length;
	char *value;

	if (!take_value(reader, &value, &length))
		return false;
	if (field == NULL || is_unknown)
		return true;
	switch (field->type) {
	case GP_JOURNAL_TIME:
		return parse_time(value, length,
				  gp_journal_number(entry, field));
	case GP_JOURNAL_NUMBER:
		return parse_number(value, length,
				    gp_journal_number(entry, field));
	case GP_JOURNAL_TEXT:
		break;
	}
	*gp_journal_text(entry, field) = value;
	return true;
}

/* Do these bytes begin with NAME=?  This is asked for each field of millions of lines,
   so it is one comparison where there is room to read. */
static inline bool begins_with(const char *text, const char *end,
			       const struct gp_journal_field *field)
{
	const size_t bytes = field->name_bytes + 1;
	uint64_t found, wanted;

	if ((size_t)(end - text) < sizeof(found))
		return (size_t)(end - text) >= bytes &&
			memcmp(field->word, text, bytes) == 0;
	memcpy(&found, text, sizeof(found));
	memcpy(&wanted, field->word, sizeof(wanted));
	/* What follows the name is shifted out. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (found ^ wanted) << (64 - 8 * bytes) == 0;
#else
	return (found ^ wanted) >> (64 - 8 * bytes) == 0;
#endif
}

/* A field's name with the sign after it, as the line has it; NULL for a name that a
   later version added.  *length_r is the name's length, 0 if there is none. */
static const struct gp_journal_field *
take_name(const struct gp_journal_field *fields, size_t count, size_t next,
	  const char *name, const char *end, size_t *length_r)
{
	const char *equals;

	/* They come in the order of the table, so the next ones are looked at first. */
	for (size_t i = 0; i < count; i++, next++) {
		const struct gp_journal_field *field =
			&fields[next < count ? next : next - count];

		if (begins_with(name, end, field)) {
			*length_r = field->name_bytes;
			return field;
		}
	}
	equals = memchr(name, '=', (size_t)(end - name));
	*length_r = equals == NULL || memchr(name, ' ', (size_t)(equals - name))
		!= NULL ? 0 : (size_t)(equals - name);
	return NULL;
}

static int check_complete(uint32_t seen, struct gp_error *err)
{
	size_t count;
	const struct gp_journal_field *fields = gp_journal_fields(&count);

	for (size_t i = 0; i < count; i++)
		if (!fields[i].is_optional && (seen & UINT32_C(1) << i) == 0)
			return gp_error_set(err, "journal: field '%s' is missing",
					    fields[i].name);
	return 1;
}

/* A field that a later version added is passed over; one that stands twice is
   not believed. */
static int take_fields(struct reader *reader, struct gp_journal_entry *entry,
		       struct gp_error *err)
{
	size_t count, next = 0;
	const struct gp_journal_field *fields = gp_journal_fields(&count), *field;
	uint32_t seen = 0;

	while (reader->at < reader->end) {
		const char *name = reader->at;
		size_t length;

		if (*name == ' ') {
			reader->at++;
			continue;
		}
		field = take_name(fields, count, next, name, reader->end, &length);
		if (length == 0)
			return gp_error_set(err, "journal: '%.*s' is not key=value",
					    (int)strcspn(name, " "), name);
		if (field != NULL) {
			uint32_t bit = UINT32_C(1) << (field - fields);

			if ((seen & bit) != 0)
				return gp_error_set(err, "journal: field '%s' "
						    "stands twice", field->name);
			seen |= bit;
			next = (size_t)(field - fields) + 1;
		}
		reader->at += length + 1;
		if (!take_field(reader, entry, field))
			return gp_error_set(err, "journal: field '%.*s' has a "
					    "broken value", (int)length, name);
	}
	return check_complete(seen, err);
}

static bool starts(const char *at, const char *end, const char *text)
{
	size_t length = strlen(text);

	return (size_t)(end - at) >= length && memcmp(at, text, length) == 0;
}

/* "Nov 23 18:00:00 mx imap[12]: time=..." and its cousins have no other ": " before
   the message; "<22>1 2026-11-23T18:00:00Z mx imap 12 - - time=..." (RFC 5424) has
   none at all. */
static char *find_start(char *line, char *end)
{
	char *at;

	if (starts(line, end, "time="))
		return line;
	if (line < end && *line == '<') {
		at = memmem(line, (size_t)(end - line), "] time=", 7);
		if (at == NULL)
			at = memmem(line, (size_t)(end - line), "- time=", 7);
	} else {
		at = memmem(line, (size_t)(end - line), ": ", 2);
	}
	return at != NULL && starts(at + 2, end, "time=") ? at + 2 : NULL;
}

/* Asked about a line that could not be read to its end, so NUL may stand where a
   space stood. */
static bool has_field(const char *start, const char *end, const char *name)
{
	const size_t length = (size_t)(end - start), bytes = strlen(name);
	const char *at = start;

	while ((at = memmem(at, length - (size_t)(at - start), name, bytes)) !=
	       NULL) {
		if (at > start && (at[-1] == ' ' || at[-1] == '\0'))
			return true;
		at++;
	}
	return false;
}

int gp_journal_read(char *line, size_t length, struct gp_journal_entry *entry_r,
		    struct gp_error *err)
{
	struct reader reader = { NULL, line + length };
	struct gp_journal_entry entry;
	const char *start;

	while (reader.end > line &&
	       (reader.end[-1] == '\n' || reader.end[-1] == '\r'))
		reader.end--;
	reader.at = find_start(line, reader.end);
	if (reader.at == NULL)
		return 0;
	start = reader.at;
	*reader.end = '\0';
	gp_journal_entry_init(&entry);
	/* Other programs write time= too. */
	if (take_fields(&reader, &entry, err) < 0)
		return has_field(start, reader.end, "part=") &&
			has_field(start, reader.end, "action=") ? -1 : 0;
	*entry_r = entry;
	return 1;
}

int gp_journal_parse(const char *line, struct gp_journal_entry *entry_r,
		     char **memory_r, struct gp_error *err)
{
	char *memory = gp_strdup(line);
	int result = gp_journal_read(memory, strcspn(memory, "\r\n"), entry_r,
				     err);

	if (result == 1)
		*memory_r = memory;
	else
		free(memory);
	return result;
}
