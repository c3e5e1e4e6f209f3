/* SPDX-License-Identifier: MIT */
/*
 * This module understands the arguments of a command that checks for mail.
 */
#ifndef GP_IMAP_REQUEST_H
#define GP_IMAP_REQUEST_H

#include "dovecot-compat.h"

#include "facts.h"

/* A check with its arguments understood. */
struct gp_imap_request {
	enum gp_check check;
	const char *mailbox_text;       /* as the client wrote it */
	const char *mailbox;            /* its name in UTF-8 */
	struct mail_namespace *ns;
	struct imap_status_items items;
	bool has_parameters;            /* SELECT with CONDSTORE, QRESYNC, ... */
	bool is_selected;               /* the mailbox is the selected one */
};

/*
 * Reads the arguments of cmd.  1: *request_r is filled; its text lives until the
 * command function returns.  0: nothing to judge, let Dovecot run or refuse the
 * command.  -1: return FALSE to Dovecot; more input is awaited, or it has
 * answered.
 */
int gp_imap_request_read(struct client_command_context *cmd,
			 enum gp_check check,
			 struct gp_imap_request *request_r);

/* Is this what only a person does, and no program that looks for mail?  FETCH and
   SEARCH are not. */
bool gp_imap_is_human(const char *command);

#endif
