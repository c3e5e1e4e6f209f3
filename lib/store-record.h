/* SPDX-License-Identifier: MIT */
/*
 * This module names what store-redis.c shares with its tests: how keys are
 * spelt and how the packed record of store-poll.lua is read.
 */
#ifndef GP_STORE_RECORD_H
#define GP_STORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

/* The key of a user, in memory to free(): gp:{user}:p.  Bytes outside
   [A-Za-z0-9._+@-] stand as %XX, so that no name can leave its braces (the hash
   tag of a cluster) or spell another user's key. */
char *gp_store_key(const char *user);

/* The user of a key, in memory to free(); NULL if it is none of ours. */
char *gp_store_key_user(const char *key, size_t length);

/* Reads a packed record; false if it is not one.  user and program of
   *record_r are untouched. */
bool gp_store_record_unpack(const unsigned char *packed, size_t length,
			    int64_t now_msecs, int64_t window_msecs,
			    struct gp_poll_record *record_r);

/* Reads what store-submit.lua packs of a sender; false if it is not that.  user of
   *record_r is untouched. */
bool gp_store_sender_unpack(const unsigned char *packed, size_t length,
			    int64_t now_ticks,
			    struct gp_sender_record *record_r);

/* Reads when the person was last there; false if it is not that. */
bool gp_store_human_unpack(const unsigned char *packed, size_t length,
			   int64_t now_msecs, int64_t *age_msecs_r);

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
