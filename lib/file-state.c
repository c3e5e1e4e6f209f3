/* SPDX-License-Identifier: MIT */
/* This module is documented in file-state.h. */
#include "file-state.h"

#include <sys/stat.h>

struct gp_file_state gp_file_state_of(const struct stat *status)
{
	return (struct gp_file_state){
		.device = status->st_dev,
		.inode = status->st_ino,
		.size = status->st_size,
		.modified = status->st_mtim,
		.changed = status->st_ctim,
	};
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool gp_file_state_is_same(const struct gp_file_state *a,
			   const struct gp_file_state *b)
{
	return a->device == b->device && a->inode == b->inode &&
		a->size == b->size && is_same_time(&a->modified, &b->modified) &&
		is_same_time(&a->changed, &b->changed);
}
