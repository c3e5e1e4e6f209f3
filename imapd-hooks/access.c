/* SPDX-License-Identifier: MIT */
/* This module is documented in access.h. */
#include "access.h"

#include "log.h"
#include "policy-access.h"

/* What of the login was not good enough, for the journal. */
static const char *detail_of(const struct gp_access_facts *facts,
			     const struct gp_decision *decision)
{
	return decision->reason == GP_REASON_MECHANISM ? facts->mechanism : NULL;
}

static bool give_notice(const struct gp_settings *settings,
			struct gp_poll_session *session, enum gp_protocol protocol)
{
	struct gp_decision notice;

	if (!gp_poll_session_is_untold(session, gp_clock_monotonic_msecs()))
		return false;
	gp_policy_access_notice(settings, protocol, &notice);
	gp_poll_session_note_access(session, &notice, NULL);
	return notice.mode == GP_MODE_ENFORCE;
}

void gp_access_judge(const struct gp_settings *settings,
		     struct gp_poll_session *session,
		     const struct gp_access_facts *facts,
		     struct gp_decision *decision_r)
{
	struct gp_access_facts complete = *facts;

	complete.user = gp_poll_session_user(session);
	complete.program = gp_poll_session_program(session);
	complete.now_secs = gp_clock_wall_msecs() / 1000;
	gp_policy_access(settings, &complete, decision_r);
	if (decision_r->action != GP_ACTION_PASS)
		gp_poll_session_note_access(session, decision_r,
					    detail_of(&complete, decision_r));
	if (decision_r->gives_notice)
		decision_r->gives_notice = give_notice(settings, session,
						       facts->protocol);
}
