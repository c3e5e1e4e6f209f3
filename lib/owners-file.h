/* SPDX-License-Identifier: MIT */
/*
 * This module reads identity.alias_file: who may use which address.  A line is
 * "address owner, owner" or "@domain owner"; '#' begins a comment.  What an
 * aliases file of an MTA has before the owners, a colon, may stand there too.
 */
#ifndef GP_OWNERS_FILE_H
#define GP_OWNERS_FILE_H

#include "error.h"
#include "settings.h"

/* Fills settings->identity.owners from the text of a file, which is changed.
   Logins are normalised as the settings say.  0, or -1 with *err filled
   ("PATH:LINE: ..."). */
int gp_owners_read(struct gp_settings *settings, const char *path, char *text,
		   size_t length, struct gp_error *err);

#endif
