/* SPDX-License-Identifier: MIT */
/* This module finds the files that hold the journal when none is named, also those
   that logrotate put beside them. */
#ifndef GP_JOURNAL_FILES_H
#define GP_JOURNAL_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "settings.h"

struct gp_journal_files {
	char **paths;           /* the oldest first */
	size_t count;
};

/* journal.file, or the first of the usual files of syslog's mail facility; without
   what was last written to before since_msecs.
   0, or -1 with *err if there is none. */
int gp_journal_files_find(const struct gp_settings *settings,
			  int64_t since_msecs,
			  struct gp_journal_files *files_r,
			  struct gp_error *err);

void gp_journal_files_free(struct gp_journal_files *files);

#endif
