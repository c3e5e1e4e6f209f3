/* SPDX-License-Identifier: MIT */
/*
 * This module writes a program's messages.  Its few globals are set once at
 * start, before there are threads.
 */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

static struct {
	const char *program;
	bool to_syslog;
	enum gp_log_level least;
	gp_log_sink *sink;
} state = { .program = "gatepost", .least = GP_LOG_INFO };

void gp_log_open(const char *program, bool to_stderr, int facility)
{
	state.program = program;
	state.to_syslog = !to_stderr;
	if (state.to_syslog)
		openlog(program, LOG_PID | LOG_NDELAY, facility);
}

void gp_log_set_level(enum gp_log_level least)
{
	state.least = least;
}

void gp_log_set_sink(gp_log_sink *sink)
{
	state.sink = sink;
}

static void mask_control_bytes(char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte < 0x20 || byte == 0x7f)
			*text = '?';
	}
}

static int syslog_priority(enum gp_log_level level)
{
	switch (level) {
	case GP_LOG_ERROR:
		return LOG_ERR;
	case GP_LOG_WARNING:
		return LOG_WARNING;
	case GP_LOG_INFO:
		return LOG_INFO;
	case GP_LOG_DEBUG:
		break;
	}
	return LOG_DEBUG;
}

void gp_log(enum gp_log_level level, const char *fmt, ...)
{
	int saved_errno = errno;
	char text[2048];
	va_list args;

	if (level > state.least)
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	mask_control_bytes(text);
	if (state.sink != NULL)
		state.sink(level, text);
	else if (state.to_syslog)
		syslog(syslog_priority(level), "%s", text);
	else
		(void)fprintf(stderr, "%s: %s\n", state.program, text);
	errno = saved_errno;
}

static int64_t clock_msecs(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t gp_clock_wall_msecs(void)
{
	return clock_msecs(CLOCK_REALTIME);
}

int64_t gp_clock_monotonic_msecs(void)
{
	return clock_msecs(CLOCK_MONOTONIC);
}
