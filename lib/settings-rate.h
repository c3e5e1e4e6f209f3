/* SPDX-License-Identifier: MIT */
/*
 * This module turns the texts of section "rate" into limits and overrides, or
 * says what is allowed instead, and reads login.groups_file.
 */
#ifndef GP_SETTINGS_RATE_H
#define GP_SETTINGS_RATE_H

#include "error.h"
#include "settings.h"

/* "COUNT/TIME" as item index of a list; item 0 replaces what the list held, ""
   as item 0 empties it.  0, or -1 with *err filled and *limits untouched. */
int gp_rate_limits_store(struct gp_rate_limits *limits, const char *text,
			 size_t index, struct gp_error *err);

/* "WHO: messages COUNT/TIME ..., recipients COUNT/TIME ..." or "WHO: none", in
   the same way. */
int gp_rate_override_store(struct gp_rate_override_list *overrides,
			   const char *text, size_t index,
			   struct gp_error *err);
void gp_rate_overrides_free(struct gp_rate_override_list *overrides);

/* Reads a file of lines "GROUP: LOGIN, LOGIN" with '#' for comments; a group may
   stand on several lines.  Members are not sorted yet.  0, or -1 with *err filled ("PATH:LINE: ...") and
   *groups_r untouched. */
int gp_groups_read(const char *path, struct gp_group_list *groups_r,
		   struct gp_error *err);
void gp_groups_free(struct gp_group_list *groups);

/* Logins of overrides and groups become persons, as gp_login_normalise() says. */
void gp_rate_normalise_logins(struct gp_settings *settings);

/* What only shows when all is read: groups that are not there, limits over a
   longer time than redis.retention.  0, or -1 with *err filled and *offset_r at
   the setting that is wrong. */
int gp_rate_check(const struct gp_settings *settings, size_t *offset_r,
		  struct gp_error *err);

/* "30/1m", as people write it. */
enum { GP_RATE_WINDOW_BYTES = 64 };
const char *gp_rate_window_format(const struct gp_rate_window *window,
				  char buffer[GP_RATE_WINDOW_BYTES]);

#endif
