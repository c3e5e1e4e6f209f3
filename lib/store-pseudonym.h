/* SPDX-License-Identifier: MIT */
/*
 * This module opens the history with pseudonyms before it, where the settings want
 * them: the store behind never sees a user name or a client address.
 */
#ifndef GP_STORE_PSEUDONYM_H
#define GP_STORE_PSEUDONYM_H

#include "store.h"

/* The store that the settings name.  NULL with *err filled when they, or the secret,
   cannot be used.  settings must outlive the store. */
struct gp_store *gp_store_open(const struct gp_settings *settings,
			       struct gp_error *err);

/* The same, and it heeds a breaker that others heed too and that outlives it. */
struct gp_store *gp_store_open_shared(const struct gp_settings *settings,
				      struct gp_breaker *breaker,
				      struct gp_error *err);

/* The first again for gatepostctl: a user may be named by the pseudonym as well. */
struct gp_store *gp_store_open_to_review(const struct gp_settings *settings,
					 struct gp_error *err);

#endif
