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
};

static bool is_ours(const struct tail *tail, const struct gp_journal_entry *entry)
{
	return entry->part != NULL && strcmp(entry->part, "milter") == 0 &&
		entry->host != NULL && strcmp(entry->host, tail->host) == 0 &&
		entry->reason != NULL;
}

static void take_line(struct tail *tail, char *line, size_t length)
{
	struct gp_outage *outage = &tail->outage;
	struct gp_journal_entry entry;
	struct gp_error unused;

	if (gp_journal_read(line, length, &entry, &unused) != 1 ||
	    !is_ours(tail, &entry))
		return;
	if (strcmp(entry.reason, tail->went) == 0) {
		*outage = (struct gp_outage){
			.was_found = true, .went_msecs = entry.time_msecs,
		};
	} else if (strcmp(entry.reason, tail->back) == 0) {
		if (!outage->was_found)
			outage->went_msecs = -1;
		outage->was_found = outage->is_over = true;
		outage->back_msecs = entry.time_msecs;
	}
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

bool gp_status_find_outage(const struct gp_settings *settings,
			   struct gp_outage *outage_r)
{
	struct tail tail = {
		.went = gp_reason_word(GP_REASON_STORE_UNAVAILABLE),
		.back = gp_reason_word(GP_REASON_STORE_BACK),
	};
	struct gp_journal_files files;
	struct gp_error unused;
	bool was_read;

	if (gethostname(tail.host, sizeof(tail.host) - 1) < 0 ||
	    gp_journal_files_find(settings, 0, &files, &unused) < 0)
		return false;
	was_read = read_file(&tail, files.paths[files.count - 1]);
	(void)gp_journal_files_free(&files, &unused);
	*outage_r = tail.outage;
	return was_read;
}
