/* SPDX-License-Identifier: MIT */
/*
 * This module turns the texts of poll.overrides, and the fields of Dovecot's userdb
 * that say the same of one user, into overrides, or says what is allowed instead; and
 * looks at what of sections "poll" and "access" only shows when all is read.
 */
#ifndef GP_SETTINGS_POLL_H
#define GP_SETTINGS_POLL_H

#include <stddef.h>

#include "error.h"
#include "settings.h"

/* "WHO: interval TIME, mode MODE, ladder STEP; STEP" or "WHO: none" as item index of
   the list; item 0 replaces what the list held, "" as item 0 empties it.  0, or -1
   with *err filled and the list untouched. */
int gp_poll_override_store(struct gp_poll_override_list *overrides,
			   const char *text, size_t index, struct gp_error *err);
void gp_poll_overrides_free(struct gp_poll_override_list *overrides);

/* One of them by itself: name is mode, interval, ladder or login_ladder.  0, or -1
   with *err filled and the override untouched. */
int gp_poll_override_set(struct gp_poll_override *override, const char *name,
			 const char *value, struct gp_error *err);

/* What only shows when all is read: groups that are not there.  Logins become
   persons.  0, or -1 with *err filled and *offset_r at the setting that is wrong. */
int gp_poll_check(struct gp_settings *settings, size_t *offset_r,
		  struct gp_error *err);

#endif
