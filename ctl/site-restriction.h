/* SPDX-License-Identifier: MIT */
/*
 * This module walks Postfix's lists of restrictions for a stranger (no login, no
 * network of ours, no certificate) who wants mail relayed to a foreign domain.
 */
#ifndef GP_SITE_RESTRICTION_H
#define GP_SITE_RESTRICTION_H

#include "pool.h"
#include "site-postfix.h"

enum gp_site_strangers {
	GP_SITE_STRANGERS_RELAY,        /* nothing refuses */
	GP_SITE_STRANGERS_LOCAL,        /* foreign recipients are refused */
	GP_SITE_STRANGERS_SHUT_OUT      /* everything is refused */
};

/* Of all lists that a message passes, the strictest answer counts. */
enum gp_site_strangers gp_site_strangers(struct gp_pool *pool,
				const struct gp_postfix_service *service);

/* The restriction before a list's refusal whose word is as good as a permit
   although a stranger may say it (permit_tls_all_clientcerts ...); NULL if
   there is none.  Only of lists that refuse relaying. */
const char *gp_site_weak_permit(struct gp_pool *pool,
				const struct gp_postfix_service *service);

#endif
