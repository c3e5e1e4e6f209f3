/* SPDX-License-Identifier: MIT */
/*
 * This module keeps the milter's connection to Redis: opened when it is needed,
 * changed when settings name another server, and dropped after a fault.  Then
 * Redis is left alone until redis.retry has passed, and one thread looks first
 * whether it is back.  What a silent Redis means is not decided here.
 */
#ifndef GP_STORE_KEEPER_H
#define GP_STORE_KEEPER_H

#include <stdbool.h>

#include "error.h"
#include "settings.h"
#include "store.h"

/* What became of Redis. */
enum gp_store_news {
	GP_STORE_WENT,
	GP_STORE_CAME_BACK
};

/* Is told once for all threads, by the one that found out; err says why Redis
   went.  Must not ask Redis. */
typedef void gp_store_listener(enum gp_store_news news,
			       const struct gp_error *err);

/* Before any thread is started; NULL: nobody is told. */
void gp_store_keeper_set_listener(gp_store_listener *listener);

/* May Redis, as settings->redis says, be asked now?  settings need not live longer
   than the call.  After a silence true is said to one thread, whose question has
   to follow; with false *err says why. */
bool gp_store_keeper_may_ask(const struct gp_settings *settings,
			     int64_t now_msecs, struct gp_error *err);

/*
 * store->ops->submit_all(), by one thread at a time.  Does not ask when Redis has
 * failed since it could be asked.
 */
int gp_store_keeper_submit(const struct gp_submit_query *const *queries,
			   int count, int64_t now_msecs,
			   struct gp_submit_history *histories_r,
			   struct gp_error *err);

/* A question that was to follow does not: another thread may look. */
void gp_store_keeper_drop_question(void);

/* True while Redis is left alone after a fault. */
bool gp_store_keeper_is_silent(int64_t now_msecs);

#endif
