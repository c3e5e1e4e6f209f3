/* SPDX-License-Identifier: MIT */
/*
 * This module names what the files store-redis*.c share: the state of a store and
 * how a script is run.  Nobody else includes it.
 */
#ifndef GP_STORE_REDIS_H
#define GP_STORE_REDIS_H

#include <stdbool.h>
#include <stdint.h>

#include "store-redis-site.h"
#include "store.h"

struct gp_store_redis {
	struct gp_store store;          /* first: the interface */
	const struct gp_settings *settings;
	struct gp_redis_site *site;
	struct gp_breaker *own_breaker; /* NULL: it shares that of others */
	uint64_t question;              /* the last one about messages; the first is
	                                   like no other store's */
	struct gp_exemption_list exemptions;    /* by hand, as last read */
	int64_t exemptions_until_msecs; /* good so long; 0: never read */
	bool has_ended;                 /* one that was read, by our clock */
	struct gp_error last_error;
};

/* The breaker: true, with *err filled, while Redis is left alone. */
bool gp_store_redis_is_left_alone(const struct gp_store_redis *store,
				  int64_t now_msecs, struct gp_error *err);

/* Redis failed: closes the connection and opens the breaker; -1.  If it has answered,
   gp_breaker_answered() says so. */
int gp_store_redis_fail(struct gp_store_redis *store, int64_t now_msecs,
			struct gp_error *err);

/* Runs a script by its SHA1, and once in full where Redis does not know it yet.
   script->argv has room for the two words before the number of keys; lengths may be
   NULL.  beside is a command that travels with it; NULL for none.  0 with a reply to
   be freed (two with a command beside, where the second may be NULL: what is asked
   beside does not matter as much), or -1 with *err filled. */
struct gp_redis_script {
	const char *sha1, *text;
	const char **argv;
	size_t *lengths;
	int argc;
};
int gp_store_redis_run(struct gp_store_redis *store,
		       const struct gp_redis_script *script,
		       const struct gp_redis_command *beside,
		       int64_t deadline_msecs, redisReply **replies_r,
		       struct gp_error *err);

/* The reply of a server that does not know the script. */
bool gp_store_redis_is_noscript(const redisReply *reply);

/* The command that reads who is exempt by hand, to go beside another one when what is
   known is old, and what becomes of its reply. */
bool gp_store_redis_wants_exemptions(const struct gp_store_redis *store,
				     int64_t now_msecs);
extern const struct gp_redis_command gp_store_redis_ask_exemptions;
void gp_store_redis_take_exemptions(struct gp_store_redis *store,
				    const redisReply *reply, int64_t now_msecs);
void gp_store_redis_free_exemptions(struct gp_store_redis *store);

/* Has Redis drop what was read and has ended, by its own clock; asks nothing if none
   has. */
void gp_store_redis_drop_ended(struct gp_store_redis *store, int64_t now_msecs,
			       int64_t deadline_msecs);

/* Of struct gp_store_ops. */
int gp_store_redis_exemptions(struct gp_store *generic, const char *user,
			      int64_t now_msecs,
			      const struct gp_exemption_list **list_r,
			      struct gp_error *err);
int gp_store_redis_exempt(struct gp_store *generic,
			  const struct gp_exemption *exemption,
			  struct gp_error *err);
int gp_store_redis_unexempt(struct gp_store *generic, const char *who,
			    struct gp_error *err);
int gp_store_redis_reset(struct gp_store *generic, const char *user,
			 struct gp_error *err);
int gp_store_redis_submit(struct gp_store *generic,
			  const struct gp_submit_query *query, int64_t now_msecs,
			  struct gp_submit_history *history_r,
			  struct gp_error *err);
int gp_store_redis_submit_all(struct gp_store *generic,
			      const struct gp_submit_query *const *queries,
			      int count, int64_t now_msecs,
			      struct gp_submit_history *histories_r,
			      struct gp_error *err);
int gp_store_redis_forget(struct gp_store *generic, const char *user,
			  struct gp_removal *removal_r, struct gp_error *err);
int gp_store_redis_list(struct gp_store *generic, const char *user,
			int64_t window_msecs, gp_store_visit *visit,
			void *context, struct gp_error *err);
int gp_store_redis_list_senders(struct gp_store *generic, const char *user,
				gp_store_visit_sender *visit, void *context,
				struct gp_error *err);
int gp_store_redis_look_up(struct gp_store *generic, const char *user,
			   int64_t window_msecs,
			   const struct gp_store_visitors *visitors,
			   struct gp_error *err);
int gp_store_redis_last_heard(struct gp_store *generic, int64_t enough_msecs,
			      int64_t *age_msecs_r, struct gp_error *err);

#endif
