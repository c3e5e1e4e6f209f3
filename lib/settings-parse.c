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
#include "login.h"
#include "owners-file.h"
#include "pool.h"
#include "settings-files.h"
#include "settings-rate.h"
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

/* Where a setting got its value: the line to blame when two do not agree. */
struct origin {
	char *path;             /* NULL: still at its default */
	int line;
	unsigned int order;
};

struct load {
	struct gp_settings *settings;
	const struct file *file;
	struct origin origins[ROWS_MAX];
	unsigned int values_count;
	cfg_t **cfgs;           /* of all files, to free when all are read */
	size_t cfgs_count;
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
		if (strcmp(row->section, section) == 0 &&
		    strcmp(row->name, name) == 0)
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

static void note_origin(const struct gp_setting *row, int line)
{
	struct origin *origin = &loading->origins[row - gp_settings_table];

	free(origin->path);
	origin->path = gp_strdup(loading->file->path);
	origin->line = line;
	origin->order = ++loading->values_count;
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
	note_origin(row, cfg->line);
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
	char text[256], suggestion[GP_SUGGESTION_BYTES];

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

/* Fills opts with the settings of one section, and sets *row to the next. */
static size_t add_section(cfg_opt_t *opts, const struct gp_setting **row)
{
	const char *section = (*row)->section;
	size_t count = 0;

	for (; (*row)->section != NULL &&
	       strcmp((*row)->section, section) == 0; (*row)++) {
		const cfg_opt_t text =
			CFG_STR_CB((*row)->name, NULL, CFGF_NODEFAULT, on_value);
		const cfg_opt_t list = CFG_STR_LIST_CB(
			(*row)->name, NULL, CFGF_NODEFAULT, on_value);

		opts[count++] = is_list(*row) ? list : text;
	}
	opts[count++] = (cfg_opt_t)CFG_END();
	return count;
}

/* The schema, from the table.  libconfuse copies it. */
static cfg_t *create_cfg(void)
{
	cfg_opt_t settings[2 * ROWS_MAX], sections[ROWS_MAX];
	const struct gp_setting *row = gp_settings_table;
	size_t settings_count = 0, sections_count = 0;
	cfg_t *cfg;

	while (row->section != NULL) {
		/* MULTI: each time a section stands there it starts empty; what
		   it sets is in our struct already. */
		sections[sections_count++] = (cfg_opt_t)CFG_SEC(
			row->section, settings + settings_count, CFGF_MULTI);
		settings_count += add_section(settings + settings_count, &row);
	}
	sections[sections_count++] = (cfg_opt_t)CFG_FUNC("include", on_include);
	sections[sections_count] = (cfg_opt_t)CFG_END();
	cfg = cfg_init(sections, CFGF_NONE);
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
	cfg = create_cfg();
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
		if (other->source.device == file->source.device &&
		    other->source.inode == file->source.inode)
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

static void forget_origins(struct load *load)
{
	for (size_t i = 0; i < COUNT_OF(load->origins); i++)
		free(load->origins[i].path);
	memset(load->origins, 0, sizeof(load->origins));
}

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
	forget_origins(loading);
}

/* --- what only shows when all is read ----------------------------------- */

/* Durations that must stand in this order. */
static const struct rule {
	size_t less, more;
	bool may_be_equal;
} rules[] = {
	{ offsetof(struct gp_settings, poll.interval_secs),
	  offsetof(struct gp_settings, poll.advised_secs), true },
	{ offsetof(struct gp_settings, poll.round_secs),
	  offsetof(struct gp_settings, poll.interval_secs), false },
	{ offsetof(struct gp_settings, poll.interval_secs),
	  offsetof(struct gp_settings, redis.retention_secs), true },
	{ offsetof(struct gp_settings, poll.ladder_window_secs),
	  offsetof(struct gp_settings, redis.retention_secs), true },
};

static const struct gp_setting *row_at(size_t offset)
{
	const struct gp_setting *row = gp_settings_table;

	while (row->offset != offset)
		row++;
	return row;
}

static const struct origin *origin_of(const struct gp_setting *row)
{
	return &loading->origins[row - gp_settings_table];
}

static unsigned int secs_at(size_t offset)
{
	return *(const unsigned int *)((const char *)loading->settings + offset);
}

static int check_rule(const struct rule *rule)
{
	const struct gp_setting *less = row_at(rule->less);
	const struct gp_setting *more = row_at(rule->more);
	/* The one that was written last has broken it. */
	const bool is_less_wrong = origin_of(less)->order > origin_of(more)->order;
	const struct gp_setting *wrong = is_less_wrong ? less : more;
	const struct gp_setting *other = is_less_wrong ? more : less;
	const char *relation = rule->may_be_equal ? "at least" : "above";
	char wrong_text[GP_DURATION_BYTES], other_text[GP_DURATION_BYTES];
	char text[256];

	if (secs_at(rule->less) < secs_at(rule->more) ||
	    (rule->may_be_equal && secs_at(rule->less) == secs_at(rule->more)))
		return 0;
	if (is_less_wrong)
		relation = rule->may_be_equal ? "at most" : "below";
	gp_duration_format(wrong->type, secs_at(wrong->offset), wrong_text);
	gp_duration_format(other->type, secs_at(other->offset), other_text);
	(void)snprintf(text, sizeof(text), "%s must be %s %s.%s, which is %s%s",
		       wrong_text, relation, other->section, other->name,
		       other_text, origin_of(other)->path == NULL
		       ? " unless it is set too" : "");
	return fail_value(wrong, origin_of(wrong)->path, origin_of(wrong)->line,
			  text);
}

/* A user name alone would be left out without a word. */
static int check_redis_user(void)
{
	const struct gp_setting *row =
		row_at(offsetof(struct gp_settings, redis.user));

	if (loading->settings->redis.user[0] == '\0' ||
	    loading->settings->redis.password_file[0] != '\0')
		return 0;
	return fail_value(row, origin_of(row)->path, origin_of(row)->line,
			  "a user needs redis.password_file as well");
}

/* The line without comment and blanks around it; empty if nothing is left. */
static char *trim_line(char *line)
{
	size_t length;

	line[strcspn(line, "#")] = '\0';
	line += strspn(line, " \t");
	length = strlen(line);
	while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
		line[--length] = '\0';
	return line;
}

static int add_domain_lines(const char *path, struct gp_source *source)
{
	char *line = source->text, *end = source->text + source->length;
	struct gp_error err;
	int number = 1;

	for (char *next; line < end; line = next + 1, number++) {
		const char *domain;

		next = memchr(line, '\n', (size_t)(end - line));
		if (next == NULL)
			next = end;
		*next = '\0';
		if (strlen(line) != (size_t)(next - line))
			return fail(path, number, "byte 0x00");
		domain = trim_line(line);
		if (*domain != '\0' &&
		    gp_settings_add_domain(&loading->settings->relay.local_domains,
					   domain, &err) < 0)
			return fail(path, number, err.text);
	}
	return 0;
}

static int read_domains_file(void)
{
	const struct gp_setting *row =
		row_at(offsetof(struct gp_settings, relay.local_domains_file));
	const char *path = loading->settings->relay.local_domains_file;
	struct gp_source source;
	struct gp_error err;
	int result;

	if (path[0] == '\0')
		return 0;
	if (gp_source_read(path, &source, &err) < 0)
		return fail_value(row, origin_of(row)->path, origin_of(row)->line,
				  err.text);
	result = add_domain_lines(path, &source);
	free(source.text);
	return result;
}

static int read_alias_file(void)
{
	const struct gp_setting *row =
		row_at(offsetof(struct gp_settings, identity.alias_file));
	const char *path = loading->settings->identity.alias_file;
	struct gp_source source;
	struct gp_error err;
	int result;

	if (path[0] == '\0')
		return 0;
	if (gp_source_read(path, &source, &err) < 0)
		return fail_value(row, origin_of(row)->path, origin_of(row)->line,
				  err.text);
	result = gp_owners_read(loading->settings, path, source.text,
				source.length, loading->err);
	free(source.text);
	loading->has_failed |= result < 0;
	return result;
}

/* Logins are compared as persons.  In place: a person's name is never longer. */
static void normalise_logins(void)
{
	struct gp_settings *settings = loading->settings;
	struct gp_str_list *anyone = &settings->identity.send_as_anyone;
	struct gp_exemption_list *exempt = &settings->submission.exemptions;

	for (size_t i = 0; i < anyone->count; i++)
		gp_login_normalise(settings, anyone->items[i], anyone->items[i]);
	for (size_t i = 0; i < exempt->count; i++)
		gp_login_normalise(settings, exempt->items[i].login,
				   exempt->items[i].login);
}

static int read_groups_file(void)
{
	const struct gp_setting *row =
		row_at(offsetof(struct gp_settings, login.groups_file));
	struct gp_settings *settings = loading->settings;
	struct gp_error err;

	if (settings->login.groups_file[0] == '\0' ||
	    gp_groups_read(settings->login.groups_file, &settings->login.groups,
			   &err) == 0)
		return 0;
	return fail_value(row, origin_of(row)->path, origin_of(row)->line,
			  err.text);
}

static int check_rates(void)
{
	const struct gp_setting *row;
	struct gp_error err;
	size_t offset;

	gp_rate_normalise_logins(loading->settings);
	if (gp_rate_check(loading->settings, &offset, &err) == 0)
		return 0;
	row = row_at(offset);
	return fail_value(row, origin_of(row)->path, origin_of(row)->line,
			  err.text);
}

static bool is_set(size_t offset)
{
	return origin_of(row_at(offset))->path != NULL;
}

/* Who sets only the interval means it: the times that depend on it follow. */
static void follow_interval(void)
{
	struct gp_settings *settings = loading->settings;
	const unsigned int interval_secs = settings->poll.interval_secs;
	const unsigned int tenth_secs = interval_secs >= 20 ? interval_secs / 10
		: interval_secs > 1;

	if (!is_set(offsetof(struct gp_settings, poll.round_secs)) &&
	    settings->poll.round_secs > tenth_secs)
		settings->poll.round_secs = tenth_secs;
	if (!is_set(offsetof(struct gp_settings, poll.advised_secs)) &&
	    settings->poll.advised_secs < interval_secs)
		settings->poll.advised_secs = interval_secs;
}

static int check_whole(void)
{
	follow_interval();
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		if (check_rule(&rules[i]) < 0)
			return -1;
	}
	normalise_logins();
	gp_settings_files_note_lists(loading->settings);
	return check_redis_user() < 0 || read_domains_file() < 0 ||
		read_alias_file() < 0 || read_groups_file() < 0 ||
		check_rates() < 0 ? -1 : 0;
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
		result = check_whole();
	forget_origins(load);
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
		     struct gp_settings **settings_r, struct gp_error *err)
{
	struct gp_error unused;
	struct load load = {
		.settings = gp_alloc(sizeof(*load.settings)),
		.err = err != NULL ? err : &unused
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
	return load_from(path, gp_settings_files_create(), settings_r, err);
}

int gp_settings_load_lists(const struct gp_settings *old,
			   struct gp_settings **settings_r,
			   struct gp_error *err)
{
	return load_from(gp_settings_files_root(old->files),
			 gp_settings_files_copy(old->files), settings_r, err);
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
