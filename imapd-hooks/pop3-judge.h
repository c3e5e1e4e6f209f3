/* SPDX-License-Identifier: MIT */
/*
 * This module judges a client of the pop3 process: an early one is served, held or
 * refused.  Dovecot says "+OK Logged in." after it; so a refusal spares the mailbox, and
 * a held client has its +OK and waits for the answer to its first command.
 *
 * With all that it needs it is a library of its own, libgatepost_pop3.so, which the
 * plugin loads for a client that is no plain login.
 */
#ifndef GP_POP3_JUDGE_H
#define GP_POP3_JUDGE_H

struct client;

/* What the plugin calls, for each client that is the plugin's and no plain login. */
struct gp_pop3_judge {
	const char *version;            /* that of the plugin, or it is not used */

	void (*begin)(void);
	void (*end)(void);

	/* NULL, or for Dovecot's log why the client, who has been told, may not go on. */
	const char *(*attach)(struct client *client);
};

#define GP_POP3_LIBRARY_NAME "libgatepost_pop3.so"
#define GP_POP3_LIBRARY_SYMBOL "gp_pop3_judge"

extern const struct gp_pop3_judge gp_pop3_judge;

#endif
