/* SPDX-License-Identifier: MIT */
/*
 * This module reads and writes the header Authentication-Results (RFC 8601):
 * whose word one is, and our own word about a login.
 */
#ifndef GP_AUTHRES_H
#define GP_AUTHRES_H

#include <stdbool.h>

#include "pool.h"

/*
 * Does the value of such a header bear this authserv-id, in any case, quoted,
 * after comments, with a dot behind it?  Also true for a value that names
 * nobody who could be read: RFC 8601 section 5 lets us remove more than we must.
 */
bool gp_authres_has_id(const char *value, const char *authserv_id);

/* "id; auth=pass smtp.auth=alice smtp.mailfrom=a@b", in the pool.  mailfrom may
   be NULL or "".  Nothing in login or mailfrom can end its value. */
const char *gp_authres_of_login(struct gp_pool *pool, const char *authserv_id,
				const char *login, const char *mailfrom);

#endif
