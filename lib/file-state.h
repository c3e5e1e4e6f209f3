/* SPDX-License-Identifier: MIT */
/* This module tells whether a file is still the one it was, without reading it. */
#ifndef GP_FILE_STATE_H
#define GP_FILE_STATE_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct stat;

/* All zero for a file that is not there. */
struct gp_file_state {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
};

struct gp_file_state gp_file_state_of(const struct stat *status);

bool gp_file_state_is_same(const struct gp_file_state *a,
			   const struct gp_file_state *b);

#endif
