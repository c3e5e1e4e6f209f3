/* SPDX-License-Identifier: MIT */
/*
 * This module changes the headers of a message at its end.  It is the only
 * caller of smfi_chgheader() and smfi_insheader().
 *
 * Both MTAs apply edits in turn, and number the headers of a name anew after
 * each: so the last of them goes first, and what is new goes in front.
 */
#ifndef GP_EDIT_H
#define GP_EDIT_H

#include <libmilter/mfapi.h>

#include "session.h"

/* What has to be negotiated (SMFIF_*) for the settings; 0 for nothing. */
unsigned long gp_edit_actions(const struct gp_settings *settings);

/* From and Sender become the login's own; what stood there stays readable.  -1
   if the MTA would not do it: then the message must not pass. */
int gp_edit_author(SMFICTX *context, const struct gp_session *session);

/* Takes out Authentication-Results in our name and, for mail of who has logged
   in, puts ours on top. */
int gp_edit_authres(SMFICTX *context, const struct gp_session *session);

#endif
