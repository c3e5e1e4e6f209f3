/* SPDX-License-Identifier: MIT */
/* This module is documented in store-keeper.h. */
#include "store-keeper.h"

#include <pthread.h>
#include <stdlib.h>

#include "log.h"
#include "outage.h"
#include "pool.h"
#include "settings-redis.h"
#include "store-pseudonym.h"

/* The settings of a server, for as long as a connection to it is open. */
struct source {
	struct gp_settings settings;    /* only redis and privacy */
	unsigned int references;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Under lock. */
static struct source *current;
static int64_t closed_until_msecs;
static bool is_silent;
static bool is_looked_at;       /* by one thread, whether it is back */
static struct gp_outage_state outage;   /* as the listener is told */
static struct gp_error last_error;

static gp_store_listener *listener;    /* set before any thread starts */

/* Of the thread that asks. */
static struct gp_store *store;
static struct source *source_of_store;

/* --- sources --- */

static struct source *create_source(const struct gp_settings *settings)
{
	struct source *source = gp_alloc(sizeof(*source));

	gp_redis_copy(settings, &source->settings);
	source->references = 1;
	return source;
}

static void release_source(struct source *source)
{
	if (source == NULL || --source->references > 0)
		return;
	gp_redis_free_copy(&source->settings);
	free(source);
}

/* After a reload that names another server the old one is forgotten. */
static void use_settings(const struct gp_settings *settings)
{
	if (current != NULL && gp_redis_is_same(&current->settings, settings))
		return;
	release_source(current);
	current = create_source(settings);
	closed_until_msecs = 0;
	is_looked_at = false;
}

/* --- the connection --- */

/* Closes one to the server before; source_of_store is current then. */
static void follow_settings(void)
{
	if (source_of_store == current)
		return;
	gp_store_close(&store);
	release_source(source_of_store);
	source_of_store = current;
	source_of_store->references++;
}

static int ask(const struct gp_submit_query *const *queries, int count,
	       int64_t now_msecs, struct gp_submit_history *histories_r,
	       struct gp_error *err)
{
	int result = -1;

	if (store == NULL)
		store = gp_store_open(&source_of_store->settings, err);
	if (store != NULL)
		result = store->ops->submit_all(store, queries, count, now_msecs,
						histories_r, err);
	if (result < 0)
		gp_store_close(&store);
	return result;
}

/* True if that is news.  What a server answered or not that the settings have left
   meanwhile says nothing about the one in force. */
static bool note_result(bool is_good, int64_t now_msecs,
			const struct gp_error *err)
{
	const struct gp_settings *settings = &source_of_store->settings;

	if (source_of_store != current)
		return false;
	is_silent = !is_good;
	is_looked_at = false;
	if (is_good) {
		closed_until_msecs = 0;
		return gp_outage_answer(&outage, gp_outage_trial_msecs(settings),
					now_msecs);
	}
	closed_until_msecs = now_msecs +
		gp_store_with_jitter((int64_t)1000 * settings->redis.retry_secs);
	last_error = *err;
	return gp_outage_fail(&outage, now_msecs);
}

void gp_store_keeper_set_listener(gp_store_listener *new_listener)
{
	listener = new_listener;
}

int gp_store_keeper_submit(const struct gp_submit_query *const *queries,
			   int count, int64_t now_msecs,
			   struct gp_submit_history *histories_r,
			   struct gp_error *err)
{
	bool is_news;
	int result;

	(void)pthread_mutex_lock(&lock);
	if (now_msecs < closed_until_msecs) {
		*err = last_error;
		(void)pthread_mutex_unlock(&lock);
		return -1;
	}
	follow_settings();
	(void)pthread_mutex_unlock(&lock);
	result = ask(queries, count, now_msecs, histories_r, err);
	(void)pthread_mutex_lock(&lock);
	is_news = note_result(result == 0, now_msecs, err);
	(void)pthread_mutex_unlock(&lock);
	if (is_news && listener != NULL)
		listener(result == 0 ? GP_STORE_CAME_BACK : GP_STORE_WENT, err);
	return result;
}

/* --- the breaker --- */

bool gp_store_keeper_may_ask(const struct gp_settings *settings,
			     int64_t now_msecs, struct gp_error *err)
{
	bool answer;

	(void)pthread_mutex_lock(&lock);
	use_settings(settings);
	answer = now_msecs >= closed_until_msecs && !is_looked_at;
	if (!answer)
		*err = last_error;
	else
		is_looked_at = is_silent;
	(void)pthread_mutex_unlock(&lock);
	return answer;
}

void gp_store_keeper_drop_question(void)
{
	(void)pthread_mutex_lock(&lock);
	is_looked_at = false;
	(void)pthread_mutex_unlock(&lock);
}

bool gp_store_keeper_is_silent(int64_t now_msecs)
{
	bool answer;

	(void)pthread_mutex_lock(&lock);
	answer = is_silent && (now_msecs < closed_until_msecs || is_looked_at);
	(void)pthread_mutex_unlock(&lock);
	return answer;
}
