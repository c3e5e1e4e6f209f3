/* SPDX-License-Identifier: MIT */
/* This module is documented in journal-source.h.  The only one that knows
   libarchive, which unpacks; plain files do without it. */
#include "journal-source.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "line-buffer.h"
#include "pool.h"

enum { PACKED_BYTES = 128 * 1024, MAGIC_BYTES = 6 };

struct gp_source {
	const char *const *paths;
	size_t count, next;             /* path to be opened */
	const char *path;               /* that is open, NULL for none */
	int fd;
	bool at_end;                    /* of the open one */
	struct archive *archive;        /* NULL: it is plain */
	char *packed;                   /* as it lies in the file */
	size_t packed_bytes;            /* read to find out what it is */
	struct gp_line_buffer lines;
	uint64_t done_bytes, total_bytes;
	bool is_growing;                /* what has no newline yet is no line */
	uint64_t skip_bytes;            /* of the first file, unpacked */
	uint64_t unpacked_bytes;        /* of the open one */
	uint64_t taken_bytes;           /* of the last one, up to its last line */
};

static uint64_t size_of(const char *path)
{
	struct stat stat_buffer;

	if (strcmp(path, "-") == 0 || stat(path, &stat_buffer) < 0 ||
	    !S_ISREG(stat_buffer.st_mode))
		return 0;
	return (uint64_t)stat_buffer.st_size;
}

struct gp_source *gp_source_create(const char *const *paths, size_t count)
{
	struct gp_source *source = gp_alloc(sizeof(*source));

	*source = (struct gp_source){
		.paths = paths, .count = count, .fd = -1,
		.packed = gp_alloc(PACKED_BYTES),
	};
	gp_line_buffer_init(&source->lines);
	for (size_t i = 0; i < count; i++)
		source->total_bytes += size_of(paths[i]);
	return source;
}

static void close_current(struct gp_source *source)
{
	source->taken_bytes = source->unpacked_bytes -
		(source->lines.end - source->lines.start);
	if (source->archive != NULL)
		(void)archive_read_free(source->archive);
	source->archive = NULL;
	if (source->fd > STDIN_FILENO)
		(void)close(source->fd);
	source->fd = -1;
	source->path = NULL;
	source->at_end = false;
	gp_line_buffer_clear(&source->lines);
}

void gp_source_free(struct gp_source **source)
{
	if (*source == NULL)
		return;
	close_current(*source);
	gp_line_buffer_free(&(*source)->lines);
	free((*source)->packed);
	free(*source);
	*source = NULL;
}

static ssize_t read_again(struct gp_source *source, void *bytes, size_t size)
{
	ssize_t got;

	do
		got = read(source->fd, bytes, size);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		source->done_bytes += (uint64_t)got;
	return got;
}

/* libarchive's callback: first what was read to find out the format. */
static la_ssize_t feed(struct archive *archive, void *context,
		       const void **bytes_r)
{
	struct gp_source *source = context;
	ssize_t got = (ssize_t)source->packed_bytes;

	source->packed_bytes = 0;
	if (got == 0)
		got = read_again(source, source->packed, PACKED_BYTES);
	if (got < 0)
		archive_set_error(archive, errno, "%s", strerror(errno));
	*bytes_r = source->packed;
	return got;
}

static bool is_packed(const char *bytes, size_t size)
{
	static const struct { const char *magic; size_t size; } formats[] = {
		{ "\x1f\x8b", 2 }, { "\xfd" "7zXZ", 5 }, { "BZh", 3 },
		{ "\x28\xb5\x2f\xfd", 4 },
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (size >= formats[i].size &&
		    memcmp(bytes, formats[i].magic, formats[i].size) == 0)
			return true;
	return false;
}

static int fail(struct gp_source *source, const char *why, struct gp_error *err)
{
	(void)gp_error_set(err, "%s: %s", source->path, why);
	close_current(source);
	return -1;
}

/* The formats are named one by one: some of libarchive's others are programs that
   it would run. */
static int open_archive(struct gp_source *source, struct gp_error *err)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;

	source->archive = archive;
	if (archive == NULL)
		return fail(source, "libarchive has no memory", err);
	(void)archive_read_support_filter_gzip(archive);
	(void)archive_read_support_filter_xz(archive);
	(void)archive_read_support_filter_bzip2(archive);
	(void)archive_read_support_filter_zstd(archive);
	(void)archive_read_support_format_raw(archive);
	if (archive_read_open(archive, source, NULL, feed, NULL) != ARCHIVE_OK ||
	    archive_read_next_header(archive, &entry) != ARCHIVE_OK)
		return fail(source, archive_error_string(archive), err);
	return 0;
}

/* What a packed file begins with has to be unpacked all the same. */
static int skip(struct gp_source *source, struct gp_error *err)
{
	size_t space;
	char *bytes = gp_line_buffer_space(&source->lines, &space);
	la_ssize_t got = 1;

	if (source->archive == NULL &&
	    lseek(source->fd, (off_t)source->skip_bytes, SEEK_SET) < 0)
		return fail(source, strerror(errno), err);
	if (source->archive == NULL)
		source->unpacked_bytes = source->skip_bytes;
	while (source->unpacked_bytes < source->skip_bytes && got > 0) {
		const uint64_t left = source->skip_bytes - source->unpacked_bytes;

		got = archive_read_data(source->archive, bytes,
					left < space ? (size_t)left : space);
		if (got < 0)
			return fail(source,
				    archive_error_string(source->archive), err);
		source->unpacked_bytes += (uint64_t)got;
	}
	source->skip_bytes = 0;
	return 0;
}

static void take_unpacked(struct gp_source *source, size_t size)
{
	gp_line_buffer_add(&source->lines, size);
	source->unpacked_bytes += size;
}

static int open_next(struct gp_source *source, struct gp_error *err)
{
	const char *path = source->paths[source->next++];
	size_t space;
	ssize_t got = 0;

	source->path = path;
	source->fd = strcmp(path, "-") == 0 ? STDIN_FILENO
		: open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (source->fd < 0)
		return fail(source, strerror(errno), err);
	source->packed_bytes = 0;
	source->unpacked_bytes = 0;
	do {
		got = read_again(source, source->packed + source->packed_bytes,
				 PACKED_BYTES - source->packed_bytes);
		if (got < 0)
			return fail(source, strerror(errno), err);
		source->packed_bytes += (size_t)got;
	} while (got > 0 && source->packed_bytes < MAGIC_BYTES);
	if (is_packed(source->packed, source->packed_bytes))
		return open_archive(source, err) < 0 ? -1 : skip(source, err);
	if (source->skip_bytes > 0)
		return skip(source, err);
	memcpy(gp_line_buffer_space(&source->lines, &space), source->packed,
	       source->packed_bytes);
	take_unpacked(source, source->packed_bytes);
	return 0;
}

static int fill(struct gp_source *source, struct gp_error *err)
{
	size_t space;
	char *bytes = gp_line_buffer_space(&source->lines, &space);
	ssize_t got;

	if (source->archive != NULL) {
		got = archive_read_data(source->archive, bytes, space);
		if (got < 0)
			return fail(source,
				    archive_error_string(source->archive), err);
	} else {
		got = read_again(source, bytes, space);
		if (got < 0)
			return fail(source, strerror(errno), err);
	}
	source->at_end = got == 0;
	take_unpacked(source, (size_t)got);
	return 0;
}

int gp_source_next(struct gp_source *source, char **line_r, size_t *length_r,
		   struct gp_error *err)
{
	for (;;) {
		if (source->path == NULL) {
			if (source->next == source->count)
				return 0;
			if (open_next(source, err) < 0)
				return -1;
		}
		if (gp_line_buffer_next(&source->lines,
					source->at_end && !source->is_growing,
					line_r, length_r))
			return 1;
		if (source->at_end)
			close_current(source);
		else if (fill(source, err) < 0)
			return -1;
	}
}

void gp_source_read_on(struct gp_source *source, uint64_t taken_bytes)
{
	source->is_growing = true;
	source->skip_bytes = taken_bytes;
}

uint64_t gp_source_taken(const struct gp_source *source)
{
	return source->taken_bytes;
}

void gp_source_progress(const struct gp_source *source,
			struct gp_source_progress *progress_r)
{
	progress_r->done_bytes = source->done_bytes;
	progress_r->total_bytes = source->total_bytes;
	progress_r->too_long_count = source->lines.too_long_count;
}
