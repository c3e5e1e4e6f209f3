/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in settings-parse.h.  A value goes into the settings as
 * it is read, so that an error has its line and the last of several values wins;
 * settings-source.c keeps from libconfuse what it cannot stand.
 */
#include "settings-parse.h"

#include <locale.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "confuse-read.h"
#include "gatepost-config.h"
#include "log.h"
#include "pool.h"
#include "settings-check.h"
#include "settings-compiled.h"
#include "settings-files.h"
#include "settings-source.h"
#include "settings-suggest.h"
#include "settings-value.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum { INCLUDE_DEPTH_MAX = 10, ROWS_MAX = 256 };

/* A file being read, and the one that included it. */
struct file {
	const char *path;
	struct gp_source source;
	const struct file *includer;
	unsigned int depth;
};

struct load {
	struct gp_settings *settings;
	const struct file *file;
	struct gp_origin origins[ROWS_MAX];
	unsigned int values_count;
	struct gp_confuse_name names[ROWS_MAX + 1];
	size_t rows_count, last_row;
	struct gp_compiled *compiled;           /* read instead of files, or NULL */
	struct gp_compiled_draft *draft;        /* to be filled, or NULL */
	enum gp_settings_lists lists;
	bool has_failed;
	struct gp_error *err;
};

/* As confuse-read.h wants it. */
static pthread_mutex_t loading_lock = PTHREAD_MUTEX_INITIALIZER;

static int read_file(struct load *load, const char *path,
		     const struct file *includer, const char *place);

/* --- one value --------------------------------------------------------- */

/* The first error is the one to report.  Line 0: the file as a whole. */
static int fail(struct load *load, const char *path, int line, const char *text)
{
	if (load->has_failed)
		return -1;
	load->has_failed = true;
	return line > 0 ? gp_error_set(load->err, "%s:%d: %s", path, line, text)
			: gp_error_set(load->err, "%s: %s", path, text);
}

static int fail_value(struct load *load, const struct gp_setting *row,
		      const char *path, int line, const char *text)
{
	if (!load->has_failed)
		(void)gp_error_set(load->err, "%s:%d: %s.%s: %s", path, line,
				   row->section, row->name, text);
	load->has_failed = true;
	return -1;
}

/* Most values stand in the order of the table: the search begins at the last one. */
static const struct gp_setting *find_row(struct load *load, const char *section,
					 const char *name)
{
	for (size_t i = 0; i < load->rows_count; i++) {
		const size_t number = (load->last_row + i) % load->rows_count;
		const struct gp_setting *row = &gp_settings_table[number];

		if (strcmp(row->name, name) == 0 &&
		    strcmp(row->section, section) == 0) {
			load->last_row = number;
			return row;
		}
	}
	return NULL;
}

static bool is_list(const struct gp_setting *row)
{
	return row->default_text[0] == '{';
}

static void note_item(struct gp_origin *origin, size_t index, int line)
{
	if (index == 0)
		origin->items_count = 0;
	/* A list grows by doubling. */
	if ((origin->items_count & (origin->items_count - 1)) == 0)
		origin->item_lines = gp_realloc(
			origin->item_lines, (2 * origin->items_count + 1) *
			sizeof(*origin->item_lines));
	origin->item_lines[origin->items_count++] = line;
}

static void note_origin(struct load *load, const struct gp_setting *row,
			const struct gp_compiled_value *value)
{
	struct gp_origin *origin = &load->origins[row - gp_settings_table];

	origin->path = gp_settings_files_path(load->settings->files, value->path);
	origin->line = value->line;
	origin->order = ++load->values_count;
	if (is_list(row))
		note_item(origin, value->index, value->line);
}

static int take_value(struct load *load, const struct gp_compiled_value *value)
{
	const struct gp_setting *row = find_row(load, value->section, value->name);
	struct gp_error err;

	/* A name such as "poll|mode" leads libconfuse into another section. */
	if (row == NULL)
		return fail(load, value->path, value->line,
			    "a setting stands in its section");
	if (gp_settings_store(load->settings, row, value->text, value->index,
			      &err) < 0)
		return fail_value(load, row, value->path, value->line, err.text);
	note_origin(load, row, value);
	if (load->draft != NULL)
		gp_compiled_draft_add(load->draft, value, load->settings->files);
	return 0;
}

/* --- what is read ------------------------------------------------------ */

static int on_value(void *context, const char *section, const char *name,
		    size_t index, const char *text, int line)
{
	struct load *load = context;
	const struct gp_compiled_value value = {
		.section = section, .name = name, .index = index, .text = text,
		.path = load->file->path, .line = line
	};

	return take_value(load, &value);
}

static int on_include(void *context, const char *name, int line)
{
	struct load *load = context;
	const struct file *includer = load->file;
	const char *slash = strrchr(includer->path, '/');
	size_t folder_length = 0;
	char place[512], *path;
	int result;

	/* As from the folder of the file that says so. */
	if (name[0] != '/' && slash != NULL)
		folder_length = (size_t)(slash - includer->path) + 1;
	path = gp_alloc(folder_length + strlen(name) + 1);
	memcpy(path, includer->path, folder_length);
	memcpy(path + folder_length, name, strlen(name));
	(void)snprintf(place, sizeof(place), "%s:%d: include: ", includer->path,
		       line);
	result = read_file(load, path, includer, place);
	load->file = includer;
	free(path);
	return result;
}

static void on_unknown(void *context, const char *section, const char *name,
		       int line)
{
	struct load *load = context;
	char suggestion[GP_SUGGESTION_BYTES];

	(void)fail(load, load->file->path, line,
		   gp_settings_suggest(section, name, suggestion));
}

static void on_error(void *context, const char *text, int line)
{
	struct load *load = context;

	(void)fail(load, load->file->path, line, text);
}

/* --- reading ----------------------------------------------------------- */

static void list_rows(struct load *load)
{
	for (const struct gp_setting *row = gp_settings_table;
	     row->section != NULL; row++)
		load->names[load->rows_count++] = (struct gp_confuse_name){
			row->section, row->name, is_list(row)
		};
}

static int parse_source(struct load *load, struct file *file)
{
	const struct gp_confuse_reader reader = {
		.version = PACKAGE_VERSION, .context = load,
		.error = on_error, .names = load->names, .value = on_value,
		.include = on_include, .unknown = on_unknown,
	};
	char *text;

	load->file = file;
	if (gp_source_clean(file->path, &file->source, &text, load->err) < 0) {
		load->has_failed = true;
		return -1;
	}
	(void)gp_confuse_read(&reader, text);
	free(text);
	return load->has_failed ? -1 : 0;
}

static bool is_open(const struct file *file)
{
	for (const struct file *other = file->includer; other != NULL;
	     other = other->includer) {
		if (other->source.state.device == file->source.state.device &&
		    other->source.state.inode == file->source.state.inode)
			return true;
	}
	return false;
}

/* Each file once, and not at all when only the lists are read anew. */
static int fetch_source(struct load *load, const char *path,
			struct gp_source *source_r, struct gp_error *err)
{
	struct gp_settings_files *files = load->settings->files;
	const struct gp_source *kept = gp_settings_files_find(files, path);

	if (kept != NULL) {
		*source_r = *kept;
		return 0;
	}
	if (gp_source_read(path, source_r, err) < 0)
		return -1;
	gp_settings_files_add(files, path, source_r);
	return 0;
}

/* place: what to write before an error about the file itself. */
static int read_file(struct load *load, const char *path,
		     const struct file *includer, const char *place)
{
	struct file file = {
		.path = path, .includer = includer,
		.depth = includer != NULL ? includer->depth + 1 : 0
	};
	struct gp_error err;

	if (fetch_source(load, path, &file.source, &err) < 0) {
		(void)gp_error_set(load->err, "%s%s", place, err.text);
		load->has_failed = true;
		return -1;
	}
	if (is_open(&file) || file.depth > INCLUDE_DEPTH_MAX) {
		(void)gp_error_set(load->err, "%s%s: %s", place, path,
				   is_open(&file) ? "this file includes itself"
				   : "files include each other too deeply");
		load->has_failed = true;
	} else {
		(void)parse_source(load, &file);
	}
	return load->has_failed ? -1 : 0;
}

static int take_compiled(struct load *load)
{
	struct gp_compiled_value value;
	int result;

	gp_compiled_name_files(load->compiled, load->settings->files);
	while ((result = gp_compiled_next(load->compiled, &value)) > 0)
		if (take_value(load, &value) < 0)
			return -1;
	return result;
}

/* --- what the file leaves out ------------------------------------------ */

/* An item of a default list, without its quotes; *text_r is behind it.  The table's
   items hold no quotes, and commas only within quotes. */
static void take_item(const char **text_r, char *item, size_t size)
{
	const char *text = *text_r + strspn(*text_r, " {");
	const bool is_quoted = *text == '"';
	const size_t length = is_quoted ? strcspn(++text, "\"")
					: strcspn(text, ",}");

	if (length >= size)
		abort(); /* the table is wrong, a bug of ours */
	memcpy(item, text, length);
	item[length] = '\0';
	text += length + (is_quoted ? 1 : 0);
	*text_r = text + strspn(text, ",} ");
}

/* Each mail process of Dovecot reads the settings, and a mail process does not live
   long: the table does not take the way of a file. */
static void set_default(struct load *load, const struct gp_setting *row)
{
	const char *text = row->default_text;
	char item[256];
	size_t index = 0;

	do {
		const char *value = text;

		if (is_list(row)) {
			take_item(&text, item, sizeof(item));
			value = item;
		} else {
			text = "";
		}
		if (gp_settings_store(load->settings, row, value, index++,
				      load->err) < 0) {
			gp_log(GP_LOG_ERROR, "%s.%s: %s", row->section,
			       row->name, load->err->text);
			abort();
		}
	} while (*text != '\0');
}

static void set_defaults(struct load *load)
{
	for (const struct gp_setting *row = gp_settings_table;
	     row->section != NULL; row++)
		set_default(load, row);
}

/* --- for all ------------------------------------------------------------ */

/* In the C locale: see confuse-read.h. */
static int run_load(const char *path, struct load *load)
{
	locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	locale_t old_locale = uselocale(c_locale);
	int result = 0;

	(void)pthread_mutex_lock(&loading_lock);
	set_defaults(load);
	list_rows(load);
	if (load->compiled != NULL)
		result = take_compiled(load);
	else if (path != NULL)
		result = read_file(load, path, NULL, "");
	if (path != NULL && result == 0)
		result = gp_settings_check(load->settings, load->origins,
					   load->lists, load->err);
	if (result == 0 && load->settings->files != NULL)
		gp_settings_files_keep_origins(load->settings->files,
					       load->origins,
					       COUNT_OF(load->origins));
	else
		gp_origins_clear(load->origins, COUNT_OF(load->origins));
	(void)pthread_mutex_unlock(&loading_lock);
	(void)uselocale(old_locale);
	freelocale(c_locale);
	return result;
}

/* What a terminal might act on does not get there through our messages. */
static void hide_control_bytes(char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
	}
}

/* Takes files over, and fills in the rest of load. */
static int load_from(const char *path, struct gp_settings_files *files,
		     struct load *load, struct gp_settings **settings_r,
		     struct gp_error *err)
{
	struct gp_error unused;

	load->err = err != NULL ? err : &unused;
	load->settings = gp_alloc(sizeof(*load->settings));
	load->settings->files = files;
	if (run_load(path, load) < 0) {
		hide_control_bytes(load->err->text);
		gp_settings_free(&load->settings);
		return -1;
	}
	*settings_r = load->settings;
	return 0;
}

int gp_settings_load(const char *path, struct gp_settings **settings_r,
		     struct gp_error *err)
{
	struct load load = { .lists = GP_LISTS_ALL };

	return load_from(path, gp_settings_files_create(), &load, settings_r, err);
}

/* What is wrong with it is not told here: the file itself has all answers. */
static int load_compiled(const char *path, struct gp_settings **settings_r)
{
	struct load load = { .lists = GP_LISTS_OF_GROUPS };
	int result = gp_compiled_open(path, &load.compiled, NULL) > 0 ? 0 : -1;

	if (result == 0)
		result = load_from(path, gp_settings_files_create(), &load,
				   settings_r, NULL);
	gp_compiled_close(&load.compiled);
	return result;
}

int gp_settings_load_for_polling(const char *path,
				 struct gp_settings **settings_r,
				 struct gp_error *err)
{
	struct load load = { .lists = GP_LISTS_OF_GROUPS };

	return load_compiled(path, settings_r) == 0 ? 0
		: load_from(path, gp_settings_files_create(), &load, settings_r,
			    err);
}

int gp_settings_compile(const char *path, struct gp_settings **settings_r,
			void **bytes_r, size_t *length_r, struct gp_error *err)
{
	struct load load = {
		.lists = GP_LISTS_ALL, .draft = gp_compiled_draft_create()
	};
	int result = load_from(path, gp_settings_files_create(), &load, settings_r,
			       err);

	if (result == 0)
		*bytes_r = gp_compiled_draft_finish(load.draft, load.settings->files,
						    length_r);
	gp_compiled_draft_free(&load.draft);
	return result;
}

int gp_settings_load_lists(const struct gp_settings *old,
			   struct gp_settings **settings_r,
			   struct gp_error *err)
{
	struct load load = { .lists = GP_LISTS_ALL };

	return load_from(gp_settings_files_root(old->files),
			 gp_settings_files_copy(old->files), &load, settings_r, err);
}

struct gp_settings *gp_settings_defaults(void)
{
	struct gp_error err;
	struct load load = {
		.settings = gp_alloc(sizeof(*load.settings)), .err = &err
	};

	(void)run_load(NULL, &load);
	return load.settings;
}

const char *gp_settings_default_path(void)
{
	const char *path = getenv("GATEPOST_CONF");

	return path != NULL && path[0] != '\0'
		? path : GP_SYSCONFDIR "/gatepost/gatepost.conf";
}
