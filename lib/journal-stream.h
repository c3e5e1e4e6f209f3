/* SPDX-License-Identifier: MIT */
/*
 * This module brings lines of the journal to a stream in Redis that all hosts share
 * and that holds journal.stream of them.  No decision waits for it: lines are queued,
 * and brought together when nobody waits.  What finds no room in the queue, or what
 * Redis refuses, is counted, here and in Redis.
 */
#ifndef GP_JOURNAL_STREAM_H
#define GP_JOURNAL_STREAM_H

#include <stdint.h>

#include "breaker.h"
#include "settings.h"

/* All hosts write to one stream; how many lines of which host were lost is beside it. */
#define GP_JOURNAL_STREAM_KEY "gp:{journal}:j"
#define GP_JOURNAL_LOST_KEY "gp:{journal}:lost"
#define GP_JOURNAL_STREAM_FIELD "l"

struct gp_journal_stream;

/* Copies what it needs of the settings; connects to nothing yet.  NULL when
   journal.stream is 0. */
struct gp_journal_stream *gp_journal_stream_open(
	const struct gp_settings *settings, const char *host);

/* For who has no thread, so that somebody waits for what is brought: nothing is while
   the breaker, which must outlive the stream, says that Redis is left alone, and it is
   told what came of it.  Its news are the caller's to tell. */
void gp_journal_stream_heed(struct gp_journal_stream *stream,
			    struct gp_breaker *breaker);

/* Any thread may call; copies line. */
void gp_journal_stream_add(struct gp_journal_stream *stream, const char *line);

/* Brings all, in one exchange within redis.deadline; none after a failure until
   redis.retry has passed. */
void gp_journal_stream_bring(struct gp_journal_stream *stream);

/* From the next line on a thread of its own brings them, soon after they came. */
void gp_journal_stream_use_thread(struct gp_journal_stream *stream);

/* How many lines were lost, as Redis was told since the last call. */
uint64_t gp_journal_stream_take_told(struct gp_journal_stream *stream);

/* Drops what is queued: how many lines were lost of which Redis knows nothing. */
uint64_t gp_journal_stream_give_up(struct gp_journal_stream *stream);

/* Ends the thread, drops what is left.  Accepts NULL, leaves NULL. */
void gp_journal_stream_close(struct gp_journal_stream **stream);

#endif
