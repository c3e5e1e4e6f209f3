/* SPDX-License-Identifier: MIT */
/*
 * This module opens what a plugin works with: settings, history and journal.  It
 * does so once for each process, and on any doubt says that nothing is limited.
 * It knows nothing of Dovecot.
 */
#ifndef GP_PLUGIN_SITE_H
#define GP_PLUGIN_SITE_H

#include <stdbool.h>

#include "breaker.h"
#include "journal.h"
#include "settings.h"
#include "store.h"

struct gp_plugin_site {
	bool was_tried;
	bool has_work;                  /* for the protocol that was asked for */
	struct gp_settings *settings;
	struct gp_breaker *breaker;     /* of all mail processes of the host */
	struct gp_store *store;         /* NULL: no history */
	struct gp_journal *journal;     /* NULL: no lines */
};

/* Reads the settings when first called.  True if logins or checks are to be judged:
   then settings are there.  What is wrong goes to the log, once. */
bool gp_plugin_site_open(struct gp_plugin_site *site, enum gp_protocol protocol);

void gp_plugin_site_close(struct gp_plugin_site *site);

#endif
