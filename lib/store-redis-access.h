/* SPDX-License-Identifier: MIT */
/*
 * This module holds what it takes to be let in by servers of Redis and by sentinels:
 * passwords, and what TLS needs.
 */
#ifndef GP_STORE_REDIS_ACCESS_H
#define GP_STORE_REDIS_ACCESS_H

#include "error.h"
#include "settings.h"

struct ssl_ctx_st;

struct gp_redis_access {
	const struct gp_settings *settings;
	char *password;                 /* or NULL */
	char *sentinel_password;        /* or NULL */
	struct ssl_ctx_st *tls;         /* NULL without redis.tls */
};

/* NULL with *err filled when a file named in section redis cannot be used.  settings
   must outlive it. */
struct gp_redis_access *gp_redis_access_open(const struct gp_settings *settings,
					     struct gp_error *err);

/* Accepts NULL, leaves NULL. */
void gp_redis_access_close(struct gp_redis_access **access);

#endif
