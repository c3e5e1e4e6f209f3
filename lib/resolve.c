/* SPDX-License-Identifier: MIT */
/* This module is documented in resolve.h.  The C library asks in a thread of its own,
   which nothing can stop while it waits for a name server. */
#include "resolve.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "log.h"
#include "pool.h"

struct request {
	struct gaicb question;
	struct addrinfo hints;
	char host[];
};

static struct request *create_request(const char *host)
{
	const size_t bytes = strlen(host) + 1;
	struct request *request = gp_alloc(sizeof(*request) + bytes);

	memcpy(request->host, host, bytes);
	request->hints.ai_family = AF_UNSPEC;
	request->hints.ai_socktype = SOCK_STREAM;
	request->question.ar_name = request->host;
	request->question.ar_request = &request->hints;
	return request;
}

/* One that still runs keeps its memory for ever. */
static void free_request(struct request *request)
{
	const int state = gai_cancel(&request->question);

	if (state == EAI_NOTCANCELED ||
	    gai_error(&request->question) == EAI_INPROGRESS)
		return;
	if (request->question.ar_result != NULL)
		freeaddrinfo(request->question.ar_result);
	free(request);
}

static int wait_for(const struct gaicb *question, int64_t deadline_msecs)
{
	const struct gaicb *const questions[] = { question };
	int state;

	while ((state = gai_error((struct gaicb *)(uintptr_t)question)) ==
	       EAI_INPROGRESS) {
		const int64_t left = deadline_msecs - gp_clock_monotonic_msecs();
		const struct timespec timeout = {
			.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000,
		};

		if (left <= 0)
			break;
		(void)gai_suspend(questions, 1, &timeout);
	}
	return state;
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

static int read_answer(const struct request *request, int state,
		       char address_r[INET6_ADDRSTRLEN], struct gp_error *err)
{
	const struct addrinfo *chosen;

	if (state == EAI_INPROGRESS)
		return gp_error_set(err, "%s: no name server has told its address in "
				    "time; an address needs none", request->host);
	if (state != 0)
		return gp_error_set(err, "%s: %s", request->host,
				    gai_strerror(state));
	chosen = choose(request->question.ar_result);
	if (getnameinfo(chosen->ai_addr, chosen->ai_addrlen, address_r,
			INET6_ADDRSTRLEN, NULL, 0, NI_NUMERICHOST) != 0)
		return gp_error_set(err, "%s: it has no address", request->host);
	return 0;
}

int gp_resolve(const char *host, int64_t deadline_msecs,
	       char address_r[INET6_ADDRSTRLEN], struct gp_error *err)
{
	struct request *request = create_request(host);
	struct gaicb *questions[] = { &request->question };
	int result = getaddrinfo_a(GAI_NOWAIT, questions, 1, NULL);

	result = result != 0
		? gp_error_set(err, "%s: %s", host, gai_strerror(result))
		: read_answer(request, wait_for(&request->question,
						deadline_msecs),
			      address_r, err);
	free_request(request);
	return result;
}
