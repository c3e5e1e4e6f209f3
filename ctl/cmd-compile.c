/* SPDX-License-Identifier: MIT */
/*
 * This module is "gatepostctl compile": it spares mail processes the parsing of
 * gatepost.conf.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "command.h"
#include "pool.h"
#include "pseudonym.h"
#include "settings-compiled.h"
#include "settings-parse.h"
#include "show.h"

/* The clocks of file systems move in steps of up to 10 ms. */
enum { STEP_NSECS = 20 * 1000 * 1000, READ_TRIES = 50 };

struct wishes {
	bool is_check, is_json;
};

struct compilation {
	char *conf_path, *path;
	struct gp_settings *settings;
	void *bytes;
	size_t length;
};

/* As the plugins name it, who are not in our folder: a path that begins with '/', to be
   freed.  NULL if the folder is not there. */
static char *absolute_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder, *real, *result = NULL;

	if (path[0] == '/')
		return gp_strdup(path);
	folder = gp_strdup(slash == NULL ? "." : path);
	if (slash != NULL)
		folder[slash - path] = '\0';
	real = realpath(folder, NULL);
	if (real != NULL && asprintf(&result, "%s/%s", strcmp(real, "/") == 0
				     ? "" : real, slash == NULL ? path
				     : slash + 1) < 0)
		result = NULL;
	free(folder);
	free(real);
	return result;
}

/* --- what is compiled --- */

static int read_once(struct compilation *work)
{
	struct gp_pseudonyms *pseudonyms;
	struct gp_error err;

	if (gp_settings_compile(work->conf_path, &work->settings, &work->bytes,
				&work->length, &err) < 0 ||
	    gp_pseudonyms_open(work->settings, &pseudonyms, &err) < 0)
		return gp_command_fail(EX_CONFIG, "%s", err.text);
	gp_pseudonyms_close(&pseudonyms);
	if (work->length > GP_SOURCE_BYTES_MAX)
		return gp_command_fail(EX_CONFIG, "%s: compiled it is larger than "
				       "%d bytes", work->conf_path,
				       GP_SOURCE_BYTES_MAX);
	return EX_OK;
}

static void forget(struct compilation *work)
{
	gp_settings_free(&work->settings);
	free(work->bytes);
	work->bytes = NULL;
}

/* What is written to a file twice within one step may leave its state the same, so none
   of the files may have changed in the step in which it was read.  A time that is yet to
   come is another clock's, and not waited for. */
static int64_t rest_of_step(const struct gp_settings *settings)
{
	int64_t rest_nsecs = 0, age_nsecs;
	const char *path;
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	for (size_t i = 0; (path = gp_settings_files_name(settings->files, i)) !=
	     NULL; i++) {
		const struct timespec changed =
			gp_settings_files_find(settings->files, path)->state.changed;

		if (now.tv_sec - changed.tv_sec > 1 || now.tv_sec < changed.tv_sec)
			continue;
		age_nsecs = (now.tv_sec - changed.tv_sec) * INT64_C(1000000000) +
			now.tv_nsec - changed.tv_nsec;
		if (age_nsecs >= 0 && STEP_NSECS - age_nsecs > rest_nsecs)
			rest_nsecs = STEP_NSECS - age_nsecs;
	}
	return rest_nsecs;
}

static int read_settings(struct compilation *work)
{
	int code = read_once(work);

	for (int i = 0; code == EX_OK && i < READ_TRIES; i++) {
		const struct timespec rest = {
			.tv_nsec = (long)rest_of_step(work->settings)
		};

		if (rest.tv_nsec == 0)
			break;
		(void)nanosleep(&rest, NULL);
		forget(work);
		code = read_once(work);
	}
	return code;
}

/* Whoever may read the file may read what is compiled, and nobody else may. */
static bool has_same_readers(const struct stat *conf, const struct stat *included)
{
	if ((included->st_mode & S_IROTH) != 0)
		return true;
	if ((conf->st_mode & S_IROTH) != 0)
		return false;
	if ((conf->st_mode & S_IRGRP) != 0 &&
	    ((included->st_mode & S_IRGRP) == 0 ||
	     included->st_gid != conf->st_gid))
		return false;
	return conf->st_uid == 0 || conf->st_uid == included->st_uid;
}

static int check_readers(const struct compilation *work, struct stat *conf_r)
{
	const struct gp_settings_files *files = work->settings->files;
	struct stat included;
	const char *path;

	for (size_t i = 0; (path = gp_settings_files_name(files, i)) != NULL; i++) {
		if (stat(path, i == 0 ? conf_r : &included) < 0)
			return gp_command_fail(EX_NOINPUT, "%s: %s", path,
					       strerror(errno));
		if (i > 0 && !has_same_readers(conf_r, &included))
			return gp_command_fail(EX_CONFIG, "%s: not everybody who can "
					       "read %s can read this, so nothing "
					       "is compiled", path,
					       work->conf_path);
	}
	return EX_OK;
}

/* --- the command --- */

static void write_bytes(void *context, FILE *out)
{
	const struct compilation *work = context;

	(void)fwrite(work->bytes, 1, work->length, out);
}

/* Says whether what lies there is used; true if it is. */
static bool show(const struct compilation *work, bool is_json)
{
	struct gp_compiled *compiled = NULL;
	struct gp_error err = { "it is not there" };
	const bool is_used = gp_compiled_open(work->conf_path, &compiled, &err) > 0;

	gp_compiled_close(&compiled);
	if (is_json)
		gp_show_json(json_pack("{s:o, s:b, s:o}",
			"file", gp_show_json_name(work->path),
			"used", (int)is_used, "error", is_used ? json_null()
			: gp_show_json_name(err.text)));
	else if (is_used)
		(void)printf("%s is used\n", work->path);
	else
		(void)gp_command_fail(1, "%s is not used: %s", work->path, err.text);
	return is_used;
}

static int compile(struct compilation *work)
{
	struct stat conf;
	int code = read_settings(work);

	if (code == EX_OK)
		code = check_readers(work, &conf);
	if (code == EX_OK)
		code = gp_command_write(work->path, 0644, &conf, write_bytes, work);
	forget(work);
	return code;
}

static int parse(int argc, char **argv, struct wishes *wishes)
{
	static const struct option names[] = {
		{ "check", no_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "nj", names, NULL)) != -1) {
		if (option == 'n')
			wishes->is_check = true;
		else if (option == 'j')
			wishes->is_json = true;
		else
			return EX_USAGE;
	}
	return optind < argc ? gp_command_fail(EX_USAGE, "compile takes no file; "
		"name it before: gatepostctl -c FILE compile") : EX_OK;
}

static int run(int argc, char **argv, const char *conf_path)
{
	struct compilation work = { .conf_path = NULL };
	struct wishes wishes = { false, false };
	int code = parse(argc, argv, &wishes);

	if (code != EX_OK)
		return code;
	work.conf_path = absolute_path(conf_path);
	if (work.conf_path == NULL)
		return gp_command_fail(EX_CONFIG, "%s: %s", conf_path,
				       strerror(errno));
	work.path = gp_compiled_path(work.conf_path);
	if (!wishes.is_check)
		code = compile(&work);
	if (code == EX_OK && !show(&work, wishes.is_json))
		code = 1;
	free(work.conf_path);
	free(work.path);
	return code;
}

const struct gp_command gp_command_compile = {
	.name = "compile",
	.arguments = "[--check] [--json]",
	.summary = "Compiles the settings, so that logins need not parse them",
	.help =
"  -n, --check  writes nothing, and says whether what is compiled is used\n"
"  -j, --json   for machines\n"
"\n"
"Writes gatepost.conf.compiled beside gatepost.conf.  Dovecot's plugins read it\n"
"as long as gatepost.conf and the files it includes are as they were, and parse\n"
"those otherwise.\n"
"Exit code 0: it is written, and used.  1: it is not used.  73: it cannot be\n"
"written.  78: the settings are not good, and nothing is written.\n",
	.run = run,
};
