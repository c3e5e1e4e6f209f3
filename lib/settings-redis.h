/* SPDX-License-Identifier: MIT */
/* This module holds what must be true of section redis as a whole, and copies it for
   who keeps a connection longer than the settings. */
#ifndef GP_SETTINGS_REDIS_H
#define GP_SETTINGS_REDIS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "settings.h"

/* 0, or -1 with *err filled and *offset_r at the setting that is wrong. */
int gp_redis_check(const struct gp_settings *settings, size_t *offset_r,
		   struct gp_error *err);

/* Is all of the sections redis and privacy the same? */
bool gp_redis_is_same(const struct gp_settings *a, const struct gp_settings *b);

/* Fills these sections of *copy_r, and nothing else; to be freed. */
void gp_redis_copy(const struct gp_settings *settings,
		   struct gp_settings *copy_r);
void gp_redis_free_copy(struct gp_settings *copy);

#endif
