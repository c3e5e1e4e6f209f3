/* SPDX-License-Identifier: MIT */
/* This module is documented in confuse-read.h. */
#include "confuse-read.h"

#include <confuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gatepost-config.h"

/* What is being read.  The schemata of all files are freed when all are read. */
static struct {
	const struct gp_confuse_reader *reader;
	cfg_t **cfgs;
	size_t cfgs_count;
} reading;

static int fail(const char *text, int line)
{
	reading.reader->error(reading.reader->context, text, line);
	return -1;
}

/* --- what libconfuse calls --------------------------------------------- */

static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	*(const char **)result = "";
	/* libconfuse has made room for this item before it asks. */
	return reading.reader->value(reading.reader->context, cfg_name(cfg),
				     cfg_opt_name(opt), cfg_opt_size(opt) - 1,
				     value, cfg->line);
}

static int on_include(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv)
{
	(void)opt;
	if (argc != 1 || argv[0][0] == '\0')
		return fail("include needs a file", cfg->line);
	return reading.reader->include(reading.reader->context, argv[0],
				       cfg->line);
}

__attribute__((format(printf, 2, 0)))
static void on_error(cfg_t *cfg, const char *fmt, va_list args)
{
	const bool is_root = strcmp(cfg_name(cfg), "root") == 0;
	char text[480];

	if (strcmp(fmt, "no such option '%s'") == 0) {
		reading.reader->unknown(reading.reader->context,
					is_root ? NULL : cfg_name(cfg),
					va_arg(args, char *), cfg->line);
		return;
	}
	(void)vsnprintf(text, sizeof(text), fmt, args);
	if (strncmp(fmt, "unexpected token", 16) == 0)
		(void)strncat(text, "; a value with blanks stands in quotes, a "
			      "list in { } with commas",
			      sizeof(text) - strlen(text) - 1);
	(void)fail(text, cfg->line);
}

/* --- the schema -------------------------------------------------------- */

static bool is_in_section(const struct gp_confuse_name *name, const char *section)
{
	return name->section != NULL && strcmp(name->section, section) == 0;
}

static size_t count_section(const struct gp_confuse_name *name)
{
	size_t count = 1;

	while (is_in_section(name + count, name->section))
		count++;
	return count;
}

/* In its place, or somewhere else. */
static bool is_named(const char *text, const char *name)
{
	return strstr(text, name) != NULL;
}

/* The first count names, as far as text has them; to free. */
static cfg_opt_t *create_section(const char *text,
				 const struct gp_confuse_name *names, size_t count)
{
	cfg_opt_t *opts = calloc(count + 1, sizeof(*opts)), *opt = opts;

	for (size_t i = 0; opts != NULL && i < count; i++) {
		const cfg_opt_t value =
			CFG_STR_CB(names[i].name, NULL, CFGF_NODEFAULT, on_value);
		const cfg_opt_t list = CFG_STR_LIST_CB(
			names[i].name, NULL, CFGF_NODEFAULT, on_value);

		if (is_named(text, names[i].name))
			*opt++ = names[i].is_list ? list : value;
	}
	if (opts != NULL)
		*opt = (cfg_opt_t)CFG_END();
	return opts;
}

/* Fills sections; *count_r of them have settings to free.  False without memory. */
static bool fill_sections(cfg_opt_t *sections, const char *text,
			  const struct gp_confuse_name *name, size_t *count_r)
{
	size_t count = 0;

	for (; name->section != NULL; name += count_section(name)) {
		if (!is_named(text, name->section))
			continue;
		/* MULTI: each time a section stands there it starts empty; what
		   it sets is elsewhere already. */
		sections[count] = (cfg_opt_t)CFG_SEC(
			name->section, create_section(text, name,
						      count_section(name)),
			CFGF_MULTI);
		if (sections[count].subopts == NULL)
			break;
		count++;
	}
	*count_r = count;
	sections[count] = (cfg_opt_t)CFG_FUNC("include", on_include);
	sections[count + 1] = (cfg_opt_t)CFG_END();
	return name->section == NULL;
}

/* The part of the names that text has: libconfuse copies its schema, and once more
   for each section of the file.  NULL without memory. */
static cfg_t *create_cfg(const char *text, const struct gp_confuse_name *names)
{
	size_t count = 0;
	cfg_opt_t *sections;
	cfg_t *cfg = NULL;

	while (names[count].section != NULL)
		count++;
	sections = calloc(count + 2, sizeof(*sections));
	if (sections == NULL)
		return NULL;
	if (fill_sections(sections, text, names, &count))
		cfg = cfg_init(sections, CFGF_NONE);
	while (count > 0)
		free(sections[--count].subopts);
	free(sections);
	if (cfg != NULL)
		(void)cfg_set_error_function(cfg, on_error);
	return cfg;
}

/* False, with cfg freed, if there is no memory. */
static bool keep_cfg(cfg_t *cfg)
{
	cfg_t **cfgs = realloc(reading.cfgs, (reading.cfgs_count + 1) *
			       sizeof(*cfgs));

	if (cfgs == NULL) {
		(void)cfg_free(cfg);
		return false;
	}
	reading.cfgs = cfgs;
	reading.cfgs[reading.cfgs_count++] = cfg;
	return true;
}

/* Not before the end: cfg_free() of libconfuse 3.3 also ends the scanner that
   is still reading the including file, which then seems to be empty. */
static void free_cfgs(void)
{
	while (reading.cfgs_count > 0)
		(void)cfg_free(reading.cfgs[--reading.cfgs_count]);
	free(reading.cfgs);
	reading.cfgs = NULL;
}

/* --- reading ----------------------------------------------------------- */

static int read_text(char *text)
{
	cfg_t *cfg = create_cfg(text, reading.reader->names);
	FILE *stream;
	int result;

	if (cfg == NULL || !keep_cfg(cfg))
		return fail("out of memory", 1);
	stream = fmemopen(text, strlen(text), "r");
	if (stream == NULL)
		return fail("out of memory", 1);
	result = cfg_parse_fp(cfg, stream) == CFG_SUCCESS ? 0 : -1;
	/* Some errors it does not explain, as that of an empty name. */
	if (result < 0)
		(void)fail("this is not NAME = VALUE", cfg->line);
	(void)fclose(stream);
	return result;
}

int gp_confuse_read(const struct gp_confuse_reader *reader, char *text)
{
	const struct gp_confuse_reader *outer = reading.reader;
	int result;

	reading.reader = reader;
	if (strcmp(reader->version, PACKAGE_VERSION) == 0)
		result = read_text(text);
	else
		result = fail("what reads it is of gatepost " PACKAGE_VERSION
			      ", another version; install all of gatepost again", 0);
	reading.reader = outer;
	if (outer == NULL)
		free_cfgs();
	return result;
}
