/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in authpolicy-memory.h.
 *
 * A table of buckets of a few places each, as in rate-memory.c.  Programs are known by
 * a hash alone: who finds another one's makes both of them be asked about more often.
 */
#include "authpolicy-memory.h"

#include <stddef.h>
#include <stdlib.h>

#include "pool.h"

enum { BUCKETS = 4096, BUCKET_PLACES = 4 };

/* What is free is as what was seen when time began, and is good no more. */
struct place {
	uint64_t program;
	int64_t seen_msecs;
	int64_t interval_msecs;
	int64_t until_msecs;
	int64_t login_until_msecs;      /* of one that is not early, and not taken */
};

struct gp_auth_memory {
	struct place places[BUCKETS][BUCKET_PLACES];
};

struct gp_auth_memory *gp_auth_memory_create(void)
{
	return gp_alloc(sizeof(struct gp_auth_memory));
}

static struct place *bucket_of(struct gp_auth_memory *memory, uint64_t program)
{
	return memory->places[program % BUCKETS];
}

static struct place *find(struct gp_auth_memory *memory, uint64_t program)
{
	struct place *bucket = bucket_of(memory, program);

	for (int i = 0; i < BUCKET_PLACES; i++)
		if (bucket[i].program == program)
			return &bucket[i];
	return NULL;
}

bool gp_auth_memory_see(struct gp_auth_memory *memory, uint64_t program,
			int64_t interval_msecs, int64_t now_msecs)
{
	struct place *place = find(memory, program);
	bool is_in_time;
	int64_t age;

	if (place == NULL)
		return false;
	age = now_msecs - place->seen_msecs;
	if (now_msecs > place->seen_msecs)
		place->seen_msecs = now_msecs;
	is_in_time = now_msecs < place->until_msecs && age >= interval_msecs &&
		age >= place->interval_msecs;
	place->login_until_msecs = is_in_time
		? now_msecs + GP_AUTH_MEMORY_LOGIN_MSECS : 0;
	return is_in_time;
}

bool gp_auth_memory_take(struct gp_auth_memory *memory, uint64_t program,
			 int64_t now_msecs)
{
	struct place *place = find(memory, program);
	const bool is_there = place != NULL && now_msecs < place->login_until_msecs;

	if (is_there)
		place->login_until_msecs = 0;
	return is_there;
}

/* The one to be overwritten: not seen for the longest time, or never. */
static struct place *find_oldest(struct gp_auth_memory *memory, uint64_t program)
{
	struct place *bucket = bucket_of(memory, program), *oldest = bucket;

	for (int i = 1; i < BUCKET_PLACES; i++)
		if (bucket[i].seen_msecs < oldest->seen_msecs)
			oldest = &bucket[i];
	return oldest;
}

void gp_auth_memory_learn(struct gp_auth_memory *memory, uint64_t program,
			  const struct gp_auth_memory_news *news, int64_t now_msecs)
{
	struct place *place = find(memory, program);

	if (place == NULL) {
		place = find_oldest(memory, program);
		/* Anybody can try names that nobody has. */
		if (news->is_stranger && now_msecs < place->until_msecs)
			return;
	}
	*place = (struct place){
		.program = program,
		.seen_msecs = news->seen_msecs,
		.interval_msecs = news->interval_msecs,
		.until_msecs = news->until_msecs,
	};
}

void gp_auth_memory_forget(struct gp_auth_memory *memory, uint64_t program)
{
	struct place *place = find(memory, program);

	if (place != NULL)
		*place = (struct place){ .until_msecs = 0 };
}

void gp_auth_memory_free(struct gp_auth_memory **memory)
{
	free(*memory);
	*memory = NULL;
}
