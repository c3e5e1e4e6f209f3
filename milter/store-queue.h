/* SPDX-License-Identifier: MIT */
/*
 * This module brings the messages of all threads before Redis, in the order in
 * which they were taken, by one connection: one question for each message, and all
 * that wait travel together.
 *
 * A message near a limit, or of somebody of whom nothing is known, waits for its
 * answer.  One far from all limits does not: it is charged a few milliseconds
 * later, by a thread of this module.  Far is said by gp_rate_is_far(), from what
 * Redis said last and all that has been queued since; as questions do not overtake
 * each other, who is far cannot be refused, unless by messages through other hosts.
 * Any thread may call.
 */
#ifndef GP_STORE_QUEUE_H
#define GP_STORE_QUEUE_H

#include <stdbool.h>

#include "error.h"
#include "rate-memory.h"
#include "settings.h"
#include "store-keeper.h"
#include "store.h"

/*
 * Judges and charges a message as store->ops->submit() does, by Redis as
 * settings->redis says, and lets memory learn the answer; settings need not live
 * longer than the call, memory lives on.  Waits no longer than redis.deadline, whatever
 * is asked before: a message that is not asked about by then is not charged.
 * may_defer: it may be admitted and charged later.  Should that fail, memory is
 * charged.
 * 0, or -1 with *err filled and *verdict_r untouched.
 */
int gp_store_queue_submit(const struct gp_settings *settings,
			  struct gp_rate_memory *memory,
			  const struct gp_submit_query *query, bool may_defer,
			  int64_t now_msecs, struct gp_rate_verdict *verdict_r,
			  struct gp_error *err);

/* Charges what is still to be charged; for the end of the program. */
void gp_store_queue_flush(void);

#endif
