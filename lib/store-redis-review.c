/* SPDX-License-Identifier: MIT */
/*
 * This module reads what Redis keeps of programs and senders for those who review: of
 * one user by the key, of all page by page on each server.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pool.h"
#include "store-program.h"
#include "store-record.h"
#include "store-redis.h"

enum { LIST_DEADLINE_MSECS = 10000, NUMBER_BYTES = 24 };

/* One page of SCAN on one server: the reply is the next cursor and some keys. */
static int scan(struct gp_store_redis *store, int server, const char *cursor,
		int64_t deadline_msecs, redisReply **reply_r,
		struct gp_error *err)
{
	const char *argv[] = { "SCAN", cursor, "MATCH", "gp:{*}:u",
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

/* A program that has only been told something has not checked yet. */
static void visit_programs(const char *name, struct gp_store_user user,
			   int64_t now_msecs, const struct review *review)
{
	struct gp_store_program program;
	char text[GP_PROGRAM_BYTES];

	while (gp_store_user_next(&user, &program)) {
		struct gp_poll_record record = { .user = name };

		gp_store_record_unpack(&program, now_msecs, review->window_msecs,
				       &record);
		record.program = gp_store_program_unpack(program.name,
							 program.name_bytes, text);
		if (record.checks_count > 0)
			review->visitors.program(review->visitors.context,
						 &record);
	}
}

static void visit_user(const char *name, const redisReply *known,
		       int64_t now_usecs, const struct review *review)
{
	const struct gp_store_visitors *visitors = &review->visitors;
	struct gp_sender_record sender = { .user = name };
	struct gp_store_user user;

	if (known->type != REDIS_REPLY_STRING ||
	    !gp_store_user_open(known->str, known->len, &user))
		return;
	if (visitors->program != NULL)
		visit_programs(name, user, now_usecs / 1000, review);
	if (visitors->sender != NULL &&
	    gp_store_sender_unpack(&user, now_usecs * GP_RATE_TICKS_PER_MSEC / 1000,
				   &sender))
		visitors->sender(visitors->context, &sender);
	if (visitors->human != NULL && user.human_secs > 0)
		visitors->human(visitors->context,
				gp_store_human_age(&user, now_usecs / 1000));
}

static int64_t read_usecs(const redisReply *time)
{
	if (time->type != REDIS_REPLY_ARRAY || time->elements != 2 ||
	    time->element[0]->type != REDIS_REPLY_STRING ||
	    time->element[1]->type != REDIS_REPLY_STRING)
		return -1;
	return strtoll(time->element[0]->str, NULL, 10) * 1000000 +
		strtoll(time->element[1]->str, NULL, 10);
}

/* name: of the user whose key that is, or NULL to read it off the key. */
static int visit_known(const char *key, const char *name, const redisReply *known,
		       int64_t now_usecs, const struct review *review,
		       struct gp_error *err)
{
	char *read_off = NULL;

	if (known->type == REDIS_REPLY_NIL)
		return 0;
	if (known->type != REDIS_REPLY_STRING || now_usecs < 0)
		return gp_error_set(err, "redis: %s", known->type ==
				    REDIS_REPLY_ERROR ? known->str
				    : "unexpected reply to GET");
	if (name == NULL)
		name = read_off = gp_store_key_user(key, strlen(key));
	if (name != NULL)
		visit_user(name, known, now_usecs, review);
	free(read_off);
	return 0;
}

/* Many keys cost one round trip.  The clock of the records is Redis's, so it is asked
   with them. */
static int visit_keys(struct gp_store_redis *store, const char **keys, int count,
		      const char *name, const struct review *review,
		      int64_t deadline_msecs, struct gp_error *err)
{
	struct words { const char *argv[2]; } *words =
		gp_alloc((size_t)count * sizeof(*words));
	struct gp_redis_command *commands =
		gp_alloc((size_t)(count + 1) * sizeof(*commands));
	redisReply **replies = gp_alloc((size_t)(count + 1) * sizeof(redisReply *));
	const char *time_argv[] = { "TIME" };
	int64_t now_usecs;
	int result;

	commands[0] = (struct gp_redis_command){ .argc = 1, .argv = time_argv,
						 .key = keys[0] };
	for (int i = 0; i < count; i++) {
		words[i] = (struct words){ { "GET", keys[i] } };
		commands[i + 1] = (struct gp_redis_command){
			.argc = 2, .argv = words[i].argv, .key = keys[i] };
	}
	result = gp_redis_site_exchange(store->site, commands, count + 1,
					deadline_msecs, replies, err);
	if (result == 0) {
		now_usecs = read_usecs(replies[0]);
		for (int i = 0; i < count && result == 0 && goes_on(review); i++)
			result = visit_known(keys[i], name, replies[i + 1],
					     now_usecs, review, err);
		for (int i = 0; i <= count; i++)
			freeReplyObject(replies[i]);
	}
	free(words);
	free(commands);
	free(replies);
	return result;
}

static int list_page(struct gp_store_redis *store, const redisReply *page,
		     const struct review *review, int64_t deadline_msecs,
		     struct gp_error *err)
{
	const char **keys = gp_alloc((page->elements + 1) * sizeof(*keys));
	int count = 0, result;

	for (size_t i = 0; i < page->elements; i++)
		if (page->element[i]->type == REDIS_REPLY_STRING)
			keys[count++] = page->element[i]->str;
	result = count == 0 ? 0 : visit_keys(store, keys, count, NULL, review,
					     deadline_msecs, err);
	free(keys);
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
		result = visit_keys(store, (const char *[]){ key }, 1, user, review,
				    deadline_msecs, err);
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
