/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in callbacks.h.
 *
 * What is not needed is negotiated away: no DATA or body ever comes here, headers
 * only if a rule needs them, and the MTA waits for an answer to MAIL, RCPT and the
 * end of the message only.  Nothing is
 * refused before MAIL: a refused HELO would take STARTTLS and AUTH with it, and
 * the client could not mend what it did.
 */
#include "callbacks.h"

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <stddef.h>

#include "answer.h"
#include "collect.h"
#include "edit.h"
#include "headers.h"
#include "policy-author.h"
#include "policy-submit.h"
#include "sending.h"
#include "session.h"

static struct gp_journal *journal;      /* set before any thread starts */

/* A session that was lost cannot be judged: defer, never pass. */
static struct gp_session *session_of(SMFICTX *context)
{
	return smfi_getpriv(context);
}

/* Steps that do not come at all, and those that the MTA waits for no answer to.
   Headers come only if a rule needs them. */
static unsigned long wanted_steps(const struct gp_settings *settings)
{
	const unsigned long never = SMFIP_NODATA | SMFIP_NOEOH | SMFIP_NOBODY |
		SMFIP_NOUNKNOWN | SMFIP_NR_CONN | SMFIP_NR_HELO;

	return never | (gp_headers_are_needed(settings) ? SMFIP_NR_HDR
							: SMFIP_NOHDRS);
}

static sfsistat on_negotiate(SMFICTX *context, unsigned long actions,
			     unsigned long steps, unsigned long unused2,
			     unsigned long unused3, unsigned long *actions_r,
			     unsigned long *steps_r, unsigned long *unused2_r,
			     unsigned long *unused3_r)
{
	struct gp_snapshot *snapshot = gp_snapshot_acquire();
	const struct gp_settings *settings = gp_snapshot_settings(snapshot);
	struct gp_session *session = gp_session_create();

	(void)unused2;
	(void)unused3;
	*actions_r = actions & (SMFIF_SETSYMLIST | gp_edit_actions(settings));
	*steps_r = steps & wanted_steps(settings);
	*unused2_r = 0;
	*unused3_r = 0;
	gp_snapshot_release(&snapshot);
	session->has_headers = (*steps_r & SMFIP_NOHDRS) == 0;
	session->replies_to_header = (*steps_r & SMFIP_NR_HDR) == 0;
	session->replies_to_connect = (*steps_r & SMFIP_NR_CONN) == 0;
	session->replies_to_helo = (*steps_r & SMFIP_NR_HELO) == 0;
	if (smfi_setpriv(context, session) != MI_SUCCESS) {
		gp_session_free(&session);
		return SMFIS_REJECT;
	}
	gp_collect_request_macros(context);
	return SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *context, char *name,
			   struct sockaddr *address)
{
	struct gp_session *session = session_of(context);

	(void)name;
	if (session == NULL)
		return SMFIS_TEMPFAIL;
	gp_session_begin(session);
	gp_collect_connect(context, address, session);
	return session->replies_to_connect ? SMFIS_CONTINUE : SMFIS_NOREPLY;
}

/* Needed for the macros that come with it. */
static sfsistat on_helo(SMFICTX *context, char *name)
{
	const struct gp_session *session = session_of(context);

	(void)name;
	if (session == NULL)
		return SMFIS_TEMPFAIL;
	return session->replies_to_helo ? SMFIS_CONTINUE : SMFIS_NOREPLY;
}

static sfsistat on_mail(SMFICTX *context, char **arguments)
{
	struct gp_session *session = session_of(context);
	struct gp_decision decision;
	sfsistat answer;

	if (session == NULL)
		return SMFIS_TEMPFAIL;
	gp_session_begin_message(session);
	gp_collect_mail(context, arguments[0], session);
	gp_policy_submit_mail(gp_snapshot_settings(session->snapshot),
			      &session->facts, &decision);
	answer = gp_answer(context, journal, session, &decision);
	if (answer == SMFIS_CONTINUE)
		answer = gp_sending_at_mail(context, journal, session);
	if (answer != SMFIS_CONTINUE)
		gp_session_end_message(session);
	return answer;
}

static sfsistat on_rcpt(SMFICTX *context, char **arguments)
{
	struct gp_session *session = session_of(context);
	struct gp_decision decision;
	sfsistat answer;

	if (session == NULL || !session->has_message)
		return SMFIS_TEMPFAIL;
	gp_collect_rcpt(context, arguments[0], session);
	gp_policy_submit_rcpt(gp_snapshot_settings(session->snapshot),
			      &session->facts, &decision);
	answer = gp_answer(context, journal, session, &decision);
	if (answer == SMFIS_CONTINUE)
		answer = gp_sending_at_rcpt(context, journal, session);
	gp_collect_forget_rcpt(session);
	return answer;
}

static sfsistat on_header(SMFICTX *context, char *name, char *value)
{
	struct gp_session *session = session_of(context);

	if (session == NULL || !session->has_message)
		return SMFIS_TEMPFAIL;
	gp_headers_note(gp_snapshot_settings(session->snapshot),
			session->message_pool, gp_session_authserv_id(session),
			name, value, &session->headers, &session->facts);
	return session->replies_to_header ? SMFIS_CONTINUE : SMFIS_NOREPLY;
}

/* The headers were judged; now they are changed where that was decided.  What
   cannot be changed does not pass. */
static sfsistat edit(SMFICTX *context, const struct gp_session *session,
		     const struct gp_decision *decision)
{
	const struct gp_settings *settings =
		gp_snapshot_settings(session->snapshot);

	if (gp_decision_effect(decision) == GP_ACTION_REWRITE &&
	    gp_edit_author(context, session) < 0)
		return SMFIS_TEMPFAIL;
	if (settings->headers.authentication_results && session->has_headers &&
	    gp_edit_authres(context, session) < 0)
		return SMFIS_TEMPFAIL;
	return SMFIS_CONTINUE;
}

static sfsistat on_end_of_message(SMFICTX *context)
{
	struct gp_session *session = session_of(context);
	struct gp_decision decision;
	sfsistat answer;

	if (session == NULL || !session->has_message)
		return SMFIS_TEMPFAIL;
	gp_policy_author(gp_snapshot_settings(session->snapshot),
			 &session->facts, &decision);
	answer = gp_answer(context, journal, session, &decision);
	if (answer == SMFIS_CONTINUE)
		answer = edit(context, session, &decision);
	/* The last rule, so that only what all others let through is counted. */
	if (answer == SMFIS_CONTINUE)
		answer = gp_sending_at_end(context, journal, session);
	gp_session_end_message(session);
	return answer;
}

/* Also comes without a message, after junk or a lost connection. */
static sfsistat on_abort(SMFICTX *context)
{
	struct gp_session *session = session_of(context);

	if (session != NULL)
		gp_session_end_message(session);
	return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *context)
{
	struct gp_session *session = session_of(context);

	gp_session_free(&session);
	(void)smfi_setpriv(context, NULL);
	return SMFIS_CONTINUE;
}

void gp_callbacks_use_journal(struct gp_journal *to_journal)
{
	journal = to_journal;
	gp_sending_use_journal(journal);
}

int gp_callbacks_register(void)
{
	static char name[] = "gatepost";
	const struct smfiDesc description = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_SETSYMLIST | SMFIF_ADDHDRS | SMFIF_CHGHDRS,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_header,
		.xxfi_eom = on_end_of_message,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_negotiate = on_negotiate,
	};

	return smfi_register(description) == MI_SUCCESS ? 0 : -1;
}
