/* SPDX-License-Identifier: MIT */
/* This module looks for the version of Dovecot's ABI in files. */
#include <ctype.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "site-abi.h"

struct view {
	const char *bytes;
	size_t size;
};

static bool open_view(const char *path, struct view *view_r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	void *bytes = MAP_FAILED;

	if (fd < 0)
		return false;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    status.st_size > 0)
		bytes = mmap(NULL, (size_t)status.st_size, PROT_READ,
			     MAP_PRIVATE, fd, 0);
	(void)close(fd);
	if (bytes == MAP_FAILED)
		return false;
	view_r->bytes = bytes;
	view_r->size = (size_t)status.st_size;
	return true;
}

static void close_view(struct view *view)
{
	(void)munmap((void *)(uintptr_t)view->bytes, view->size);
}

static bool is_version_byte(char byte)
{
	return isalnum((unsigned char)byte) || byte == '.' || byte == '-' ||
	       byte == '(' || byte == ')';
}

/* The text around ".ABIv", if it begins with a digit. */
static const char *find_abi(struct gp_pool *pool, const struct view *view)
{
	const char *at = view->bytes, *end = view->bytes + view->size;

	while ((at = memmem(at, (size_t)(end - at), ".ABIv", 5)) != NULL) {
		const char *first = at, *last = at;

		while (first > view->bytes && is_version_byte(first[-1]))
			first--;
		while (last < end && is_version_byte(*last))
			last++;
		if (isdigit((unsigned char)*first))
			return gp_pool_strndup(pool, first,
					       (size_t)(last - first));
		at = last;
	}
	return NULL;
}

const char *gp_site_abi_of_file(struct gp_pool *pool, const char *path)
{
	struct view view;
	const char *abi;

	if (!open_view(path, &view))
		return NULL;
	abi = find_abi(pool, &view);
	close_view(&view);
	return abi;
}

const char *gp_site_version_of_file(struct gp_pool *pool, const char *path)
{
	static const char mark[] = "gatepost-plugin-version=";
	const char *version = NULL, *first;
	struct view view;

	if (!open_view(path, &view))
		return NULL;
	first = memmem(view.bytes, view.size, mark, sizeof(mark) - 1);
	if (first != NULL) {
		const char *end = view.bytes + view.size, *last;

		first += sizeof(mark) - 1;
		for (last = first; last < end && is_version_byte(*last); last++)
			;
		version = gp_pool_strndup(pool, first, (size_t)(last - first));
	}
	close_view(&view);
	return version;
}

const char *gp_site_abi_of_program(struct gp_pool *pool, const char *name)
{
	const char *folders = getenv("PATH");

	while (folders != NULL && *folders != '\0') {
		size_t length = strcspn(folders, ":");
		const char *path = gp_pool_printf(pool, "%.*s/%s", (int)length,
						  folders, name);

		if (access(path, X_OK) == 0)
			return gp_site_abi_of_file(pool, path);
		folders += length + (folders[length] == ':');
	}
	return NULL;
}

bool gp_site_abi_is_same(const char *left, const char *right)
{
	size_t length = strcspn(left, "(");

	return length == strcspn(right, "(") && memcmp(left, right, length) == 0;
}

bool gp_site_file_has_name(const char *path, const char *name)
{
	size_t length = strlen(name) + 1;       /* with its NUL */
	const char *at, *end;
	bool is_there = false;
	struct view view;

	if (!open_view(path, &view))
		return false;
	at = view.bytes;
	end = view.bytes + view.size;
	while (!is_there &&
	       (at = memmem(at, (size_t)(end - at), name, length)) != NULL) {
		is_there = at > view.bytes && at[-1] == '\0';
		at++;
	}
	close_view(&view);
	return is_there;
}
