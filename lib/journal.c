/* SPDX-License-Identifier: MIT */
/*
 * This module knows the form of a journal line.  The fields stand in one table,
 * which both writing and reading (journal-parse.c) walk, so that what is written can
 * be read back.
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

#include "journal-fields.h"
#include "journal-pseudonym.h"
#include "journal-stream.h"
#include "log.h"
#include "pool.h"

enum {
	FIELD_TIME = GP_JOURNAL_TIME,
	FIELD_TEXT = GP_JOURNAL_TEXT,
	FIELD_NUMBER = GP_JOURNAL_NUMBER
};

#define FIELD(name, member, type, is_optional) \
	{ name, sizeof(name) - 1, name "=", (enum gp_journal_type)type, \
	  offsetof(struct gp_journal_entry, member), is_optional }

static const struct gp_journal_field fields[] = {
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
	FIELD("address", address, FIELD_TEXT, true),
	FIELD("limit", limit, FIELD_TEXT, true),
	FIELD("idle", idle, FIELD_TEXT, true),
	FIELD("client", client, FIELD_TEXT, true),
	FIELD("count", count, FIELD_NUMBER, true),
};

enum { FIELD_COUNT = sizeof(fields) / sizeof(fields[0]) };

struct gp_journal {
	char *path;             /* NULL: syslog */
	int fd;
	int facility;
	struct gp_journal_stream *stream;       /* NULL: none */
	gp_journal_waker *wake;                 /* NULL: nobody */
	struct gp_breaker *breaker;             /* NULL: none is heeded */
	const char *part;                       /* whose lines its news are */
	const struct gp_settings *settings;
	struct gp_pseudonyms *pseudonyms;
	char host[HOST_NAME_MAX + 1];
};

const struct gp_journal_field *gp_journal_fields(size_t *count_r)
{
	_Static_assert((int)FIELD_COUNT <= (int)GP_JOURNAL_FIELDS_MAX, "too many fields");

	*count_r = FIELD_COUNT;
	return fields;
}

void gp_journal_entry_init(struct gp_journal_entry *entry_r)
{
	*entry_r = (struct gp_journal_entry){
		.time_msecs = -1, .port = -1, .every_secs = -1,
		.policy_secs = -1, .early = -1, .wait_secs = -1, .count = -1,
	};
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

		if (gp_journal_must_escape(byte))
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

static bool is_known(struct gp_journal_entry *entry,
		     const struct gp_journal_field *field)
{
	return field->type == GP_JOURNAL_TEXT ? *gp_journal_text(entry, field) != NULL
					 : *gp_journal_number(entry, field) >= 0;
}

static void put_value(FILE *out, struct gp_journal_entry *entry,
		      const struct gp_journal_field *field)
{
	if (field->type == GP_JOURNAL_TEXT)
		put_text(out, *gp_journal_text(entry, field));
	else if (!is_known(entry, field))
		(void)fputc('-', out);
	else if (field->type == GP_JOURNAL_TIME)
		put_time(out, *gp_journal_number(entry, field));
	else
		(void)fprintf(out, "%" PRId64, *gp_journal_number(entry, field));
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
	journal->settings = settings;
	if (gp_pseudonyms_open(settings, &journal->pseudonyms, err) < 0) {
		gp_journal_close(&journal);
		return NULL;
	}
	journal->facility = settings->journal.facility;
	if (gethostname(journal->host, sizeof(journal->host) - 1) < 0)
		journal->host[0] = '\0';
	journal->stream = gp_journal_stream_open(settings, journal->host);
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

void gp_journal_accept_pseudonyms(struct gp_journal *journal)
{
	gp_pseudonyms_accept(journal->pseudonyms);
}

void gp_journal_close(struct gp_journal **journal)
{
	if (*journal == NULL)
		return;
	gp_journal_finish(*journal);
	gp_journal_stream_close(&(*journal)->stream);
	if ((*journal)->fd >= 0)
		(void)close((*journal)->fd);
	gp_pseudonyms_close(&(*journal)->pseudonyms);
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

static void begin_own_entry(enum gp_reason reason, const char *why,
			    struct gp_journal_entry *entry_r)
{
	const struct gp_decision decision = { .action = GP_ACTION_PASS };

	gp_journal_entry_init(entry_r);
	entry_r->action = gp_decision_word(&decision);
	entry_r->mode = gp_mode_word(GP_MODE_ENFORCE);
	entry_r->reason = gp_reason_word(reason);
	entry_r->why = why;
}

/* Written to the file or to syslog as well, for whoever reads these; the file is
   where losses outlive the process. */
static void write_lost(struct gp_journal *journal, uint64_t count,
		       const char *detail)
{
	struct gp_journal_entry entry;

	begin_own_entry(GP_REASON_STREAM_LOST, "journal.stream", &entry);
	entry.detail = detail;
	entry.count = count < INT64_MAX ? (int64_t)count : INT64_MAX;
	gp_journal_write(journal, &entry);
}

static void write_told(struct gp_journal *journal)
{
	const uint64_t told = gp_journal_stream_take_told(journal->stream);

	if (told > 0)
		write_lost(journal, told, GP_JOURNAL_TOLD);
}

/* At once: this may be the last that the process asks of Redis. */
static void write_news(struct gp_journal *journal)
{
	const enum gp_breaker_news news = gp_breaker_news(journal->breaker);
	struct gp_journal_entry entry;

	if (news == GP_BREAKER_NO_NEWS)
		return;
	begin_own_entry(news == GP_BREAKER_WENT ? GP_REASON_STORE_UNAVAILABLE
						: GP_REASON_STORE_BACK,
			"redis.server", &entry);
	entry.part = journal->part;
	entry.mode = gp_mode_word(journal->settings->poll.mode);
	gp_journal_write(journal, &entry);
}

static void bring(struct gp_journal *journal)
{
	gp_journal_stream_bring(journal->stream);
	write_news(journal);
}

static void give_to_stream(struct gp_journal *journal, const char *line)
{
	gp_journal_stream_add(journal->stream, line);
	if (journal->wake != NULL)
		journal->wake(journal);
	write_told(journal);
}

void gp_journal_write(struct gp_journal *journal,
		      const struct gp_journal_entry *entry)
{
	struct gp_journal_entry filled = *entry;
	struct gp_journal_disguise disguise;
	char *line;

	if (filled.time_msecs <= 0)
		filled.time_msecs = gp_clock_wall_msecs();
	if (filled.host == NULL)
		filled.host = journal->host;
	gp_journal_disguise(journal->settings, journal->pseudonyms, &filled,
			    &disguise);
	line = gp_journal_format(&filled);
	gp_journal_disguise_clear(&disguise);
	if (journal->fd >= 0)
		write_file(journal, line);
	else
		syslog(LOG_INFO | journal->facility, "%s", line);
	if (journal->stream != NULL)
		give_to_stream(journal, line);
	free(line);
}

void gp_journal_use_thread(struct gp_journal *journal)
{
	if (journal->stream != NULL)
		gp_journal_stream_use_thread(journal->stream);
}

void gp_journal_set_waker(struct gp_journal *journal, gp_journal_waker *wake)
{
	journal->wake = wake;
}

void gp_journal_heed(struct gp_journal *journal, struct gp_breaker *breaker,
		     const char *part)
{
	if (journal->stream == NULL)
		return;
	journal->breaker = breaker;
	journal->part = part;
	gp_journal_stream_heed(journal->stream, breaker);
}

void gp_journal_bring(struct gp_journal *journal)
{
	if (journal->stream != NULL)
		bring(journal);
}

void gp_journal_finish(struct gp_journal *journal)
{
	uint64_t lost;

	journal->wake = NULL;
	if (journal->stream == NULL)
		return;
	bring(journal);
	write_told(journal);
	bring(journal);
	lost = gp_journal_stream_give_up(journal->stream);
	if (lost == 0)
		return;
	/* This line is one more that the stream lacks. */
	write_lost(journal, lost + 1, GP_JOURNAL_UNTOLD);
	(void)gp_journal_stream_give_up(journal->stream);
}
