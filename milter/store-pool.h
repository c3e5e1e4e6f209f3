/* SPDX-License-Identifier: MIT */
/*
 * This module lends the connections to Redis: a few for all threads, since one
 * serves a thread at a time, kept from message to message and dropped after a
 * fault.  When Redis fails one of them, none is asked until redis.retry has
 * passed, and then by one thread first.  What a silent Redis means is not decided
 * here.
 */
#ifndef GP_STORE_POOL_H
#define GP_STORE_POOL_H

#include <stdbool.h>

#include "error.h"
#include "settings.h"
#include "store.h"

/* What the answer says about Redis, told once for all threads. */
enum gp_store_news {
	GP_STORE_NO_NEWS,
	GP_STORE_WENT,
	GP_STORE_CAME_BACK
};

/*
 * store->ops->submit() by a connection as settings->redis says; settings need not
 * live longer than the call.  Waits redis.deadline for an answer, and before that
 * as long for a connection when all are in use.
 * 0, or -1 with *err filled and *history_r untouched; *news_r is set either way.
 */
int gp_store_pool_submit(const struct gp_settings *settings,
			 const struct gp_submit_query *query, int64_t now_msecs,
			 struct gp_submit_history *history_r,
			 enum gp_store_news *news_r, struct gp_error *err);

/* True while Redis is left alone after a fault. */
bool gp_store_pool_is_silent(int64_t now_msecs);

#endif
