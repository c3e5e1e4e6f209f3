/* SPDX-License-Identifier: MIT */
/* This module finds what holds the journal when no file is named: the stream in Redis,
   or the files, also those that logrotate put beside them. */
#ifndef GP_JOURNAL_FILES_H
#define GP_JOURNAL_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "settings.h"

struct gp_stream_pipe;

struct gp_journal_files {
	char **paths;           /* the oldest first */
	size_t count;
	struct gp_stream_pipe *stream;  /* NULL: these are files */
};

/* journal.file, or the first of the usual files of syslog's mail facility; without
   what was last written to before since_msecs.
   0, or -1 with *err if there is none. */
int gp_journal_files_find(const struct gp_settings *settings,
			  int64_t since_msecs,
			  struct gp_journal_files *files_r,
			  struct gp_error *err);

/*
 * The lines of all hosts: with journal.stream the one path is the stream in Redis, which
 * goes on with is_following and has an empty line whenever it has caught up; without,
 * as above.  settings must outlive *files_r.
 */
int gp_journal_files_find_all(const struct gp_settings *settings,
			      int64_t since_msecs, bool is_following,
			      struct gp_journal_files *files_r,
			      struct gp_error *err);

/* 0, or -1 with *err if a stream broke off.  All that was opened of them is closed
   before. */
int gp_journal_files_free(struct gp_journal_files *files, struct gp_error *err);

#endif
