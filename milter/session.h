/* SPDX-License-Identifier: MIT */
/*
 * This module owns what the milter knows of one connection of the MTA and of
 * the message that is open on it: birth, reset and death.  libmilter moves a
 * connection from thread to thread, so nothing is kept anywhere else.
 */
#ifndef GP_SESSION_H
#define GP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "facts.h"
#include "headers.h"
#include "pool.h"
#include "snapshot.h"

struct gp_session {
	char id[12];                    /* of the connection, for the journal */
	bool replies_to_connect;        /* as negotiated with the MTA */
	bool replies_to_helo;

	bool has_headers;               /* the MTA was asked for them */
	bool replies_to_header;
	const char *authserv_id;        /* in connection_pool */
	struct gp_pool *connection_pool;
	struct gp_ip peer;              /* who connected, before any XCLIENT */

	/* of the connection */
	enum gp_mta mta;
	bool port_known;
	unsigned int port;
	struct gp_ip client;

	/* of the message; nothing survives into the next one */
	bool has_message;
	struct gp_pool *message_pool;
	struct gp_snapshot *snapshot;
	struct gp_submit_facts facts;
	bool rate_is_noted;             /* an observed rate is in the journal */
	struct gp_headers headers;
};

struct gp_session *gp_session_create(void);

/* A client (or, after XCLIENT, another one) has connected: forgets all that was
   known of the one before. */
void gp_session_begin(struct gp_session *session);

/* MAIL FROM: forgets the message before and takes the settings in force. */
void gp_session_begin_message(struct gp_session *session);

/* The message is done, refused or aborted. */
void gp_session_end_message(struct gp_session *session);

/* The name that Authentication-Results of this message bear: of the settings,
   else of the MTA. */
const char *gp_session_authserv_id(const struct gp_session *session);

/* Accepts NULL, leaves NULL. */
void gp_session_free(struct gp_session **session);

/* How many connections of MTAs are open. */
unsigned int gp_session_open_count(void);

/* How many messages are open on all connections. */
unsigned int gp_session_open_messages(void);

/* From now on new messages see is_stopping. */
void gp_session_stop_new_messages(void);
bool gp_session_is_stopping(void);

#endif
