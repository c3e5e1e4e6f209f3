/* SPDX-License-Identifier: MIT */
/* This module gives a test a server that is taken for Redis and does not behave: it says
   what it was told to, whatever it is asked. */
#ifndef IMPOSTOR_H
#define IMPOSTOR_H

#include <pthread.h>
#include <stdatomic.h>

#include "settings.h"

/* Says the replies, ended by NULL, one for each request, whatever connection that comes
   in.  Instead of an empty one it closes; after the last one it is gone. */
struct impostor {
	struct gp_settings settings;    /* with redis for it */
	char server[80];
	int listener;
	const char *const *replies;
	atomic_int connections, requests;
	pthread_t thread;
};

void impostor_open(struct impostor *impostor, const char *const *replies);
/* After all who have asked it. */
void impostor_close(struct impostor *impostor);

#endif
