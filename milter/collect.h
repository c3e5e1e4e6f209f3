/* SPDX-License-Identifier: MIT */
/*
 * This module turns what the MTA says into facts.  It is the only caller of
 * smfi_getsymval(): a macro that is absent or makes no sense becomes "unknown",
 * which the policy never takes as permission.
 */
#ifndef GP_COLLECT_H
#define GP_COLLECT_H

#include <libmilter/mfapi.h>

#include "session.h"

struct sockaddr;

/* Asks the MTA for the macros that the rules need, step by step. */
void gp_collect_request_macros(SMFICTX *context);

void gp_collect_connect(SMFICTX *context, const struct sockaddr *address,
			struct gp_session *session);
void gp_collect_mail(SMFICTX *context, const char *sender,
		     struct gp_session *session);
void gp_collect_rcpt(SMFICTX *context, const char *recipient,
		     struct gp_session *session);

/* The recipient's strings are libmilter's and end with the callback. */
void gp_collect_forget_rcpt(struct gp_session *session);

#endif
