/* SPDX-License-Identifier: MIT */
/*
 * This module carries the programs' own messages (not decisions: journal.h) to
 * syslog or to standard error.  The only module that looks at the wall clock
 * by itself.
 */
#ifndef GP_LOG_H
#define GP_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum gp_log_level { GP_LOG_ERROR, GP_LOG_WARNING, GP_LOG_INFO, GP_LOG_DEBUG };

/* program: shown before each message.  Until this is called messages go to
   standard error. */
void gp_log_open(const char *program, bool to_stderr, int facility);
void gp_log_set_level(enum gp_log_level least);

/* Control bytes in the finished message are written as "?".  errno is kept. */
void gp_log(enum gp_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Sends messages to a function instead (Dovecot's own log). */
typedef void gp_log_sink(enum gp_log_level level, const char *text);
void gp_log_set_sink(gp_log_sink *sink);

/* Milliseconds: since 1970, and of a clock that never jumps. */
int64_t gp_clock_wall_msecs(void);
int64_t gp_clock_monotonic_msecs(void);

#endif
