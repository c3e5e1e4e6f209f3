/* SPDX-License-Identifier: MIT */
/* This module is documented in impostor.h. */
#include "impostor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "own-redis.h"

static const char prefix[] = "unix:";

static void *play(void *context)
{
	struct impostor *impostor = context;
	const char *const *reply = impostor->replies;
	char request[65536];

	while (*reply != NULL) {
		int fd = accept(impostor->listener, NULL, NULL);

		if (fd < 0)
			return NULL;
		(void)atomic_fetch_add(&impostor->connections, 1);
		while (*reply != NULL && recv(fd, request, sizeof(request), 0) > 0) {
			const char *words = *reply++;

			(void)atomic_fetch_add(&impostor->requests, 1);
			if (*reply == NULL)     /* nobody waits in the queue */
				(void)shutdown(impostor->listener, SHUT_RDWR);
			if (*words == '\0')
				break;
			(void)send(fd, words, strlen(words), MSG_NOSIGNAL);
		}
		(void)close(fd);
	}
	return NULL;
}

void impostor_open(struct impostor *impostor, const char *const *replies)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memset(impostor, 0, sizeof(*impostor));
	impostor->replies = replies;
	(void)snprintf(impostor->server, sizeof(impostor->server),
		       "%s/tmp/gatepost-impostor.%ld", prefix, (long)getpid());
	(void)strcpy(address.sun_path, impostor->server + strlen(prefix));
	(void)unlink(address.sun_path);
	impostor->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(impostor->listener, (struct sockaddr *)&address,
			      sizeof(address)), 0);
	assert_int_equal(listen(impostor->listener, 5), 0);
	assert_int_equal(pthread_create(&impostor->thread, NULL, play, impostor), 0);
	own_redis_fill(&impostor->settings, impostor->server);
	impostor->settings.redis.deadline_msecs = 300;
	impostor->settings.redis.retry_secs = 0;
}

void impostor_close(struct impostor *impostor)
{
	(void)shutdown(impostor->listener, SHUT_RDWR);
	(void)pthread_join(impostor->thread, NULL);
	(void)close(impostor->listener);
	(void)unlink(impostor->server + strlen(prefix));
}
