/* SPDX-License-Identifier: MIT */
/*
 * This module asks sentinels which server is the master now (Redis documentation,
 * "Guidelines for Redis clients with support for Redis Sentinel").
 */
#ifndef GP_STORE_REDIS_SENTINEL_H
#define GP_STORE_REDIS_SENTINEL_H

#include "store-redis-link.h"

struct gp_redis_sentinels;

/* access must outlive it; servers, at most GP_REDIS_SERVERS_MAX, are copied. */
struct gp_redis_sentinels *gp_redis_sentinels_create(
	const struct gp_redis_access *access, const struct gp_socket *servers,
	int count);

/* A link to the master, for the caller to free; not connected.  The sentinel that
   answered is asked first the next time.  NULL with *err filled when none does in time,
   or when they know no master of the name redis.sentinel_master: what the first of them
   said that could be connected to. */
struct gp_redis_link *gp_redis_sentinels_find(
	struct gp_redis_sentinels *sentinels, int64_t deadline_msecs,
	struct gp_error *err);

/* Accepts NULL, leaves NULL. */
void gp_redis_sentinels_free(struct gp_redis_sentinels **sentinels);

#endif
