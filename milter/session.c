/* SPDX-License-Identifier: MIT */
/* This module is documented in session.h. */
#include "session.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

enum { ID_DIGITS = 8 };

static atomic_uint open_sessions;
static atomic_uint open_messages;
static atomic_bool is_stopping;
static atomic_uint session_number;

/* Unique among the connections of this process, and hardly ever the same after
   a restart. */
static void name_session(struct gp_session *session)
{
	static _Atomic unsigned int start;
	unsigned int seed = atomic_load(&start);

	if (seed == 0) {
		seed = ((unsigned int)gp_clock_wall_msecs() << 8 ^
			(unsigned int)getpid()) | 1;
		atomic_store(&start, seed);
	}
	seed += atomic_fetch_add(&session_number, 1);
	session->id[0] = 'm';
	for (int digit = ID_DIGITS; digit > 0; digit--, seed >>= 4)
		session->id[digit] = "0123456789abcdef"[seed & 15];
	session->id[ID_DIGITS + 1] = '\0';
}

struct gp_session *gp_session_create(void)
{
	struct gp_session *session = gp_alloc(sizeof(*session));

	(void)atomic_fetch_add(&open_sessions, 1);
	session->message_pool = gp_pool_create();
	session->connection_pool = gp_pool_create();
	return session;
}

void gp_session_begin(struct gp_session *session)
{
	gp_session_end_message(session);
	name_session(session);
	session->mta = GP_MTA_UNKNOWN;
	session->port_known = false;
	session->port = 0;
	memset(&session->client, 0, sizeof(session->client));
}

void gp_session_begin_message(struct gp_session *session)
{
	gp_session_end_message(session);
	session->has_message = true;
	session->snapshot = gp_snapshot_acquire();
	(void)atomic_fetch_add(&open_messages, 1);
}

void gp_session_end_message(struct gp_session *session)
{
	if (!session->has_message)
		return;
	session->has_message = false;
	session->rate_is_noted = false;
	memset(&session->facts, 0, sizeof(session->facts));
	memset(&session->headers, 0, sizeof(session->headers));
	gp_pool_reset(session->message_pool);
	gp_snapshot_release(&session->snapshot);
	(void)atomic_fetch_sub(&open_messages, 1);
}

void gp_session_free(struct gp_session **session)
{
	if (*session == NULL)
		return;
	gp_session_end_message(*session);
	gp_pool_free(&(*session)->message_pool);
	gp_pool_free(&(*session)->connection_pool);
	free(*session);
	*session = NULL;
	(void)atomic_fetch_sub(&open_sessions, 1);
}

unsigned int gp_session_open_count(void)
{
	return atomic_load(&open_sessions);
}

const char *gp_session_authserv_id(const struct gp_session *session)
{
	const struct gp_settings *settings =
		gp_snapshot_settings(session->snapshot);

	if (settings->headers.authserv_id[0] != '\0')
		return settings->headers.authserv_id;
	return session->authserv_id != NULL ? session->authserv_id : "localhost";
}

unsigned int gp_session_open_messages(void)
{
	return atomic_load(&open_messages);
}

void gp_session_stop_new_messages(void)
{
	atomic_store(&is_stopping, true);
}

bool gp_session_is_stopping(void)
{
	return atomic_load(&is_stopping);
}
