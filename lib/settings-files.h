/* SPDX-License-Identifier: MIT */
/*
 * This module remembers what settings were read from: the texts of gatepost.conf
 * and what it includes, so that lists can be read anew while all else stays as
 * it was, which line gave each setting its value, and in which state the files of the
 * lists were.
 */
#ifndef GP_SETTINGS_FILES_H
#define GP_SETTINGS_FILES_H

#include <stdbool.h>

#include "file-state.h"
#include "settings.h"
#include "settings-source.h"

/* relay.local_domains_file, identity.alias_file, login.groups_file */
enum { GP_LISTS = 3 };

/* All zero for a file that is not there, or that the settings do not name. */
struct gp_lists_state {
	struct gp_file_state lists[GP_LISTS];
};

/* Where a setting got its value. */
struct gp_origin {
	const char *path;       /* NULL: still at its default; of the files */
	int line;
	unsigned int order;     /* counts the values as they were read */
	int *item_lines;        /* of a list; to be freed */
	size_t items_count;
};

struct gp_settings_files *gp_settings_files_create(void);
struct gp_settings_files *gp_settings_files_copy(
	const struct gp_settings_files *files);

/* Accepts NULL, leaves NULL. */
void gp_settings_files_free(struct gp_settings_files **files);

/* Takes source->text over. */
void gp_settings_files_add(struct gp_settings_files *files, const char *path,
			   const struct gp_source *source);

/* NULL if it was not added.  The text stays theirs. */
const struct gp_source *gp_settings_files_find(
	const struct gp_settings_files *files, const char *path);

/* The same for its name, which lives as long as the files. */
const char *gp_settings_files_path(const struct gp_settings_files *files,
				   const char *path);

/* Takes what the items point to over; one for each row of gp_settings_table. */
void gp_settings_files_keep_origins(struct gp_settings_files *files,
				    const struct gp_origin *origins,
				    size_t count);
/* Frees what they point to. */
void gp_origins_clear(struct gp_origin *origins, size_t count);

/* NULL for a row that was not read. */
const struct gp_origin *gp_settings_files_origin(
	const struct gp_settings_files *files, size_t row);

/* The name of one of them by its number; NULL after the last. */
const char *gp_settings_files_name(const struct gp_settings_files *files,
				   size_t number);

/* gatepost.conf itself. */
const char *gp_settings_files_root(const struct gp_settings_files *files);

/* Do the settings name any list? */
bool gp_lists_are_named(const struct gp_settings *settings);

/* The state of the lists at this moment. */
void gp_lists_look(const struct gp_settings *settings,
		   struct gp_lists_state *state_r);

/* The same just before the settings were read: a change while they were read
   shows. */
void gp_settings_files_note_lists(struct gp_settings *settings);
const struct gp_lists_state *gp_settings_files_lists(
	const struct gp_settings *settings);

bool gp_lists_are_same(const struct gp_lists_state *a,
		       const struct gp_lists_state *b);

#endif
