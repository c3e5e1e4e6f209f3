/* SPDX-License-Identifier: MIT */
/* This module is documented in command.h: what several commands do. */
#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "journal.h"
#include "settings-parse.h"
#include "store-pseudonym.h"

bool gp_command_parse_json(int argc, char **argv, bool *is_json_r)
{
	static const struct option names[] = {
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	*is_json_r = false;
	while ((option = getopt_long(argc, argv, "j", names, NULL)) != -1) {
		if (option != 'j')
			return false;
		*is_json_r = true;
	}
	return true;
}

struct gp_store *gp_command_store(const struct gp_settings *settings,
				  struct gp_error *err)
{
	if (settings->redis.server[0] != '\0')
		return gp_store_open_to_review(settings, err);
	(void)gp_error_set(err, "redis.server is not set: nothing is kept of "
			   "anybody");
	return NULL;
}

int gp_command_journal(const struct gp_settings *settings, enum gp_reason reason,
		       const char *user, const char *detail, struct gp_error *err)
{
	const struct gp_decision decision = { .action = GP_ACTION_PASS };
	struct gp_journal *journal = gp_journal_open(settings, err);
	struct gp_journal_entry entry;

	if (journal == NULL)
		return -1;
	gp_journal_accept_pseudonyms(journal);
	gp_journal_entry_init(&entry);
	entry.part = "ctl";
	entry.action = gp_decision_word(&decision);
	entry.mode = gp_mode_word(GP_MODE_ENFORCE);
	entry.reason = gp_reason_word(reason);
	entry.user = user;
	entry.why = "gatepostctl";
	entry.detail = detail;
	gp_journal_write(journal, &entry);
	gp_journal_close(&journal);
	return 0;
}

int gp_command_load(const char *conf_path, bool must_exist,
		    struct gp_settings **settings_r, bool *has_settings_r)
{
	struct gp_error err;

	*has_settings_r = must_exist || access(conf_path, F_OK) == 0;
	if (!*has_settings_r)
		*settings_r = gp_settings_defaults();
	else if (gp_settings_load(conf_path, settings_r, &err) < 0)
		return gp_command_fail(EX_CONFIG, "%s", err.text);
	return EX_OK;
}

/* Takes fd over. */
static int fill_file(int fd, mode_t mode, const struct stat *like,
		     void (*write)(void *context, FILE *out), void *context)
{
	const mode_t mask = umask(0);
	FILE *out = fdopen(fd, "w");
	bool is_good;

	(void)umask(mask);
	if (out == NULL) {
		(void)close(fd);
		return -1;
	}
	write(context, out);
	is_good = (like == NULL || fchown(fd, like->st_uid, like->st_gid) == 0) &&
		fchmod(fd, mode & (like == NULL ? ~mask : like->st_mode)) == 0 &&
		fflush(out) == 0 && !ferror(out) && fsync(fd) == 0;
	return fclose(out) == 0 && is_good ? 0 : -1;
}

int gp_command_write(const char *path, mode_t mode, const struct stat *like,
		     void (*write)(void *context, FILE *out), void *context)
{
	char *other;
	int fd, code = EX_OK;

	if (strcmp(path, "-") == 0) {
		write(context, stdout);
		return EX_OK;
	}
	if (asprintf(&other, "%s.XXXXXX", path) < 0)
		return EX_OSERR;
	fd = mkstemp(other);
	if (fd < 0 || fill_file(fd, mode, like, write, context) < 0 ||
	    rename(other, path) < 0) {
		code = gp_command_fail(EX_CANTCREAT, "%s: %s", path,
				       strerror(errno));
		if (fd >= 0)
			(void)unlink(other);
	}
	free(other);
	return code;
}

const char *gp_command_author(void)
{
	const char *name = getenv("SUDO_USER");
	const struct passwd *user;

	if (name != NULL && *name != '\0')
		return name;
	user = getpwuid(getuid());
	return user != NULL ? user->pw_name : "-";
}
