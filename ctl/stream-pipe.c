/* SPDX-License-Identifier: MIT */
/* This module is documented in stream-pipe.h. */
#include "stream-pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool.h"
#include "store-stream.h"

enum { PATH_BYTES = 32, PAUSE_MSECS = 300, CLOCKS_DIFFER_MSECS = 600000 };

struct gp_stream_pipe {
	struct gp_stream_reader *reader;
	bool is_following;
	int ends[2];                    /* of the pipe: to read, to write */
	char path[PATH_BYTES];
	pthread_t thread;
	/* of the thread until it has ended */
	bool has_failed;
	struct gp_error err;
};

/* False when nobody reads any more. */
static bool write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		const ssize_t written = write(fd, text, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		text += written;
		length -= (size_t)written;
	}
	return true;
}

/* Lines were written whole; one with a line's end in it is none of ours. */
static bool take_line(void *context, const char *line, size_t length)
{
	const struct gp_stream_pipe *pipe = context;

	if (memchr(line, '\n', length) != NULL || length == 0)
		return true;
	return write_all(pipe->ends[1], line, length) &&
		write_all(pipe->ends[1], "\n", 1);
}

/* Has whoever reads gone? */
static bool is_left(const struct gp_stream_pipe *pipe, int msecs)
{
	struct pollfd end = { .fd = pipe->ends[1] };

	return poll(&end, 1, msecs) > 0 && (end.revents & POLLERR) != 0;
}

static void *copy_lines(void *context)
{
	struct gp_stream_pipe *pipe = context;
	int more;

	do {
		more = gp_stream_reader_next(pipe->reader, take_line, pipe,
					     &pipe->err);
		if (more == 0 && pipe->is_following)
			more = write_all(pipe->ends[1], "\n", 1) &&
				!is_left(pipe, PAUSE_MSECS);
	} while (more > 0);
	pipe->has_failed = more < 0;
	(void)close(pipe->ends[1]);
	return NULL;
}

/* Writing to nobody must not end the program; its signals are the main thread's. */
static int start_thread(struct gp_stream_pipe *pipe)
{
	sigset_t all, before;
	int result;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&pipe->thread, NULL, copy_lines, pipe);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}

struct gp_stream_pipe *gp_stream_pipe_open(const struct gp_settings *settings,
					   int64_t since_msecs, bool is_following,
					   struct gp_error *err)
{
	struct gp_stream_pipe *stream = gp_alloc(sizeof(*stream));

	stream->is_following = is_following;
	stream->ends[0] = stream->ends[1] = -1;
	stream->reader = gp_stream_reader_open(settings, since_msecs >
					       CLOCKS_DIFFER_MSECS ? since_msecs -
					       CLOCKS_DIFFER_MSECS : 0, err);
	if (stream->reader == NULL) {
		free(stream);
		return NULL;
	}
	if (pipe2(stream->ends, O_CLOEXEC) < 0 || start_thread(stream) != 0) {
		(void)gp_error_set(err, "no pipe or thread for the stream");
		gp_stream_reader_close(&stream->reader);
		for (int i = 0; i < 2; i++)
			if (stream->ends[i] >= 0)
				(void)close(stream->ends[i]);
		free(stream);
		return NULL;
	}
	(void)snprintf(stream->path, PATH_BYTES, "/dev/fd/%d", stream->ends[0]);
	return stream;
}

const char *gp_stream_pipe_path(const struct gp_stream_pipe *pipe)
{
	return pipe->path;
}

int gp_stream_pipe_close(struct gp_stream_pipe **pipe_, struct gp_error *err)
{
	struct gp_stream_pipe *pipe = *pipe_;
	bool has_failed;

	if (pipe == NULL)
		return 0;
	(void)close(pipe->ends[0]);
	(void)pthread_join(pipe->thread, NULL);
	has_failed = pipe->has_failed;
	if (has_failed)
		*err = pipe->err;
	gp_stream_reader_close(&pipe->reader);
	free(pipe);
	*pipe_ = NULL;
	return has_failed ? -1 : 0;
}
