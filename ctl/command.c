/* SPDX-License-Identifier: MIT */
/* This module is documented in command.h: what several commands do. */
#include "command.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "journal.h"
#include "store.h"

struct gp_store *gp_command_store(const struct gp_settings *settings,
				  struct gp_error *err)
{
	if (settings->redis.server[0] != '\0')
		return gp_store_redis_open(settings, err);
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

const char *gp_command_author(void)
{
	const char *name = getenv("SUDO_USER");
	const struct passwd *user;

	if (name != NULL && *name != '\0')
		return name;
	user = getpwuid(getuid());
	return user != NULL ? user->pw_name : "-";
}
