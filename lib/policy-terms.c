/* SPDX-License-Identifier: MIT */
/* This module is documented in policy-terms.h. */
#include "policy-terms.h"

#include <string.h>

#include "pattern.h"
#include "policy-rate.h"

static const char program_is[] = "program=";

static bool is_named(const struct gp_settings *settings, const char *name,
		     const struct gp_poll_subject *subject)
{
	const struct gp_group *group;

	if (strncmp(name, program_is, sizeof(program_is) - 1) == 0)
		return gp_pattern_matches(name + sizeof(program_is) - 1,
					  subject->program);
	if (name[0] != '@')
		return strcmp(name, subject->user) == 0;
	group = gp_group_find(&settings->login.groups, name + 1);
	return group != NULL && gp_group_contains(group, subject->user);
}

const struct gp_exemption *
gp_exemption_find(const struct gp_settings *settings,
		  const struct gp_exemption_list *list,
		  const struct gp_poll_subject *subject)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct gp_exemption *item = &list->items[i];

		if (subject->now_secs < item->until_secs &&
		    (item->is_network
		     ? gp_network_contains(&item->network, &subject->ip)
		     : is_named(settings, item->login, subject)))
			return item;
	}
	return NULL;
}

static const struct gp_poll_override *
find_override(const struct gp_settings *settings,
	      const struct gp_poll_subject *subject)
{
	const struct gp_poll_override_list *list = &settings->poll.overrides;

	for (size_t i = 0; i < list->count; i++) {
		const struct gp_poll_override *item = &list->items[i];

		if (item->is_network
		    ? gp_network_contains(&item->network, &subject->ip)
		    : is_named(settings, item->who, subject))
			return item;
	}
	return NULL;
}

static void apply(const struct gp_poll_override *override, const char *why,
		  struct gp_poll_terms *terms)
{
	terms->why = why;
	terms->is_exempt = override->is_lifted;
	if (override->names_mode)
		terms->mode = override->mode;
	if (override->names_ladder)
		terms->ladder = &override->ladder;
	if (override->names_login_ladder)
		terms->login_ladder = &override->login_ladder;
	if (!override->names_interval)
		return;
	/* An interval of their own does not follow the load. */
	terms->interval_secs = override->interval_secs;
	terms->interval_max_secs = override->interval_secs;
	if (terms->away_interval_secs < override->interval_secs)
		terms->away_interval_secs = override->interval_secs;
}

/* Finds the next longer one; 0 if there is none. */
static unsigned int next_window(const struct gp_ladder *const ladders[2],
				unsigned int secs)
{
	unsigned int next = 0;

	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < ladders[i]->count; k++) {
			const unsigned int within =
				ladders[i]->steps[k].within_secs;

			if (within > secs && (next == 0 || within < next))
				next = within;
		}
	}
	return next;
}

size_t gp_poll_terms_windows(const struct gp_poll_terms *terms,
			     unsigned int secs_r[GP_LADDER_WINDOWS_MAX])
{
	const struct gp_ladder *const ladders[] = {
		terms->ladder, terms->login_ladder
	};
	unsigned int secs = 0;
	size_t count = 0;

	for (size_t i = 0; i < GP_LADDER_WINDOWS_MAX; i++)
		secs_r[i] = 0;
	while ((secs = next_window(ladders, secs)) != 0) {
		if (count < GP_LADDER_WINDOWS_MAX)
			secs_r[count] = secs;
		count++;
	}
	return count;
}

bool gp_poll_has_rules(const struct gp_settings *settings)
{
	const struct gp_poll_override_list *list = &settings->poll.overrides;

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].names_mode && list->items[i].mode != GP_MODE_OFF)
			return true;
	return settings->poll.mode != GP_MODE_OFF;
}

void gp_poll_terms_default(const struct gp_settings *settings,
			   struct gp_poll_terms *terms_r)
{
	*terms_r = (struct gp_poll_terms){
		.mode = settings->poll.mode,
		.interval_secs = settings->poll.interval_secs,
		.interval_max_secs = settings->poll.interval_max_secs,
		.away_interval_secs = settings->poll.away_interval_secs,
		.ladder = &settings->poll.ladder,
		.login_ladder = &settings->poll.login_ladder,
	};
}

void gp_poll_terms_find(const struct gp_settings *settings,
			const struct gp_poll_subject *subject,
			struct gp_poll_terms *terms_r)
{
	const struct gp_poll_override *override = find_override(settings, subject);

	gp_poll_terms_default(settings, terms_r);
	terms_r->override = override;
	if (override != NULL)
		apply(override, "poll.overrides", terms_r);
	if (subject->own != NULL)
		apply(subject->own, "userdb", terms_r);
	terms_r->exemption = gp_exemption_find(
		settings, &settings->poll.exemptions, subject);
	if (terms_r->exemption != NULL) {
		terms_r->is_exempt = true;
		terms_r->why = "poll.exemptions";
	} else if (subject->by_hand != NULL &&
		   gp_exemption_find(settings, subject->by_hand, subject) != NULL) {
		terms_r->is_exempt = true;
		terms_r->why = "exempt";
	}
}
