/* SPDX-License-Identifier: MIT */
/*
 * This module reads what names servers of Redis: the list of an administrator, and
 * the words by which a cluster sends a client elsewhere.
 */
#ifndef GP_REDIS_ADDRESS_H
#define GP_REDIS_ADDRESS_H

#include <stdbool.h>

#include "error.h"
#include "socket-text.h"

enum { GP_REDIS_SERVERS_MAX = 16, GP_REDIS_SLOTS = 16384 };

/* redis.server: one server, or several with commas or blanks between them.  How many,
   or -1 with *err filled; servers_r may be NULL. */
int gp_redis_servers_parse(const char *text,
			   struct gp_socket servers_r[GP_REDIS_SERVERS_MAX],
			   struct gp_error *err);

/* Host and port as a server of Redis says them; without a host the one that was
   asked is meant.  False if that is no address that can be connected to. */
bool gp_redis_address_read(const char *host, long long port,
			   const struct gp_socket *asked,
			   struct gp_socket *server_r);

enum gp_redis_turn { GP_REDIS_STAY, GP_REDIS_MOVED, GP_REDIS_ASK };

/*
 * "MOVED 3999 127.0.0.1:6381" and "ASK ..." (Redis cluster specification, Redirection
 * and resharding).  GP_REDIS_STAY, with nothing filled, for all other errors and for
 * words that name no slot or no server.
 */
enum gp_redis_turn gp_redis_turn_read(const char *error,
				      const struct gp_socket *asked,
				      unsigned int *slot_r,
				      struct gp_socket *server_r);

/* What a server says that has done nothing of a command since it is no master, or is
   none yet: a replica (READONLY, MASTERDOWN), one that has come back and still reads its
   file (LOADING), one that is cut off from its cluster or just comes back to it
   (CLUSTERDOWN).  There may be another master meanwhile. */
bool gp_redis_is_no_master(const char *error);

/* The slot of a key: of what stands between the first '{' and the next '}', if that
   is not empty. */
unsigned int gp_redis_slot(const char *key);

bool gp_redis_address_is_same(const struct gp_socket *a,
			      const struct gp_socket *b);

/* "127.0.0.1:6379", "[::1]:6379" or "unix:/path".  Returns buffer. */
const char *gp_redis_address_format(const struct gp_socket *server,
				    char buffer[GP_SOCKET_TEXT_BYTES]);

#endif
