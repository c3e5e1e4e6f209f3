/* SPDX-License-Identifier: MIT */
/* This module is documented in store-stream.h. */
#include "store-stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal-stream.h"
#include "log.h"
#include "pool.h"
#include "store-redis-site.h"

enum { PAGE = 500, ID_BYTES = 48, DEADLINE_MSECS = 10000, DROP_MSECS = 60000 };

struct gp_stream_reader {
	struct gp_redis_site *site;
	char next[ID_BYTES];            /* of the page to come */
};

static int ask(struct gp_stream_reader *reader, int argc, const char **words,
	       redisReply **reply_r, struct gp_error *err)
{
	const struct gp_redis_command command = { .argc = argc, .argv = words,
						  .key = words[1] };

	if (gp_redis_site_exchange(reader->site, &command, 1,
				   gp_clock_monotonic_msecs() + DEADLINE_MSECS,
				   reply_r, err) < 0)
		return -1;
	if ((*reply_r)->type != REDIS_REPLY_ERROR)
		return 0;
	(void)gp_error_set(err, "redis: %s", (*reply_r)->str);
	freeReplyObject(*reply_r);
	return -1;
}

static int unexpected(const char *word, redisReply *reply, struct gp_error *err)
{
	freeReplyObject(reply);
	return gp_error_set(err, "redis: unexpected reply to %s", word);
}

/* --- lines --- */

/* [id, [field, value, ...]]; fields that we do not know are passed over. */
static bool is_entry(const redisReply *entry)
{
	return entry->type == REDIS_REPLY_ARRAY && entry->elements == 2 &&
		entry->element[0]->type == REDIS_REPLY_STRING &&
		entry->element[0]->len + 2 < ID_BYTES &&
		entry->element[1]->type == REDIS_REPLY_ARRAY;
}

static bool hand_over(const redisReply *fields, gp_stream_take *take,
		      void *context)
{
	for (size_t i = 0; i + 1 < fields->elements; i += 2) {
		const redisReply *name = fields->element[i];
		const redisReply *value = fields->element[i + 1];

		if (name->type == REDIS_REPLY_STRING &&
		    value->type == REDIS_REPLY_STRING &&
		    strcmp(name->str, GP_JOURNAL_STREAM_FIELD) == 0 &&
		    !take(context, value->str, (size_t)value->len))
			return false;
	}
	return true;
}

/* What comes after it (Redis 6.2). */
static void go_on_after(struct gp_stream_reader *reader, const redisReply *entry)
{
	(void)snprintf(reader->next, ID_BYTES, "(%s", entry->element[0]->str);
}

static bool hand_over_page(struct gp_stream_reader *reader,
			   const redisReply *page, gp_stream_take *take,
			   void *context)
{
	for (size_t i = 0; i < page->elements; i++) {
		const redisReply *entry = page->element[i];

		if (!is_entry(entry))
			continue;
		go_on_after(reader, entry);
		if (!hand_over(entry->element[1], take, context))
			return false;
	}
	return true;
}

static int read_page(struct gp_stream_reader *reader, redisReply **page_r,
		     struct gp_error *err)
{
	char count[16];
	const char *words[] = { "XRANGE", GP_JOURNAL_STREAM_KEY, reader->next, "+",
				"COUNT", count };

	(void)snprintf(count, sizeof(count), "%d", PAGE);
	if (ask(reader, 6, words, page_r, err) < 0)
		return -1;
	return (*page_r)->type == REDIS_REPLY_ARRAY ? 0
		: unexpected("XRANGE", *page_r, err);
}

int gp_stream_reader_next(struct gp_stream_reader *reader, gp_stream_take *take,
			  void *context, struct gp_error *err)
{
	redisReply *page;
	bool wants_more, is_full;

	if (read_page(reader, &page, err) < 0)
		return -1;
	is_full = page->elements >= PAGE;
	wants_more = hand_over_page(reader, page, take, context);
	freeReplyObject(page);
	return wants_more && is_full;
}

/* --- dropping --- */

/* An entry goes when one of its lines is not wanted. */
struct verdict {
	gp_stream_take *is_unwanted;
	void *context;
	bool is_to_go;
};

static bool judge(void *context, const char *line, size_t length)
{
	struct verdict *verdict = context;

	verdict->is_to_go = verdict->is_unwanted(verdict->context, line, length);
	return !verdict->is_to_go;
}

/* words has room for a whole page; *count_r may be 0. */
static void choose_from_page(struct gp_stream_reader *reader,
			     const redisReply *page, struct verdict *verdict,
			     const char **words, int *count_r)
{
	*count_r = 0;
	for (size_t i = 0; i < page->elements && *count_r < PAGE; i++) {
		const redisReply *entry = page->element[i];

		if (!is_entry(entry))
			continue;
		go_on_after(reader, entry);
		verdict->is_to_go = false;
		(void)hand_over(entry->element[1], judge, verdict);
		if (verdict->is_to_go)
			words[(*count_r)++] = entry->element[0]->str;
	}
}

/* 1 when there may be more, 0 or -1. */
static int drop_page(struct gp_stream_reader *reader, struct verdict *verdict,
		     uint64_t *dropped, struct gp_error *err)
{
	const char *words[PAGE + 2] = { "XDEL", GP_JOURNAL_STREAM_KEY };
	redisReply *page, *reply;
	int count, result;

	if (read_page(reader, &page, err) < 0)
		return -1;
	result = page->elements >= PAGE;
	choose_from_page(reader, page, verdict, words + 2, &count);
	if (count > 0) {
		if (ask(reader, count + 2, words, &reply, err) < 0)
			result = -1;
		else {
			*dropped += (uint64_t)count;
			freeReplyObject(reply);
		}
	}
	freeReplyObject(page);
	return result;
}

int gp_stream_drop(const struct gp_settings *settings, gp_stream_take *is_unwanted,
		   void *context, uint64_t *dropped_r, struct gp_error *err)
{
	const int64_t until_msecs = gp_clock_monotonic_msecs() + DROP_MSECS;
	struct gp_stream_reader *reader = gp_stream_reader_open(settings, 0, err);
	struct verdict verdict = { .is_unwanted = is_unwanted, .context = context };
	uint64_t dropped = 0;
	int more;

	if (reader == NULL)
		return -1;
	do {
		more = drop_page(reader, &verdict, &dropped, err);
		if (more > 0 && gp_clock_monotonic_msecs() > until_msecs)
			more = gp_error_set(err, "redis: the stream of the journal "
					    "was not read in a minute; try again");
	} while (more > 0);
	gp_stream_reader_close(&reader);
	if (more == 0)
		*dropped_r = dropped;
	return more;
}

/* --- how many --- */

static int count_lost(struct gp_stream_reader *reader, int64_t *lost_r,
		      struct gp_error *err)
{
	const char *words[] = { "HVALS", GP_JOURNAL_LOST_KEY };
	redisReply *reply;

	if (ask(reader, 2, words, &reply, err) < 0)
		return -1;
	if (reply->type != REDIS_REPLY_ARRAY)
		return unexpected("HVALS", reply, err);
	*lost_r = 0;
	for (size_t i = 0; i < reply->elements; i++)
		if (reply->element[i]->type == REDIS_REPLY_STRING)
			*lost_r += strtoll(reply->element[i]->str, NULL, 10);
	freeReplyObject(reply);
	return 0;
}

int gp_stream_reader_count(struct gp_stream_reader *reader, int64_t *lines_r,
			   int64_t *lost_r, struct gp_error *err)
{
	const char *words[] = { "XLEN", GP_JOURNAL_STREAM_KEY };
	redisReply *reply;

	if (ask(reader, 2, words, &reply, err) < 0)
		return -1;
	if (reply->type != REDIS_REPLY_INTEGER)
		return unexpected("XLEN", reply, err);
	*lines_r = reply->integer;
	freeReplyObject(reply);
	return count_lost(reader, lost_r, err);
}

/* --- open and close --- */

struct gp_stream_reader *gp_stream_reader_open(const struct gp_settings *settings,
					       int64_t since_msecs,
					       struct gp_error *err)
{
	struct gp_stream_reader *reader = gp_alloc(sizeof(*reader));
	int64_t lines, lost;

	(void)snprintf(reader->next, ID_BYTES, "%" PRId64, since_msecs);
	reader->site = gp_redis_site_open(settings, err);
	if (reader->site == NULL ||
	    gp_stream_reader_count(reader, &lines, &lost, err) < 0)
		gp_stream_reader_close(&reader);
	return reader;
}

void gp_stream_reader_close(struct gp_stream_reader **reader)
{
	if (*reader == NULL)
		return;
	gp_redis_site_close(&(*reader)->site);
	free(*reader);
	*reader = NULL;
}
