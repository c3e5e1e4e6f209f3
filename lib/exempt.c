/* SPDX-License-Identifier: MIT */
/* This module is documented in exempt.h. */
#include "exempt.h"

#include <string.h>

bool gp_exempt_host(const struct gp_settings *settings,
		    const struct gp_submit_facts *facts)
{
	const struct gp_exemption_list *list = &settings->submission.exemptions;

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].is_network &&
		    facts->now_secs < list->items[i].until_secs &&
		    gp_network_contains(&list->items[i].network, &facts->client))
			return true;
	return false;
}

bool gp_exempt_login(const struct gp_settings *settings,
		     const struct gp_submit_facts *facts)
{
	const struct gp_exemption_list *list = &settings->submission.exemptions;

	for (size_t i = 0; i < list->count && facts->identity != NULL; i++)
		if (!list->items[i].is_network &&
		    facts->now_secs < list->items[i].until_secs &&
		    strcmp(list->items[i].login, facts->identity) == 0)
			return true;
	return false;
}
