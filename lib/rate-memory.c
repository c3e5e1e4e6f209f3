/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in rate-memory.h.
 *
 * A table of buckets of a few entries each: no list to walk and no rehashing,
 * and a user who must give way does so within one bucket.
 */
#include "rate-memory.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

/* What Redis said is old after FRESH_SECS: other hosts may have counted since. */
enum { BUCKET_ENTRIES = 8, FRESH_SECS = 10 };

struct entry {
	char *user;                     /* NULL: free */
	int64_t end_ticks;              /* from then on it says nothing */
	int64_t old_ticks;              /* from then on Redis is to be asked */
	struct gp_rate_state state;
};

struct gp_rate_memory {
	pthread_mutex_t lock;
	size_t buckets_count;           /* a power of two */
	struct entry *entries;
};

/* FNV-1a.  Whoever fills a bucket on purpose needs as many good logins. */
static uint64_t hash_of(const char *text)
{
	uint64_t hash = 14695981039346656037u;

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211u;
	return hash ^ hash >> 32;
}

struct gp_rate_memory *gp_rate_memory_create(unsigned int users_max)
{
	struct gp_rate_memory *memory = gp_alloc(sizeof(*memory));

	memory->buckets_count = 1;
	while (memory->buckets_count * BUCKET_ENTRIES < users_max)
		memory->buckets_count *= 2;
	memory->entries = gp_alloc(memory->buckets_count * BUCKET_ENTRIES *
				   sizeof(*memory->entries));
	(void)pthread_mutex_init(&memory->lock, NULL);
	return memory;
}

static struct entry *bucket_of(struct gp_rate_memory *memory, const char *user)
{
	return memory->entries + BUCKET_ENTRIES *
		(hash_of(user) & (memory->buckets_count - 1));
}

static struct entry *find(struct gp_rate_memory *memory, const char *user)
{
	struct entry *bucket = bucket_of(memory, user);

	for (int i = 0; i < BUCKET_ENTRIES; i++)
		if (bucket[i].user != NULL && strcmp(bucket[i].user, user) == 0)
			return &bucket[i];
	return NULL;
}

static void forget(struct entry *entry)
{
	free(entry->user);
	memset(entry, 0, sizeof(*entry));
}

/* The user's entry, or a new one in place of what ends first. */
static struct entry *find_or_make(struct gp_rate_memory *memory,
				  const char *user)
{
	struct entry *entry = find(memory, user);

	if (entry != NULL)
		return entry;
	entry = bucket_of(memory, user);
	for (int i = 1; i < BUCKET_ENTRIES && entry->user != NULL; i++) {
		struct entry *other = bucket_of(memory, user) + i;

		if (other->user == NULL || other->end_ticks < entry->end_ticks)
			entry = other;
	}
	forget(entry);
	entry->user = gp_strdup(user);
	return entry;
}

static void settle(struct entry *entry, int64_t now_ticks)
{
	entry->end_ticks = gp_rate_end(&entry->state);
	if (entry->end_ticks <= now_ticks)
		forget(entry);
}

void gp_rate_memory_look(struct gp_rate_memory *memory, const char *user,
			 const struct gp_rate_terms *terms,
			 unsigned int recipients, int64_t now_ticks,
			 struct gp_rate_verdict *verdict_r)
{
	struct gp_rate_state state = { 0 };
	const struct entry *entry;

	(void)pthread_mutex_lock(&memory->lock);
	entry = find(memory, user);
	if (entry != NULL)
		state = entry->state;
	(void)pthread_mutex_unlock(&memory->lock);
	gp_rate_look(terms, &state, recipients, now_ticks, verdict_r);
}

bool gp_rate_memory_is_far(struct gp_rate_memory *memory, const char *user,
			   const struct gp_rate_terms *terms,
			   const struct gp_rate_load *load, int64_t now_ticks)
{
	const struct entry *entry;
	bool answer;

	(void)pthread_mutex_lock(&memory->lock);
	entry = find(memory, user);
	answer = entry != NULL && now_ticks < entry->old_ticks &&
		gp_rate_is_far(terms, &entry->state, load, now_ticks);
	(void)pthread_mutex_unlock(&memory->lock);
	return answer;
}

void gp_rate_memory_charge(struct gp_rate_memory *memory, const char *user,
			   const struct gp_rate_terms *terms,
			   unsigned int recipients, int64_t now_ticks,
			   struct gp_rate_verdict *verdict_r)
{
	struct entry *entry;

	(void)pthread_mutex_lock(&memory->lock);
	entry = find_or_make(memory, user);
	gp_rate_charge(terms, &entry->state, recipients, now_ticks, verdict_r);
	settle(entry, now_ticks);
	(void)pthread_mutex_unlock(&memory->lock);
}

void gp_rate_memory_learn(struct gp_rate_memory *memory, const char *user,
			  const struct gp_rate_state *state, int64_t now_ticks)
{
	struct entry *entry;

	(void)pthread_mutex_lock(&memory->lock);
	entry = find_or_make(memory, user);
	entry->state = *state;
	entry->old_ticks = now_ticks + FRESH_SECS * GP_RATE_TICKS_PER_SEC;
	settle(entry, now_ticks);
	(void)pthread_mutex_unlock(&memory->lock);
}

void gp_rate_memory_free(struct gp_rate_memory **memory)
{
	if (*memory == NULL)
		return;
	for (size_t i = 0; i < (*memory)->buckets_count * BUCKET_ENTRIES; i++)
		free((*memory)->entries[i].user);
	free((*memory)->entries);
	(void)pthread_mutex_destroy(&(*memory)->lock);
	free(*memory);
	*memory = NULL;
}
