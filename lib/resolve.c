/* SPDX-License-Identifier: MIT */
/* This module is documented in resolve.h.  A thread of its own asks the C library, which
   nothing can stop while it waits for a name server.  What both sides share is freed by
   the one that comes last. */
#include "resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "log.h"
#include "pool.h"

struct lookup {
	pthread_mutex_t lock;           /* of what follows */
	pthread_cond_t news;
	bool is_done, is_left;          /* by the thread, by who waits for it */
	int result;                     /* of getaddrinfo() */
	struct addrinfo *list;
	char host[];
};

static struct lookup *create_lookup(const char *host)
{
	const size_t bytes = strlen(host) + 1;
	struct lookup *lookup = gp_alloc(sizeof(*lookup) + bytes);
	pthread_condattr_t attributes;

	memcpy(lookup->host, host, bytes);
	(void)pthread_mutex_init(&lookup->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&lookup->news, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	return lookup;
}

static void free_lookup(struct lookup *lookup)
{
	if (lookup->list != NULL)
		freeaddrinfo(lookup->list);
	(void)pthread_cond_destroy(&lookup->news);
	(void)pthread_mutex_destroy(&lookup->lock);
	free(lookup);
}

static void *ask(void *context)
{
	static const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
	};
	struct lookup *lookup = context;
	struct addrinfo *list = NULL;
	const int result = getaddrinfo(lookup->host, NULL, &hints, &list);
	bool is_last;

	(void)pthread_mutex_lock(&lookup->lock);
	lookup->result = result;
	lookup->list = result == 0 ? list : NULL;
	lookup->is_done = true;
	is_last = lookup->is_left;
	(void)pthread_cond_signal(&lookup->news);
	(void)pthread_mutex_unlock(&lookup->lock);
	if (is_last)
		free_lookup(lookup);
	return NULL;
}

/* Signals stay with the threads that wait for them. */
static bool start_thread(struct lookup *lookup)
{
	pthread_t thread;
	sigset_t all, before;
	int result;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&thread, NULL, ask, lookup);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (result == 0)
		(void)pthread_detach(thread);
	return result == 0;
}

/* Redis on a host of both kinds often listens to IPv4 alone. */
static const struct addrinfo *choose(const struct addrinfo *list)
{
	for (const struct addrinfo *item = list; item != NULL;
	     item = item->ai_next)
		if (item->ai_family == AF_INET)
			return item;
	return list;
}

static int read_answer(const struct lookup *lookup,
		       char address_r[INET6_ADDRSTRLEN], struct gp_error *err)
{
	const struct addrinfo *chosen;

	if (!lookup->is_done)
		return gp_error_set(err, "%s: no name server has told its address in "
				    "time; an address needs none", lookup->host);
	if (lookup->result != 0)
		return gp_error_set(err, "%s: %s", lookup->host,
				    gai_strerror(lookup->result));
	chosen = choose(lookup->list);
	if (getnameinfo(chosen->ai_addr, chosen->ai_addrlen, address_r,
			INET6_ADDRSTRLEN, NULL, 0, NI_NUMERICHOST) != 0)
		return gp_error_set(err, "%s: it has no address", lookup->host);
	return 0;
}

static int wait_and_leave(struct lookup *lookup, int64_t deadline_msecs,
			  char address_r[INET6_ADDRSTRLEN], struct gp_error *err)
{
	const struct timespec until = {
		.tv_sec = deadline_msecs / 1000,
		.tv_nsec = deadline_msecs % 1000 * 1000000,
	};
	bool is_last;
	int result;

	(void)pthread_mutex_lock(&lookup->lock);
	while (!lookup->is_done &&
	       pthread_cond_timedwait(&lookup->news, &lookup->lock, &until) == 0)
		;
	result = read_answer(lookup, address_r, err);
	is_last = lookup->is_done;
	lookup->is_left = true;
	(void)pthread_mutex_unlock(&lookup->lock);
	if (is_last)
		free_lookup(lookup);
	return result;
}

int gp_resolve(const char *host, int64_t deadline_msecs,
	       char address_r[INET6_ADDRSTRLEN], struct gp_error *err)
{
	struct lookup *lookup = create_lookup(host);

	if (start_thread(lookup))
		return wait_and_leave(lookup, deadline_msecs, address_r, err);
	free_lookup(lookup);
	return gp_error_set(err, "%s: there is no thread to look it up", host);
}
