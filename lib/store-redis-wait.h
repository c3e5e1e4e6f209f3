/* SPDX-License-Identifier: MIT */
/* This module waits for a socket, no longer than a deadline. */
#ifndef GP_STORE_REDIS_WAIT_H
#define GP_STORE_REDIS_WAIT_H

#include <stdint.h>

#include "error.h"

/* events as for poll(2); deadline_msecs is on the monotonic clock.  0, or -1 with *err
   filled. */
int gp_redis_wait(int fd, short events, int64_t deadline_msecs,
		  struct gp_error *err);

/* The time half way from now to a deadline: for a first try that leaves time for
   another. */
int64_t gp_redis_half_way(int64_t deadline_msecs);

#endif
