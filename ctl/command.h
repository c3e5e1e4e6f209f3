/* SPDX-License-Identifier: MIT */
/*
 * This module is the form of a command of gatepostctl: one command, one file,
 * one row in main.c's table; and what several of them do.
 */
#ifndef GP_COMMAND_H
#define GP_COMMAND_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "error.h"
#include "settings.h"

struct gp_command {
	const char *name;
	const char *arguments;          /* as in the usage line */
	const char *summary;            /* one line */
	const char *help;               /* what follows it, for --help */
	/* argv[0] is the command's name.  Returns a code of sysexits.h. */
	int (*run)(int argc, char **argv, const char *conf_path);
};

extern const struct gp_command gp_command_check;
extern const struct gp_command gp_command_check_site;
extern const struct gp_command gp_command_compile;
extern const struct gp_command gp_command_exempt;
extern const struct gp_command gp_command_explain;
extern const struct gp_command gp_command_forget;
extern const struct gp_command gp_command_log;
extern const struct gp_command gp_command_metrics;
extern const struct gp_command gp_command_probe;
extern const struct gp_command gp_command_replay;
extern const struct gp_command gp_command_report;
extern const struct gp_command gp_command_reset;
extern const struct gp_command gp_command_status;
extern const struct gp_command gp_command_user;
extern const struct gp_command gp_command_who;

/* "gatepostctl: ..." on standard error; returns code. */
int gp_command_fail(int code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* For commands that have no other option than --json: the words begin at optind.  False
   after an option that there is not. */
bool gp_command_parse_json(int argc, char **argv, bool *is_json_r);

struct gp_store;

/* The store, where history is kept at all; else NULL, with *err filled. */
struct gp_store *gp_command_store(const struct gp_settings *settings,
				  struct gp_error *err);

/* A line of the journal about what an administrator does with gatepostctl: reason is
   an event of decision.h, detail text.  -1 with *err filled if it cannot be written. */
int gp_command_journal(const struct gp_settings *settings, enum gp_reason reason,
		       const char *user, const char *detail, struct gp_error *err);

/* A host that only collects logs has no settings: then, unless they must exist, the
   defaults.  EX_OK, or another code after saying what is wrong. */
int gp_command_load(const char *conf_path, bool must_exist,
		    struct gp_settings **settings_r, bool *has_settings_r);

/* Has write fill a file, under another name first: whoever opens it sees a whole one;
   "-" is standard output.  It gets the owner and group of like, and of mode what like
   has too; without like it is ours, and gets what the umask leaves.  EX_OK, or another
   code after saying what is wrong. */
int gp_command_write(const char *path, mode_t mode, const struct stat *like,
		     void (*write)(void *context, FILE *out), void *context);

/* Who it is that types. */
const char *gp_command_author(void);

/* The person behind a login name, to be freed; NULL for none. */
char *gp_command_person(const struct gp_settings *settings, const char *user);

#endif
