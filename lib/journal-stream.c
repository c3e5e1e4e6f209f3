/* SPDX-License-Identifier: MIT */
/* This module is documented in journal-stream.h. */
#include "journal-stream.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "pool.h"
#include "settings-redis.h"
#include "store-redis-site.h"
#include "store.h"

/* Lines that wait while Redis is silent; and for how long the thread waits for more. */
enum { LINES_MAX = 256, COMPANY_MSECS = 100, NUMBER_BYTES = 24 };

/* Beside the lines: what was lost, when that is forgotten, and that of the stream. */
enum { OTHERS = 4, XADD_WORDS = 8 };

struct gp_journal_stream {
	struct gp_settings settings;    /* only redis */
	unsigned int lines_kept;        /* in Redis */
	char *host;
	struct gp_breaker *breaker;     /* NULL: nobody waits for this */

	pthread_mutex_t bringing;       /* held by who talks to Redis */
	struct gp_redis_site *site;
	bool is_silent;

	pthread_mutex_t lock;           /* of what follows */
	pthread_cond_t news;
	char *lines[LINES_MAX];         /* a ring */
	size_t first, count;
	uint64_t lost;                  /* and not said to Redis yet */
	uint64_t told;                  /* that were, and nobody has asked */
	int64_t closed_until_msecs;
	bool wants_thread, has_thread, is_ending;
	pthread_t thread;
};

struct gp_journal_stream *gp_journal_stream_open(
	const struct gp_settings *settings, const char *host)
{
	struct gp_journal_stream *stream;

	if (settings->journal.stream == 0)
		return NULL;
	stream = gp_alloc(sizeof(*stream));
	gp_redis_copy(settings, &stream->settings);
	stream->lines_kept = settings->journal.stream;
	stream->host = gp_strdup(host);
	(void)pthread_mutex_init(&stream->bringing, NULL);
	(void)pthread_mutex_init(&stream->lock, NULL);
	(void)pthread_cond_init(&stream->news, NULL);
	return stream;
}

void gp_journal_stream_heed(struct gp_journal_stream *stream,
			    struct gp_breaker *breaker)
{
	stream->breaker = breaker;
}

/* --- the queue --- */

/* The oldest goes when there is no room.  Under lock. */
static void push(struct gp_journal_stream *stream, char *line)
{
	if (stream->count == LINES_MAX) {
		free(stream->lines[stream->first]);
		stream->first = (stream->first + 1) % LINES_MAX;
		stream->count--;
		stream->lost++;
	}
	stream->lines[(stream->first + stream->count++) % LINES_MAX] = line;
}

/* If so, Redis is to be asked: the breaker may have chosen this process to do so.
   Under lock. */
static bool is_due(const struct gp_journal_stream *stream)
{
	const int64_t now_msecs = gp_clock_monotonic_msecs();

	return stream->count > 0 && now_msecs >= stream->closed_until_msecs &&
		(stream->breaker == NULL ||
		 gp_breaker_admits(stream->breaker, now_msecs));
}

/* --- bringing --- */

/* What goes in one exchange, and the words of it. */
struct load {
	char *lines[LINES_MAX];
	size_t count;
	uint64_t lost;
	struct gp_redis_command commands[LINES_MAX + OTHERS];
	const char *words[LINES_MAX + OTHERS][XADD_WORDS];
	redisReply *replies[LINES_MAX + OTHERS];
	int commands_count;
	char kept[NUMBER_BYTES], lost_text[NUMBER_BYTES];
	char retention[NUMBER_BYTES];
};

static void add_command(struct load *load, int argc, const char *const words[])
{
	const int i = load->commands_count++;

	memcpy(load->words[i], words, (size_t)argc * sizeof(*words));
	load->commands[i] = (struct gp_redis_command){
		.argc = argc, .argv = load->words[i],
		.key = GP_JOURNAL_STREAM_KEY,   /* the slot of both keys */
	};
}

/* What is older than that goes, by the clock that has given the lines their times.  Not
   about ("~"): a quiet site would keep what shares a node with a new line. */
static const char trim_script[] =
	"return redis.call('XTRIM', KEYS[1], 'MINID', "
	"redis.call('TIME')[1] * 1000 - ARGV[1])";

/* Nothing of it is kept longer than anything else. */
static void write_commands(const struct gp_journal_stream *stream,
			   struct load *load)
{
	const int64_t retention_msecs =
		(int64_t)stream->settings.redis.retention_secs * 1000;

	(void)snprintf(load->kept, NUMBER_BYTES, "%u", stream->lines_kept);
	(void)snprintf(load->lost_text, NUMBER_BYTES, "%" PRIu64, load->lost);
	(void)snprintf(load->retention, NUMBER_BYTES, "%" PRId64, retention_msecs);
	for (size_t i = 0; i < load->count; i++)
		add_command(load, XADD_WORDS, (const char *[]){
			"XADD", GP_JOURNAL_STREAM_KEY, "MAXLEN", "~", load->kept,
			"*", GP_JOURNAL_STREAM_FIELD, load->lines[i] });
	add_command(load, 5, (const char *[]){ "EVAL", trim_script, "1",
		GP_JOURNAL_STREAM_KEY, load->retention });
	add_command(load, 3, (const char *[]){ "PEXPIRE", GP_JOURNAL_STREAM_KEY,
		load->retention });
	if (load->lost == 0)
		return;
	add_command(load, 4, (const char *[]){ "HINCRBY", GP_JOURNAL_LOST_KEY,
		stream->host, load->lost_text });
	add_command(load, 3, (const char *[]){ "PEXPIRE", GP_JOURNAL_LOST_KEY,
		load->retention });
}

/* *taken_r is how many lines Redis has taken; -1 with *err if not all. */
static int read_replies(const struct load *load, size_t *taken_r,
			struct gp_error *err)
{
	int result = 0;

	*taken_r = 0;
	for (int i = 0; i < load->commands_count; i++) {
		const redisReply *reply = load->replies[i];

		if (reply->type == REDIS_REPLY_ERROR)
			result = gp_error_set(err, "redis: %s", reply->str);
		else if ((size_t)i < load->count)
			++*taken_r;
	}
	return result;
}

/* -1 with *err also where Redis is silent, which the breaker is told. */
static int ask(struct gp_journal_stream *stream, struct load *load,
	       int64_t now_msecs, struct gp_error *err)
{
	if (stream->site == NULL)
		stream->site = gp_redis_site_open(&stream->settings, err);
	if (stream->site != NULL &&
	    gp_redis_site_exchange(stream->site, load->commands,
				   load->commands_count, now_msecs +
				   stream->settings.redis.deadline_msecs,
				   load->replies, err) == 0)
		return 0;
	if (stream->breaker != NULL)
		gp_breaker_failed(stream->breaker, now_msecs);
	return -1;
}

/* An error says nothing of what others ask (it may be about this one key), nor that all
   is well: the breaker stays as it is. */
static int exchange(struct gp_journal_stream *stream, struct load *load,
		    size_t *taken_r, struct gp_error *err)
{
	const int64_t now_msecs = gp_clock_monotonic_msecs();
	int result;

	*taken_r = 0;
	if (ask(stream, load, now_msecs, err) < 0)
		return -1;
	result = read_replies(load, taken_r, err);
	if (result == 0 && stream->breaker != NULL)
		gp_breaker_answered(stream->breaker, now_msecs);
	for (int i = 0; i < load->commands_count; i++)
		freeReplyObject(load->replies[i]);
	/* A process without a thread brings lines rarely. */
	if (!stream->has_thread)
		gp_redis_site_disconnect(stream->site);
	return result;
}

static void take_lines(struct gp_journal_stream *stream, struct load *load)
{
	while (stream->count > 0) {
		load->lines[load->count++] = stream->lines[stream->first];
		stream->first = (stream->first + 1) % LINES_MAX;
		stream->count--;
	}
	load->lost = stream->lost;
	stream->lost = 0;
}

/* Whether a line that got no answer has arrived nobody knows: it is counted as lost
   and not brought twice. */
static void note_result(struct gp_journal_stream *stream, const struct load *load,
			size_t taken, const struct gp_error *err)
{
	(void)pthread_mutex_lock(&stream->lock);
	stream->lost += load->count - taken;
	if (err != NULL) {
		stream->lost += load->lost;
		stream->closed_until_msecs = gp_clock_monotonic_msecs() +
			gp_store_with_jitter((int64_t)1000 *
				stream->settings.redis.retry_secs);
	} else {
		stream->told += load->lost;
	}
	(void)pthread_mutex_unlock(&stream->lock);
	if (err != NULL && !stream->is_silent)
		gp_log(GP_LOG_WARNING, "journal.stream: %s; lines that do not get "
		       "to the stream are counted", err->text);
	if (err == NULL && stream->is_silent)
		gp_log(GP_LOG_INFO, "journal.stream: Redis takes lines again; "
		       "%" PRIu64 " were lost", load->lost);
	stream->is_silent = err != NULL;
}

void gp_journal_stream_bring(struct gp_journal_stream *stream)
{
	struct load *load = gp_alloc(sizeof(*load));
	struct gp_error err;
	size_t taken;
	int result;

	(void)pthread_mutex_lock(&stream->bringing);
	(void)pthread_mutex_lock(&stream->lock);
	if (is_due(stream))
		take_lines(stream, load);
	(void)pthread_mutex_unlock(&stream->lock);
	if (load->count > 0) {
		write_commands(stream, load);
		result = exchange(stream, load, &taken, &err);
		if (result < 0 && stream->site != NULL)
			gp_redis_site_disconnect(stream->site);
		note_result(stream, load, taken, result < 0 ? &err : NULL);
	}
	(void)pthread_mutex_unlock(&stream->bringing);
	for (size_t i = 0; i < load->count; i++)
		free(load->lines[i]);
	free(load);
}

/* --- what was lost --- */

uint64_t gp_journal_stream_take_told(struct gp_journal_stream *stream)
{
	uint64_t told;

	(void)pthread_mutex_lock(&stream->lock);
	told = stream->told;
	stream->told = 0;
	(void)pthread_mutex_unlock(&stream->lock);
	return told;
}

/* Under lock. */
static void drop_lines(struct gp_journal_stream *stream)
{
	for (; stream->count > 0; stream->count--) {
		free(stream->lines[stream->first]);
		stream->first = (stream->first + 1) % LINES_MAX;
		stream->lost++;
	}
}

/* What the thread is bringing is lost, or not, when it comes back. */
uint64_t gp_journal_stream_give_up(struct gp_journal_stream *stream)
{
	uint64_t lost;

	(void)pthread_mutex_lock(&stream->bringing);
	(void)pthread_mutex_lock(&stream->lock);
	drop_lines(stream);
	lost = stream->lost;
	stream->lost = 0;
	(void)pthread_mutex_unlock(&stream->lock);
	(void)pthread_mutex_unlock(&stream->bringing);
	return lost;
}

/* --- the thread --- */

/* The first line waits a little for company.  Under lock. */
static void wait_a_little(struct gp_journal_stream *stream)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += COMPANY_MSECS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	while (!stream->is_ending &&
	       pthread_cond_timedwait(&stream->news, &stream->lock, &until) == 0)
		;
}

static void *bring_all(void *context)
{
	struct gp_journal_stream *stream = context;

	(void)pthread_mutex_lock(&stream->lock);
	while (!stream->is_ending) {
		if (stream->count == 0) {
			(void)pthread_cond_wait(&stream->news, &stream->lock);
			continue;
		}
		wait_a_little(stream);
		(void)pthread_mutex_unlock(&stream->lock);
		gp_journal_stream_bring(stream);
		(void)pthread_mutex_lock(&stream->lock);
	}
	(void)pthread_mutex_unlock(&stream->lock);
	return NULL;
}

/* Signals stay with the thread that waits for them.  Under lock. */
static void start_thread(struct gp_journal_stream *stream)
{
	sigset_t all, before;

	stream->wants_thread = false;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	stream->has_thread = pthread_create(&stream->thread, NULL, bring_all,
					    stream) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void gp_journal_stream_add(struct gp_journal_stream *stream, const char *line)
{
	char *copy = gp_strdup(line);

	(void)pthread_mutex_lock(&stream->lock);
	push(stream, copy);
	if (stream->wants_thread)
		start_thread(stream);
	(void)pthread_cond_signal(&stream->news);
	(void)pthread_mutex_unlock(&stream->lock);
}

void gp_journal_stream_use_thread(struct gp_journal_stream *stream)
{
	(void)pthread_mutex_lock(&stream->lock);
	stream->wants_thread = !stream->has_thread;
	(void)pthread_mutex_unlock(&stream->lock);
}

void gp_journal_stream_close(struct gp_journal_stream **stream_)
{
	struct gp_journal_stream *stream = *stream_;

	if (stream == NULL)
		return;
	(void)pthread_mutex_lock(&stream->lock);
	stream->is_ending = true;
	(void)pthread_cond_signal(&stream->news);
	(void)pthread_mutex_unlock(&stream->lock);
	if (stream->has_thread)
		(void)pthread_join(stream->thread, NULL);
	drop_lines(stream);
	gp_redis_site_close(&stream->site);
	gp_redis_free_copy(&stream->settings);
	(void)pthread_cond_destroy(&stream->news);
	(void)pthread_mutex_destroy(&stream->lock);
	(void)pthread_mutex_destroy(&stream->bringing);
	free(stream->host);
	free(stream);
	*stream_ = NULL;
}
