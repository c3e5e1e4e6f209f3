/* SPDX-License-Identifier: MIT */
/* This module is documented in pop3-judge.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* POLLRDHUP */
#endif
#define GP_DOVECOT_POP3
#include "dovecot-compat.h"

#include <poll.h>
#include <sys/socket.h>

#include "access.h"
#include "log.h"
#include "plugin-dovecot.h"
#include "plugin-login.h"
#include "plugin-site.h"
#include "poll-session.h"
#include "pop3-judge.h"
#include "refusal.h"

#define CLIENT_CONTEXT(client) MODULE_CONTEXT(client, gp_pop3_client_module)
static MODULE_CONTEXT_DEFINE_INIT(gp_pop3_client_module,
				  &pop3_module_register);

/* How often to look whether a held client is still there. */
enum { LOOK_MSECS = 500 };

/* Lives in client->pool. */
struct gp_pop3_client {
	union pop3_module_context module_ctx;
	struct client *client;
	struct gp_poll_session *session;
	struct timeout *hold_timeout;   /* NULL: not held */
	int64_t held_until_msecs;
	const char *refusal;            /* for Dovecot's log; NULL: not refused */
};

static struct gp_plugin_site site;

/* --- hold --- */

static void stop_holding(struct gp_pop3_client *gc)
{
	timeout_remove(&gc->hold_timeout);
	if (gc->session != NULL)        /* it is NULL once the client goes */
		gp_poll_session_released(gc->session);
	gc->client->cmd = NULL;
}

/* Dovecot runs the command of a client when there is room for output, and once more
   when the client goes: then it must be gone. */
static void held_command(struct client *client)
{
	if (client->destroyed || client->output->closed)
		stop_holding(CLIENT_CONTEXT(client));
}

/* While it is held nobody reads, and a client that has sent a command and left
   would be held to the end. */
static bool client_has_left(const struct client *client)
{
	struct pollfd fd = { .fd = client->fd_in, .events = POLLRDHUP };

	return poll(&fd, 1, 0) > 0 &&
		(fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static void look_at_held(struct gp_pop3_client *gc)
{
	struct client *client = gc->client;

	if (gp_clock_monotonic_msecs() < gc->held_until_msecs &&
	    !client_has_left(client))
		return;
	stop_holding(gc);
	/* client_output() reads what has come meanwhile. */
	o_stream_set_flush_pending(client->output, TRUE);
}

static void hold(struct gp_pop3_client *gc, int64_t msecs)
{
	gc->held_until_msecs = gp_clock_monotonic_msecs() + msecs;
	gc->hold_timeout = timeout_add_short(LOOK_MSECS, look_at_held, gc);
	gc->client->cmd = held_command;
}

/* --- refuse --- */

/* Whatever Dovecot says from now on does not reach the client any more. */
static void refuse(struct gp_pop3_client *gc, const char *code, const char *words,
		   const char *error)
{
	struct client *client = gc->client;

	client_send_line(client, "-ERR [%s] %s", code, words);
	(void)o_stream_flush(client->output);
	(void)shutdown(client->fd_out, SHUT_WR);
	gc->refusal = error;
}

/* --- clients --- */

static void client_gone(struct client *client, const char *reason)
{
	struct gp_pop3_client *gc = CLIENT_CONTEXT(client);

	gp_poll_session_end(&gc->session, gp_clock_monotonic_msecs());
	gc->module_ctx.super.destroy(client, reason);
}

/* POP3 has no words for a notice: it is in the journal alone. */
static bool may_log_in(struct gp_pop3_client *gc)
{
	struct gp_access_facts facts;
	struct gp_decision decision;
	char text[GP_ACCESS_BYTES];

	if (!gp_plugin_find_access(gc->client->user, GP_PROTOCOL_POP3, &facts))
		return true;
	gp_access_judge(site.settings, gc->session, &facts, &decision);
	if (gp_decision_effect(&decision) != GP_ACTION_REFUSE)
		return true;
	refuse(gc, gp_access_code(GP_PROTOCOL_POP3, &decision),
	       gp_access_refusal_text(site.settings, GP_PROTOCOL_POP3,
				      &decision, text),
	       "gatepost: may not read mail this way");
	return false;
}

static void judge_check(struct gp_pop3_client *gc)
{
	struct gp_decision decision;
	char words[GP_REFUSAL_BYTES];

	gp_poll_session_login(gc->session, false, gp_clock_monotonic_msecs(),
			      &decision);
	switch (gp_decision_effect(&decision)) {
	case GP_ACTION_HOLD:
		hold(gc, decision.wait_msecs);
		break;
	case GP_ACTION_REFUSE:
		refuse(gc, "LOGIN-DELAY", gp_refusal_text(
			gp_poll_session_interval_msecs(gc->session), &decision,
			words), "gatepost: looks for new mail too often; told to "
			"come back later");
		break;
	default:
		break;
	}
}

static const char *attach_to_site(struct client *client)
{
	struct mail_user *user = client->user;
	struct gp_pop3_client *gc;
	struct gp_ip ip;

	gc = p_new(client->pool, struct gp_pop3_client, 1);
	gc->client = client;
	gc->module_ctx.super = client->v;
	client->v.destroy = client_gone;
	MODULE_CONTEXT_SET(client, gp_pop3_client_module, gc);

	gp_plugin_bring_begin(site.journal);
	gp_plugin_find_address(user, &ip);
	gc->session = gp_poll_session_create(site.settings, site.store,
					     site.journal, "pop3",
					     user->username, user->session_id,
					     &ip, gp_dovecot_local_port(user));
	gp_plugin_own_terms(user, gc->session);
	if (may_log_in(gc))
		judge_check(gc);
	return gc->refusal;
}

static const char *attach(struct client *client)
{
	return gp_plugin_site_open(&site, GP_PROTOCOL_POP3) ? attach_to_site(client)
							    : NULL;
}

/* --- the library --- */

static void begin(void)
{
	gp_log_set_sink(gp_plugin_log);
}

static void end(void)
{
	gp_plugin_bring_end();
	gp_plugin_site_close(&site);
	gp_log_set_sink(NULL);
}

GP_DOVECOT_EXPORT const struct gp_pop3_judge gp_pop3_judge = {
	.version = GP_PLUGIN_VERSION,
	.begin = begin,
	.end = end,
	.attach = attach,
};
