/* SPDX-License-Identifier: MIT */
/*
 * This module remembers what settings were read from: the texts of gatepost.conf
 * and what it includes, so that lists can be read anew while all else stays as
 * it was, and in which state the files of the lists were.
 */
#ifndef GP_SETTINGS_FILES_H
#define GP_SETTINGS_FILES_H

#include <stdbool.h>
#include <time.h>

#include "settings.h"
#include "settings-source.h"

/* relay.local_domains_file, identity.alias_file, login.groups_file */
enum { GP_LISTS = 3 };

/* All zero for a file that is not there, or that the settings do not name. */
struct gp_lists_state {
	struct gp_list_state {
		dev_t device;
		ino_t inode;
		off_t size;
		struct timespec modified, changed;
	} lists[GP_LISTS];
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
