/* SPDX-License-Identifier: MIT */
/*
 * This module runs the core on facts and keeps each rule that it considered: the
 * value that was compared, what came of it, and which item of the settings it was.
 */
#ifndef GP_EXPLAIN_RULES_H
#define GP_EXPLAIN_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "decision.h"
#include "explain-facts.h"
#include "policy-rate.h"
#include "policy-terms.h"
#include "pool.h"
#include "settings.h"

struct gp_rule {
	const char *setting;    /* "poll.interval" */
	const char *about;      /* "From": which of what it looks at, or NULL */
	size_t item;            /* of a list, else GP_PLACE_WHOLE */
	const char *mode;       /* a word */
	const char *compared;   /* may hold what clients have sent */
	const char *result;     /* a word */
	bool is_decisive;
};

struct gp_rules {
	struct gp_pool *pool;   /* of their texts */
	struct gp_rule *items;
	size_t count;
	struct gp_decision decision;
	int64_t interval_secs;  /* of a check: the one in force */
};

/* What came of the facts; rules_r to be cleared.  facts may be completed: the
   person and the terms are found by the settings. */
void gp_rules_find(const struct gp_settings *settings, struct gp_pool *pool,
		   struct gp_typed_facts *facts, struct gp_rules *rules_r);

void gp_rules_clear(struct gp_rules *rules);

/* For the parts of this module. */
struct gp_rule *gp_rules_add(struct gp_rules *rules, const char *setting,
			     size_t item, const char *mode, const char *compared,
			     const char *result);
void gp_rules_poll(const struct gp_settings *settings,
		   struct gp_typed_facts *facts, struct gp_rules *rules);
void gp_rules_access(const struct gp_settings *settings,
		     struct gp_typed_facts *facts, struct gp_rules *rules);
/* about: as gp_witness_hear() has it. */
const char *gp_rule_compared(const struct gp_settings *settings,
			     const struct gp_typed_facts *facts,
			     const char *setting, const char *about,
			     enum gp_reason reason);
bool gp_rule_is_unknown(const struct gp_typed_facts *facts, const char *setting,
			const char *about);

#endif
