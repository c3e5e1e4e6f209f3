/* SPDX-License-Identifier: MIT */
/*
 * This module looks who may read a server's private key: whoever has it can
 * pass for the server and take passwords.
 */
#ifndef GP_SITE_KEY_H
#define GP_SITE_KEY_H

#include "site-finding.h"

/* Reports a danger when the file at path, which a setting in file names, holds a
   private key that everybody may read. */
void gp_site_check_key(struct gp_site *site, const char *file,
		       const char *setting, const char *path);

#endif
