/* SPDX-License-Identifier: MIT */
/*
 * This module reads what Redis keeps of programs and senders for those who review: of
 * one user by the key, of all page by page on each server.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "store-record.h"
#include "store-redis.h"

enum { LIST_DEADLINE_MSECS = 10000, NUMBER_BYTES = 24 };

/* One page of SCAN on one server: the reply is the next cursor and some keys. */
static int scan(struct gp_store_redis *store, int server, const char *cursor,
		int64_t deadline_msecs, redisReply **reply_r,
		struct gp_error *err)
{
	const char *argv[] = { "SCAN", cursor, "MATCH", "gp:{*}:p",
			       "COUNT", "500" };
	struct gp_redis_command command = { .argc = 6, .argv = argv };
	redisReply *reply;

	if (gp_redis_site_ask_server(store->site, server, &command, deadline_msecs,
				     &reply, err) < 0)
		return -1;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    reply->element[0]->type != REDIS_REPLY_STRING ||
	    reply->element[1]->type != REDIS_REPLY_ARRAY) {
		(void)gp_error_set(err, "redis: %s", reply->type ==
				   REDIS_REPLY_ERROR ? reply->str
				   : "unexpected reply to SCAN");
		freeReplyObject(reply);
		return -1;
	}
	*reply_r = reply;
	return 0;
}

/* What is done with each user who is listed. */
struct review {
	struct gp_store_visitors visitors;
	int64_t window_msecs;
	const bool *is_done;            /* the visitor has seen enough; may be NULL */
};

static bool goes_on(const struct review *review)
{
	return review->is_done == NULL || !*review->is_done;
}

static void visit_program(struct gp_poll_record *record, const redisReply *field,
			  const redisReply *value, int64_t now_msecs,
			  const struct review *review)
{
	if (field->len <= 1 ||
	    !gp_store_record_unpack((const unsigned char *)value->str, value->len,
				    now_msecs, review->window_msecs, record))
		return;
	record->program = field->str;
	review->visitors.program(review->visitors.context, record);
}

static void visit_sender(struct gp_sender_record *record, const redisReply *field,
			 const redisReply *value, int64_t now_ticks,
			 const struct review *review)
{
	if (field->len == 1 && field->str[0] == 's' &&
	    gp_store_sender_unpack((const unsigned char *)value->str, value->len,
				   now_ticks, record))
		review->visitors.sender(review->visitors.context, record);
}

static void visit_human(const redisReply *field, const redisReply *value,
			int64_t now_msecs, const struct review *review)
{
	int64_t age_msecs;

	if (field->len == 1 && field->str[0] == 'h' &&
	    gp_store_human_unpack((const unsigned char *)value->str, value->len,
				  now_msecs, &age_msecs))
		review->visitors.human(review->visitors.context, age_msecs);
}

static void visit_user(const char *user, const redisReply *hash,
		       int64_t now_usecs, const struct review *review)
{
	struct gp_poll_record program = { .user = user };
	struct gp_sender_record sender = { .user = user };

	for (size_t i = 0; i + 1 < hash->elements; i += 2) {
		const redisReply *field = hash->element[i];
		const redisReply *value = hash->element[i + 1];

		if (field->type != REDIS_REPLY_STRING ||
		    value->type != REDIS_REPLY_STRING)
			continue;
		if (review->visitors.program != NULL)
			visit_program(&program, field, value, now_usecs / 1000,
				      review);
		if (review->visitors.sender != NULL)
			visit_sender(&sender, field, value, now_usecs *
				     GP_RATE_TICKS_PER_MSEC / 1000, review);
		if (review->visitors.human != NULL)
			visit_human(field, value, now_usecs / 1000, review);
	}
}

/* The clock of the records is Redis's, so it is asked with them. */
static int list_user(struct gp_store_redis *store, const char *key,
		     const char *user, const struct review *review,
		     int64_t deadline_msecs, struct gp_error *err)
{
	const char *time_argv[] = { "TIME" }, *hash_argv[] = { "HGETALL", key };
	const struct gp_redis_command commands[] = {
		{ .argc = 1, .argv = time_argv, .key = key },
		{ .argc = 2, .argv = hash_argv, .key = key },
	};
	redisReply *replies[2], *time;
	int result = 0;

	if (gp_redis_site_exchange(store->site, commands, 2, deadline_msecs,
				   replies, err) < 0)
		return -1;
	time = replies[0];
	if (time->type == REDIS_REPLY_ARRAY && time->elements == 2 &&
	    time->element[0]->type == REDIS_REPLY_STRING &&
	    time->element[1]->type == REDIS_REPLY_STRING &&
	    replies[1]->type == REDIS_REPLY_ARRAY)
		visit_user(user, replies[1],
			   strtoll(time->element[0]->str, NULL, 10) * 1000000 +
			   strtoll(time->element[1]->str, NULL, 10), review);
	else
		result = gp_error_set(err, "redis: %s",
			time->type == REDIS_REPLY_ERROR ? time->str :
			replies[1]->type == REDIS_REPLY_ERROR ? replies[1]->str
			: "unexpected reply to HGETALL");
	freeReplyObject(replies[0]);
	freeReplyObject(replies[1]);
	return result;
}

static int list_page(struct gp_store_redis *store, const redisReply *keys,
		     const struct review *review, int64_t deadline_msecs,
		     struct gp_error *err)
{
	int result = 0;

	for (size_t i = 0; i < keys->elements && result == 0 && goes_on(review);
	     i++) {
		const redisReply *key = keys->element[i];
		char *user = key->type != REDIS_REPLY_STRING ? NULL
			: gp_store_key_user(key->str, key->len);

		if (user != NULL)
			result = list_user(store, key->str, user, review,
					   deadline_msecs, err);
		free(user);
	}
	return result;
}

static int list_server(struct gp_store_redis *store, int server,
		       const struct review *review, int64_t deadline_msecs,
		       struct gp_error *err)
{
	char cursor[NUMBER_BYTES] = "0";
	redisReply *reply;
	int result;

	do {
		if (scan(store, server, cursor, deadline_msecs, &reply, err) < 0)
			return -1;
		(void)snprintf(cursor, sizeof(cursor), "%s",
			       reply->element[0]->str);
		result = list_page(store, reply->element[1], review,
				   deadline_msecs, err);
		freeReplyObject(reply);
	} while (result == 0 && goes_on(review) && strcmp(cursor, "0") != 0);
	return result;
}

static int list_all(struct gp_store_redis *store, const struct review *review,
		    int64_t deadline_msecs, struct gp_error *err)
{
	const int servers = gp_redis_site_servers(store->site, deadline_msecs, err);
	int result = servers < 0 ? -1 : 0;

	for (int i = 0; i < servers && result == 0 && goes_on(review); i++)
		result = list_server(store, i, review, deadline_msecs, err);
	return result;
}

static int list(struct gp_store_redis *store, const char *user,
		const struct review *review, struct gp_error *err)
{
	int64_t deadline_msecs = gp_clock_monotonic_msecs() +
		LIST_DEADLINE_MSECS;
	char *key;
	int result;

	if (user == NULL) {
		result = list_all(store, review, deadline_msecs, err);
	} else {
		key = gp_store_key(user);
		result = list_user(store, key, user, review, deadline_msecs, err);
		free(key);
	}
	gp_redis_site_disconnect(store->site);
	return result;
}

int gp_store_redis_list(struct gp_store *generic, const char *user,
			int64_t window_msecs, gp_store_visit *visit,
			void *context, struct gp_error *err)
{
	const struct review review = {
		.visitors = { .program = visit, .context = context },
		.window_msecs = window_msecs,
	};

	return list((struct gp_store_redis *)generic, user, &review, err);
}

int gp_store_redis_list_senders(struct gp_store *generic, const char *user,
				gp_store_visit_sender *visit, void *context,
				struct gp_error *err)
{
	const struct review review = {
		.visitors = { .sender = visit, .context = context },
	};

	return list((struct gp_store_redis *)generic, user, &review, err);
}

int gp_store_redis_look_up(struct gp_store *generic, const char *user,
			   int64_t window_msecs,
			   const struct gp_store_visitors *visitors,
			   struct gp_error *err)
{
	const struct review review = { .visitors = *visitors,
				       .window_msecs = window_msecs };

	return list((struct gp_store_redis *)generic, user, &review, err);
}

struct heard {
	int64_t enough_msecs, age_msecs;
	bool is_enough;
};

static void note_heard(void *context, const struct gp_poll_record *record)
{
	struct heard *heard = context;

	if (heard->age_msecs < 0 || record->last_age_msecs < heard->age_msecs)
		heard->age_msecs = record->last_age_msecs < 0
			? 0 : record->last_age_msecs;
	heard->is_enough = heard->age_msecs <= heard->enough_msecs;
}

int gp_store_redis_last_heard(struct gp_store *generic, int64_t enough_msecs,
			      int64_t *age_msecs_r, struct gp_error *err)
{
	struct heard heard = { .enough_msecs = enough_msecs, .age_msecs = -1 };
	/* Early rounds do not matter here. */
	const struct review review = {
		.visitors = { .program = note_heard, .context = &heard },
		.window_msecs = 1000, .is_done = &heard.is_enough,
	};

	if (list((struct gp_store_redis *)generic, NULL, &review, err) < 0)
		return -1;
	*age_msecs_r = heard.age_msecs;
	return 0;
}
