/* SPDX-License-Identifier: MIT */
/* This module is documented in replay-line.h. */
#include "replay-line.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- time --- */

enum { DAY_SECS = 86400 };

void gp_event_clock_init(struct gp_event_clock *clock_r, int64_t latest_secs)
{
	*clock_r = (struct gp_event_clock){ .latest_secs = latest_secs };
}

static int digits(const char *text, int count)
{
	int number = 0;

	for (int i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + text[i] - '0';
	}
	return number;
}

static int64_t local_hour(int year, int month, int day, int hour)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month,
			 .tm_mday = day, .tm_hour = hour, .tm_isdst = -1 };

	return (int64_t)mktime(&tm);
}

/* Syslog's classic time has no year: it is the last one in which that was not in the
   future of the file. */
static int64_t hour_of_no_year(const struct gp_event_clock *clock, int month,
			       int day, int hour)
{
	const time_t latest = (time_t)clock->latest_secs;
	struct tm tm;
	int64_t secs;

	if (localtime_r(&latest, &tm) == NULL)
		return -1;
	secs = local_hour(tm.tm_year + 1900, month, day, hour);
	return secs <= clock->latest_secs + DAY_SECS
		? secs : local_hour(tm.tm_year + 1899, month, day, hour);
}

static int month_of(const char *text)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (memcmp(names + 3 * i, text, 3) == 0)
			return i;
	return -1;
}

/* "05:14:19", and what is less than a second; -1 if it is not that. */
static int64_t msecs_in_hour(const char *text, size_t length)
{
	const int minute = digits(text + 3, 2), second = digits(text + 6, 2);
	int64_t msecs;

	if (minute < 0 || minute > 59 || second < 0 || second > 60)
		return -1;
	msecs = (minute * 60 + second) * 1000;
	if (length >= 12 && text[8] == '.' && digits(text + 9, 3) >= 0)
		msecs += digits(text + 9, 3);
	return msecs;
}

/* "Nov  4 05:14:19" */
static int64_t classic_time(struct gp_event_clock *clock, const char *line,
			    size_t length)
{
	const int month = month_of(line);
	const int day = line[4] == ' ' ? digits(line + 5, 1)
				       : digits(line + 4, 2);
	const int hour = digits(line + 7, 2);
	const int64_t rest = msecs_in_hour(line + 7, length - 7);

	if (month < 0 || day < 1 || day > 31 || hour < 0 || hour > 23 || rest < 0)
		return -1;
	if (memcmp(clock->hour_text, line, 9) != 0) {
		clock->hour_secs = hour_of_no_year(clock, month, day, hour);
		memcpy(clock->hour_text, line, 9);
	}
	return clock->hour_secs < 0 ? -1 : clock->hour_secs * 1000 + rest;
}

/* What follows the seconds of RFC 3339: "Z", "+01:00"; without it the time is local. */
static bool read_zone(const char *text, const char *end, int64_t *secs_r)
{
	while (text < end && (*text == '.' || (*text >= '0' && *text <= '9')))
		text++;
	if (text < end && *text == 'Z') {
		*secs_r = 0;
		return true;
	}
	if (end - text < 6 || (*text != '+' && *text != '-') || text[3] != ':' ||
	    digits(text + 1, 2) < 0 || digits(text + 4, 2) < 0)
		return false;
	*secs_r = (digits(text + 1, 2) * 60 + digits(text + 4, 2)) * 60;
	if (*text == '-')
		*secs_r = -*secs_r;
	return true;
}

/* "2026-11-24T05:14:19.123+01:00", "2026-11-24 05:14:19" */
static int64_t dated_time(struct gp_event_clock *clock, const char *line,
			  size_t length)
{
	const int year = digits(line, 4), month = digits(line + 5, 2);
	const int day = digits(line + 8, 2), hour = digits(line + 11, 2);
	const int64_t rest = msecs_in_hour(line + 11, length - 11);
	int64_t zone_secs;

	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 ||
	    hour < 0 || hour > 23 || rest < 0 || line[4] != '-' ||
	    line[7] != '-' || (line[10] != 'T' && line[10] != ' '))
		return -1;
	if (read_zone(line + 19, line + length, &zone_secs)) {
		struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1,
				 .tm_mday = day, .tm_hour = hour };

		return ((int64_t)timegm(&tm) - zone_secs) * 1000 + rest;
	}
	if (memcmp(clock->hour_text, line, 13) != 0) {
		clock->hour_secs = local_hour(year, month - 1, day, hour);
		memcpy(clock->hour_text, line, 13);
	}
	return clock->hour_secs < 0 ? -1 : clock->hour_secs * 1000 + rest;
}

int64_t gp_event_time(struct gp_event_clock *clock, const char *line, size_t length)
{
	const char *after;

	/* RFC 5424: "<22>1 2026-11-24T05:14:19Z mx ..." */
	if (length > 0 && *line == '<') {
		after = memchr(line, ' ', length);
		if (after == NULL)
			return -1;
		length -= (size_t)(after + 1 - line);
		line = after + 1;
	}
	if (length < 19)
		return -1;
	return *line >= '0' && *line <= '9' ? dated_time(clock, line, length)
					    : classic_time(clock, line, length);
}

/* --- Dovecot --- */

/* Where a text begins, within what the server itself writes before a message: there a
   client's "user=<" or "from=<" has not come yet. */
static char *find_in_head(char *line, size_t length, const char *text)
{
	char *found = memmem(line, length, text, strlen(text));

	for (const char *at = line; found != NULL && at < found; at++)
		if (*at == '=' || (*at == '<' && at > line) || *at == '"')
			return NULL;
	return found;
}

/* The word of the server itself right before a message, "mx dovecot: " or "dovecot[12]: ",
   or none where Dovecot writes its own log.  After another program's word it is what that
   one was told. */
static bool is_of_dovecot(const char *line, const char *at)
{
	const char *tag = memmem(line, (size_t)(at - line), ": ", 2);
	const char *word = tag;

	if (tag == NULL)
		return *line != '<' ||
			memmem(line, (size_t)(at - line), " dovecot ", 9) != NULL;
	while (word > line && word[-1] != ' ')
		word--;
	return tag + 2 == at && strncmp(word, "dovecot", 7) == 0;
}

static bool skip(char **at, const char *text)
{
	const size_t length = strlen(text);

	if (strncmp(*at, text, length) != 0)
		return false;
	*at += length;
	return true;
}

/* Ends the value at its last byte and goes behind it; NULL if it has no end. */
static char *take_until(char **at, const char *end)
{
	char *value = *at, *found = strstr(value, end);

	if (found == NULL)
		return NULL;
	*found = '\0';
	*at = found + strlen(end);
	return value;
}

/* "Login: user=<alice>, method=PLAIN, rip=192.0.2.7, lip=..." */
static int read_login(char *at, enum gp_event_kind kind, struct gp_event *event)
{
	char *rip;

	(void)skip(&at, "Info: ");
	if (!skip(&at, "Login: user=<") && !skip(&at, "Logged in: user=<"))
		return 0;
	event->kind = kind;
	event->user = take_until(&at, ">, ");
	if (event->user == NULL || *event->user == '\0')
		return -1;
	rip = strncmp(at, "rip=", 4) == 0 ? at : strstr(at, ", rip=");
	if (rip == NULL)
		return -1;
	rip += *rip == ',' ? 6 : 4;
	rip[strcspn(rip, ", ")] = '\0';
	event->ip = rip;
	return *rip == '\0' ? -1 : 1;
}

/* --- Postfix --- */

/* "4bXyz1: client=mx[192.0.2.7], sasl_method=PLAIN, sasl_username=alice" */
static int read_client(char *at, struct gp_event *event)
{
	char *user;

	event->kind = GP_EVENT_CLIENT;
	event->queue_id = take_until(&at, ": ");
	if (event->queue_id == NULL || !skip(&at, "client="))
		return 0;
	user = strstr(at, ", sasl_username=");
	if (user == NULL)
		return 0;
	user += sizeof(", sasl_username=") - 1;
	at = strstr(user, ", sasl_sender=");
	if (at != NULL)
		*at = '\0';
	event->user = user;
	return *user == '\0' ? -1 : 1;
}

/* "4bXyz1: from=<a@b>, size=506, nrcpt=2 (queue active)"; the sender is theirs, so what
   is ours is looked for from the end. */
static int read_queued(char *at, size_t length, struct gp_event *event)
{
	static const char last[] = " (queue active)";
	char *end = at + length, *number;
	unsigned long count;

	event->kind = GP_EVENT_QUEUED;
	event->queue_id = take_until(&at, ": ");
	if (event->queue_id == NULL || !skip(&at, "from=<") ||
	    end - at < (ptrdiff_t)sizeof(last) ||
	    strcmp(end - (sizeof(last) - 1), last) != 0)
		return 0;
	end -= sizeof(last) - 1;
	*end = '\0';
	number = strrchr(at, '=');
	if (number == NULL || number - at < 7 ||
	    memcmp(number - 7, ", nrcpt", 7) != 0)
		return -1;
	count = strtoul(number + 1, &end, 10);
	if (*end != '\0' || count < 1 || count > 1000000)
		return -1;
	event->recipients = (unsigned int)count;
	return 1;
}

/* Behind "smtpd[12]: ", if no other program's word is before it. */
static char *behind_tag(const char *line, char *tag)
{
	char *end = strstr(tag, "]: ");

	return end == NULL ||
		memmem(line, (size_t)(tag - line), ": ", 2) != NULL
		? NULL : end + 3;
}

/* --- for all --- */

/* "journalctl -o json": the text is MESSAGE, and has no time in it. */
static int read_json(struct gp_event_clock *clock, char *line, size_t length,
		     struct gp_event *event_r)
{
	json_t *object = json_loadb(line, length, 0, NULL);
	const char *message = json_string_value(json_object_get(object,
								"MESSAGE"));
	const char *name = json_string_value(json_object_get(
		object, "SYSLOG_IDENTIFIER"));
	const char *stamp = json_string_value(json_object_get(
		object, "__REALTIME_TIMESTAMP"));
	const int64_t usecs = stamp == NULL ? 0 : strtoll(stamp, NULL, 10);
	const time_t secs = (time_t)(usecs / 1000000);
	char time_text[32];
	struct tm tm;
	int written = -1, result = 0;

	/* As syslog would have it.  JSON never makes it longer than the line. */
	if (message != NULL && usecs > 0 && gmtime_r(&secs, &tm) != NULL &&
	    strftime(time_text, sizeof(time_text), "%Y-%m-%dT%H:%M:%S", &tm) > 0)
		written = snprintf(line, length, "%s.%03dZ h %s[1]: %s", time_text,
				   (int)(usecs / 1000 % 1000),
				   name == NULL ? "" : name, message);
	json_decref(object);
	if (written > 0 && (size_t)written < length)
		result = gp_event_read(clock, line, (size_t)written, event_r);
	return result;
}

static int read_server_line(char *line, size_t length, struct gp_event *event)
{
	char *at = find_in_head(line, length, "imap-login: ");
	enum gp_event_kind kind = GP_EVENT_IMAP_LOGIN;

	if (at == NULL) {
		at = find_in_head(line, length, "pop3-login: ");
		kind = GP_EVENT_POP3_LOGIN;
	}
	if (at != NULL)
		return is_of_dovecot(line, at) ? read_login(at + 12, kind, event)
					       : 0;
	at = find_in_head(line, length, "/smtpd[");
	if (at != NULL)
		at = behind_tag(line, at);
	if (at != NULL)
		return read_client(at, event);
	at = find_in_head(line, length, "/qmgr[");
	if (at != NULL)
		at = behind_tag(line, at);
	return at == NULL ? 0
		: read_queued(at, length - (size_t)(at - line), event);
}

int gp_event_read(struct gp_event_clock *clock, char *line, size_t length,
		  struct gp_event *event_r)
{
	struct gp_event event = { .msecs = -1 };
	struct gp_error unused;
	int result;

	if (length > 0 && *line == '{')
		return read_json(clock, line, length, event_r);
	line[length] = '\0';
	/* A byte that ends strings has no place in a log. */
	if (memchr(line, '\0', length) != NULL)
		return 0;
	if (strstr(line, "time=") != NULL) {
		result = gp_journal_read(line, length, &event.entry, &unused);
		if (result != 0) {
			event.kind = GP_EVENT_JOURNAL;
			event.msecs = event.entry.time_msecs;
			*event_r = event;
			return result > 0 && event.msecs < 0 ? -1 : result;
		}
	}
	event.msecs = gp_event_time(clock, line, length);
	result = read_server_line(line, length, &event);
	if (result > 0 && event.msecs < 0)
		result = -1;
	if (result > 0)
		*event_r = event;
	return result;
}
