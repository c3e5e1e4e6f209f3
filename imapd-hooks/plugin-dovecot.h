/* SPDX-License-Identifier: MIT */
/*
 * This module is what the plugins share that knows Dovecot: who the client is, and
 * Dovecot's log.
 */
#ifndef GP_PLUGIN_DOVECOT_H
#define GP_PLUGIN_DOVECOT_H

#include "log.h"
#include "poll-session.h"

struct mail_user;

/* How the user has logged in.  False for a session that nobody can judge: without a
   network, or back from hibernation, where Dovecot has forgotten about TLS. */
bool gp_plugin_find_access(const struct mail_user *user, enum gp_protocol protocol,
			   struct gp_access_facts *facts_r);

/* What the userdb says of the user: fields gatepost_interval, gatepost_mode,
   gatepost_ladder and gatepost_login_ladder. */
void gp_plugin_own_terms(const struct mail_user *user,
			 struct gp_poll_session *session);

/* Lets lines of the journal follow to the stream in Redis, if there is one, a little
   after the client has its answer.  journal may be NULL; until gp_plugin_bring_end(). */
void gp_plugin_bring_begin(struct gp_journal *journal);
void gp_plugin_bring_end(void);

gp_log_sink gp_plugin_log;

#endif
