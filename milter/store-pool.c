/* SPDX-License-Identifier: MIT */
/* This module is documented in store-pool.h. */
#include "store-pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "pool.h"

enum { CONNECTIONS_MAX = 16, IDLE_MSECS = 10000 };

/* The settings of a server, for as long as a connection to it is open. */
struct source {
	struct gp_settings settings;    /* only redis */
	unsigned int references;
};

struct member {
	struct gp_store *store;
	struct source *source;
	int64_t idle_since_msecs;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t given_back;       /* on the monotonic clock */
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* All under lock. */
static struct source *current;
static struct member *idle[CONNECTIONS_MAX];    /* used last comes last */
static unsigned int idle_count, open_count;
static int64_t closed_until_msecs;
static bool is_silent;
static struct gp_error last_error;

static void prepare(void)
{
	pthread_condattr_t attributes;

	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&given_back, &attributes);
	(void)pthread_condattr_destroy(&attributes);
}

/* --- sources --- */

static bool is_same_server(const struct gp_settings *a,
			   const struct gp_settings *b)
{
	return strcmp(a->redis.server, b->redis.server) == 0 &&
		strcmp(a->redis.user, b->redis.user) == 0 &&
		strcmp(a->redis.password_file, b->redis.password_file) == 0 &&
		a->redis.database == b->redis.database &&
		a->redis.deadline_msecs == b->redis.deadline_msecs &&
		a->redis.retry_secs == b->redis.retry_secs &&
		a->redis.retention_secs == b->redis.retention_secs;
}

static struct source *create_source(const struct gp_settings *settings)
{
	struct source *source = gp_alloc(sizeof(*source));

	source->settings.redis = settings->redis;
	source->settings.redis.server = gp_strdup(settings->redis.server);
	source->settings.redis.user = gp_strdup(settings->redis.user);
	source->settings.redis.password_file =
		gp_strdup(settings->redis.password_file);
	source->references = 1;
	return source;
}

static void release_source(struct source *source)
{
	if (source == NULL || --source->references > 0)
		return;
	free(source->settings.redis.server);
	free(source->settings.redis.user);
	free(source->settings.redis.password_file);
	free(source);
}

/* --- members --- */

static void close_member(struct member *member)
{
	gp_store_close(&member->store);
	release_source(member->source);
	free(member);
	open_count--;
}

static void close_idle(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		close_member(idle[i]);
	idle_count -= count;
	memmove(idle, idle + count, idle_count * sizeof(idle[0]));
}

static struct member *create_member(void)
{
	struct member *member = gp_alloc(sizeof(*member));

	member->source = current;
	current->references++;
	open_count++;
	return member;
}

/* After a reload that names another server the old one is forgotten. */
static void use_settings(const struct gp_settings *settings)
{
	if (current != NULL && is_same_server(&current->settings, settings))
		return;
	close_idle(idle_count);
	release_source(current);
	current = create_source(settings);
	closed_until_msecs = 0;
}

static bool is_left_alone(int64_t now_msecs, struct gp_error *err)
{
	if (now_msecs >= closed_until_msecs)
		return false;
	*err = last_error;
	return true;
}

/* Waits for one that is given back when all are lent.  NULL if none is, in time. */
static struct member *take_member(int64_t deadline_msecs)
{
	const struct timespec deadline = {
		.tv_sec = deadline_msecs / 1000,
		.tv_nsec = deadline_msecs % 1000 * 1000000,
	};

	while (idle_count == 0 && open_count >= CONNECTIONS_MAX)
		if (pthread_cond_timedwait(&given_back, &lock, &deadline) != 0)
			return NULL;
	return idle_count > 0 ? idle[--idle_count] : create_member();
}

static struct member *borrow(const struct gp_settings *settings,
			     int64_t now_msecs, struct gp_error *err)
{
	struct member *member = NULL;

	(void)pthread_once(&once, prepare);
	(void)pthread_mutex_lock(&lock);
	use_settings(settings);
	if (!is_left_alone(now_msecs, err)) {
		/* One thread looks whether Redis is back; others stay away. */
		if (is_silent)
			closed_until_msecs = now_msecs +
				settings->redis.deadline_msecs;
		member = take_member(gp_clock_monotonic_msecs() +
				     settings->redis.deadline_msecs);
		if (member == NULL)
			(void)gp_error_set(err, "redis: all %d connections are "
					   "in use", CONNECTIONS_MAX);
	}
	(void)pthread_mutex_unlock(&lock);
	return member;
}

static void give_back(struct member *member, bool is_good, int64_t now_msecs)
{
	unsigned int old = 0;

	if (!is_good || member->source != current) {
		close_member(member);
	} else {
		member->idle_since_msecs = now_msecs;
		idle[idle_count++] = member;
		while (old + 1 < idle_count &&
		       now_msecs - idle[old]->idle_since_msecs > IDLE_MSECS)
			old++;
		close_idle(old);
	}
	(void)pthread_cond_signal(&given_back);
}

/* --- asking --- */

/* Hosts that lost Redis together must not come back to it together. */
static int64_t with_jitter(int64_t msecs)
{
	return msecs - msecs / 8 + random() % (msecs / 4 + 1);
}

static enum gp_store_news note_result(const struct source *source, bool is_good,
				      int64_t now_msecs,
				      const struct gp_error *err)
{
	enum gp_store_news news = GP_STORE_NO_NEWS;

	if (is_good == is_silent)
		news = is_good ? GP_STORE_CAME_BACK : GP_STORE_WENT;
	is_silent = !is_good;
	closed_until_msecs = is_good ? 0 : now_msecs + with_jitter((int64_t)1000 *
		source->settings.redis.retry_secs);
	if (!is_good)
		last_error = *err;
	return news;
}

static int ask(struct member *member, const struct gp_submit_query *query,
	       int64_t now_msecs, struct gp_submit_history *history_r,
	       struct gp_error *err)
{
	if (member->store == NULL)
		member->store = gp_store_redis_open(&member->source->settings,
						    err);
	if (member->store == NULL)
		return -1;
	return member->store->ops->submit(member->store, query, now_msecs,
					  history_r, err);
}

int gp_store_pool_submit(const struct gp_settings *settings,
			 const struct gp_submit_query *query, int64_t now_msecs,
			 struct gp_submit_history *history_r,
			 enum gp_store_news *news_r, struct gp_error *err)
{
	struct member *member = borrow(settings, now_msecs, err);
	int result;

	*news_r = GP_STORE_NO_NEWS;
	if (member == NULL)
		return -1;
	result = ask(member, query, now_msecs, history_r, err);
	(void)pthread_mutex_lock(&lock);
	*news_r = note_result(member->source, result == 0, now_msecs, err);
	give_back(member, result == 0, now_msecs);
	(void)pthread_mutex_unlock(&lock);
	return result;
}

bool gp_store_pool_is_silent(int64_t now_msecs)
{
	bool answer;

	(void)pthread_mutex_lock(&lock);
	answer = is_silent && now_msecs < closed_until_msecs;
	(void)pthread_mutex_unlock(&lock);
	return answer;
}
