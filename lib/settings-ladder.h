/* SPDX-License-Identifier: MIT */
/* This module turns the texts of a ladder's steps into what is done after how many
   early rounds, or says what is allowed instead. */
#ifndef GP_SETTINGS_LADDER_H
#define GP_SETTINGS_LADDER_H

#include <stddef.h>

#include "error.h"
#include "settings.h"

/* "after N: ACTION" as step index; step 0 replaces the ladder.  The row says whose
   actions are allowed and how far N goes.  0, or -1 with *err filled and that step
   untouched. */
int gp_ladder_store(const struct gp_setting *row, const char *text, size_t index,
		    struct gp_ladder *ladder, struct gp_error *err);

#endif
