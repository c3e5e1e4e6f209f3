/* SPDX-License-Identifier: MIT */
/*
 * This module judges a login by section "access" of the settings, once for each
 * session, and writes what was decided into the journal.  Shared by the plugins and
 * gatepost-postlogin; it knows nothing of Dovecot.
 */
#ifndef GP_ACCESS_H
#define GP_ACCESS_H

#include "access-words.h"
#include "facts.h"
#include "poll-session.h"
#include "settings.h"

/* user, program and time of the facts are filled in here.  Look at
   gp_decision_effect(): PASS or REFUSE.  decision_r->gives_notice if the user is to be
   told now that the protocol is being retired, which is once a day. */
void gp_access_judge(const struct gp_settings *settings,
		     struct gp_poll_session *session,
		     const struct gp_access_facts *facts,
		     struct gp_decision *decision_r);

#endif
