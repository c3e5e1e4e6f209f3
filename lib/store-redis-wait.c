/* SPDX-License-Identifier: MIT */
/* This module is documented in store-redis-wait.h. */
#include "store-redis-wait.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "log.h"

int gp_redis_wait(int fd, short events, int64_t deadline_msecs,
		  struct gp_error *err)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	int64_t left;
	int ready;

	do {
		left = deadline_msecs - gp_clock_monotonic_msecs();
		ready = left <= 0 ? 0 : poll(&poll_fd, 1, (int)left);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return gp_error_set(err, "redis: poll: %s", strerror(errno));
	if (ready == 0)
		return gp_error_set(err, "redis: no reply in time");
	return 0;
}

int64_t gp_redis_half_way(int64_t deadline_msecs)
{
	const int64_t now_msecs = gp_clock_monotonic_msecs();

	return now_msecs + (deadline_msecs - now_msecs) / 2;
}
