/* SPDX-License-Identifier: MIT */
/*
 * This module knows the form of a journal line.  The fields stand in one table,
 * which both writing and reading walk, so that what is written can be read back.
 *
 * Escaping: a byte that is not printable ASCII, and each of space " % = \, is
 * written as %XX.  "-" alone means "not known"; a real "-" is written %2D.
 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "pool.h"

enum field_type { FIELD_TIME, FIELD_TEXT, FIELD_NUMBER };

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	bool is_optional;       /* left out when not known */
};

#define FIELD(name, member, type, is_optional) \
	{ name, type, offsetof(struct gp_journal_entry, member), is_optional }

static const struct field fields[] = {
	FIELD("time", time_msecs, FIELD_TIME, false),
	FIELD("host", host, FIELD_TEXT, false),
	FIELD("s", session, FIELD_TEXT, false),
	FIELD("part", part, FIELD_TEXT, false),
	FIELD("action", action, FIELD_TEXT, false),
	FIELD("mode", mode, FIELD_TEXT, false),
	FIELD("reason", reason, FIELD_TEXT, false),
	FIELD("user", user, FIELD_TEXT, false),
	FIELD("program", program, FIELD_TEXT, false),
	FIELD("ip", ip, FIELD_TEXT, false),
	FIELD("port", port, FIELD_NUMBER, false),
	FIELD("check", check, FIELD_TEXT, false),
	FIELD("every", every_secs, FIELD_NUMBER, false),
	FIELD("policy", policy_secs, FIELD_NUMBER, false),
	FIELD("why", why, FIELD_TEXT, false),
	FIELD("early", early, FIELD_NUMBER, false),
	FIELD("wait", wait_secs, FIELD_NUMBER, false),
	FIELD("from", sender, FIELD_TEXT, true),
	FIELD("to", recipient, FIELD_TEXT, true),
	FIELD("answer", answer, FIELD_TEXT, true),
	FIELD("detail", detail, FIELD_TEXT, true),
	FIELD("limit", limit, FIELD_TEXT, true),
	FIELD("count", count, FIELD_NUMBER, true),
};

enum { FIELD_COUNT = sizeof(fields) / sizeof(fields[0]) };

struct gp_journal {
	char *path;             /* NULL: syslog */
	int fd;
	int facility;
	char host[HOST_NAME_MAX + 1];
};

static const char **text_of(struct gp_journal_entry *entry,
			    const struct field *field)
{
	return (const char **)((char *)entry + field->offset);
}

static int64_t *number_of(struct gp_journal_entry *entry,
			  const struct field *field)
{
	return (int64_t *)((char *)entry + field->offset);
}

void gp_journal_entry_init(struct gp_journal_entry *entry_r)
{
	memset(entry_r, 0, sizeof(*entry_r));
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (fields[i].type != FIELD_TEXT)
			*number_of(entry_r, &fields[i]) = -1;
}

static bool must_escape(unsigned char byte)
{
	return byte <= ' ' || byte >= 0x7f || byte == '"' || byte == '%' ||
		byte == '=' || byte == '\\';
}

static void put_text(FILE *out, const char *text)
{
	if (text == NULL) {
		(void)fputc('-', out);
		return;
	}
	if (strcmp(text, "-") == 0) {
		(void)fputs("%2D", out);
		return;
	}
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (must_escape(byte))
			(void)fprintf(out, "%%%02X", byte);
		else
			(void)fputc(byte, out);
	}
}

static void put_time(FILE *out, int64_t msecs)
{
	time_t secs = (time_t)(msecs / 1000);
	struct tm tm;
	char text[32];

	(void)gmtime_r(&secs, &tm);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)fprintf(out, "%s.%03dZ", text, (int)(msecs % 1000));
}

static bool is_known(struct gp_journal_entry *entry, const struct field *field)
{
	return field->type == FIELD_TEXT ? *text_of(entry, field) != NULL
					 : *number_of(entry, field) >= 0;
}

static void put_value(FILE *out, struct gp_journal_entry *entry,
		      const struct field *field)
{
	if (field->type == FIELD_TEXT)
		put_text(out, *text_of(entry, field));
	else if (!is_known(entry, field))
		(void)fputc('-', out);
	else if (field->type == FIELD_TIME)
		put_time(out, *number_of(entry, field));
	else
		(void)fprintf(out, "%" PRId64, *number_of(entry, field));
}

char *gp_journal_format(const struct gp_journal_entry *entry)
{
	struct gp_journal_entry copy = *entry;
	char *line = NULL;
	size_t length;
	FILE *out = open_memstream(&line, &length);

	if (out == NULL)
		return gp_strdup("");
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (fields[i].is_optional && !is_known(&copy, &fields[i]))
			continue;
		if (i > 0)
			(void)fputc(' ', out);
		(void)fprintf(out, "%s=", fields[i].name);
		put_value(out, &copy, &fields[i]);
	}
	(void)fclose(out);
	return line;
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* In place.  A byte that should have been escaped marks a line that is not
   ours or was tampered with. */
static bool unescape(char *value)
{
	char *out = value;

	for (; *value != '\0'; value++) {
		if (*value != '%') {
			if (must_escape((unsigned char)*value))
				return false;
			*out++ = *value;
			continue;
		}
		if (hex_value(value[1]) < 0 || hex_value(value[2]) < 0)
			return false;
		*out = (char)(hex_value(value[1]) * 16 + hex_value(value[2]));
		if (*out++ == '\0')
			return false;
		value += 2;
	}
	*out = '\0';
	return true;
}

static bool parse_time(const char *value, int64_t *msecs_r)
{
	struct tm tm = { 0 };
	int msecs, length = 0;

	if (sscanf(value, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &tm.tm_year,
		   &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
		   &msecs, &length) != 7 || length == 0 || value[length] != '\0')
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*msecs_r = (int64_t)timegm(&tm) * 1000 + msecs;
	return true;
}

static bool parse_number(const char *value, int64_t *number_r)
{
	char *end;

	errno = 0;
	if (*value < '0' || *value > '9')
		return false;
	*number_r = strtoll(value, &end, 10);
	return *end == '\0' && errno == 0;
}

static bool parse_value(struct gp_journal_entry *entry,
			const struct field *field, char *value)
{
	if (strcmp(value, "-") == 0)
		return true;
	if (field->type == FIELD_TIME)
		return parse_time(value, number_of(entry, field));
	if (field->type == FIELD_NUMBER)
		return parse_number(value, number_of(entry, field));
	*text_of(entry, field) = value;
	return unescape(value);
}

static const struct field *find_field(const char *name)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

/* A field that a later version added is passed over; one that stands twice is
   not believed. */
static int parse_fields(char *text, struct gp_journal_entry *entry,
			struct gp_error *err)
{
	bool seen[FIELD_COUNT] = { false };
	char *rest, *word;

	for (word = strtok_r(text, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		char *value = strchr(word, '=');
		const struct field *field;

		if (value == NULL || value == word)
			return gp_error_set(err, "journal: '%.40s' is not key=value",
					    word);
		*value++ = '\0';
		field = find_field(word);
		if (field == NULL)
			continue;
		if (seen[field - fields])
			return gp_error_set(err, "journal: field '%s' stands twice",
					    word);
		seen[field - fields] = true;
		if (!parse_value(entry, field, value))
			return gp_error_set(err, "journal: field '%s' has the "
					    "broken value '%.40s'", word, value);
	}
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (!fields[i].is_optional && !seen[i])
			return gp_error_set(err, "journal: field '%s' is missing",
					    fields[i].name);
	return 1;
}

int gp_journal_parse(const char *line, struct gp_journal_entry *entry_r,
		     char **memory_r, struct gp_error *err)
{
	struct gp_journal_entry entry;
	const char *start = strstr(line, "time=");
	char *memory;
	int result;

	if (start == NULL || (start > line && start[-1] != ' ') ||
	    strstr(start, " part=") == NULL || strstr(start, " action=") == NULL)
		return 0;
	memory = gp_strdup(start);
	memory[strcspn(memory, "\r\n")] = '\0';
	gp_journal_entry_init(&entry);
	result = parse_fields(memory, &entry, err);
	if (result < 0) {
		free(memory);
		return -1;
	}
	*entry_r = entry;
	*memory_r = memory;
	return result;
}

static int open_file(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		    0640);
}

struct gp_journal *gp_journal_open(const struct gp_settings *settings,
				   struct gp_error *err)
{
	struct gp_journal *journal = gp_alloc(sizeof(*journal));

	journal->fd = -1;
	journal->facility = settings->journal.facility;
	if (gethostname(journal->host, sizeof(journal->host) - 1) < 0)
		journal->host[0] = '\0';
	if (settings->journal.file[0] == '\0')
		return journal;
	journal->path = gp_strdup(settings->journal.file);
	journal->fd = open_file(journal->path);
	if (journal->fd < 0) {
		(void)gp_error_set(err, "journal.file %s: %s", journal->path,
				   strerror(errno));
		gp_journal_close(&journal);
	}
	return journal;
}

/* logrotate moves the file away and makes a new one; a session of days must
   find it.  dup3() puts the new file in place at once, so that a thread that
   writes at this moment finds one of the two. */
static void follow_rotation(struct gp_journal *journal)
{
	struct stat named, opened;
	int fd;

	if (fstat(journal->fd, &opened) == 0 &&
	    stat(journal->path, &named) == 0 &&
	    named.st_ino == opened.st_ino && named.st_dev == opened.st_dev)
		return;
	fd = open_file(journal->path);
	if (fd < 0) {
		gp_log(GP_LOG_WARNING, "journal.file %s: %s; the old file stays "
		       "in use", journal->path, strerror(errno));
		return;
	}
	if (dup3(fd, journal->fd, O_CLOEXEC) < 0)
		gp_log(GP_LOG_WARNING, "journal.file %s: %s", journal->path,
		       strerror(errno));
	(void)close(fd);
}

void gp_journal_close(struct gp_journal **journal)
{
	if (*journal == NULL)
		return;
	if ((*journal)->fd >= 0)
		(void)close((*journal)->fd);
	free((*journal)->path);
	free(*journal);
	*journal = NULL;
}

/* One write() for the line: with O_APPEND the lines of several processes do
   not mix. */
static void write_file(struct gp_journal *journal, const char *line)
{
	size_t length = strlen(line);
	char *text = gp_alloc(length + 2);

	follow_rotation(journal);
	memcpy(text, line, length);
	text[length++] = '\n';
	if (write(journal->fd, text, length) != (ssize_t)length)
		gp_log(GP_LOG_WARNING, "journal.file %s: %s; lost: %s",
		       journal->path, strerror(errno), line);
	free(text);
}

void gp_journal_write(struct gp_journal *journal,
		      const struct gp_journal_entry *entry)
{
	struct gp_journal_entry filled = *entry;
	char *line;

	if (filled.time_msecs <= 0)
		filled.time_msecs = gp_clock_wall_msecs();
	if (filled.host == NULL)
		filled.host = journal->host;
	line = gp_journal_format(&filled);
	if (journal->fd >= 0)
		write_file(journal, line);
	else
		syslog(LOG_INFO | journal->facility, "%s", line);
	free(line);
}
