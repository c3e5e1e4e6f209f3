/* SPDX-License-Identifier: MIT */
/*
 * This module looks at the headers of a message as they come and keeps only what
 * a rule needs: the facts of author headers, and which Authentication-Results
 * are to go.  Ten thousand other headers cost nothing.
 */
#ifndef GP_HEADERS_H
#define GP_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

#include "facts.h"
#include "pool.h"
#include "settings.h"

struct gp_headers {
	const char *raw_from;           /* the first, cut at 900 bytes */
	const char *raw_sender;
	unsigned int authres_count;     /* seen so far */
	unsigned int *forged;           /* numbers of those with our name, from 1 */
	size_t forged_count;
};

/* Does any rule that is on need headers at all? */
bool gp_headers_are_needed(const struct gp_settings *settings);

/* Looks at one header line.  Its value is as libmilter hands it over without
   SMFIP_HDR_LEADSPC: folded, without the blank behind the colon. */
void gp_headers_note(const struct gp_settings *settings, struct gp_pool *pool,
		     const char *authserv_id, const char *name,
		     const char *value, struct gp_headers *headers,
		     struct gp_submit_facts *facts);

#endif
