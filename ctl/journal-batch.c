/* SPDX-License-Identifier: MIT */
/* This module is documented in journal-batch.h. */
#include "journal-batch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "command.h"
#include "line-buffer.h"
#include "pool.h"

enum { RING = 4, BATCH_BYTES = 512 * 1024 };

struct gp_batches {
	struct gp_source *source;       /* these two: of the thread alone */
	struct gp_input input;
	bool has_failed;                /* set before the end is */
	struct gp_batch ring[RING];
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Under the lock: batches made and taken since the start; one that was taken is
	   in use until the next is. */
	size_t made, taken;
	bool is_over;
};

/* False at the end.  Room for the longest line and the byte after it must be left. */
static bool fill(struct gp_batches *batches, struct gp_batch *batch)
{
	size_t used = 0, length;
	struct gp_error err;
	char *line;
	int result = 1;

	batch->count = 0;
	/* A log that is not ours must not keep the progress waiting. */
	for (int lines = 0; lines < 16 * GP_BATCH_ENTRIES &&
	     batch->count < GP_BATCH_ENTRIES &&
	     used + GP_LINE_BYTES_MAX + 1 <= BATCH_BYTES; lines++) {
		result = gp_source_next(batches->source, &line, &length, &err);
		if (result == 0)
			break;
		if (result < 0) {
			batches->has_failed = true;
			(void)gp_command_fail(EX_NOINPUT, "%s", err.text);
			continue;
		}
		memcpy(batch->bytes + used, line, length);
		if (gp_input_take(&batches->input, batch->bytes + used, length,
				  &batch->entries[batch->count])) {
			batch->count++;
			used += length + 1;
		}
	}
	gp_source_progress(batches->source, &batch->progress);
	batch->input = batches->input;
	return result != 0;
}

static struct gp_batch *wait_for_room(struct gp_batches *batches)
{
	(void)pthread_mutex_lock(&batches->lock);
	while (batches->made - batches->taken >= RING - 1)
		(void)pthread_cond_wait(&batches->changed, &batches->lock);
	(void)pthread_mutex_unlock(&batches->lock);
	return &batches->ring[batches->made % RING];
}

static void *read_all(void *context)
{
	struct gp_batches *batches = context;
	bool has_more = true;

	while (has_more) {
		has_more = fill(batches, wait_for_room(batches));
		(void)pthread_mutex_lock(&batches->lock);
		batches->made++;
		batches->is_over = !has_more;
		(void)pthread_cond_signal(&batches->changed);
		(void)pthread_mutex_unlock(&batches->lock);
	}
	return NULL;
}

struct gp_batches *gp_batches_start(const char *const *paths, size_t count,
				    const struct gp_filter *filter)
{
	struct gp_batches *batches = gp_alloc(sizeof(*batches));

	batches->source = gp_source_create(paths, count);
	gp_input_init(&batches->input, filter);
	for (int i = 0; i < RING; i++)
		batches->ring[i].bytes = gp_alloc(BATCH_BYTES);
	(void)pthread_mutex_init(&batches->lock, NULL);
	(void)pthread_cond_init(&batches->changed, NULL);
	if (pthread_create(&batches->thread, NULL, read_all, batches) != 0)
		exit(gp_command_fail(EX_OSERR, "there is no thread to be had"));
	return batches;
}

const struct gp_batch *gp_batches_next(struct gp_batches *batches)
{
	const struct gp_batch *batch = NULL;

	(void)pthread_mutex_lock(&batches->lock);
	while (batches->taken == batches->made && !batches->is_over)
		(void)pthread_cond_wait(&batches->changed, &batches->lock);
	if (batches->taken < batches->made) {
		batch = &batches->ring[batches->taken++ % RING];
		(void)pthread_cond_signal(&batches->changed);
	}
	(void)pthread_mutex_unlock(&batches->lock);
	return batch;
}

bool gp_batches_has_failed(const struct gp_batches *batches)
{
	return batches->has_failed;
}

void gp_batches_free(struct gp_batches **batches)
{
	if (*batches == NULL)
		return;
	(void)pthread_join((*batches)->thread, NULL);
	(void)pthread_mutex_destroy(&(*batches)->lock);
	(void)pthread_cond_destroy(&(*batches)->changed);
	for (int i = 0; i < RING; i++)
		free((*batches)->ring[i].bytes);
	gp_source_free(&(*batches)->source);
	free(*batches);
	*batches = NULL;
}
