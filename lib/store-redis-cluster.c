/* SPDX-License-Identifier: MIT */
/* This module is documented in store-redis-cluster.h. */
#include "store-redis-cluster.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pool.h"
#include "redis-address.h"
#include "store-redis-map.h"
#include "store-redis-wait.h"
#include "store.h"

/* How often one command may be sent elsewhere, how many servers are tried that cannot
   be connected to, and after how many slots that were elsewhere the map is fetched. */
enum { TURNS_MAX = 5, TRIES_MAX = 3, MOVES_BEFORE_MAP = 2 };

struct gp_redis_cluster {
	const struct gp_redis_access *access;
	struct gp_socket seeds[GP_REDIS_SERVERS_MAX];
	int seeds_count;
	unsigned int seed;              /* the one to ask next */
	struct gp_redis_map *map;
	unsigned int moves;             /* since the map was fetched or lost */
};

static const char *map_words[] = { "CLUSTER", "SLOTS" };
static const char *asking_words[] = { "ASKING" };
static const struct gp_redis_command map_command = { .argc = 2,
						     .argv = map_words };
static const struct gp_redis_command asking_command = { .argc = 1,
							.argv = asking_words };

/* Processes begin at different seeds, so that none has all the questions. */
struct gp_redis_cluster *gp_redis_cluster_create(
	const struct gp_redis_access *access, const struct gp_socket *seeds,
	int count)
{
	struct gp_redis_cluster *cluster = gp_alloc(sizeof(*cluster));

	cluster->access = access;
	cluster->seeds_count = count;
	memcpy(cluster->seeds, seeds, (size_t)count * sizeof(*seeds));
	cluster->seed = (unsigned int)(gp_store_chance() % (unsigned int)count);
	cluster->map = gp_redis_map_create(access);
	return cluster;
}

void gp_redis_cluster_disconnect(struct gp_redis_cluster *cluster)
{
	gp_redis_map_disconnect(cluster->map);
}

void gp_redis_cluster_free(struct gp_redis_cluster **cluster)
{
	if (*cluster == NULL)
		return;
	gp_redis_map_free(&(*cluster)->map);
	free(*cluster);
	*cluster = NULL;
}

/* --- which server --- */

static void take_next_seed(struct gp_redis_cluster *cluster)
{
	cluster->seed = (cluster->seed + 1) % (unsigned int)cluster->seeds_count;
}

/* Who holds the slots of a server that does not answer, another seed may know.  The
   slots of the others are where they were. */
static void leave(struct gp_redis_cluster *cluster,
		  const struct gp_redis_node *node)
{
	gp_redis_map_forget_node(cluster->map, node);
	if (gp_redis_address_is_same(&cluster->seeds[cluster->seed],
				     &node->server))
		take_next_seed(cluster);
}

static struct gp_redis_node *node_for(struct gp_redis_cluster *cluster,
				      const struct gp_redis_command *command)
{
	struct gp_redis_node *node = command->key == NULL ? NULL
		: gp_redis_map_find(cluster->map, gp_redis_slot(command->key));

	return node != NULL ? node
		: gp_redis_map_node(cluster->map, &cluster->seeds[cluster->seed]);
}

/* --- one server --- */

static int ask_node(struct gp_redis_cluster *cluster, struct gp_redis_node *node,
		    const struct gp_redis_command *commands, int count,
		    int64_t deadline_msecs, redisReply **replies_r,
		    struct gp_error *err)
{
	if (gp_redis_link_exchange(node->link, commands, count, deadline_msecs,
				   replies_r, err) == 0)
		return 0;
	leave(cluster, node);
	return -1;
}

/* Connects to where command is to go, or to another that may know where that is. */
static struct gp_redis_node *reach(struct gp_redis_cluster *cluster,
				   const struct gp_redis_command *command,
				   int64_t deadline_msecs, struct gp_error *err)
{
	for (int tries = 1; tries <= TRIES_MAX; tries++) {
		struct gp_redis_node *node = node_for(cluster, command);
		const int64_t until_msecs = tries == TRIES_MAX ? deadline_msecs
			: gp_redis_half_way(deadline_msecs);

		if (gp_redis_link_connect(node->link, until_msecs, err) == 0)
			return node;
		leave(cluster, node);
	}
	return NULL;
}

static int ask_one(struct gp_redis_cluster *cluster,
		   const struct gp_redis_command *command, int64_t deadline_msecs,
		   redisReply **reply_r, struct gp_redis_node **node_r,
		   struct gp_error *err)
{
	*node_r = reach(cluster, command, deadline_msecs, err);
	return *node_r == NULL ? -1
		: ask_node(cluster, *node_r, command, 1, deadline_msecs, reply_r,
			   err);
}

static bool is_refused(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ERROR &&
		gp_redis_is_no_master(reply->str);
}

/* --- one command --- */

static void learn(struct gp_redis_cluster *cluster, const redisReply *reply,
		  const struct gp_redis_node *from)
{
	if (gp_redis_map_learn(cluster->map, reply, &from->server))
		cluster->moves = 0;
}

/* The slot is there now: for this command and for others. */
static int ask_where_moved(struct gp_redis_cluster *cluster,
			   const struct gp_redis_command *command,
			   unsigned int slot, const struct gp_socket *server,
			   int64_t deadline_msecs, redisReply **reply_r,
			   struct gp_redis_node **node_r, struct gp_error *err)
{
	const bool wants_map = ++cluster->moves >= MOVES_BEFORE_MAP;
	const struct gp_redis_command commands[2] = { *command, map_command };
	struct gp_redis_node *node;
	redisReply *replies[2];

	gp_redis_map_move(cluster->map, slot, server);
	node = reach(cluster, command, deadline_msecs, err);
	if (node == NULL ||
	    ask_node(cluster, node, commands, wants_map ? 2 : 1, deadline_msecs,
		     replies, err) < 0)
		return -1;
	if (wants_map) {
		learn(cluster, replies[1], node);
		freeReplyObject(replies[1]);
	}
	*reply_r = replies[0];
	*node_r = node;
	return 0;
}

/* The key is on its way there: for this command alone. */
static int ask_where_it_goes(struct gp_redis_cluster *cluster,
			     const struct gp_redis_command *command,
			     const struct gp_socket *server,
			     int64_t deadline_msecs, redisReply **reply_r,
			     struct gp_redis_node **node_r, struct gp_error *err)
{
	const struct gp_redis_command commands[2] = { asking_command, *command };
	struct gp_redis_node *node = gp_redis_map_node(cluster->map, server);
	redisReply *replies[2];

	if (gp_redis_link_connect(node->link, deadline_msecs, err) < 0 ||
	    ask_node(cluster, node, commands, 2, deadline_msecs, replies, err) < 0)
		return -1;
	freeReplyObject(replies[0]);
	*reply_r = replies[1];
	*node_r = node;
	return 0;
}

/* Nobody in the circle answers for the key.  When one of them could not be connected to,
   and so the others were asked again, that is why. */
static int give_up(struct gp_redis_cluster *cluster, struct gp_error *err)
{
	gp_redis_map_forget(cluster->map);
	cluster->moves = 0;
	take_next_seed(cluster);
	return err->text[0] != '\0' ? -1
		: gp_error_set(err, "redis: the servers of the cluster send each "
			       "key to one another");
}

/* Follows a command until it is answered by who holds the key, or says so.  On -1
   *reply is NULL. */
static int follow(struct gp_redis_cluster *cluster,
		  const struct gp_redis_command *command,
		  struct gp_redis_node **node, int64_t deadline_msecs,
		  redisReply **reply, struct gp_error *err)
{
	err->text[0] = '\0';
	for (int turns = 0; turns <= TURNS_MAX; turns++) {
		struct gp_socket server;
		unsigned int slot;
		enum gp_redis_turn turn = GP_REDIS_STAY;
		int result;

		if ((*reply)->type == REDIS_REPLY_ERROR)
			turn = gp_redis_turn_read((*reply)->str,
						  &(*node)->server, &slot,
						  &server);
		if (turn == GP_REDIS_STAY)
			return 0;
		freeReplyObject(*reply);
		*reply = NULL;
		result = turn == GP_REDIS_MOVED
			? ask_where_moved(cluster, command, slot, &server,
					  deadline_msecs, reply, node, err)
			: ask_where_it_goes(cluster, command, &server,
					    deadline_msecs, reply, node, err);
		if (result < 0)
			return -1;
	}
	freeReplyObject(*reply);
	*reply = NULL;
	return give_up(cluster, err);
}

/* Follows it, and when it comes to a server that is no master at the moment, begins
   once more with a server that may know of another.  On -1 *reply is NULL. */
static int follow_to_master(struct gp_redis_cluster *cluster,
			    const struct gp_redis_command *command,
			    struct gp_redis_node *node, int64_t deadline_msecs,
			    redisReply **reply, struct gp_error *err)
{
	if (follow(cluster, command, &node, deadline_msecs, reply, err) < 0)
		return -1;
	if (!is_refused(*reply))
		return 0;
	freeReplyObject(*reply);
	*reply = NULL;
	leave(cluster, node);
	if (ask_one(cluster, command, deadline_msecs, reply, &node, err) < 0 ||
	    follow(cluster, command, &node, deadline_msecs, reply, err) < 0)
		return -1;
	if (is_refused(*reply))
		leave(cluster, node);
	return 0;
}

/* --- many commands --- */

/* Those that go to the same server as the first without a reply. */
struct batch {
	struct gp_redis_node *node;
	struct gp_redis_command *commands;
	redisReply **replies;
	int *places;
	int count;
};

static void collect(struct gp_redis_cluster *cluster, struct batch *batch,
		    const struct gp_redis_command *commands, int count,
		    redisReply *const *replies)
{
	batch->count = 0;
	for (int i = 0; i < count; i++) {
		if (replies[i] != NULL ||
		    node_for(cluster, &commands[i]) != batch->node)
			continue;
		batch->commands[batch->count] = commands[i];
		batch->places[batch->count++] = i;
	}
}

static int ask_batch(struct gp_redis_cluster *cluster, struct batch *batch,
		     int64_t deadline_msecs, redisReply **replies,
		     struct gp_error *err)
{
	struct gp_redis_node *node = batch->node;

	if (ask_node(cluster, node, batch->commands, batch->count, deadline_msecs,
		     batch->replies, err) < 0)
		return -1;
	for (int i = 0; i < batch->count; i++)
		replies[batch->places[i]] = batch->replies[i];
	for (int i = 0; i < batch->count; i++)
		if (follow_to_master(cluster, &batch->commands[i], node,
				     deadline_msecs, &replies[batch->places[i]],
				     err) < 0)
			return -1;
	return 0;
}

static int ask_all(struct gp_redis_cluster *cluster, struct batch *batch,
		   const struct gp_redis_command *commands, int count,
		   int64_t deadline_msecs, redisReply **replies,
		   struct gp_error *err)
{
	for (int i = 0; i < count; i++) {
		if (replies[i] != NULL)
			continue;
		batch->node = reach(cluster, &commands[i], deadline_msecs, err);
		if (batch->node == NULL)
			return -1;
		collect(cluster, batch, commands, count, replies);
		if (ask_batch(cluster, batch, deadline_msecs, replies, err) < 0)
			return -1;
	}
	return 0;
}

int gp_redis_cluster_exchange(struct gp_redis_cluster *cluster,
			      const struct gp_redis_command *commands, int count,
			      int64_t deadline_msecs, redisReply **replies_r,
			      struct gp_error *err)
{
	const size_t size = (size_t)count;
	redisReply **replies = gp_alloc(size * sizeof(redisReply *));
	struct batch batch = {
		.commands = gp_alloc(size * sizeof(*batch.commands)),
		.replies = gp_alloc(size * sizeof(redisReply *)),
		.places = gp_alloc(size * sizeof(*batch.places)),
	};
	const int result = ask_all(cluster, &batch, commands, count,
				   deadline_msecs, replies, err);

	for (int i = 0; i < count; i++) {
		if (result == 0)
			replies_r[i] = replies[i];
		else if (replies[i] != NULL)
			freeReplyObject(replies[i]);
	}
	free(replies);
	free(batch.commands);
	free(batch.replies);
	free(batch.places);
	return result;
}

/* --- all masters --- */

int gp_redis_cluster_masters(struct gp_redis_cluster *cluster,
			     int64_t deadline_msecs, struct gp_error *err)
{
	struct gp_redis_node *node;
	redisReply *reply;

	if (ask_one(cluster, &map_command, deadline_msecs, &reply, &node, err) < 0)
		return -1;
	if (is_refused(reply)) {
		freeReplyObject(reply);
		leave(cluster, node);
		if (ask_one(cluster, &map_command, deadline_msecs, &reply, &node,
			    err) < 0)
			return -1;
	}
	learn(cluster, reply, node);
	if (gp_redis_map_masters(cluster->map) == 0)
		(void)gp_error_set(err, "redis: %s", reply->type ==
				   REDIS_REPLY_ERROR ? reply->str
				   : "unexpected reply to CLUSTER SLOTS");
	freeReplyObject(reply);
	return gp_redis_map_masters(cluster->map) > 0
		? gp_redis_map_masters(cluster->map) : -1;
}

int gp_redis_cluster_ask_master(struct gp_redis_cluster *cluster, int index,
				const struct gp_redis_command *command,
				int64_t deadline_msecs, redisReply **reply_r,
				struct gp_error *err)
{
	struct gp_redis_node *node = gp_redis_map_master(cluster->map, index);

	if (node == NULL)
		return gp_error_set(err, "redis: the cluster has changed; ask again");
	if (gp_redis_link_connect(node->link, deadline_msecs, err) < 0)
		return -1;
	return gp_redis_link_exchange(node->link, command, 1, deadline_msecs,
				      reply_r, err);
}
