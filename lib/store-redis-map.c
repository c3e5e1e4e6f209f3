/* SPDX-License-Identifier: MIT */
/* This module is documented in store-redis-map.h. */
#include "store-redis-map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "redis-address.h"

/* The latest word about a slot is that of the last range it is in. */
struct range {
	uint16_t first, last;
	struct gp_redis_node *node;
};

struct gp_redis_map {
	const struct gp_redis_access *access;
	struct gp_redis_node **nodes;
	size_t nodes_count;
	size_t oldest;                  /* the one to give up when it is full */
	struct range *ranges;
	size_t ranges_count, ranges_room;
};

/* With more slots moved one by one than this the map is of no use. */
enum { RANGES_MAX = GP_REDIS_SLOTS };

/* No cluster has more servers (Redis cluster specification, overview). */
enum { NODES_MAX = 1000 };

struct gp_redis_map *gp_redis_map_create(const struct gp_redis_access *access)
{
	struct gp_redis_map *map = gp_alloc(sizeof(*map));

	map->access = access;
	return map;
}

/* A cluster that names ever new servers gets the place of one that was known. */
static struct gp_redis_node *make_room(struct gp_redis_map *map)
{
	struct gp_redis_node *node;

	if (map->nodes_count == NODES_MAX) {
		node = map->nodes[map->oldest++ % NODES_MAX];
		gp_redis_link_free(&node->link);
		gp_redis_map_forget(map);
		return node;
	}
	node = gp_alloc(sizeof(*node));
	map->nodes = gp_realloc(map->nodes, (map->nodes_count + 1) *
				sizeof(struct gp_redis_node *));
	map->nodes[map->nodes_count++] = node;
	return node;
}

struct gp_redis_node *gp_redis_map_node(struct gp_redis_map *map,
					const struct gp_socket *server)
{
	struct gp_redis_node *node;

	for (size_t i = 0; i < map->nodes_count; i++)
		if (gp_redis_address_is_same(&map->nodes[i]->server, server))
			return map->nodes[i];
	node = make_room(map);
	node->server = *server;
	node->link = gp_redis_link_create(map->access, server, GP_REDIS_SERVER);
	return node;
}

struct gp_redis_node *gp_redis_map_find(const struct gp_redis_map *map,
					unsigned int slot)
{
	for (size_t i = map->ranges_count; i > 0; i--) {
		const struct range *range = &map->ranges[i - 1];

		if (slot >= range->first && slot <= range->last)
			return range->node;
	}
	return NULL;
}

static void add_range(struct gp_redis_map *map, unsigned int first,
		      unsigned int last, struct gp_redis_node *node)
{
	if (map->ranges_count == RANGES_MAX)
		gp_redis_map_forget(map);
	if (map->ranges_count == map->ranges_room) {
		map->ranges_room = map->ranges_room * 2 + 4;
		map->ranges = gp_realloc(map->ranges, map->ranges_room *
					 sizeof(*map->ranges));
	}
	map->ranges[map->ranges_count++] = (struct range){
		.first = (uint16_t)first, .last = (uint16_t)last, .node = node
	};
}

void gp_redis_map_move(struct gp_redis_map *map, unsigned int slot,
		       const struct gp_socket *server)
{
	add_range(map, slot, slot, gp_redis_map_node(map, server));
}

void gp_redis_map_forget(struct gp_redis_map *map)
{
	map->ranges_count = 0;
}

void gp_redis_map_forget_node(struct gp_redis_map *map,
			      const struct gp_redis_node *node)
{
	size_t kept = 0;

	for (size_t i = 0; i < map->ranges_count; i++)
		if (map->ranges[i].node != node)
			map->ranges[kept++] = map->ranges[i];
	map->ranges_count = kept;
}

/* [first slot, last slot, [host, port, ...], replicas...]; the host is nothing or ""
   where the one that was asked is meant. */
static bool read_range(const redisReply *reply, const struct gp_socket *asked,
		       unsigned int slots_r[2], struct gp_socket *server_r)
{
	const redisReply *master, *host;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 3 ||
	    reply->element[0]->type != REDIS_REPLY_INTEGER ||
	    reply->element[1]->type != REDIS_REPLY_INTEGER ||
	    reply->element[0]->integer < 0 ||
	    reply->element[1]->integer < reply->element[0]->integer ||
	    reply->element[1]->integer >= GP_REDIS_SLOTS)
		return false;
	master = reply->element[2];
	if (master->type != REDIS_REPLY_ARRAY || master->elements < 2 ||
	    master->element[1]->type != REDIS_REPLY_INTEGER)
		return false;
	host = master->element[0];
	if (host->type != REDIS_REPLY_STRING && host->type != REDIS_REPLY_NIL)
		return false;
	slots_r[0] = (unsigned int)reply->element[0]->integer;
	slots_r[1] = (unsigned int)reply->element[1]->integer;
	return gp_redis_address_read(host->type == REDIS_REPLY_NIL ? ""
				     : host->str, master->element[1]->integer,
				     asked, server_r);
}

bool gp_redis_map_learn(struct gp_redis_map *map, const redisReply *reply,
			const struct gp_socket *asked)
{
	struct gp_socket server;
	unsigned int slots[2];

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)
		return false;
	for (size_t i = 0; i < reply->elements; i++)
		if (!read_range(reply->element[i], asked, slots, &server))
			return false;
	gp_redis_map_forget(map);
	for (size_t i = 0; i < reply->elements; i++) {
		(void)read_range(reply->element[i], asked, slots, &server);
		add_range(map, slots[0], slots[1], gp_redis_map_node(map, &server));
	}
	return true;
}

static bool holds_slots(const struct gp_redis_map *map,
			const struct gp_redis_node *node)
{
	for (size_t i = 0; i < map->ranges_count; i++)
		if (map->ranges[i].node == node)
			return true;
	return false;
}

struct gp_redis_node *gp_redis_map_master(const struct gp_redis_map *map,
					  int index)
{
	for (size_t i = 0; i < map->nodes_count; i++)
		if (holds_slots(map, map->nodes[i]) && index-- == 0)
			return map->nodes[i];
	return NULL;
}

int gp_redis_map_masters(const struct gp_redis_map *map)
{
	int count = 0;

	while (gp_redis_map_master(map, count) != NULL)
		count++;
	return count;
}

void gp_redis_map_disconnect(struct gp_redis_map *map)
{
	for (size_t i = 0; i < map->nodes_count; i++)
		gp_redis_link_disconnect(map->nodes[i]->link);
}

void gp_redis_map_free(struct gp_redis_map **map)
{
	if (*map == NULL)
		return;
	for (size_t i = 0; i < (*map)->nodes_count; i++) {
		gp_redis_link_free(&(*map)->nodes[i]->link);
		free((*map)->nodes[i]);
	}
	free((*map)->nodes);
	free((*map)->ranges);
	free(*map);
	*map = NULL;
}
