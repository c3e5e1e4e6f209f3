/* SPDX-License-Identifier: MIT */
/* This module is documented in store-record.h; what is kept of a user stands at the
   head of store-user.lua, the record of a program in store-poll.lua, that of a sender
   in store-submit.lua. */
#include "store-record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

static const char key_start[] = "gp:{", key_end[] = "}:u";

enum { HEAD_BYTES = 5, CROWD_BYTES = 12, USERDB_BYTES = 4, RECORD_BYTES = 26,
       BESIDE_BYTES = 9, OWN_BYTES = 3 * GP_LADDER_WINDOWS_MAX };
enum { HAS_CROWD = 128, HAS_SENDING = 64, HAS_USERDB = 32, HAS_BESIDE = 128,
       HAS_OWN = 128 };

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

bool gp_store_user_open(const char *bytes, size_t length,
			struct gp_store_user *user_r)
{
	const unsigned char *place = (const unsigned char *)bytes;
	const unsigned char *end = place + length;
	struct gp_store_user user = { .end = end };
	unsigned int marks;

	if (length < HEAD_BYTES)
		return false;
	user.human_secs = take(&place, 4);
	marks = *place++;
	if ((marks & HAS_CROWD) != 0 && end - place >= CROWD_BYTES) {
		user.crowd_msecs = take(&place, 5) * 10;
		user.crowd_early = (unsigned int)take(&place, 2);
		place += 5;
	}
	if ((marks & HAS_USERDB) != 0 && end - place >= USERDB_BYTES)
		user.userdb = (uint32_t)take(&place, USERDB_BYTES);
	if ((marks & HAS_SENDING) != 0 && place < end) {
		const size_t sending = 4 + (size_t)*place++ * 9;

		if ((size_t)(end - place) < sending)
			return false;
		user.sending = place;
		user.sending_bytes = sending;
		place += sending;
	}
	user.place = place;
	*user_r = user;
	return true;
}

bool gp_store_user_next(struct gp_store_user *user,
			struct gp_store_program *program_r)
{
	const unsigned char *place = user->place;
	const size_t left = (size_t)(user->end - place);
	const unsigned int first = left > 0 ? *place : 0;
	const size_t name_bytes = first & ~(unsigned int)HAS_BESIDE;
	const size_t end = 1 + name_bytes + RECORD_BYTES;
	const bool has_beside = (first & HAS_BESIDE) != 0;
	const bool has_own = has_beside && left > end &&
		(place[end] & HAS_OWN) != 0;
	const size_t bytes = end + (has_beside ? BESIDE_BYTES : 0) +
		(has_own ? OWN_BYTES : 0);

	if (left == 0 || left < bytes)
		return false;
	*program_r = (struct gp_store_program){
		.name = place + 1, .name_bytes = name_bytes,
		.record = place + 1 + name_bytes,
		.own = has_own ? place + bytes - OWN_BYTES : NULL,
	};
	user->place += bytes;
	return true;
}

/* In 10 ms: a last round is kept by its low 32 bits. */
static int64_t last_round(int64_t low, int64_t now)
{
	return now - (int32_t)(uint32_t)(now - low);
}

/* What is early within the window, and a share of what was in the one before. */
static unsigned int early_lately(int64_t early, int64_t before, int64_t distance,
				 int64_t now_msecs, int64_t window_msecs)
{
	if (distance > 1)
		return 0;
	if (distance == 1) {
		before = early;
		early = 0;
	}
	return (unsigned int)(early + before * (window_msecs - now_msecs %
						window_msecs) / window_msecs);
}

void gp_store_record_unpack(const struct gp_store_program *program,
			    int64_t now_msecs, int64_t window_msecs,
			    struct gp_poll_record *record_r)
{
	const unsigned char *packed = program->record;
	const int64_t at = last_round(take(&packed, 4), now_msecs / 10) * 10;
	const int64_t ahead = take(&packed, 3) * 10;
	const int64_t age = now_msecs - at - take(&packed, 3) * 100;
	int64_t early, before, distance;

	(void)take(&packed, 3 + 2);
	record_r->every_msecs = take(&packed, 3);
	record_r->checks_count = (unsigned int)take(&packed, 3);
	early = take(&packed, 2);
	before = take(&packed, 2);
	distance = age >= 2 * window_msecs ? 2
		: (now_msecs / window_msecs - take(&packed, 1)) & 0xff;
	record_r->wait_msecs = at + ahead - now_msecs;
	record_r->round_age_msecs = now_msecs - at;
	record_r->last_age_msecs = age > 0 ? age : 0;
	record_r->early_count = early_lately(early, before, distance, now_msecs,
					     window_msecs);
	record_r->has_within = program->own != NULL;
	record_r->now_msecs = now_msecs;
	if (program->own != NULL)
		memcpy(record_r->within, program->own, OWN_BYTES);
}

void gp_store_record_within(const struct gp_poll_record *record,
			    const unsigned int secs[GP_LADDER_WINDOWS_MAX],
			    struct gp_poll_history *history)
{
	history->within_known = true;
	for (size_t i = 0; i < GP_LADDER_WINDOWS_MAX; i++) {
		const struct gp_poll_within *within = &record->within[i];
		const int64_t window_msecs = (int64_t)secs[i] * 1000;
		int64_t distance;

		history->within_counts[i] = 0;
		if (!record->has_within || secs[i] == 0)
			continue;
		distance = record->last_age_msecs >= 2 * window_msecs ? 2
			: (record->now_msecs / window_msecs - within->number) & 0xff;
		history->within_counts[i] = early_lately(within->early,
			within->before, distance, record->now_msecs, window_msecs);
	}
}

int64_t gp_store_human_age(const struct gp_store_user *user, int64_t now_msecs)
{
	const int64_t age_msecs = now_msecs - user->human_secs * 1000;

	if (user->human_secs == 0)
		return -1;
	return age_msecs > 0 ? age_msecs : 0;
}

/* --- sending: store-submit.lua --- */

enum {
	LAST_BYTES = 4,
	SLOT_BYTES = 9,
	TICKS_BYTES = 6,
	RECIPIENTS_BIT = 1 << 23        /* of a window's name */
};

bool gp_store_sender_unpack(const struct gp_store_user *user, int64_t now_ticks,
			    struct gp_sender_record *record_r)
{
	const unsigned char *packed = user->sending;
	const size_t count = packed == NULL ? 0
		: (user->sending_bytes - LAST_BYTES) / SLOT_BYTES;
	size_t used[GP_RATE_KINDS] = { 0 };
	struct gp_rate_state state;
	int64_t age_msecs;

	if (packed == NULL)
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
