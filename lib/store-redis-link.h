/* SPDX-License-Identifier: MIT */
/*
 * This module talks to one Redis server: it connects, logs in, sends commands
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
#include "settings.h"

struct gp_redis_link;

struct gp_redis_command {
	int argc;
	const char **argv;
	const size_t *lengths;
};

/* NULL with *err filled when redis.server or redis.password_file cannot be
   used.  Connects to nothing yet. */
struct gp_redis_link *gp_redis_link_create(const struct gp_settings *settings,
					   struct gp_error *err);

/*
 * Sends count commands in one go and reads as many replies into replies_r, for
 * the caller to free with freeReplyObject(); deadline_msecs is on the monotonic
 * clock.  An error reply is a reply.  0, or -1 with *err filled, replies_r
 * untouched and the connection closed.
 */
int gp_redis_link_exchange(struct gp_redis_link *link,
			   const struct gp_redis_command *commands, int count,
			   int64_t deadline_msecs, redisReply **replies_r,
			   struct gp_error *err);

/* Lets go of the connection; the next exchange makes a new one. */
void gp_redis_link_disconnect(struct gp_redis_link *link);

void gp_redis_link_free(struct gp_redis_link **link);

#endif
