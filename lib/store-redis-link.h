/* SPDX-License-Identifier: MIT */
/*
 * This module talks to one Redis server or sentinel: it connects, logs in, sends commands
 * and reads their replies, all within one deadline.  hiredis's own timeout is
 * per read, so a reply dripping in byte by byte would pass it; here the time of
 * the whole exchange is bounded.  After any anomaly the connection is thrown
 * away, so that no late reply is taken for the answer to another question.
 */
#ifndef GP_STORE_REDIS_LINK_H
#define GP_STORE_REDIS_LINK_H

#include <hiredis/hiredis.h>
#include <stdint.h>

#include "error.h"
#include "socket-text.h"
#include "store-redis-access.h"

struct gp_redis_link;

struct gp_redis_command {
	int argc;
	const char **argv;
	const size_t *lengths;          /* or NULL */
	const char *key;                /* whose server is asked; NULL: any */
};

enum gp_redis_role { GP_REDIS_SERVER, GP_REDIS_SENTINEL };

/* Connects to nothing yet.  access must outlive it. */
struct gp_redis_link *gp_redis_link_create(const struct gp_redis_access *access,
					   const struct gp_socket *server,
					   enum gp_redis_role role);

/*
 * Makes sure of a connection that can be used: one that was kept, or a new one.
 * Nothing is sent yet, so whoever fails may try elsewhere.  0, or -1 with *err filled
 * and no connection.
 */
int gp_redis_link_connect(struct gp_redis_link *link, int64_t deadline_msecs,
			  struct gp_error *err);

/*
 * On a link that is connected: sends count commands in one go and reads as many
 * replies into replies_r, for the caller to free with freeReplyObject();
 * deadline_msecs is on the monotonic clock.  An error reply is a reply.  0, or -1
 * with *err filled, replies_r untouched and the connection closed.
 */
int gp_redis_link_exchange(struct gp_redis_link *link,
			   const struct gp_redis_command *commands, int count,
			   int64_t deadline_msecs, redisReply **replies_r,
			   struct gp_error *err);

/* Lets go of the connection; the next exchange makes a new one. */
void gp_redis_link_disconnect(struct gp_redis_link *link);

void gp_redis_link_free(struct gp_redis_link **link);

#endif
