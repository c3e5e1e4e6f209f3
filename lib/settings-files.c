/* SPDX-License-Identifier: MIT */
/* This module is documented in settings-files.h. */
#include "settings-files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pool.h"

struct kept {
	char *path;
	struct gp_source source;
};

struct gp_settings_files {
	struct kept *items;     /* the first is gatepost.conf */
	size_t count;
	struct gp_origin *origins;
	size_t origins_count;
	struct gp_lists_state lists;
};

struct gp_settings_files *gp_settings_files_create(void)
{
	return gp_alloc(sizeof(struct gp_settings_files));
}

void gp_settings_files_add(struct gp_settings_files *files, const char *path,
			   const struct gp_source *source)
{
	files->items = gp_realloc(files->items, (files->count + 1) *
				  sizeof(*files->items));
	files->items[files->count++] = (struct kept){ gp_strdup(path), *source };
}

struct gp_settings_files *gp_settings_files_copy(
	const struct gp_settings_files *files)
{
	struct gp_settings_files *copy = gp_settings_files_create();

	for (size_t i = 0; i < files->count; i++) {
		struct gp_source source = files->items[i].source;

		source.text = gp_alloc(source.length + 1);
		memcpy(source.text, files->items[i].source.text, source.length);
		gp_settings_files_add(copy, files->items[i].path, &source);
	}
	return copy;
}

void gp_settings_files_free(struct gp_settings_files **files)
{
	if (*files == NULL)
		return;
	for (size_t i = 0; i < (*files)->count; i++) {
		free((*files)->items[i].path);
		free((*files)->items[i].source.text);
	}
	free((*files)->items);
	gp_origins_clear((*files)->origins, (*files)->origins_count);
	free((*files)->origins);
	free(*files);
	*files = NULL;
}

const struct gp_source *gp_settings_files_find(
	const struct gp_settings_files *files, const char *path)
{
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->items[i].path, path) == 0)
			return &files->items[i].source;
	return NULL;
}

const char *gp_settings_files_path(const struct gp_settings_files *files,
				   const char *path)
{
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->items[i].path, path) == 0)
			return files->items[i].path;
	return NULL;
}

void gp_settings_files_keep_origins(struct gp_settings_files *files,
				    const struct gp_origin *origins,
				    size_t count)
{
	files->origins = gp_alloc(count * sizeof(*origins));
	memcpy(files->origins, origins, count * sizeof(*origins));
	files->origins_count = count;
}

void gp_origins_clear(struct gp_origin *origins, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(origins[i].item_lines);
		origins[i] = (struct gp_origin){ 0 };
	}
}

const struct gp_origin *gp_settings_files_origin(
	const struct gp_settings_files *files, size_t row)
{
	return row < files->origins_count ? &files->origins[row] : NULL;
}

const char *gp_settings_files_name(const struct gp_settings_files *files,
				   size_t number)
{
	return number < files->count ? files->items[number].path : NULL;
}

const char *gp_settings_files_root(const struct gp_settings_files *files)
{
	return files->items[0].path;
}

static void list_paths(const struct gp_settings *settings,
		       const char *paths[GP_LISTS])
{
	paths[0] = settings->relay.local_domains_file;
	paths[1] = settings->identity.alias_file;
	paths[2] = settings->login.groups_file;
}

bool gp_lists_are_named(const struct gp_settings *settings)
{
	const char *paths[GP_LISTS];

	list_paths(settings, paths);
	for (int i = 0; i < GP_LISTS; i++)
		if (paths[i][0] != '\0')
			return true;
	return false;
}

void gp_lists_look(const struct gp_settings *settings,
		   struct gp_lists_state *state_r)
{
	const char *paths[GP_LISTS];
	struct stat status;

	memset(state_r, 0, sizeof(*state_r));
	list_paths(settings, paths);
	for (int i = 0; i < GP_LISTS; i++)
		if (paths[i][0] != '\0' && stat(paths[i], &status) == 0)
			state_r->lists[i] = gp_file_state_of(&status);
}

void gp_settings_files_note_lists(struct gp_settings *settings)
{
	gp_lists_look(settings, &settings->files->lists);
}

const struct gp_lists_state *gp_settings_files_lists(
	const struct gp_settings *settings)
{
	return &settings->files->lists;
}

bool gp_lists_are_same(const struct gp_lists_state *a,
		       const struct gp_lists_state *b)
{
	for (int i = 0; i < GP_LISTS; i++)
		if (!gp_file_state_is_same(&a->lists[i], &b->lists[i]))
			return false;
	return true;
}
