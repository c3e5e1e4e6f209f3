/* SPDX-License-Identifier: MIT */
/* This module is "gatepostctl who --sending": what users have sent lately, beside
   what they may. */
#ifndef GP_WHO_SENDING_H
#define GP_WHO_SENDING_H

#include <stdbool.h>

#include "settings.h"

/* Shows one user, or all when user is NULL.  Returns a code of sysexits.h. */
int gp_who_sending(const struct gp_settings *settings, const char *user,
		   bool is_json);

#endif
