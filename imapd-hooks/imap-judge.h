/* SPDX-License-Identifier: MIT */
/*
 * This module judges what a client of the imap process does: it wraps the commands by
 * which a program looks for new mail, asks the poll session what each of them gets, and
 * has it served, answered from memory, or held.  It is a guest: on any doubt the original
 * command runs.
 *
 * With all that it needs it is a library of its own, libgatepost_imap.so, which the
 * plugin loads for a client that is no plain login, or does more than look for mail
 * once.
 */
#ifndef GP_IMAP_JUDGE_H
#define GP_IMAP_JUDGE_H

#include "dovecot-compat.h"

#include "poll-session.h"
#include "program.h"

struct gp_imap_memory;

/* Lives in client->pool. */
struct gp_imap_client {
	union imap_module_context module_ctx;
	struct client *client;
	struct gp_poll_session *session;   /* NULL once the client is going */
	struct gp_imap_memory *memory;
	struct gp_decision access;      /* PASS unless the login was judged */
	int64_t interval_msecs;
	bool had_check;
	struct gp_program_id id_given;  /* by ID after the login */
};

/*
 * What the plugin calls, for each client that is the plugin's; it has loaded this library
 * then.
 */
struct gp_imap_judge {
	const char *version;            /* that of the plugin, or it is not used */

	/* Wraps commands: from now on they are found with other functions. */
	void (*begin)(void);
	void (*end)(void);

	/* From now on the client is judged.  has_looked: it was found to be a plain login,
	   and its first check has been counted. */
	void (*attach)(struct client *client, bool has_looked);

	/* Around each command of such a client. */
	command_hook_callback_t *before_command, *after_command;
};

#define GP_IMAP_LIBRARY_NAME "libgatepost_imap.so"
#define GP_IMAP_LIBRARY_SYMBOL "gp_imap_judge"

extern const struct gp_imap_judge gp_imap_judge;

#endif
