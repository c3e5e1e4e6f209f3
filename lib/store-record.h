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

/* Reads what store-submit.lua packs of a sender, its fields "m" and "r" (NULL: not
   there); false if it is not that.  user of *record_r is untouched. */
struct gp_packed {
	const unsigned char *bytes;
	size_t length;
};
bool gp_store_sender_unpack(const struct gp_packed *messages,
			    const struct gp_packed *recipients,
			    int64_t now_ticks,
			    struct gp_sender_record *record_r);

#endif
