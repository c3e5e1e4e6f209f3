/* SPDX-License-Identifier: MIT */
/* This module is documented in store-redis-site.h. */
#include "store-redis-site.h"

#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "redis-address.h"
#include "store-redis-cluster.h"
#include "store-redis-sentinel.h"
#include "store-redis-wait.h"

struct gp_redis_site {
	const struct gp_settings *settings;
	struct gp_redis_access *access;
	struct gp_redis_sentinels *sentinels;   /* or NULL */
	struct gp_redis_cluster *cluster;       /* or NULL */
	struct gp_redis_link *link;     /* to the server; NULL: not known */
};

static int open_topology(struct gp_redis_site *site, struct gp_error *err)
{
	struct gp_socket servers[GP_REDIS_SERVERS_MAX];
	const int count = gp_redis_servers_parse(site->settings->redis.server,
						 servers, err);

	if (count < 0)
		return -1;
	switch (site->settings->redis.topology) {
	case GP_REDIS_SINGLE:
		site->link = gp_redis_link_create(site->access, &servers[0],
						  GP_REDIS_SERVER);
		break;
	case GP_REDIS_BY_SENTINEL:
		site->sentinels = gp_redis_sentinels_create(site->access, servers,
							    count);
		break;
	case GP_REDIS_CLUSTER:
		site->cluster = gp_redis_cluster_create(site->access, servers,
							count);
		break;
	}
	return 0;
}

struct gp_redis_site *gp_redis_site_open(const struct gp_settings *settings,
					 struct gp_error *err)
{
	struct gp_redis_site *site = gp_alloc(sizeof(*site));

	site->settings = settings;
	site->access = gp_redis_access_open(settings, err);
	if (site->access == NULL || open_topology(site, err) < 0)
		gp_redis_site_close(&site);
	return site;
}

void gp_redis_site_disconnect(struct gp_redis_site *site)
{
	if (site->cluster != NULL)
		gp_redis_cluster_disconnect(site->cluster);
	if (site->link != NULL)
		gp_redis_link_disconnect(site->link);
}

void gp_redis_site_close(struct gp_redis_site **site)
{
	if (*site == NULL)
		return;
	gp_redis_link_free(&(*site)->link);
	gp_redis_sentinels_free(&(*site)->sentinels);
	gp_redis_cluster_free(&(*site)->cluster);
	gp_redis_access_close(&(*site)->access);
	free(*site);
	*site = NULL;
}

/* --- one server --- */

static int connect_server(struct gp_redis_site *site, int64_t deadline_msecs,
			  struct gp_error *err)
{
	if (site->link == NULL)
		site->link = gp_redis_sentinels_find(site->sentinels,
						     deadline_msecs, err);
	return site->link == NULL ? -1
		: gp_redis_link_connect(site->link, deadline_msecs, err);
}

static int ask_server(struct gp_redis_site *site,
		      const struct gp_redis_command *commands, int count,
		      int64_t deadline_msecs, redisReply **replies_r,
		      struct gp_error *err)
{
	if (connect_server(site, deadline_msecs, err) < 0)
		return -1;
	return gp_redis_link_exchange(site->link, commands, count, deadline_msecs,
				      replies_r, err);
}

static bool is_refused(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ERROR &&
		gp_redis_is_no_master(reply->str);
}

/* What a server has refused since it is no master, once more, at the one that sentinels
   name now.  The rest was done. */
static int ask_refused(struct gp_redis_site *site,
		       const struct gp_redis_command *commands, int count,
		       int64_t deadline_msecs, redisReply **replies,
		       struct gp_error *err)
{
	struct gp_redis_command *again = gp_alloc((size_t)count * sizeof(*again));
	redisReply **answers = gp_alloc((size_t)count * sizeof(redisReply *));
	int refused = 0, result = 0;

	for (int i = 0; i < count; i++)
		if (is_refused(replies[i]))
			again[refused++] = commands[i];
	if (refused > 0) {
		gp_redis_link_free(&site->link);
		result = ask_server(site, again, refused, deadline_msecs, answers,
				    err);
	}
	for (int i = count - 1; i >= 0 && result == 0; i--)
		if (is_refused(replies[i])) {
			freeReplyObject(replies[i]);
			replies[i] = answers[--refused];
		}
	free(again);
	free(answers);
	return result;
}

/* The master that was known, which may be gone or be none any more, and then, once, the
   one that sentinels name now.  A connection that was refused has carried nothing. */
static int try_masters(struct gp_redis_site *site,
		       const struct gp_redis_command *commands, int count,
		       int64_t deadline_msecs, redisReply **replies,
		       struct gp_error *err)
{
	const bool was_known = site->link != NULL;

	if (was_known && connect_server(site, gp_redis_half_way(deadline_msecs),
					err) == 0)
		return gp_redis_link_exchange(site->link, commands, count,
					      deadline_msecs, replies, err) < 0
			? -1 : ask_refused(site, commands, count, deadline_msecs,
					   replies, err);
	gp_redis_link_free(&site->link);
	return ask_server(site, commands, count, deadline_msecs, replies, err);
}

static int ask_master(struct gp_redis_site *site,
		      const struct gp_redis_command *commands, int count,
		      int64_t deadline_msecs, redisReply **replies_r,
		      struct gp_error *err)
{
	redisReply **replies = gp_alloc((size_t)count * sizeof(redisReply *));
	const int result = try_masters(site, commands, count, deadline_msecs,
				       replies, err);

	for (int i = 0; i < count; i++) {
		if (result == 0)
			replies_r[i] = replies[i];
		else if (replies[i] != NULL)
			freeReplyObject(replies[i]);
	}
	if (result < 0)
		gp_redis_link_free(&site->link);
	free(replies);
	return result;
}

/* --- any site --- */

int gp_redis_site_exchange(struct gp_redis_site *site,
			   const struct gp_redis_command *commands, int count,
			   int64_t deadline_msecs, redisReply **replies_r,
			   struct gp_error *err)
{
	if (site->cluster != NULL)
		return gp_redis_cluster_exchange(site->cluster, commands, count,
						 deadline_msecs, replies_r, err);
	if (site->sentinels != NULL)
		return ask_master(site, commands, count, deadline_msecs, replies_r,
				  err);
	return ask_server(site, commands, count, deadline_msecs, replies_r, err);
}

int gp_redis_site_exchange_beside(struct gp_redis_site *site,
				  const struct gp_redis_command commands[2],
				  int64_t deadline_msecs,
				  redisReply *replies_r[2], struct gp_error *err)
{
	struct gp_error ignored;

	if (site->cluster == NULL)
		return gp_redis_site_exchange(site, commands, 2, deadline_msecs,
					      replies_r, err);
	if (gp_redis_cluster_exchange(site->cluster, commands, 1, deadline_msecs,
				      replies_r, err) < 0)
		return -1;
	if (gp_redis_cluster_exchange(site->cluster, commands + 1, 1,
				      gp_redis_half_way(deadline_msecs),
				      replies_r + 1, &ignored) < 0)
		replies_r[1] = NULL;
	return 0;
}

int gp_redis_site_servers(struct gp_redis_site *site, int64_t deadline_msecs,
			  struct gp_error *err)
{
	if (site->cluster != NULL)
		return gp_redis_cluster_masters(site->cluster, deadline_msecs, err);
	return 1;
}

int gp_redis_site_ask_server(struct gp_redis_site *site, int index,
			     const struct gp_redis_command *command,
			     int64_t deadline_msecs, redisReply **reply_r,
			     struct gp_error *err)
{
	if (site->cluster != NULL)
		return gp_redis_cluster_ask_master(site->cluster, index, command,
						   deadline_msecs, reply_r, err);
	return gp_redis_site_exchange(site, command, 1, deadline_msecs, reply_r,
				      err);
}
