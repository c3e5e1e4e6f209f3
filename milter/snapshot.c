/* SPDX-License-Identifier: MIT */
/* This module is documented in snapshot.h. */
#include "snapshot.h"

#include <pthread.h>
#include <stdlib.h>

#include "pool.h"

struct gp_snapshot {
	struct gp_settings *settings;
	unsigned int references;        /* under lock */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct gp_snapshot *current;     /* holds one reference itself */

static void unref_locked(struct gp_snapshot *snapshot)
{
	if (--snapshot->references > 0)
		return;
	gp_settings_free(&snapshot->settings);
	free(snapshot);
}

void gp_snapshot_replace(struct gp_settings *settings)
{
	struct gp_snapshot *fresh = gp_alloc(sizeof(*fresh));
	struct gp_snapshot *old;

	fresh->settings = settings;
	fresh->references = 1;
	(void)pthread_mutex_lock(&lock);
	old = current;
	current = fresh;
	if (old != NULL)
		unref_locked(old);
	(void)pthread_mutex_unlock(&lock);
}

struct gp_snapshot *gp_snapshot_acquire(void)
{
	struct gp_snapshot *snapshot;

	(void)pthread_mutex_lock(&lock);
	snapshot = current;
	snapshot->references++;
	(void)pthread_mutex_unlock(&lock);
	return snapshot;
}

const struct gp_settings *gp_snapshot_settings(const struct gp_snapshot *snapshot)
{
	return snapshot->settings;
}

void gp_snapshot_release(struct gp_snapshot **snapshot)
{
	if (*snapshot == NULL)
		return;
	(void)pthread_mutex_lock(&lock);
	unref_locked(*snapshot);
	(void)pthread_mutex_unlock(&lock);
	*snapshot = NULL;
}
