/* SPDX-License-Identifier: MIT */
/*
 * This module knows what the program of a session calls itself (IMAP ID, RFC 2971),
 * before the login, after it, and once the session is back from hibernation.
 */
#ifndef GP_IMAP_PROGRAM_H
#define GP_IMAP_PROGRAM_H

#include "imap-judge.h"

/* The session begins or goes on: names it as GP_PLUGIN_ID_FIELD says, if there is one. */
void gp_imap_program_begin(struct gp_imap_client *gc);

/* The arguments of an ID command; may talk to the store. */
void gp_imap_program_given(struct gp_imap_client *gc,
			   const struct imap_arg *args);

/* The session is about to hibernate: has Dovecot hand that field to the process
   that it goes on in. */
void gp_imap_program_keep(struct gp_imap_client *gc);

#endif
