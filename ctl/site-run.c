/* SPDX-License-Identifier: MIT */
/* This module runs postconf and doveconf and reads their lines. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "site-run.h"

extern char **environ;

enum { TEXT_MOST = 16 << 20 };

/* Reads until the end; what exceeds TEXT_MOST is not kept. */
static const char *read_all(struct gp_pool *pool, int fd)
{
	size_t size = 65536, length = 0;
	char *text = gp_alloc(size);
	const char *copy;

	for (;;) {
		ssize_t got = read(fd, text + length, size - length - 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		length += (size_t)got;
		if (length + 1 == size && size < TEXT_MOST) {
			size *= 2;
			text = gp_realloc(text, size);
		} else if (length + 1 == size) {
			break;
		}
	}
	copy = gp_pool_strndup(pool, text, length);
	free(text);
	return copy;
}

const char *gp_site_read_file(struct gp_pool *pool, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *text;

	if (fd < 0)
		return NULL;
	text = read_all(pool, fd);
	(void)close(fd);
	return text;
}

/* Standard error goes to a file in memory, so that no full pipe blocks. */
static int spawn(const char *const argv[], int out, int complaints, pid_t *pid_r)
{
	posix_spawn_file_actions_t actions;
	int result;

	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO,
					       "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	(void)posix_spawn_file_actions_adddup2(&actions, complaints,
					       STDERR_FILENO);
	/* It takes the vector as exec does, and changes nothing in it. */
	result = posix_spawnp(pid_r, argv[0], &actions, NULL,
			      (char *const *)(uintptr_t)argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return result;
}

static const char *last_line(struct gp_pool *pool, int fd)
{
	const char *text, *line;
	size_t length;

	(void)lseek(fd, 0, SEEK_SET);
	text = read_all(pool, fd);
	length = strlen(text);
	while (length > 0 && text[length - 1] == '\n')
		length--;
	text = gp_pool_strndup(pool, text, length);
	line = strrchr(text, '\n');
	return line == NULL ? text : line + 1;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run(struct gp_pool *pool, const char *const argv[], int complaints,
	       const char **text_r, struct gp_error *err)
{
	const char *text;
	int ends[2], result;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		(void)gp_error_set(err, "no pipe: %s", strerror(errno));
		return EX_OSERR;
	}
	result = spawn(argv, ends[1], complaints, &pid);
	(void)close(ends[1]);
	if (result != 0) {
		(void)close(ends[0]);
		(void)gp_error_set(err, "%s cannot be run: %s", argv[0],
				   strerror(result));
		return EX_UNAVAILABLE;
	}
	text = read_all(pool, ends[0]);
	(void)close(ends[0]);
	if (wait_for(pid) != 0) {
		(void)gp_error_set(err, "%s failed: %s", argv[0],
				   last_line(pool, complaints));
		return EX_CONFIG;
	}
	*text_r = text;
	return 0;
}

int gp_site_run(struct gp_pool *pool, const char *const argv[], const char **text_r,
		struct gp_error *err)
{
	int complaints = memfd_create("complaints", MFD_CLOEXEC), code;

	if (complaints < 0) {
		(void)gp_error_set(err, "no memory file: %s", strerror(errno));
		return EX_OSERR;
	}
	code = run(pool, argv, complaints, text_r, err);
	(void)close(complaints);
	return code;
}

static int compare_pairs(const void *left, const void *right)
{
	const struct gp_site_pair *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static bool parse_line(struct gp_pool *pool, const char *line, size_t length,
		       struct gp_site_pair *pair_r)
{
	const char *equals = memmem(line, length, " =", 2), *value;

	if (equals == NULL || equals == line)
		return false;
	value = equals + 2;
	value += value < line + length && *value == ' ';
	pair_r->name = gp_pool_strndup(pool, line, (size_t)(equals - line));
	pair_r->value = gp_pool_strndup(pool, value,
					length - (size_t)(value - line));
	return true;
}

void gp_site_map_parse(struct gp_pool *pool, const char *text,
		       struct gp_site_map *map_r)
{
	size_t lines = 1, count = 0;
	struct gp_site_pair *pairs;

	for (const char *byte = text; *byte != '\0'; byte++)
		lines += *byte == '\n';
	pairs = gp_pool_alloc(pool, lines * sizeof(*pairs));
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		if (parse_line(pool, text, length, &pairs[count]))
			count++;
		text += length + (text[length] == '\n');
	}
	qsort(pairs, count, sizeof(*pairs), compare_pairs);
	map_r->pairs = pairs;
	map_r->count = count;
}

const char *gp_site_map_get(const struct gp_site_map *map, const char *name)
{
	const struct gp_site_pair wanted = { .name = name };
	const struct gp_site_pair *found;

	if (map->count == 0)
		return NULL;
	found = bsearch(&wanted, map->pairs, map->count, sizeof(wanted),
			compare_pairs);
	return found == NULL ? NULL : found->value;
}

const char *gp_site_next_word(struct gp_pool *pool, const char **list_r)
{
	const char *start = *list_r + strspn(*list_r, " \t\r\n,"), *end;
	int depth = 0;

	if (*start == '\0')
		return NULL;
	for (end = start; *end != '\0'; end++) {
		if (depth == 0 && strchr(" \t\r\n,", *end) != NULL)
			break;
		if (*end == '{')
			depth++;
		else if (*end == '}' && depth > 0)
			depth--;
	}
	*list_r = end;
	return gp_pool_strndup(pool, start, (size_t)(end - start));
}
