/* SPDX-License-Identifier: MIT */
/*
 * This module asks services whether they answer, in their own protocols: a milter by
 * negotiation, the auth-policy service by HTTP.  All of a question is done within one
 * deadline; nothing is changed by it.
 */
#ifndef GP_STATUS_LINK_H
#define GP_STATUS_LINK_H

#include <stdint.h>

#include "error.h"
#include "socket-text.h"

/*
 * Negotiates as an MTA would and says good-bye.  0 with *usecs_r, how long that
 * took; -1 with *err filled.
 */
int gp_status_ask_milter(const struct gp_socket *address, int64_t deadline_msecs,
			 int64_t *usecs_r, struct gp_error *err);

enum { GP_VERSION_BYTES = 32 };

/*
 * Asks about a login of nobody, with the key; NULL asks without, which a service that
 * lives refuses.  version_r is what it says of itself, "" for nothing.  Returns as above.
 */
int gp_status_ask_authpolicy(const struct gp_socket *address, const char *key,
			     int64_t deadline_msecs, int64_t *usecs_r,
			     char version_r[GP_VERSION_BYTES],
			     struct gp_error *err);

/* A clock in microseconds that never jumps. */
int64_t gp_status_clock_usecs(void);

#endif
