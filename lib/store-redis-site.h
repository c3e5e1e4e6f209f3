/* SPDX-License-Identifier: MIT */
/*
 * This module knows where the history is: on one server, on the master that sentinels
 * name, or on the masters of a cluster, each with its share of the users.  Whoever
 * asks names a key and need not know.
 */
#ifndef GP_STORE_REDIS_SITE_H
#define GP_STORE_REDIS_SITE_H

#include "store-redis-link.h"

struct gp_redis_site;

/* NULL with *err filled when section redis of the settings, which must outlive the
   site, cannot be used.  Connects to nothing yet. */
struct gp_redis_site *gp_redis_site_open(const struct gp_settings *settings,
					 struct gp_error *err);

/*
 * As gp_redis_link_exchange(), with each command at the server that holds its key.
 * Commands for one server go there in one go and in their order.  A server that
 * cannot be connected to, that is not the master any more, that has not read its file
 * yet or that has handed the key on is left for the right one, within the deadline; what
 * was sent and not answered is not sent again.
 */
int gp_redis_site_exchange(struct gp_redis_site *site,
			   const struct gp_redis_command *commands, int count,
			   int64_t deadline_msecs, redisReply **replies_r,
			   struct gp_error *err);

/* The same for a command and one that travels beside it and matters less: when that
   one needs a server of its own and gets no answer within half of the time that is
   left, replies_r[1] is NULL. */
int gp_redis_site_exchange_beside(struct gp_redis_site *site,
				  const struct gp_redis_command commands[2],
				  int64_t deadline_msecs,
				  redisReply *replies_r[2], struct gp_error *err);

/* On how many servers the keys are, asked anew; or -1 with *err filled. */
int gp_redis_site_servers(struct gp_redis_site *site, int64_t deadline_msecs,
			  struct gp_error *err);

/* One command at the server number index of those just counted. */
int gp_redis_site_ask_server(struct gp_redis_site *site, int index,
			     const struct gp_redis_command *command,
			     int64_t deadline_msecs, redisReply **reply_r,
			     struct gp_error *err);

/* Lets go of all connections, and keeps what it knows. */
void gp_redis_site_disconnect(struct gp_redis_site *site);

/* Accepts NULL, leaves NULL. */
void gp_redis_site_close(struct gp_redis_site **site);

#endif
