/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in store-queue.h.
 *
 * Whoever finds that nobody is asking asks at once, for all in the queue.  Who comes
 * meanwhile is asked about by a thread of this module, as soon as that is over: would
 * those who wait ask for each other, one could wait for the deadline of the question
 * before and then for that of its own.
 */
#include "store-queue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "pool.h"

/* What waits too long or is too much is not deferred: a slow Redis slows down. */
enum { TOGETHER_MAX = 128, LENGTH_MAX = 512, PAUSE_MSECS = 5 };

/* Who waits for a message: nobody from the beginning, its own thread, or nobody any
   more, since that has waited long enough. */
enum care { DEFERRED, AWAITED, LEFT };

/* A message on its way; it has all that it needs. */
struct errand {
	struct errand *next;
	struct gp_submit_query query;
	struct gp_rate_terms terms;
	struct gp_rate_memory *memory;
	int64_t now_msecs;
	enum care care;
	bool is_asked;                  /* about it, at this moment */

	/* if it is awaited */
	bool is_done;
	pthread_cond_t news;
	int result;
	struct gp_rate_verdict verdict;
	struct gp_error err;

	char user[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work;     /* for the thread */
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Under lock. */
static struct errand *first, **end = &first;
static unsigned int length;     /* with those that are being asked about */
static unsigned int awaited_count;
static bool is_asking;          /* somebody is */
static bool thread_runs, thread_sleeps;

/* --- waiting --- */

static void init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(condition, &attributes);
	(void)pthread_condattr_destroy(&attributes);
}

/* Under lock.  False when it is over without a word. */
static bool wait_until(pthread_cond_t *condition, int64_t deadline_msecs)
{
	const struct timespec until = {
		.tv_sec = deadline_msecs / 1000,
		.tv_nsec = deadline_msecs % 1000 * 1000000,
	};

	return pthread_cond_timedwait(condition, &lock, &until) != ETIMEDOUT;
}

/* --- the queue --- */

static struct errand *create_errand(struct gp_rate_memory *memory,
				    const struct gp_submit_query *query,
				    enum care care, int64_t now_msecs)
{
	const size_t user_bytes = strlen(query->user) + 1;
	struct errand *errand = gp_alloc(sizeof(*errand) + user_bytes);

	memcpy(errand->user, query->user, user_bytes);
	errand->terms = *query->terms;
	errand->query = *query;
	errand->query.user = errand->user;
	errand->query.terms = &errand->terms;
	errand->memory = memory;
	errand->now_msecs = now_msecs;
	errand->care = care;
	if (care == AWAITED)
		init_condition(&errand->news);
	return errand;
}

static void free_errand(struct errand *errand)
{
	if (errand->care == AWAITED)
		(void)pthread_cond_destroy(&errand->news);
	free(errand);
}

static void append(struct errand *errand)
{
	errand->next = NULL;
	*end = errand;
	end = &errand->next;
	length++;
	awaited_count += errand->care == AWAITED;
}

static void take_out(struct errand *errand)
{
	struct errand **place = &first;

	while (*place != errand)
		place = &(*place)->next;
	*place = errand->next;
	if (errand->next == NULL)
		end = place;
	length--;
	awaited_count -= errand->care == AWAITED;
}

/* --- asking --- */

/* What Redis did not take is counted here; by itself, if it waits. */
static void finish(struct errand *errand, int result,
		   const struct gp_submit_history *history,
		   const struct gp_error *err)
{
	const struct gp_submit_query *query = &errand->query;
	const int64_t now_ticks = errand->now_msecs * GP_RATE_TICKS_PER_MSEC;
	struct gp_rate_verdict verdict;

	if (gp_rate_is_limited(query->terms)) {
		if (result == 0)
			gp_rate_memory_learn(errand->memory, query->user,
					     &history->state, now_ticks);
		else if (errand->care == DEFERRED)
			gp_rate_memory_charge(errand->memory, query->user,
					      query->terms, query->recipients,
					      now_ticks, &verdict);
	}
	if (errand->care != AWAITED) {
		free_errand(errand);
		return;
	}
	errand->result = result;
	if (result == 0)
		errand->verdict = history->verdict;
	else
		errand->err = *err;
	errand->is_done = true;
	(void)pthread_cond_signal(&errand->news);
}

/* Asks about the first in the queue; they stay there until they are answered.
   Lets go of the lock meanwhile. */
static void ask(void)
{
	static struct gp_submit_history histories[TOGETHER_MAX];
	const struct gp_submit_query *queries[TOGETHER_MAX];
	int64_t now_msecs = first->now_msecs;
	struct gp_error err;
	int count = 0, result;

	is_asking = true;
	for (struct errand *errand = first; errand != NULL &&
	     count < TOGETHER_MAX; errand = errand->next) {
		queries[count++] = &errand->query;
		errand->is_asked = true;
		if (errand->now_msecs > now_msecs)
			now_msecs = errand->now_msecs;
	}
	(void)pthread_mutex_unlock(&lock);
	result = gp_store_keeper_submit(queries, count, now_msecs, histories,
					&err);
	(void)pthread_mutex_lock(&lock);
	for (int i = 0; i < count; i++) {
		struct errand *errand = first;

		take_out(errand);
		errand->now_msecs = now_msecs;
		finish(errand, result, &histories[i], &err);
	}
	is_asking = false;
	if (awaited_count > 0)
		(void)pthread_cond_signal(&work);
}

/* Nobody waits for it any more.  What is being asked about is charged if Redis says
   so; else it is not. */
static int leave(struct errand *errand, struct gp_error *err)
{
	if (errand->is_asked) {
		awaited_count--;
		(void)pthread_cond_destroy(&errand->news);
		errand->care = LEFT;
	} else {
		take_out(errand);
		free_errand(errand);
		gp_store_keeper_drop_question();
	}
	return gp_error_set(err, "redis: no reply in time");
}

/* Without the thread those who wait ask one after the other. */
static int wait_for_answer(struct errand *errand, int64_t deadline_msecs,
			   struct gp_rate_verdict *verdict_r,
			   struct gp_error *err)
{
	int result;

	if (!is_asking && length <= TOGETHER_MAX)
		ask();
	while (!errand->is_done) {
		if (!is_asking && !thread_runs)
			ask();
		else if (!is_asking)
			(void)pthread_cond_signal(&work);
		if (!errand->is_done && !wait_until(&errand->news, deadline_msecs) &&
		    !errand->is_done)
			return leave(errand, err);
	}
	result = errand->result;
	if (result == 0)
		*verdict_r = errand->verdict;
	else
		*err = errand->err;
	free_errand(errand);
	return result;
}

/* --- deferring --- */

static bool is_wanted(void)
{
	return !is_asking && (awaited_count > 0 || length >= TOGETHER_MAX);
}

/* The first message after a pause is charged at once; when there are many, they
   wait for company. */
static void *charge_deferred(void *unused)
{
	(void)unused;
	(void)pthread_mutex_lock(&lock);
	for (;;) {
		const int64_t pause_msecs = gp_clock_monotonic_msecs() + PAUSE_MSECS;

		while (!is_wanted() && wait_until(&work, pause_msecs))
			;
		while (first == NULL) {
			thread_sleeps = true;
			(void)pthread_cond_wait(&work, &lock);
		}
		thread_sleeps = false;
		if (!is_asking)
			ask();
	}
	return NULL;
}

/* Signals stay with the main thread: a thread of libmilter has them blocked, and
   so has one that it starts. */
static void start_thread(void)
{
	pthread_t thread;

	init_condition(&work);
	(void)pthread_mutex_lock(&lock);
	thread_runs = pthread_create(&thread, NULL, charge_deferred, NULL) == 0;
	if (thread_runs)
		(void)pthread_detach(thread);
	(void)pthread_mutex_unlock(&lock);
}

/* Far from all limits, even when all that is queued has been charged? */
static bool is_far(struct gp_rate_memory *memory,
		   const struct gp_submit_query *query, int64_t now_msecs)
{
	struct gp_rate_load load = { 1, query->recipients };

	if (!gp_rate_is_limited(query->terms))
		return true;
	for (const struct errand *errand = first; errand != NULL;
	     errand = errand->next)
		if (strcmp(errand->user, query->user) == 0) {
			load.messages++;
			load.recipients += errand->query.recipients;
		}
	return gp_rate_memory_is_far(memory, query->user, query->terms, &load,
				     now_msecs * GP_RATE_TICKS_PER_MSEC);
}

static void defer(struct errand *errand)
{
	append(errand);
	if (thread_sleeps) {
		thread_sleeps = false;
		(void)pthread_cond_signal(&work);
	}
}

static int submit(const struct gp_settings *settings,
		  struct gp_rate_memory *memory,
		  const struct gp_submit_query *query, bool may_defer,
		  int64_t now_msecs, struct gp_rate_verdict *verdict_r,
		  struct gp_error *err)
{
	const int64_t deadline_msecs = gp_clock_monotonic_msecs() +
		settings->redis.deadline_msecs;
	struct errand *errand;

	/* Judged and queued in one step: what is judged first is charged first. */
	if (may_defer && thread_runs && length < LENGTH_MAX &&
	    is_far(memory, query, now_msecs)) {
		defer(create_errand(memory, query, DEFERRED, now_msecs));
		*verdict_r = (struct gp_rate_verdict){ .is_admitted = true };
		return 0;
	}
	errand = create_errand(memory, query, AWAITED, now_msecs);
	append(errand);
	return wait_for_answer(errand, deadline_msecs, verdict_r, err);
}

int gp_store_queue_submit(const struct gp_settings *settings,
			  struct gp_rate_memory *memory,
			  const struct gp_submit_query *query, bool may_defer,
			  int64_t now_msecs, struct gp_rate_verdict *verdict_r,
			  struct gp_error *err)
{
	int result = -1;

	if (gp_store_keeper_may_ask(settings, now_msecs, err)) {
		(void)pthread_once(&once, start_thread);
		(void)pthread_mutex_lock(&lock);
		result = submit(settings, memory, query, may_defer, now_msecs,
				verdict_r, err);
		(void)pthread_mutex_unlock(&lock);
	}
	return result;
}

void gp_store_queue_flush(void)
{
	(void)pthread_mutex_lock(&lock);
	while (first != NULL) {
		if (!is_asking) {
			ask();
			continue;
		}
		(void)pthread_mutex_unlock(&lock);
		(void)poll(NULL, 0, 1);
		(void)pthread_mutex_lock(&lock);
	}
	(void)pthread_mutex_unlock(&lock);
}
