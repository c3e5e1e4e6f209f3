/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in settings-parse.h.  libconfuse knows the grammar
 * and calls back for each value at once, so that an error has its line and the
 * last of several values wins; settings-source.c keeps from it what it cannot
 * stand.  libconfuse gives a callback no pointer of ours and its scanner is
 * global, so one load runs at a time, and "loading" says which.
 */
#include "settings-parse.h"

#include <confuse.h>
#include <locale.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pool.h"
#include "settings-check.h"
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
	cfg_t **cfgs;           /* of all files, to free when all are read */
	size_t cfgs_count;
	enum gp_settings_lists lists;
	bool has_failed;
	struct gp_error *err;
};

static pthread_mutex_t loading_lock = PTHREAD_MUTEX_INITIALIZER;
static struct load *loading;

static int read_file(const char *path, const struct file *includer,
		     const char *place);

/* The first error is the one to report. */
static int fail(const char *path, int line, const char *text)
{
	if (!loading->has_failed)
		(void)gp_error_set(loading->err, "%s:%d: %s", path, line, text);
	loading->has_failed = true;
	return -1;
}

static const struct gp_setting *find_row(const char *section, const char *name)
{
	for (const struct gp_setting *row = gp_settings_table;
	     row->section != NULL; row++) {
		if (strcmp(row->name, name) == 0 &&
		    strcmp(row->section, section) == 0)
			return row;
	}
	return NULL;
}

static int fail_value(const struct gp_setting *row, const char *path, int line,
		      const char *text)
{
	if (!loading->has_failed)
		(void)gp_error_set(loading->err, "%s:%d: %s.%s: %s", path, line,
				   row->section, row->name, text);
	loading->has_failed = true;
	return -1;
}

/* --- what libconfuse calls --------------------------------------------- */

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

static void note_origin(const struct gp_setting *row, size_t index, int line)
{
	struct gp_origin *origin = &loading->origins[row - gp_settings_table];

	origin->path = gp_settings_files_path(loading->settings->files,
					      loading->file->path);
	origin->line = line;
	origin->order = ++loading->values_count;
	if (row->default_text[0] == '{')
		note_item(origin, index, line);
}

static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const struct gp_setting *row = find_row(cfg_name(cfg), cfg_opt_name(opt));
	struct gp_error err;

	/* A name such as "poll|mode" leads libconfuse into another section. */
	if (row == NULL)
		return fail(loading->file->path, cfg->line,
			    "a setting stands in its section");
	/* libconfuse has made room for this item before it asks. */
	if (gp_settings_store(loading->settings, row, value,
			      cfg_opt_size(opt) - 1, &err) < 0)
		return fail_value(row, loading->file->path, cfg->line, err.text);
	note_origin(row, cfg_opt_size(opt) - 1, cfg->line);
	*(const char **)result = "";
	return 0;
}

static int on_include(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv)
{
	const struct file *includer = loading->file;
	const char *slash = strrchr(includer->path, '/');
	size_t folder_length = 0;
	char place[512], *path;
	int result;

	(void)opt;
	if (argc != 1 || argv[0][0] == '\0')
		return fail(includer->path, cfg->line, "include needs a file");
	/* As from the folder of the file that says so. */
	if (argv[0][0] != '/' && slash != NULL)
		folder_length = (size_t)(slash - includer->path) + 1;
	path = gp_alloc(folder_length + strlen(argv[0]) + 1);
	memcpy(path, includer->path, folder_length);
	memcpy(path + folder_length, argv[0], strlen(argv[0]));
	(void)snprintf(place, sizeof(place), "%s:%d: include: ", includer->path,
		       cfg->line);
	result = read_file(path, includer, place);
	loading->file = includer;
	free(path);
	return result;
}

__attribute__((format(printf, 2, 0)))
static void on_error(cfg_t *cfg, const char *fmt, va_list args)
{
	const char *path = loading->file->path;
	const bool is_root = strcmp(cfg_name(cfg), "root") == 0;
	char text[480], suggestion[GP_SUGGESTION_BYTES];

	if (strcmp(fmt, "no such option '%s'") == 0) {
		(void)fail(path, cfg->line, gp_settings_suggest(
			is_root ? NULL : cfg_name(cfg), va_arg(args, char *),
			suggestion));
		return;
	}
	(void)vsnprintf(text, sizeof(text), fmt, args);
	if (strncmp(fmt, "unexpected token", 16) == 0)
		(void)strncat(text, "; a value with blanks stands in quotes, a "
			      "list in { } with commas",
			      sizeof(text) - strlen(text) - 1);
	(void)fail(path, cfg->line, text);
}

/* --- reading ----------------------------------------------------------- */

static bool is_list(const struct gp_setting *row)
{
	return row->default_text[0] == '{';
}

/* In its place, or somewhere else. */
static bool is_named(const char *text, const char *name)
{
	return strstr(text, name) != NULL;
}

static bool is_in_section(const struct gp_setting *row, const char *section)
{
	return row->section != NULL && strcmp(row->section, section) == 0;
}

/* The settings of one section that text names, to free; *row becomes the next one's. */
static cfg_opt_t *create_section(const char *text, const struct gp_setting **row)
{
	const char *section = (*row)->section;
	cfg_opt_t *opts = NULL;
	size_t count = 0;

	for (; is_in_section(*row, section); (*row)++) {
		const cfg_opt_t value =
			CFG_STR_CB((*row)->name, NULL, CFGF_NODEFAULT, on_value);
		const cfg_opt_t list = CFG_STR_LIST_CB(
			(*row)->name, NULL, CFGF_NODEFAULT, on_value);

		if (!is_named(text, (*row)->name))
			continue;
		opts = gp_realloc(opts, (count + 1) * sizeof(*opts));
		opts[count++] = is_list(*row) ? list : value;
	}
	opts = gp_realloc(opts, (count + 1) * sizeof(*opts));
	opts[count] = (cfg_opt_t)CFG_END();
	return opts;
}

/* The part of the table that text names: libconfuse copies its schema, and once more for
   each section of the file, and each mail process would pay for all of it. */
static cfg_t *create_cfg(const char *text)
{
	const struct gp_setting *row = gp_settings_table;
	cfg_opt_t *sections = NULL;
	size_t count = 0;
	cfg_t *cfg;

	while (row->section != NULL) {
		const char *section = row->section;

		if (!is_named(text, section)) {
			while (is_in_section(row, section))
				row++;
			continue;
		}
		sections = gp_realloc(sections, (count + 1) * sizeof(*sections));
		/* MULTI: each time a section stands there it starts empty; what
		   it sets is in our struct already. */
		sections[count++] = (cfg_opt_t)CFG_SEC(
			section, create_section(text, &row), CFGF_MULTI);
	}
	sections = gp_realloc(sections, (count + 2) * sizeof(*sections));
	sections[count] = (cfg_opt_t)CFG_FUNC("include", on_include);
	sections[count + 1] = (cfg_opt_t)CFG_END();
	cfg = cfg_init(sections, CFGF_NONE);
	while (count > 0)
		free(sections[--count].subopts);
	free(sections);
	if (cfg == NULL) {
		gp_log(GP_LOG_ERROR, "out of memory for the settings");
		exit(71); /* EX_OSERR */
	}
	(void)cfg_set_error_function(cfg, on_error);
	loading->cfgs = gp_realloc(loading->cfgs, (loading->cfgs_count + 1) *
				   sizeof(*loading->cfgs));
	loading->cfgs[loading->cfgs_count++] = cfg;
	return cfg;
}

/* Not before the end: cfg_free() of libconfuse 3.3 also ends the scanner that
   is still reading the including file, which then seems to be empty. */
static void free_cfgs(void)
{
	while (loading->cfgs_count > 0)
		(void)cfg_free(loading->cfgs[--loading->cfgs_count]);
	free(loading->cfgs);
	loading->cfgs = NULL;
}

static int parse_clean_text(const char *path, char *text)
{
	FILE *stream = fmemopen(text, strlen(text), "r");
	cfg_t *cfg;
	int result;

	if (stream == NULL)
		return fail(path, 1, "out of memory");
	cfg = create_cfg(text);
	result = cfg_parse_fp(cfg, stream);
	/* Some errors it does not explain, as that of an empty name. */
	if (result != CFG_SUCCESS)
		(void)fail(path, cfg->line, "this is not NAME = VALUE");
	(void)fclose(stream);
	return loading->has_failed ? -1 : 0;
}

static int parse_source(struct file *file)
{
	char *text;

	loading->file = file;
	if (gp_source_clean(file->path, &file->source, &text, loading->err) < 0) {
		loading->has_failed = true;
		return -1;
	}
	(void)parse_clean_text(file->path, text);
	free(text);
	return loading->has_failed ? -1 : 0;
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
static int fetch_source(const char *path, struct gp_source *source_r,
			struct gp_error *err)
{
	struct gp_settings_files *files = loading->settings->files;
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
static int read_file(const char *path, const struct file *includer,
		     const char *place)
{
	struct file file = {
		.path = path, .includer = includer,
		.depth = includer != NULL ? includer->depth + 1 : 0
	};
	struct gp_error err;

	if (fetch_source(path, &file.source, &err) < 0) {
		(void)gp_error_set(loading->err, "%s%s", place, err.text);
		loading->has_failed = true;
		return -1;
	}
	if (is_open(&file) || file.depth > INCLUDE_DEPTH_MAX) {
		(void)gp_error_set(loading->err, "%s%s: %s", place, path,
				   is_open(&file) ? "this file includes itself"
				   : "files include each other too deeply");
		loading->has_failed = true;
	} else {
		(void)parse_source(&file);
	}
	return loading->has_failed ? -1 : 0;
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
static void set_default(const struct gp_setting *row)
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
		if (gp_settings_store(loading->settings, row, value, index++,
				      loading->err) < 0) {
			gp_log(GP_LOG_ERROR, "%s.%s: %s", row->section,
			       row->name, loading->err->text);
			abort();
		}
	} while (*text != '\0');
}

static void set_defaults(void)
{
	for (const struct gp_setting *row = gp_settings_table;
	     row->section != NULL; row++)
		set_default(row);
}

/* --- for all ------------------------------------------------------------ */

/* The C locale for this thread: libconfuse translates its messages, and
   on_error() must know them. */
static int run_load(const char *path, struct load *load)
{
	locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	locale_t old_locale = uselocale(c_locale);
	int result = 0;

	(void)pthread_mutex_lock(&loading_lock);
	loading = load;
	set_defaults();
	if (path != NULL)
		result = read_file(path, NULL, "");
	if (path != NULL && result == 0)
		result = gp_settings_check(load->settings, load->origins,
					   load->lists, load->err);
	if (result == 0 && load->settings->files != NULL)
		gp_settings_files_keep_origins(load->settings->files,
					       load->origins,
					       COUNT_OF(load->origins));
	else
		gp_origins_clear(load->origins, COUNT_OF(load->origins));
	free_cfgs();
	loading = NULL;
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

/* Takes files over. */
static int load_from(const char *path, struct gp_settings_files *files,
		     enum gp_settings_lists lists,
		     struct gp_settings **settings_r, struct gp_error *err)
{
	struct gp_error unused;
	struct load load = {
		.settings = gp_alloc(sizeof(*load.settings)),
		.lists = lists, .err = err != NULL ? err : &unused
	};

	load.settings->files = files;
	if (run_load(path, &load) < 0) {
		hide_control_bytes(load.err->text);
		gp_settings_free(&load.settings);
		return -1;
	}
	*settings_r = load.settings;
	return 0;
}

int gp_settings_load(const char *path, struct gp_settings **settings_r,
		     struct gp_error *err)
{
	return load_from(path, gp_settings_files_create(), GP_LISTS_ALL,
			 settings_r, err);
}

int gp_settings_load_for_polling(const char *path,
				 struct gp_settings **settings_r,
				 struct gp_error *err)
{
	return load_from(path, gp_settings_files_create(), GP_LISTS_OF_GROUPS,
			 settings_r, err);
}

int gp_settings_load_lists(const struct gp_settings *old,
			   struct gp_settings **settings_r,
			   struct gp_error *err)
{
	return load_from(gp_settings_files_root(old->files),
			 gp_settings_files_copy(old->files), GP_LISTS_ALL,
			 settings_r, err);
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
