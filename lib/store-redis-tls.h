/* SPDX-License-Identifier: MIT */
/*
 * This module puts TLS (RFC 8446) around a connection to Redis, within a deadline, and
 * holds the server's certificate against its name (RFC 9525).
 */
#ifndef GP_STORE_REDIS_TLS_H
#define GP_STORE_REDIS_TLS_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>

#include "store-redis-access.h"

struct ssl_st;

/* context is connected and does not block; name is what the certificate must hold,
   a host name or an address.  0 with *tls_r of the context, freed with it; or -1 with
   *err filled.  deadline_msecs is on the monotonic clock. */
int gp_redis_tls_start(const struct gp_redis_access *access,
		       redisContext *context, const char *name,
		       int64_t deadline_msecs, struct ssl_st **tls_r,
		       struct gp_error *err);

/* Has it taken bytes from the socket that nobody has read yet?  tls may be NULL. */
bool gp_redis_tls_has_bytes(const struct ssl_st *tls);

#endif
