/* SPDX-License-Identifier: MIT */
/* This module is documented in store-redis-sentinel.h. */
#include "store-redis-sentinel.h"

#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "redis-address.h"
#include "store-redis-wait.h"

struct gp_redis_sentinels {
	const struct gp_redis_access *access;
	struct gp_socket servers[GP_REDIS_SERVERS_MAX];
	int count;
};

struct gp_redis_sentinels *gp_redis_sentinels_create(
	const struct gp_redis_access *access, const struct gp_socket *servers,
	int count)
{
	struct gp_redis_sentinels *sentinels = gp_alloc(sizeof(*sentinels));

	sentinels->access = access;
	sentinels->count = count;
	memcpy(sentinels->servers, servers, (size_t)count * sizeof(*servers));
	return sentinels;
}

/* Two strings, or nothing for a name that is not known. */
static int read_master(const struct gp_redis_sentinels *sentinels,
		       const struct gp_socket *asked, const redisReply *reply,
		       struct gp_socket *master_r, struct gp_error *err)
{
	if (reply->type == REDIS_REPLY_NIL)
		return gp_error_set(err, "redis: sentinels know no master '%s'; see "
				    "redis.sentinel_master",
				    sentinels->access->settings
				    ->redis.sentinel_master);
	if (reply->type == REDIS_REPLY_ERROR)
		return gp_error_set(err, "redis: sentinel: %s", reply->str);
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    reply->element[0]->type != REDIS_REPLY_STRING ||
	    reply->element[1]->type != REDIS_REPLY_STRING ||
	    !gp_redis_address_read(reply->element[0]->str,
				   strtoll(reply->element[1]->str, NULL, 10),
				   asked, master_r))
		return gp_error_set(err, "redis: unexpected reply of a sentinel");
	return 0;
}

/* *is_there_r: it could be connected to, whatever came of it then. */
static int ask(const struct gp_redis_sentinels *sentinels,
	       const struct gp_socket *sentinel, int64_t deadline_msecs,
	       struct gp_socket *master_r, bool *is_there_r, struct gp_error *err)
{
	const char *argv[] = {
		"SENTINEL", "get-master-addr-by-name",
		sentinels->access->settings->redis.sentinel_master
	};
	const struct gp_redis_command command = { .argc = 3, .argv = argv };
	struct gp_redis_link *link = gp_redis_link_create(
		sentinels->access, sentinel, GP_REDIS_SENTINEL);
	redisReply *reply;
	int result = gp_redis_link_connect(link, deadline_msecs, err);

	*is_there_r = result == 0;
	if (result == 0)
		result = gp_redis_link_exchange(link, &command, 1, deadline_msecs,
						&reply, err);
	if (result == 0) {
		result = read_master(sentinels, sentinel, reply, master_r, err);
		freeReplyObject(reply);
	}
	gp_redis_link_free(&link);
	return result;
}

static void put_first(struct gp_redis_sentinels *sentinels, int index)
{
	const struct gp_socket first = sentinels->servers[index];

	memmove(sentinels->servers + 1, sentinels->servers,
		(size_t)index * sizeof(first));
	sentinels->servers[0] = first;
}

struct gp_redis_link *gp_redis_sentinels_find(
	struct gp_redis_sentinels *sentinels, int64_t deadline_msecs,
	struct gp_error *err)
{
	struct gp_socket master;
	bool has_answer = false;

	for (int i = 0; i < sentinels->count; i++) {
		const bool is_last = i == sentinels->count - 1;
		struct gp_error why;
		bool is_there;

		if (ask(sentinels, &sentinels->servers[i], is_last
			? deadline_msecs : gp_redis_half_way(deadline_msecs),
			&master, &is_there, &why) == 0) {
			put_first(sentinels, i);
			return gp_redis_link_create(sentinels->access, &master,
						    GP_REDIS_SERVER);
		}
		/* What the first of those who are there says tells most. */
		if (!has_answer)
			(void)gp_error_set(err, "%s", why.text);
		has_answer = has_answer || is_there;
	}
	return NULL;
}

void gp_redis_sentinels_free(struct gp_redis_sentinels **sentinels)
{
	free(*sentinels);
	*sentinels = NULL;
}
