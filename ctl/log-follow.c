/* SPDX-License-Identifier: MIT */
/* This module is documented in log-follow.h. */
#include "log-follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "line-buffer.h"
#include "pool.h"

enum { PAUSE_NSECS = 200 * 1000 * 1000 };

struct follower {
	const char *path;
	int fd;                         /* -1: there is none */
	struct gp_line_buffer lines;
};

struct follow {
	gp_follow_line *on_line;
	void *context;
};

static void give_lines(struct follower *follower, bool is_end,
		       const struct follow *follow)
{
	size_t length;
	char *line;

	while (gp_line_buffer_next(&follower->lines, is_end, &line, &length))
		follow->on_line(follow->context, line, length);
}

/* Up to the end of what is there now. */
static int read_on(struct follower *follower, const struct follow *follow,
		   struct gp_error *err)
{
	for (;;) {
		size_t space;
		char *bytes = gp_line_buffer_space(&follower->lines, &space);
		ssize_t got = read(follower->fd, bytes, space);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return gp_error_set(err, "%s: %s", follower->path,
					    strerror(errno));
		if (got == 0)
			return 0;
		gp_line_buffer_add(&follower->lines, (size_t)got);
		give_lines(follower, false, follow);
	}
}

/* Is the path another file now, or none?  None is no reason to leave the one that
   is open. */
static bool was_replaced(const struct follower *follower)
{
	struct stat named, opened;

	return stat(follower->path, &named) == 0 &&
		fstat(follower->fd, &opened) == 0 &&
		(named.st_ino != opened.st_ino || named.st_dev != opened.st_dev);
}

/* logrotate's copytruncate: what was read is no longer there. */
static void notice_cut(struct follower *follower)
{
	off_t at = lseek(follower->fd, 0, SEEK_CUR);
	struct stat opened;

	if (at <= 0 || fstat(follower->fd, &opened) < 0 ||
	    !S_ISREG(opened.st_mode) || opened.st_size >= at)
		return;
	(void)lseek(follower->fd, 0, SEEK_SET);
	gp_line_buffer_clear(&follower->lines);
}

static int open_file(struct follower *follower, struct gp_error *err)
{
	follower->fd = open(follower->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (follower->fd < 0 && errno != ENOENT)
		return gp_error_set(err, "%s: %s", follower->path,
				    strerror(errno));
	return 0;
}

static int visit(struct follower *follower, const struct follow *follow,
		 struct gp_error *err)
{
	if (follower->fd < 0 && open_file(follower, err) < 0)
		return -1;
	if (follower->fd < 0)
		return 0;
	notice_cut(follower);
	if (!was_replaced(follower))
		return read_on(follower, follow, err);
	/* Whoever had the old file open may have written until now. */
	if (read_on(follower, follow, err) < 0)
		return -1;
	give_lines(follower, true, follow);
	gp_line_buffer_clear(&follower->lines);
	(void)close(follower->fd);
	if (open_file(follower, err) < 0)
		return -1;
	return follower->fd < 0 ? 0 : read_on(follower, follow, err);
}

static int visit_all(struct follower *followers, size_t count,
		     const struct follow *follow, struct gp_error *err)
{
	size_t open_count = 0;

	for (size_t i = 0; i < count; i++) {
		if (visit(&followers[i], follow, err) < 0)
			return -1;
		open_count += followers[i].fd >= 0;
	}
	return open_count > 0 ? 0 : gp_error_set(err, "%s: there is no such file",
						 followers[0].path);
}

int gp_log_follow(const char *const *paths, size_t count, gp_follow_line *on_line,
		  gp_follow_pause *on_pause, void *context,
		  struct gp_error *err)
{
	const struct timespec pause = { 0, PAUSE_NSECS };
	struct follower *followers = gp_alloc(count * sizeof(*followers));
	const struct follow follow = { on_line, context };

	for (size_t i = 0; i < count; i++) {
		followers[i] = (struct follower){ .path = paths[i], .fd = -1 };
		gp_line_buffer_init(&followers[i].lines);
	}
	while (visit_all(followers, count, &follow, err) == 0) {
		on_pause(context);
		(void)nanosleep(&pause, NULL);
	}
	for (size_t i = 0; i < count; i++) {
		if (followers[i].fd >= 0)
			(void)close(followers[i].fd);
		gp_line_buffer_free(&followers[i].lines);
	}
	free(followers);
	return -1;
}
