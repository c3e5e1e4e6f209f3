/* SPDX-License-Identifier: MIT */
/* This module is documented in store-record.h; the layout of a record stands
   at the head of store-poll.lua, that of a sender in store-submit.lua. */
#include "store-record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

static const char key_start[] = "gp:{", key_end[] = "}:p";

enum { RECORD_BYTES = 28 };

static bool is_plain(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		(byte >= '0' && byte <= '9') || (byte != '\0' &&
		strchr("._+@-", byte) != NULL);
}

char *gp_store_key(const char *user)
{
	char *key = gp_alloc(sizeof(key_start) + 3 * strlen(user) +
			     sizeof(key_end));
	char *end = stpcpy(key, key_start);

	for (; *user != '\0'; user++) {
		unsigned char byte = (unsigned char)*user;

		if (is_plain(byte))
			*end++ = (char)byte;
		else
			end += sprintf(end, "%%%02X", byte);
	}
	(void)strcpy(end, key_end);
	return key;
}

static int hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

char *gp_store_key_user(const char *key, size_t length)
{
	const size_t head = sizeof(key_start) - 1, tail = sizeof(key_end) - 1;
	const char *end = key + length - tail;
	char *user, *out;

	if (length < head + tail || memcmp(key, key_start, head) != 0 ||
	    memcmp(end, key_end, tail) != 0)
		return NULL;
	out = user = gp_alloc(length);
	for (key += head; key < end; key++) {
		if (*key == '%' && end - key > 2 && hex_digit(key[1]) >= 0 &&
		    hex_digit(key[2]) >= 0) {
			*out++ = (char)(hex_digit(key[1]) * 16 + hex_digit(key[2]));
			key += 2;
		} else {
			*out++ = *key;
		}
	}
	*out = '\0';
	return user;
}

static int64_t take(const unsigned char **bytes, int count)
{
	int64_t value = 0;

	while (count-- > 0)
		value = value * 256 + *(*bytes)++;
	return value;
}

bool gp_store_record_unpack(const unsigned char *packed, size_t length,
			    int64_t now_msecs, int64_t window_msecs,
			    struct gp_poll_record *record_r)
{
	int64_t at, ahead, last, early, before, number, distance, age;

	if (length != RECORD_BYTES || window_msecs <= 0)
		return false;
	at = take(&packed, 5) * 10;
	ahead = take(&packed, 3) * 10;
	last = take(&packed, 3) * 100;
	(void)take(&packed, 3 + 2);
	record_r->every_msecs = take(&packed, 3);
	record_r->checks_count = (unsigned int)take(&packed, 3);
	early = take(&packed, 2);
	before = take(&packed, 2);
	number = take(&packed, 2);

	record_r->wait_msecs = at + ahead - now_msecs;
	record_r->round_age_msecs = now_msecs - at;
	age = now_msecs - at - last;
	record_r->last_age_msecs = age > 0 ? age : 0;
	distance = (now_msecs / window_msecs - number) & 0xffff;
	if (distance == 1) {
		before = early;
		early = 0;
	} else if (distance > 1) {
		before = early = 0;
	}
	early += before * (window_msecs - now_msecs % window_msecs) / window_msecs;
	record_r->early_count = (unsigned int)early;
	return true;
}

bool gp_store_human_unpack(const unsigned char *packed, size_t length,
			   int64_t now_msecs, int64_t *age_msecs_r)
{
	int64_t age_msecs;

	if (length != 4 && length != 11)
		return false;
	age_msecs = now_msecs - take(&packed, 4) * 1000;
	*age_msecs_r = age_msecs > 0 ? age_msecs : 0;
	return true;
}

/* --- sending: store-submit.lua --- */

enum {
	LAST_BYTES = 4,
	SLOT_BYTES = 9,
	TICKS_BYTES = 6,
	RECIPIENTS_BIT = 1 << 23        /* of a window's name */
};

bool gp_store_sender_unpack(const unsigned char *packed, size_t length,
			    int64_t now_ticks,
			    struct gp_sender_record *record_r)
{
	const size_t count = (length - LAST_BYTES) / SLOT_BYTES;
	size_t used[GP_RATE_KINDS] = { 0 };
	struct gp_rate_state state;
	int64_t age_msecs;

	if (length < LAST_BYTES || (length - LAST_BYTES) % SLOT_BYTES != 0)
		return false;
	memset(&state, 0, sizeof(state));
	age_msecs = now_ticks / GP_RATE_TICKS_PER_MSEC -
		take(&packed, LAST_BYTES) * 1000;
	for (size_t i = 0; i < count; i++) {
		const unsigned int name = (unsigned int)take(&packed, 3);
		const enum gp_rate_kind kind = (name & RECIPIENTS_BIT) != 0
			? GP_RATE_RECIPIENTS : GP_RATE_MESSAGES;

		if (used[kind] == GP_RATE_WINDOWS_MAX)
			return false;
		state.slots[kind][used[kind]++] = (struct gp_rate_slot){
			.secs = name & ~(unsigned int)RECIPIENTS_BIT,
			.tat_ticks = take(&packed, TICKS_BYTES) - now_ticks,
		};
	}
	record_r->last_age_msecs = age_msecs > 0 ? age_msecs : 0;
	record_r->state = state;
	return true;
}

static void put(unsigned char **bytes, int64_t value, int count)
{
	for (int shift = 8 * (count - 1); shift >= 0; shift -= 8)
		*(*bytes)++ = (unsigned char)(value >> shift);
}

static int64_t name_of(const struct gp_rate_window *window, int kind)
{
	return (int64_t)window->secs +
		(kind == GP_RATE_RECIPIENTS ? RECIPIENTS_BIT : 0);
}

size_t gp_store_submission_pack(const struct gp_submit_query *query,
				unsigned char packed_r[GP_STORE_SUBMISSION_BYTES])
{
	unsigned char *end = packed_r;

	for (int kind = 0; kind < GP_RATE_KINDS; kind++) {
		const struct gp_rate_limits *limits = &query->terms->limits[kind];

		for (size_t i = 0; i < limits->count; i++) {
			const struct gp_rate_window *window = &limits->windows[i];

			put(&end, name_of(window, kind), 3);
			put(&end, gp_rate_cost(window, (enum gp_rate_kind)kind,
					       query->recipients), TICKS_BYTES);
			put(&end, gp_rate_whole(window), TICKS_BYTES);
		}
	}
	return (size_t)(end - packed_r);
}

/* Nothing is further ahead than this; see rate.c. */
static int64_t longest_ticks(const struct gp_rate_window *window)
{
	return ((int64_t)window->secs + GP_RATE_CLOCK_SLACK_SECS) *
		GP_RATE_TICKS_PER_SEC;
}

/* Windows are counted from 1, those of messages first. */
static bool read_verdict(const struct gp_rate_terms *terms, int64_t refused_by,
			 int64_t wait_ticks, struct gp_rate_verdict *verdict_r)
{
	*verdict_r = (struct gp_rate_verdict){ .is_admitted = refused_by == 0 };
	if (refused_by <= 0)
		return refused_by == 0 && wait_ticks == 0;
	for (int kind = 0; kind < GP_RATE_KINDS; kind++) {
		const int64_t count = (int64_t)terms->limits[kind].count;

		if (refused_by <= count) {
			verdict_r->kind = (enum gp_rate_kind)kind;
			verdict_r->window =
				terms->limits[kind].windows[refused_by - 1];
			verdict_r->wait_ticks = wait_ticks;
			return wait_ticks > 0 &&
				wait_ticks <= longest_ticks(&verdict_r->window);
		}
		refused_by -= count;
	}
	return false;
}

bool gp_store_submission_read(const struct gp_rate_terms *terms,
			      const struct gp_submission_reply *reply,
			      int64_t now_ticks,
			      struct gp_submit_history *history_r)
{
	const unsigned char *bytes = reply->slots;
	struct gp_submit_history history;

	memset(&history, 0, sizeof(history));
	if (reply->length != SLOT_BYTES * (
	    terms->limits[GP_RATE_MESSAGES].count +
	    terms->limits[GP_RATE_RECIPIENTS].count) ||
	    !read_verdict(terms, reply->refused_by, reply->wait_ticks,
			  &history.verdict))
		return false;
	for (int kind = 0; kind < GP_RATE_KINDS; kind++) {
		for (size_t i = 0; i < terms->limits[kind].count; i++) {
			const struct gp_rate_window *window =
				&terms->limits[kind].windows[i];
			const int64_t name = take(&bytes, 3);
			const int64_t ahead_ticks = take(&bytes, TICKS_BYTES) -
				reply->now_ticks;

			if (name != name_of(window, kind) || ahead_ticks < 0 ||
			    ahead_ticks > longest_ticks(window))
				return false;
			history.state.slots[kind][i] = (struct gp_rate_slot){
				.secs = window->secs,
				.tat_ticks = now_ticks + ahead_ticks,
			};
		}
	}
	*history_r = history;
	return true;
}
