/* SPDX-License-Identifier: MIT */
/* This module is documented in status-journal.h. */
#include "status-journal.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "decision.h"
#include "journal.h"
#include "journal-files.h"
#include "pool.h"

/* A monitoring check must not read a whole day. */
enum { END_BYTES = 1024 * 1024 };

struct tail {
	char host[HOST_NAME_MAX + 1];
	const char *went, *back;        /* reason words */
	struct gp_outage outage;
	int64_t untold;
};

static void take_outage(struct tail *tail, const struct gp_journal_entry *entry)
{
	struct gp_outage *outage = &tail->outage;

	if (strcmp(entry->reason, tail->went) == 0) {
		*outage = (struct gp_outage){
			.was_found = true, .went_msecs = entry->time_msecs,
		};
	} else if (strcmp(entry->reason, tail->back) == 0) {
		if (!outage->was_found)
			outage->went_msecs = -1;
		outage->was_found = outage->is_over = true;
		outage->back_msecs = entry->time_msecs;
	}
}

static void take_loss(struct tail *tail, const struct gp_journal_entry *entry)
{
	if (strcmp(entry->reason, gp_reason_word(GP_REASON_STREAM_LOST)) == 0 &&
	    entry->detail != NULL &&
	    strcmp(entry->detail, GP_JOURNAL_UNTOLD) == 0 &&
	    entry->count > 0 && entry->count <= UINT32_MAX)
		tail->untold += entry->count;
}

static void take_line(struct tail *tail, char *line, size_t length)
{
	struct gp_journal_entry entry;
	struct gp_error unused;

	if (gp_journal_read(line, length, &entry, &unused) != 1 ||
	    entry.host == NULL || strcmp(entry.host, tail->host) != 0 ||
	    entry.reason == NULL)
		return;
	if (entry.part != NULL && strcmp(entry.part, "milter") == 0)
		take_outage(tail, &entry);
	take_loss(tail, &entry);
}

/* The last bytes of a file, with one more that may be written; NULL if it cannot be
   read. */
static char *read_end(const char *path, size_t *length_r)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *bytes = NULL;
	struct stat status;
	ssize_t got = -1;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		bytes = gp_alloc(END_BYTES + 1);
		got = pread(fd, bytes, END_BYTES, status.st_size > END_BYTES
			    ? status.st_size - END_BYTES : 0);
	}
	(void)close(fd);
	if (got < 0) {
		free(bytes);
		return NULL;
	}
	*length_r = (size_t)got;
	return bytes;
}

static bool read_file(struct tail *tail, const char *path)
{
	size_t length;
	char *bytes = read_end(path, &length);
	char *line = bytes;

	if (bytes == NULL)
		return false;
	while (line < bytes + length) {
		const size_t left = length - (size_t)(line - bytes);
		char *end = memchr(line, '\n', left);
		const size_t line_length = end == NULL ? left
						       : (size_t)(end - line);

		take_line(tail, line, line_length);
		line += line_length + 1;
	}
	free(bytes);
	return true;
}

static bool read_tail(const struct gp_settings *settings, struct tail *tail)
{
	struct gp_journal_files files;
	struct gp_error unused;
	bool was_read;

	tail->went = gp_reason_word(GP_REASON_STORE_UNAVAILABLE);
	tail->back = gp_reason_word(GP_REASON_STORE_BACK);
	if (gethostname(tail->host, sizeof(tail->host) - 1) < 0 ||
	    gp_journal_files_find(settings, 0, &files, &unused) < 0)
		return false;
	was_read = read_file(tail, files.paths[files.count - 1]);
	(void)gp_journal_files_free(&files, &unused);
	return was_read;
}

bool gp_status_find_outage(const struct gp_settings *settings,
			   struct gp_outage *outage_r)
{
	struct tail tail = { 0 };

	if (!read_tail(settings, &tail))
		return false;
	*outage_r = tail.outage;
	return true;
}

int64_t gp_status_find_untold(const struct gp_settings *settings)
{
	struct tail tail = { 0 };

	return read_tail(settings, &tail) ? tail.untold : 0;
}
