/* SPDX-License-Identifier: MIT */
/* This module remembers which server of a cluster holds which slots, and keeps a link
   to each server it has heard of. */
#ifndef GP_STORE_REDIS_MAP_H
#define GP_STORE_REDIS_MAP_H

#include <stdbool.h>

#include "store-redis-link.h"

struct gp_redis_node {
	struct gp_socket server;
	struct gp_redis_link *link;
};

struct gp_redis_map;

/* access must outlive it. */
struct gp_redis_map *gp_redis_map_create(const struct gp_redis_access *access);

/* The node of a server, new or known; good until the map is freed, and of this
   server until a thousand others were named. */
struct gp_redis_node *gp_redis_map_node(struct gp_redis_map *map,
					const struct gp_socket *server);

/* Who holds a slot; NULL when that is not known. */
struct gp_redis_node *gp_redis_map_find(const struct gp_redis_map *map,
					unsigned int slot);

/* One slot is there now, whatever else is known. */
void gp_redis_map_move(struct gp_redis_map *map, unsigned int slot,
		       const struct gp_socket *server);

/* Takes over the reply to CLUSTER SLOTS of the server asked, in place of what was
   known; false, with that untouched, if it is none. */
bool gp_redis_map_learn(struct gp_redis_map *map, const redisReply *reply,
			const struct gp_socket *asked);

/* Knows of no slot any more; the links stay. */
void gp_redis_map_forget(struct gp_redis_map *map);

/* Knows no more which slots that node holds. */
void gp_redis_map_forget_node(struct gp_redis_map *map,
			      const struct gp_redis_node *node);

/* The servers that hold slots, without repetition: how many, and the one with a
   number; NULL beyond them. */
int gp_redis_map_masters(const struct gp_redis_map *map);
struct gp_redis_node *gp_redis_map_master(const struct gp_redis_map *map,
					  int index);

void gp_redis_map_disconnect(struct gp_redis_map *map);

/* Accepts NULL, leaves NULL. */
void gp_redis_map_free(struct gp_redis_map **map);

#endif
