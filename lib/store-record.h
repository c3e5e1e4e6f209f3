/* SPDX-License-Identifier: MIT */
/*
 * This module reads what Redis keeps of a user: how keys are spelt, and the packed
 * records of store-user.lua.
 */
#ifndef GP_STORE_RECORD_H
#define GP_STORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

/* The key of a user, in memory to free(): gp:{user}:u.  Bytes outside
   [A-Za-z0-9._+@-] stand as %XX, so that no name can leave its braces (the hash
   tag of a cluster) or spell another user's key. */
char *gp_store_key(const char *user);

/* The user of a key, in memory to free(); NULL if it is none of ours. */
char *gp_store_key_user(const char *key, size_t length);

/* What is kept of one user, being read. */
struct gp_store_user {
	int64_t human_secs;             /* since 1970; 0: never seen */
	const unsigned char *sending;   /* NULL: nothing was sent */
	size_t sending_bytes;
	int64_t crowd_msecs;            /* theoretical arrival time of all programs
	                                   together, since 1970; 0: none */
	unsigned int crowd_early;       /* rounds that were early for it */
	uint32_t userdb;                /* what it says: store-userdb.h; 0: nothing */
	const unsigned char *place, *end;       /* of the programs that are left */
};

struct gp_store_program {
	const unsigned char *name;      /* see store-program.h */
	size_t name_bytes;
	const unsigned char *record;
	const unsigned char *own;       /* NULL: no early rounds are counted there */
};

/* False, with *user_r untouched, if these bytes are nothing of ours.  They are not
   copied. */
bool gp_store_user_open(const char *bytes, size_t length,
			struct gp_store_user *user_r);

/* The next program; false if there is none. */
bool gp_store_user_next(struct gp_store_user *user,
			struct gp_store_program *program_r);

/* Reads the record of a program; user and program of *record_r are untouched. */
void gp_store_record_unpack(const struct gp_store_program *program,
			    int64_t now_msecs, int64_t window_msecs,
			    struct gp_poll_record *record_r);

/* Early rounds within each of gp_poll_terms_windows(). */
void gp_store_record_within(const struct gp_poll_record *record,
			    const unsigned int secs[GP_LADDER_WINDOWS_MAX],
			    struct gp_poll_history *history);

/* Reads what was sent; false if nothing, or it is not of our form.  user of *record_r
   is untouched. */
bool gp_store_sender_unpack(const struct gp_store_user *user, int64_t now_ticks,
			    struct gp_sender_record *record_r);

/* Milliseconds since the person was last there; -1: never seen. */
int64_t gp_store_human_age(const struct gp_store_user *user, int64_t now_msecs);

#endif
