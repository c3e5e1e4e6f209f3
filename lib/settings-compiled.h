/* SPDX-License-Identifier: MIT */
/*
 * This module writes and reads gatepost.conf.compiled: what gatepost.conf and its
 * includes assign, value by value, so that a process which lives for one login need
 * not parse them.  It is used only while each of these files is as it was when it was
 * compiled, and may be stale, damaged or missing at any time.  What the values mean,
 * this module does not know.
 *
 * The file is 8-byte words in the order of the host's bytes: a mark, the length in
 * bytes and a sum of the rest; then, each text filled up with NULs, the version of
 * gatepost, the sources with their states, and the values in the order in which they
 * were read.
 */
#ifndef GP_SETTINGS_COMPILED_H
#define GP_SETTINGS_COMPILED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "settings-files.h"

/* A value as libconfuse gave it.  Texts belong to whoever gives them. */
struct gp_compiled_value {
	const char *section, *name;
	size_t index;           /* of an item of a list */
	const char *text;
	const char *path;       /* one of the sources */
	int line;
};

/* --- writing --- */

struct gp_compiled_draft;

struct gp_compiled_draft *gp_compiled_draft_create(void);
/* Accepts NULL, leaves NULL. */
void gp_compiled_draft_free(struct gp_compiled_draft **draft);

/* path is one of files. */
void gp_compiled_draft_add(struct gp_compiled_draft *draft,
			   const struct gp_compiled_value *value,
			   const struct gp_settings_files *files);

/* The bytes of the file, once all values are there; free() them. */
void *gp_compiled_draft_finish(const struct gp_compiled_draft *draft,
			       const struct gp_settings_files *files,
			       size_t *length_r);

/* Writes length and sum into bytes: whole words, with the mark. */
void gp_compiled_seal(void *bytes, size_t length);

/* --- reading --- */

struct gp_compiled;

/* Where the settings of a file are compiled to; free() it. */
char *gp_compiled_path(const char *conf_path);

/* 1 and what is compiled, if it is to be believed and conf_path, by this name, and
   what it includes are unchanged; 0 if there is none; or -1 with *err filled ("why it
   is not used"). */
int gp_compiled_open(const char *conf_path, struct gp_compiled **compiled_r,
		     struct gp_error *err);
/* Accepts NULL, leaves NULL. */
void gp_compiled_close(struct gp_compiled **compiled);

/* Adds the sources, with their states and without their texts. */
void gp_compiled_name_files(const struct gp_compiled *compiled,
			    struct gp_settings_files *files);

/* 1 and the next value, whose texts live as long as compiled; 0 after the last; or -1
   if the file is damaged. */
int gp_compiled_next(struct gp_compiled *compiled,
		     struct gp_compiled_value *value_r);

#endif
