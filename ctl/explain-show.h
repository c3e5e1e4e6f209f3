/* SPDX-License-Identifier: MIT */
/*
 * This module shows what "explain" has found: the decision, the answer that the
 * client gets, the setting with its file and line, and the rules considered.
 */
#ifndef GP_EXPLAIN_SHOW_H
#define GP_EXPLAIN_SHOW_H

#include <jansson.h>
#include <stdbool.h>

#include "explain-facts.h"
#include "explain-rules.h"
#include "journal.h"
#include "settings.h"

/* The answer as the client sees it; NULL if it is served as ever.  interval_secs is
   the one in force for a check.  part is a word of the journal. */
const char *gp_explain_answer(const struct gp_settings *settings,
			      struct gp_pool *pool, const char *part,
			      const struct gp_decision *decision,
			      int64_t interval_secs);

void gp_explain_show(const struct gp_settings *settings, const char *part,
		     const struct gp_rules *rules, bool has_table);
json_t *gp_explain_json(const struct gp_settings *settings, const char *part,
			const struct gp_rules *rules, bool has_table);

/* A line of the journal with what was decided then (its decision) and what the
   policy in force makes of it; rules NULL: it is about no decision. */
void gp_explain_show_line(const struct gp_settings *settings,
			  const struct gp_journal_entry *entry,
			  const struct gp_decision *then,
			  const struct gp_rules *rules);
json_t *gp_explain_line_json(const struct gp_settings *settings,
			     const struct gp_journal_entry *entry,
			     const struct gp_decision *then,
			     const struct gp_rules *rules);

#endif
