/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in breaker.h.
 *
 * Mail processes run as many users, so anybody on the host can write the file.  It is
 * read and written by calls, never mapped (who cut it short would end mail processes by
 * SIGBUS), opened anew each time (it may have been removed), and believed about times no
 * further ahead than an honest process would write.  The worst that nonsense in it can
 * do is that checks pass unasked for, or that each process waits for Redis itself.
 */
#include "breaker.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hash.h"
#include "pool.h"
#include "settings-files.h"
#include "store.h"

/* A lock is held for some microseconds; who never lets go of it is not waited for. */
enum { PATH_BYTES = 64, LOCK_TRIES = 50, LOCK_PAUSE_NSECS = 100000 };

static const char folder[] = "/dev/shm";
static const char magic[] = "gpbreak2";

struct record {
	char magic[8];
	int64_t is_silent, closed_until_msecs;
	int64_t is_on, since_msecs, is_answered, answered_since_msecs;
	uint64_t sum;
};

struct gp_breaker {
	int64_t retry_msecs, trial_msecs;
	char path[PATH_BYTES];          /* of the file; "": not shared */
	struct gp_breaker_state own;    /* where there is no file */
	bool is_probe;                  /* asks first after a failure */
	bool is_witness;                /* asks later, before the outage is over */
	enum gp_breaker_news news;
};

/* What to do to a state; true if it is another one now. */
typedef bool change(struct gp_breaker *breaker, struct gp_breaker_state *state,
		    int64_t now_msecs);

/* --- the file --- */

static uint64_t sum_of(const struct record *record)
{
	return gp_hash_add(GP_HASH_START, record, offsetof(struct record, sum));
}

static bool read_state(int fd, struct gp_breaker_state *state_r)
{
	struct record record;

	if (pread(fd, &record, sizeof(record), 0) != (ssize_t)sizeof(record) ||
	    memcmp(record.magic, magic, sizeof(record.magic)) != 0 ||
	    record.sum != sum_of(&record))
		return false;
	*state_r = (struct gp_breaker_state){
		.is_silent = record.is_silent != 0,
		.closed_until_msecs = record.closed_until_msecs,
		.outage = {
			.is_on = record.is_on != 0,
			.is_answered = record.is_answered != 0,
			.since_msecs = record.since_msecs,
			.answered_since_msecs = record.answered_since_msecs,
		},
	};
	return true;
}

static bool write_state(int fd, const struct gp_breaker_state *state)
{
	struct record record = {
		.is_silent = state->is_silent,
		.closed_until_msecs = state->closed_until_msecs,
		.is_on = state->outage.is_on,
		.since_msecs = state->outage.since_msecs,
		.is_answered = state->outage.is_answered,
		.answered_since_msecs = state->outage.answered_since_msecs,
	};

	memcpy(record.magic, magic, sizeof(record.magic));
	record.sum = sum_of(&record);
	return pwrite(fd, &record, sizeof(record), 0) == (ssize_t)sizeof(record);
}

/* A plain file that has this name alone: what somebody else put there is not
   written to.  -1 if there is none. */
static int open_file(const char *path, int flags)
{
	const int fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK |
			    O_NOCTTY);
	struct stat status;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    status.st_nlink == 1)
		return fd;
	(void)close(fd);
	errno = EEXIST;
	return -1;
}

/* The file gets its name when all can write it and it has content: nobody meets half
   of one, whatever the umask. */
static int make_file(const char *path)
{
	static const struct gp_breaker_state nothing;
	const int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char name[PATH_BYTES];

	if (fd < 0)
		return -1;
	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (fchmod(fd, 0666) == 0 && write_state(fd, &nothing) &&
	    linkat(AT_FDCWD, name, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0)
		return fd;
	(void)close(fd);
	/* Somebody may have been faster. */
	return open_file(path, O_RDWR);
}

static bool lock_file(int fd)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NSECS };
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
			return true;
		if (errno != EAGAIN && errno != EACCES)
			return false;
		(void)nanosleep(&pause, NULL);
	}
	return false;
}

/* --- what is believed --- */

static int64_t longest_msecs(int64_t retry_msecs)
{
	return retry_msecs + retry_msecs / 8 + 1;
}

static void bound_past(int64_t now_msecs, int64_t *msecs)
{
	if (*msecs > now_msecs || *msecs < 0)
		*msecs = now_msecs;
}

/* Times that no honest process writes: as if the period were over. */
static void bound_state(int64_t retry_msecs, int64_t now_msecs,
			struct gp_breaker_state *state)
{
	if (state->closed_until_msecs > now_msecs + longest_msecs(retry_msecs))
		state->closed_until_msecs = now_msecs;
	bound_past(now_msecs, &state->outage.since_msecs);
	bound_past(now_msecs, &state->outage.answered_since_msecs);
}

static bool is_closed(const struct gp_breaker_state *state, int64_t now_msecs)
{
	return state->is_silent && now_msecs < state->closed_until_msecs;
}

/* False if there is no file, or nothing in it that can be believed. */
static bool look_at_file(const char *path, int64_t retry_msecs, int64_t now_msecs,
			 struct gp_breaker_state *state_r)
{
	const int fd = open_file(path, O_RDONLY);
	bool was_read;

	if (fd < 0)
		return false;
	was_read = read_state(fd, state_r);
	(void)close(fd);
	if (was_read)
		bound_state(retry_msecs, now_msecs, state_r);
	return was_read;
}

/* --- changes --- */

static bool change_file(struct gp_breaker *breaker, change *change_it,
			int64_t now_msecs)
{
	struct gp_breaker_state state = { 0 };
	int fd = open_file(breaker->path, O_RDWR);
	bool is_done;

	if (fd < 0 && errno == ENOENT)
		fd = make_file(breaker->path);
	if (fd < 0)
		return false;
	is_done = lock_file(fd);
	if (is_done) {
		if (read_state(fd, &state))
			bound_state(breaker->retry_msecs, now_msecs, &state);
		if (change_it(breaker, &state, now_msecs))
			(void)write_state(fd, &state);
	}
	(void)close(fd);        /* with the lock */
	return is_done;
}

static void change_state(struct gp_breaker *breaker, change *change_it,
			 int64_t now_msecs)
{
	if (breaker->path[0] == '\0' ||
	    !change_file(breaker, change_it, now_msecs))
		(void)change_it(breaker, &breaker->own, now_msecs);
}

/* The others stay away while one asks: so an outage costs one wait in that time. */
static bool become_probe(struct gp_breaker *breaker,
			 struct gp_breaker_state *state, int64_t now_msecs)
{
	if (!state->is_silent || is_closed(state, now_msecs))
		return false;
	breaker->is_probe = true;
	state->closed_until_msecs = now_msecs +
		gp_store_with_jitter(breaker->retry_msecs);
	return true;
}

static bool note_failure(struct gp_breaker *breaker,
			 struct gp_breaker_state *state, int64_t now_msecs)
{
	const int64_t until = now_msecs +
		gp_store_with_jitter(breaker->retry_msecs);

	if (gp_outage_fail(&state->outage, now_msecs))
		breaker->news = GP_BREAKER_WENT;
	if (!state->is_silent || until > state->closed_until_msecs)
		state->closed_until_msecs = until;
	state->is_silent = true;
	return true;
}

static bool note_answer(struct gp_breaker *breaker,
			struct gp_breaker_state *state, int64_t now_msecs)
{
	state->is_silent = false;
	state->closed_until_msecs = 0;
	if (gp_outage_answer(&state->outage, breaker->trial_msecs, now_msecs))
		breaker->news = GP_BREAKER_BACK;
	return true;
}

/* Who asked before another one failed is no proof that all is well again. */
static bool note_testimony(struct gp_breaker *breaker,
			   struct gp_breaker_state *state, int64_t now_msecs)
{
	return !state->is_silent && note_answer(breaker, state, now_msecs);
}

/* --- the interface --- */

struct gp_breaker *gp_breaker_create(int64_t retry_msecs)
{
	struct gp_breaker *breaker = gp_alloc(sizeof(*breaker));

	breaker->retry_msecs = retry_msecs;
	return breaker;
}

/* A site is where its settings are, by whatever way they were named. */
static void name_file(const struct gp_settings *settings, char path_r[PATH_BYTES])
{
	const char *name = gp_settings_files_root(settings->files);
	char *real = realpath(name, NULL);
	const char *const texts[] = { real != NULL ? real : name,
				      settings->redis.server };
	uint64_t hashes[2];

	for (int i = 0; i < 2; i++)
		hashes[i] = gp_hash_add(GP_HASH_START, texts[i], strlen(texts[i]));
	free(real);
	(void)snprintf(path_r, PATH_BYTES, "%s/gatepost-breaker-%016" PRIx64
		       "-%016" PRIx64, folder, hashes[0], hashes[1]);
}

struct gp_breaker *gp_breaker_share(const struct gp_settings *settings)
{
	struct gp_breaker *breaker = gp_breaker_create(
		(int64_t)settings->redis.retry_secs * 1000);

	breaker->trial_msecs = gp_outage_trial_msecs(settings);
	name_file(settings, breaker->path);
	return breaker;
}

bool gp_breaker_admits(struct gp_breaker *breaker, int64_t now_msecs)
{
	struct gp_breaker_state state = breaker->own;

	breaker->is_probe = false;
	breaker->is_witness = false;
	if (is_closed(&state, now_msecs))
		return false;
	if (breaker->path[0] != '\0' &&
	    !look_at_file(breaker->path, breaker->retry_msecs, now_msecs, &state))
		state = breaker->own;
	if (is_closed(&state, now_msecs))
		return false;
	if (!state.is_silent) {
		breaker->is_witness = state.outage.is_on;
		return true;
	}
	change_state(breaker, become_probe, now_msecs);
	return breaker->is_probe;
}

void gp_breaker_failed(struct gp_breaker *breaker, int64_t now_msecs)
{
	breaker->is_probe = false;
	change_state(breaker, note_failure, now_msecs);
}

/* Who asked while all was well is no proof that it is so again. */
void gp_breaker_answered(struct gp_breaker *breaker, int64_t now_msecs)
{
	if (breaker->is_probe)
		change_state(breaker, note_answer, now_msecs);
	else if (breaker->is_witness)
		change_state(breaker, note_testimony, now_msecs);
	breaker->is_probe = false;
	breaker->is_witness = false;
	(void)note_answer(breaker, &breaker->own, now_msecs);
}

enum gp_breaker_news gp_breaker_news(struct gp_breaker *breaker)
{
	enum gp_breaker_news news;

	if (breaker == NULL)
		return GP_BREAKER_NO_NEWS;
	news = breaker->news;
	breaker->news = GP_BREAKER_NO_NEWS;
	return news;
}

bool gp_breaker_look(const struct gp_settings *settings, int64_t now_msecs,
		     struct gp_breaker_state *state_r)
{
	char path[PATH_BYTES];

	name_file(settings, path);
	return look_at_file(path, (int64_t)settings->redis.retry_secs * 1000,
			    now_msecs, state_r);
}

void gp_breaker_free(struct gp_breaker **breaker)
{
	free(*breaker);
	*breaker = NULL;
}
