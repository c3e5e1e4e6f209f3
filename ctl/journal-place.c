/* SPDX-License-Identifier: MIT */
/* This module is documented in journal-place.h. */
#include "journal-place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal-source.h"
#include "pool.h"
#include "report-rows.h"

enum { DAY_SECS = 86400, FRESH_SECS = 60 };

/* A file that is being read. */
struct visit {
	struct gp_places *places;
	const char *path;               /* its name, for people */
	char opened[48];                /* what to open: whoever has the name now */
	struct stat stat;
	int64_t now_secs;
	gp_place_line *take;
	void *context;
	uint64_t *too_long;
};

/* --- places --- */

void gp_places_add(struct gp_places *places, const struct gp_place *place)
{
	places->items = gp_realloc(places->items, (places->count + 1) *
				   sizeof(*places->items));
	places->items[places->count++] = *place;
}

void gp_places_forget_old(struct gp_places *places, int64_t now_secs)
{
	size_t kept = 0;

	for (size_t i = 0; i < places->count; i++)
		if (places->items[i].seen_secs >= now_secs - DAY_SECS)
			places->items[kept++] = places->items[i];
	places->count = kept;
}

void gp_places_free(struct gp_places *places)
{
	free(places->items);
	*places = (struct gp_places){ 0 };
}

static struct gp_place *find_inode(const struct visit *visit)
{
	for (size_t i = 0; i < visit->places->count; i++) {
		struct gp_place *place = &visit->places->items[i];

		if (place->inode == (uint64_t)visit->stat.st_ino &&
		    place->device == (uint64_t)visit->stat.st_dev)
			return place;
	}
	return NULL;
}

/* Of several the one that was read farthest: a copy may have been cut short. */
static const struct gp_place *find_line(const struct gp_places *places,
					uint64_t first_line)
{
	const struct gp_place *found = NULL;

	for (size_t i = 0; i < places->count; i++)
		if (places->items[i].first_line == first_line &&
		    (found == NULL ||
		     places->items[i].taken_bytes > found->taken_bytes))
			found = &places->items[i];
	return found;
}

/* How far a file that begins with that line was read, under whatever name. */
static struct gp_place *find_place(const struct visit *visit, uint64_t first_line)
{
	struct gp_place *place = find_inode(visit);
	const struct gp_place *other;
	struct gp_place fresh = {
		.device = (uint64_t)visit->stat.st_dev,
		.inode = (uint64_t)visit->stat.st_ino, .first_line = first_line,
	};

	if (place != NULL && place->first_line == first_line)
		return place;
	/* logrotate's copytruncate, or an inode that was used again. */
	if (place != NULL)
		place->inode = 0;
	other = find_line(visit->places, first_line);
	if (other != NULL)
		fresh.taken_bytes = other->taken_bytes;
	gp_places_add(visit->places, &fresh);
	return &visit->places->items[visit->places->count - 1];
}

/* --- reading --- */

/* 1, or 0 when it has no whole line yet. */
static int read_first_line(const struct visit *visit, uint64_t *first_line_r,
			   struct gp_error *err)
{
	const char *paths[] = { visit->opened };
	struct gp_source *source = gp_source_create(paths, 1);
	size_t length;
	char *line;
	int result;

	gp_source_read_on(source, 0);
	result = gp_source_next(source, &line, &length, err);
	if (result == 1)
		*first_line_r = gp_report_hash(line, length, 0);
	gp_source_free(&source);
	return result;
}

static int read_rest(const struct visit *visit, struct gp_place *place,
		     struct gp_error *err)
{
	const char *paths[] = { visit->opened };
	struct gp_source *source = gp_source_create(paths, 1);
	struct gp_source_progress progress;
	size_t length;
	char *line;
	int result;

	gp_source_read_on(source, place->taken_bytes);
	while ((result = gp_source_next(source, &line, &length, err)) == 1)
		visit->take(visit->context, line, length);
	if (gp_source_taken(source) > place->taken_bytes)
		place->taken_bytes = gp_source_taken(source);
	gp_source_progress(source, &progress);
	*visit->too_long += progress.too_long_count;
	gp_source_free(&source);
	return result;
}

static int64_t changed_nsecs(const struct stat *stat)
{
	return (int64_t)stat->st_mtim.tv_sec * 1000000000 + stat->st_mtim.tv_nsec;
}

/* An inode may be used again, even for a file of the same size. */
static bool is_unchanged(const struct visit *visit, const struct gp_place *place)
{
	return place->size_bytes == (uint64_t)visit->stat.st_size &&
		place->changed_nsecs == changed_nsecs(&visit->stat);
}

static int visit_file(const struct visit *visit, struct gp_error *err)
{
	struct gp_place *place = find_inode(visit);
	uint64_t first_line = 0;
	int result;

	if (place != NULL && is_unchanged(visit, place)) {
		place->seen_secs = visit->now_secs;
		return 0;
	}
	result = read_first_line(visit, &first_line, err);
	if (result <= 0)
		return result;
	place = find_place(visit, first_line);
	result = read_rest(visit, place, err);
	place->seen_secs = visit->now_secs;
	/* What failed is read again from there; what grew meanwhile too. */
	place->size_bytes = result < 0 ? 0 : (uint64_t)visit->stat.st_size;
	place->changed_nsecs = changed_nsecs(&visit->stat);
	return result;
}

/* Two looks at the file must be at the same one: the descriptor has a name of its
   own. */
static int visit_open(struct visit *visit, int fd, struct gp_error *err)
{
	struct gp_error why;

	(void)snprintf(visit->opened, sizeof(visit->opened), "/proc/self/fd/%d",
		       fd);
	if (fstat(fd, &visit->stat) < 0)
		return gp_error_set(err, "%s: %s", visit->path, strerror(errno));
	if (!S_ISREG(visit->stat.st_mode))
		return gp_error_set(err, "%s: it is no file", visit->path);
	if (visit_file(visit, &why) == 0)
		return 0;
	/* Is it being packed at this moment?  Its lines are in the other file too. */
	if ((int64_t)visit->stat.st_ctim.tv_sec > visit->now_secs - FRESH_SECS)
		return 0;
	return gp_error_set(err, "%s: %.180s", visit->path,
			    strncmp(why.text, visit->opened,
				    strlen(visit->opened)) == 0
			    ? why.text + strlen(visit->opened) + 2 : why.text);
}

int gp_places_read(struct gp_places *places, const char *path, int64_t now_secs,
		   gp_place_line *take, void *context, uint64_t *too_long,
		   struct gp_error *err)
{
	struct visit visit = {
		.places = places, .path = path, .now_secs = now_secs,
		.take = take, .context = context, .too_long = too_long,
	};
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int result;

	if (fd < 0)
		return errno == ENOENT ? 0
			: gp_error_set(err, "%s: %s", path, strerror(errno));
	result = visit_open(&visit, fd, err);
	(void)close(fd);
	return result;
}
