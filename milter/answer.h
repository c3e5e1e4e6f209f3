/* SPDX-License-Identifier: MIT */
/*
 * This module turns a decision into the answer for the MTA and a journal line.
 * It is the only caller of smfi_setreply().
 */
#ifndef GP_ANSWER_H
#define GP_ANSWER_H

#include <libmilter/mfapi.h>

#include "decision.h"
#include "journal.h"
#include "session.h"

/* Writes a line, whatever the decision. */
void gp_answer_note(struct gp_journal *journal,
		    const struct gp_session *session,
		    const struct gp_decision *decision);

/* Writes a line if something is refused, and tells the MTA. */
sfsistat gp_answer(SMFICTX *context, struct gp_journal *journal,
		   const struct gp_session *session,
		   const struct gp_decision *decision);

#endif
