/* SPDX-License-Identifier: MIT */
/* This module is documented in journal-files.h. */
#include "journal-files.h"

#include <ctype.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pool.h"
#include "stream-pipe.h"

struct found {
	char *path;
	struct timespec changed;
};

static const char *usual_file(const struct gp_settings *settings)
{
	static const char *const paths[] = {
		"/var/log/mail.log", "/var/log/maillog", "/var/log/mail",
		"/var/log/syslog", "/var/log/messages",
	};

	if (settings->journal.file[0] != '\0')
		return settings->journal.file;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (access(paths[i], R_OK) == 0)
			return paths[i];
	return NULL;
}

/* What follows the name of a rotated file: .1, .2.gz, -20261101, -20261101.xz */
static bool is_rotated(const char *rest)
{
	static const char *const packed[] = { ".gz", ".xz", ".bz2", ".zst" };

	if (*rest != '.' && *rest != '-')
		return false;
	rest++;
	if (!isdigit((unsigned char)*rest))
		return false;
	rest += strspn(rest, "0123456789-");
	for (size_t i = 0; i < sizeof(packed) / sizeof(packed[0]); i++)
		if (strcmp(rest, packed[i]) == 0)
			return true;
	return *rest == '\0';
}

static int compare_found(const void *left, const void *right)
{
	const struct found *a = left, *b = right;

	if (a->changed.tv_sec != b->changed.tv_sec)
		return a->changed.tv_sec < b->changed.tv_sec ? -1 : 1;
	if (a->changed.tv_nsec != b->changed.tv_nsec)
		return a->changed.tv_nsec < b->changed.tv_nsec ? -1 : 1;
	return -strcmp(a->path, b->path);
}

/* "journal[1]" is a name too. */
static char *glob_pattern(const char *path)
{
	char *pattern = gp_alloc(2 * strlen(path) + 2), *end = pattern;

	for (; *path != '\0'; path++) {
		if (strchr("*?[]\\", *path) != NULL)
			*end++ = '\\';
		*end++ = *path;
	}
	*end++ = '*';
	*end = '\0';
	return pattern;
}

static struct found *find_all(const char *path, int64_t since_msecs,
			      size_t *count_r)
{
	char *pattern = glob_pattern(path);
	struct found *found = NULL;
	size_t count = 0;
	glob_t list;

	if (glob(pattern, 0, NULL, &list) == 0) {
		found = gp_alloc(list.gl_pathc * sizeof(*found));
		for (size_t i = 0; i < list.gl_pathc; i++) {
			const char *rest = list.gl_pathv[i] + strlen(path);
			struct stat stat_buffer;

			if ((*rest != '\0' && !is_rotated(rest)) ||
			    stat(list.gl_pathv[i], &stat_buffer) < 0 ||
			    (*rest != '\0' && since_msecs / 1000 >
			     (int64_t)stat_buffer.st_mtim.tv_sec))
				continue;
			found[count].path = gp_strdup(list.gl_pathv[i]);
			found[count++].changed = stat_buffer.st_mtim;
		}
		qsort(found, count, sizeof(*found), compare_found);
	}
	globfree(&list);
	free(pattern);
	*count_r = count;
	return found;
}

int gp_journal_files_find(const struct gp_settings *settings,
			  int64_t since_msecs,
			  struct gp_journal_files *files_r,
			  struct gp_error *err)
{
	const char *path = usual_file(settings);
	struct found *found;
	size_t count;

	if (path == NULL)
		return gp_error_set(err, "journal.file is not set and syslog has "
				    "no file in a usual place: name the files, or "
				    "pipe journalctl into this with - as FILE");
	found = find_all(path, since_msecs, &count);
	if (count == 0) {
		free(found);
		return gp_error_set(err, "%s: there is no such file", path);
	}
	*files_r = (struct gp_journal_files){
		.paths = gp_alloc(count * sizeof(*files_r->paths)), .count = count
	};
	for (size_t i = 0; i < count; i++)
		files_r->paths[i] = found[i].path;
	free(found);
	return 0;
}

int gp_journal_files_find_all(const struct gp_settings *settings,
			      int64_t since_msecs, bool is_following,
			      struct gp_journal_files *files_r,
			      struct gp_error *err)
{
	struct gp_stream_pipe *stream;

	if (settings->journal.stream == 0)
		return gp_journal_files_find(settings, since_msecs, files_r, err);
	stream = gp_stream_pipe_open(settings, since_msecs, is_following, err);
	if (stream == NULL)
		return -1;
	*files_r = (struct gp_journal_files){
		.paths = gp_alloc(sizeof(*files_r->paths)), .count = 1,
		.stream = stream
	};
	files_r->paths[0] = gp_strdup(gp_stream_pipe_path(stream));
	return 0;
}

int gp_journal_files_free(struct gp_journal_files *files, struct gp_error *err)
{
	const int result = gp_stream_pipe_close(&files->stream, err);

	for (size_t i = 0; i < files->count; i++)
		free(files->paths[i]);
	free(files->paths);
	*files = (struct gp_journal_files){ 0 };
	return result;
}
