/* SPDX-License-Identifier: MIT */
/*
 * This module asks a cluster of Redis: it learns which master holds which slots and
 * follows them when they move (Redis cluster specification).
 * A process that asks about one user learns one slot, by being sent there; one that
 * asks about many gets the whole map beside an answer.
 */
#ifndef GP_STORE_REDIS_CLUSTER_H
#define GP_STORE_REDIS_CLUSTER_H

#include "store-redis-link.h"

struct gp_redis_cluster;

/* access must outlive it; seeds, at most GP_REDIS_SERVERS_MAX, are copied.  Connects to
   nothing yet. */
struct gp_redis_cluster *gp_redis_cluster_create(
	const struct gp_redis_access *access, const struct gp_socket *seeds,
	int count);

/* As gp_redis_site_exchange(). */
int gp_redis_cluster_exchange(struct gp_redis_cluster *cluster,
			      const struct gp_redis_command *commands, int count,
			      int64_t deadline_msecs, redisReply **replies_r,
			      struct gp_error *err);

/* How many masters there are, asked anew; or -1 with *err filled. */
int gp_redis_cluster_masters(struct gp_redis_cluster *cluster,
			     int64_t deadline_msecs, struct gp_error *err);

/* One command at the master number index of those just counted. */
int gp_redis_cluster_ask_master(struct gp_redis_cluster *cluster, int index,
				const struct gp_redis_command *command,
				int64_t deadline_msecs, redisReply **reply_r,
				struct gp_error *err);

void gp_redis_cluster_disconnect(struct gp_redis_cluster *cluster);

/* Accepts NULL, leaves NULL. */
void gp_redis_cluster_free(struct gp_redis_cluster **cluster);

#endif
