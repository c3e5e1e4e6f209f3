/* SPDX-License-Identifier: MIT */
/*
 * This module decides whether a user who has logged in may send one more message
 * now: which limits hold for whom, and what is answered when one is reached or
 * when Redis is silent.  Core.
 */
#ifndef GP_POLICY_RATE_H
#define GP_POLICY_RATE_H

#include "decision.h"
#include "facts.h"
#include "settings.h"

/* What holds for one login. */
struct gp_rate_policy {
	struct gp_rate_terms terms;
	unsigned int recipients_per_message;    /* 0: any number */
	/* The settings that gave them; static text. */
	const char *why[GP_RATE_KINDS], *why_per_message;
	const struct gp_rate_override *override;        /* that fits; or NULL */
};

/* By whom mail is counted; NULL: by nobody, since nobody has logged in. */
const char *gp_policy_rate_user(const struct gp_submit_facts *facts);

/* The general limits with the first override that names the login or a group
   that it belongs to. */
void gp_policy_rate_find(const struct gp_settings *settings, const char *login,
			 struct gp_rate_policy *policy_r);

/*
 * Decides about one more message.  The number of recipients comes first, since
 * no waiting would help; then a silent store, if the policy is to defer; then
 * the windows.  wait_msecs is rounded up to a whole millisecond.
 */
void gp_policy_rate(const struct gp_settings *settings,
		    const struct gp_rate_policy *policy,
		    const struct gp_rate_facts *facts,
		    struct gp_decision *decision_r);

/* The group of that name, or NULL. */
const struct gp_group *gp_group_find(const struct gp_group_list *groups,
				     const char *name);

/* Is the person in it? */
bool gp_group_contains(const struct gp_group *group, const char *login);

#endif
