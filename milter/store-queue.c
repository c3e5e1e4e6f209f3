/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in store-queue.h.
 *
 * There is no thread in between for those who wait: whoever finds that nobody is
 * asking asks, for all in the queue.  The others find their answer done, or are
 * woken to ask next.
 */
#include "store-queue.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

/* What waits too long or is too much is not deferred: a slow Redis slows down. */
enum { TOGETHER_MAX = 128, LENGTH_MAX = 512, PAUSE_MSECS = 5 };

/* A message on its way. */
struct errand {
	struct errand *next;
	const struct gp_submit_query *query;
	struct gp_rate_memory *memory;
	int64_t now_msecs;

	/* of those who wait */
	bool is_awaited, is_done;
	pthread_cond_t news;            /* it is done, or may be asked about */
	int result;
	struct gp_rate_verdict verdict;
	struct gp_error err;
};

/* Nobody waits for it, so it has all that it needs. */
struct deferred {
	struct errand errand;
	struct gp_submit_query query;
	struct gp_rate_terms terms;
	char user[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Under lock. */
static struct errand *first, **end = &first;
static unsigned int length;     /* with those that are being asked about */
static bool is_asking;          /* somebody is */
static bool thread_runs, thread_sleeps;

static void append(struct errand *errand)
{
	errand->next = NULL;
	*end = errand;
	end = &errand->next;
	length++;
}

static void remove_first(void)
{
	first = first->next;
	if (first == NULL)
		end = &first;
	length--;
}

/* --- asking --- */

/* What Redis did not take is counted here. */
static void finish(struct errand *errand, int result,
		   const struct gp_submit_history *history,
		   const struct gp_error *err)
{
	const struct gp_submit_query *query = errand->query;
	const int64_t now_ticks = errand->now_msecs * GP_RATE_TICKS_PER_MSEC;
	struct gp_rate_verdict verdict;

	if (gp_rate_is_limited(query->terms)) {
		if (result == 0)
			gp_rate_memory_learn(errand->memory, query->user,
					     &history->state, now_ticks);
		else if (!errand->is_awaited)
			gp_rate_memory_charge(errand->memory, query->user,
					      query->terms, query->recipients,
					      now_ticks, &verdict);
	}
	if (!errand->is_awaited) {
		free(errand);
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

/* The next to ask is one who waits. */
static void wake_next(void)
{
	for (struct errand *errand = first; errand != NULL; errand = errand->next)
		if (errand->is_awaited) {
			(void)pthread_cond_signal(&errand->news);
			return;
		}
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
		queries[count++] = errand->query;
		if (errand->now_msecs > now_msecs)
			now_msecs = errand->now_msecs;
	}
	(void)pthread_mutex_unlock(&lock);
	result = gp_store_keeper_submit(queries, count, now_msecs, histories,
					&err);
	(void)pthread_mutex_lock(&lock);
	for (int i = 0; i < count; i++) {
		struct errand *errand = first;

		remove_first();
		errand->now_msecs = now_msecs;
		finish(errand, result, &histories[i], &err);
	}
	is_asking = false;
	wake_next();
}

static void wait_for_answer(struct errand *errand)
{
	while (!errand->is_done) {
		if (is_asking)
			(void)pthread_cond_wait(&errand->news, &lock);
		else
			ask();
	}
}

/* --- deferring --- */

/* The first message after a pause is charged at once; when there are many, they
   wait for company. */
static void *charge_deferred(void *unused)
{
	(void)unused;
	(void)pthread_mutex_lock(&lock);
	for (;;) {
		while (first == NULL) {
			thread_sleeps = true;
			(void)pthread_cond_wait(&work, &lock);
		}
		thread_sleeps = false;
		do {
			if (!is_asking)
				ask();
		} while (!is_asking && length >= TOGETHER_MAX);
		(void)pthread_mutex_unlock(&lock);
		(void)poll(NULL, 0, PAUSE_MSECS);
		(void)pthread_mutex_lock(&lock);
	}
	return NULL;
}

/* Signals stay with the main thread: a thread of libmilter has them blocked, and
   so has one that it starts. */
static void start_thread(void)
{
	pthread_t thread;

	thread_runs = pthread_create(&thread, NULL, charge_deferred, NULL) == 0;
	if (thread_runs)
		(void)pthread_detach(thread);
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
		if (strcmp(errand->query->user, query->user) == 0) {
			load.messages++;
			load.recipients += errand->query->recipients;
		}
	return gp_rate_memory_is_far(memory, query->user, query->terms, &load,
				     now_msecs * GP_RATE_TICKS_PER_MSEC);
}

static void defer(struct gp_rate_memory *memory,
		  const struct gp_submit_query *query, int64_t now_msecs)
{
	const size_t user_bytes = strlen(query->user) + 1;
	struct deferred *deferred = gp_alloc(sizeof(*deferred) + user_bytes);

	memcpy(deferred->user, query->user, user_bytes);
	deferred->terms = *query->terms;
	deferred->query = *query;
	deferred->query.user = deferred->user;
	deferred->query.terms = &deferred->terms;
	deferred->errand.query = &deferred->query;
	deferred->errand.memory = memory;
	deferred->errand.now_msecs = now_msecs;
	append(&deferred->errand);
	if (thread_sleeps) {
		thread_sleeps = false;
		(void)pthread_cond_signal(&work);
	}
}

static int submit(struct gp_rate_memory *memory,
		  const struct gp_submit_query *query, bool may_defer,
		  int64_t now_msecs, struct gp_rate_verdict *verdict_r,
		  struct gp_error *err)
{
	struct errand errand = { .query = query, .memory = memory,
				 .now_msecs = now_msecs, .is_awaited = true,
				 .news = PTHREAD_COND_INITIALIZER };

	/* Judged and queued in one step: what is judged first is charged first. */
	if (may_defer && thread_runs && length < LENGTH_MAX &&
	    is_far(memory, query, now_msecs)) {
		defer(memory, query, now_msecs);
		*verdict_r = (struct gp_rate_verdict){ .is_admitted = true };
		return 0;
	}
	append(&errand);
	wait_for_answer(&errand);
	(void)pthread_cond_destroy(&errand.news);
	if (errand.result == 0)
		*verdict_r = errand.verdict;
	else
		*err = errand.err;
	return errand.result;
}

int gp_store_queue_submit(const struct gp_settings *settings,
			  struct gp_rate_memory *memory,
			  const struct gp_submit_query *query, bool may_defer,
			  int64_t now_msecs, struct gp_rate_verdict *verdict_r,
			  struct gp_error *err)
{
	int result = -1;

	if (gp_store_keeper_may_ask(settings, now_msecs, err)) {
		if (may_defer)
			(void)pthread_once(&once, start_thread);
		(void)pthread_mutex_lock(&lock);
		result = submit(memory, query, may_defer, now_msecs, verdict_r,
				err);
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
