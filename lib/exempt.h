/* SPDX-License-Identifier: MIT */
/*
 * This module looks up whether somebody is exempt from the rules of submission
 * (submission.exemptions) at a time.  Core.
 */
#ifndef GP_EXEMPT_H
#define GP_EXEMPT_H

#include <stdbool.h>

#include "facts.h"
#include "settings.h"

/* By the client's address. */
bool gp_exempt_host(const struct gp_settings *settings,
		    const struct gp_submit_facts *facts);

/* By the person; false if nobody has logged in. */
bool gp_exempt_login(const struct gp_settings *settings,
		     const struct gp_submit_facts *facts);

#endif
