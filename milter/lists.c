/* SPDX-License-Identifier: MIT */
/* This module is documented in lists.h. */
#include "lists.h"

#include "log.h"
#include "settings-files.h"
#include "settings-parse.h"
#include "snapshot.h"

enum { LOOK_MSECS = 400 };

/* Of the main thread alone. */
static struct gp_lists_state tried;     /* read, or found broken */
static struct gp_lists_state seen;      /* at the last look */
static bool are_named;

void gp_lists_begin(void)
{
	struct gp_snapshot *snapshot = gp_snapshot_acquire();
	const struct gp_settings *settings = gp_snapshot_settings(snapshot);

	are_named = gp_lists_are_named(settings);
	tried = seen = *gp_settings_files_lists(settings);
	gp_snapshot_release(&snapshot);
}

int gp_lists_wait_msecs(void)
{
	return are_named ? LOOK_MSECS : -1;
}

static void read_anew(const struct gp_settings *old)
{
	struct gp_settings *settings;
	struct gp_error err;

	if (gp_settings_load_lists(old, &settings, &err) < 0) {
		gp_log(GP_LOG_ERROR, "lists not changed: %s", err.text);
		return;
	}
	gp_snapshot_replace(settings);
	gp_log(GP_LOG_INFO, "lists read again");
}

void gp_lists_check(void)
{
	struct gp_snapshot *snapshot = gp_snapshot_acquire();
	struct gp_lists_state now;

	gp_lists_look(gp_snapshot_settings(snapshot), &now);
	if (gp_lists_are_same(&now, &seen) && !gp_lists_are_same(&now, &tried)) {
		tried = now;
		read_anew(gp_snapshot_settings(snapshot));
	}
	seen = now;
	gp_snapshot_release(&snapshot);
}
