/* SPDX-License-Identifier: MIT */
/*
 * This module turns a line of the journal back into facts, as far as it tells them:
 * what it does not say is taken to have been good, unless the reason says otherwise.
 */
#ifndef GP_EXPLAIN_LINE_H
#define GP_EXPLAIN_LINE_H

#include "decision.h"
#include "explain-facts.h"
#include "journal.h"
#include "pool.h"
#include "settings.h"

/*
 * The facts of a line, to be held against settings.  Strings point into the entry
 * or pool.  1; 0 if the line is about an event and not a decision; -1 with *err
 * filled if it has words that nobody knows.
 */
int gp_line_facts(const struct gp_journal_entry *entry,
		  const struct gp_settings *settings, struct gp_pool *pool,
		  struct gp_typed_facts *facts_r, struct gp_error *err);

/* The decision as it was then; why and detail point into the entry.  0, or -1 with
   *err filled. */
int gp_line_decision(const struct gp_journal_entry *entry,
		     struct gp_decision *decision_r, struct gp_error *err);

#endif
