/* SPDX-License-Identifier: MIT */
/*
 * This module is the circuit breaker: after a failure nobody asks Redis until
 * redis.retry has passed, then one asks again, and the others once that one had an
 * answer.  A mail process lives for one session, so those of a host share a breaker, in
 * a small file in memory.  Where that cannot be had, each process has one of its own.
 *
 * A breaker serves one thread at a time.
 */
#ifndef GP_BREAKER_H
#define GP_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "outage.h"
#include "settings.h"

struct gp_breaker;

/* What the journal is to be told: each outage has one beginning and one end, over all
   who share the breaker. */
enum gp_breaker_news { GP_BREAKER_NO_NEWS, GP_BREAKER_WENT, GP_BREAKER_BACK };

struct gp_breaker_state {
	bool is_silent;                 /* Redis failed, and has not answered since */
	int64_t closed_until_msecs;     /* nobody asks before; monotonic */
	struct gp_outage_state outage;  /* as the journal is told; monotonic */
};

/* One of its own.  retry_msecs: for how long nobody asks, more or less. */
struct gp_breaker *gp_breaker_create(int64_t retry_msecs);

/* The one of all on this host who have these settings and this server. */
struct gp_breaker *gp_breaker_share(const struct gp_settings *settings);

/* May Redis be asked now?  If so, one of the two below tells what came of it; where
   neither does, a Redis that was silent stays so, and is left alone for a period. */
bool gp_breaker_admits(struct gp_breaker *breaker, int64_t now_msecs);

/* It failed; or it answered as it should. */
void gp_breaker_failed(struct gp_breaker *breaker, int64_t now_msecs);
void gp_breaker_answered(struct gp_breaker *breaker, int64_t now_msecs);

/* What is new and was not told yet; whoever asks tells it.  NULL has no news. */
enum gp_breaker_news gp_breaker_news(struct gp_breaker *breaker);

/* What a shared one says, for those who review.  False if it says nothing: there was
   no outage since the host was started, or it cannot be read. */
bool gp_breaker_look(const struct gp_settings *settings, int64_t now_msecs,
		     struct gp_breaker_state *state_r);

/* Accepts NULL, leaves NULL. */
void gp_breaker_free(struct gp_breaker **breaker);

#endif
