/* SPDX-License-Identifier: MIT */
/*
 * This module holds users to the sending rates: it brings together what Redis
 * and this process remember, lets policy-rate.c decide and answers.  A message is
 * counted once, at its end, when nothing else has refused it; before that, what
 * the last answer of Redis said is enough to refuse at the first command.
 */
#ifndef GP_SENDING_H
#define GP_SENDING_H

#include <libmilter/mfapi.h>

#include "journal.h"
#include "session.h"
#include "settings.h"

/* After all other rules have let the command through. */
sfsistat gp_sending_at_mail(SMFICTX *context, struct gp_journal *journal,
			    struct gp_session *session);
sfsistat gp_sending_at_rcpt(SMFICTX *context, struct gp_journal *journal,
			    struct gp_session *session);
sfsistat gp_sending_at_end(SMFICTX *context, struct gp_journal *journal,
			   struct gp_session *session);

/* Where it is said that Redis went, and that it is back.  Before any thread is
   started; the journal must outlive the milter. */
void gp_sending_use_journal(struct gp_journal *journal);

/* Settings without Redis are in force from now on, after old ones with it or, if old is
   NULL, from the start: says once that what is counted ends with this process. */
void gp_sending_tell_store(const struct gp_settings *old,
			   const struct gp_settings *settings);

#endif
