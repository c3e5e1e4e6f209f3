/* SPDX-License-Identifier: MIT */
/*
 * This module packs what the scripts store-poll.lua and store-submit.lua are asked, and
 * reads what they answer.  Numbers as text cost Redis as much time as the question.
 */
#ifndef GP_STORE_QUESTION_H
#define GP_STORE_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

/* The second argument of store-poll.lua; returns its length.  Intervals and rounds are
   told to 10 ms, all other terms to a second. */
enum {
	GP_STORE_CHECK_BYTES = 36 + 4 + 3 * 5 + GP_LADDER_WINDOWS_MAX * 3 + 4
};
size_t gp_store_check_pack(const struct gp_poll_query *query, unsigned int retention_secs,
			   unsigned char packed_r[GP_STORE_CHECK_BYTES]);

/* What it returns to that question.  False, with *history_r untouched, if that is no
   answer. */
bool gp_store_verdict_read(const struct gp_poll_query *query, const char *bytes,
			   size_t length, struct gp_poll_history *history_r);

/* The third argument of store-submit.lua. */
enum {
	GP_STORE_WINDOWS_MAX = GP_RATE_KINDS * GP_RATE_WINDOWS_MAX,
	GP_STORE_SUBMISSION_BYTES = GP_STORE_WINDOWS_MAX * 15
};
size_t gp_store_submission_pack(const struct gp_submit_query *query,
				unsigned char packed_r[GP_STORE_SUBMISSION_BYTES]);

/* What it returns. */
struct gp_submission_reply {
	int64_t refused_by, wait_ticks, now_ticks;
	const unsigned char *slots;
	size_t length;
};

/* now_ticks is of the clock of the answer.  False, with *history_r untouched, if
   the reply is none to a question about these terms. */
bool gp_store_submission_read(const struct gp_rate_terms *terms,
			      const struct gp_submission_reply *reply,
			      int64_t now_ticks,
			      struct gp_submit_history *history_r);

#endif
