/* SPDX-License-Identifier: MIT */
/* This module is documented in store-record.h; the layout of a record stands
   at the head of store-poll.lua, that of a sender in store-submit.lua. */
#include "store-record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

static const char key_start[] = "gp:{", key_end[] = "}:p";

enum { RECORD_BYTES = 30 };

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
	at = take(&packed, 6);
	ahead = take(&packed, 3) * 10;
	last = take(&packed, 3) * 100;
	(void)take(&packed, 3 + 3);
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

enum { LAST_BYTES = 4, SLOT_BYTES = 9 };

static bool take_slots(const unsigned char *bytes, size_t length,
		       int64_t now_ticks, struct gp_rate_slot *slots)
{
	const size_t count = length / SLOT_BYTES;

	if (length % SLOT_BYTES != 0 || count > GP_RATE_WINDOWS_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		slots[i].secs = (unsigned int)take(&bytes, 3);
		slots[i].tat_ticks = take(&bytes, 6) - now_ticks;
	}
	return true;
}

bool gp_store_sender_unpack(const struct gp_packed *messages,
			    const struct gp_packed *recipients,
			    int64_t now_ticks,
			    struct gp_sender_record *record_r)
{
	const unsigned char *bytes = messages->bytes;
	struct gp_rate_state state;
	int64_t age_msecs;

	memset(&state, 0, sizeof(state));
	if (bytes == NULL || messages->length < LAST_BYTES)
		return false;
	age_msecs = now_ticks / GP_RATE_TICKS_PER_MSEC -
		take(&bytes, LAST_BYTES) * 1000;
	if (!take_slots(bytes, messages->length - LAST_BYTES, now_ticks,
			state.slots[GP_RATE_MESSAGES]) ||
	    (recipients->bytes != NULL &&
	     !take_slots(recipients->bytes, recipients->length, now_ticks,
			 state.slots[GP_RATE_RECIPIENTS])))
		return false;
	record_r->last_age_msecs = age_msecs > 0 ? age_msecs : 0;
	record_r->state = state;
	return true;
}
