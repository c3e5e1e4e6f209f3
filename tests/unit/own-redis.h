/* SPDX-License-Identifier: MIT */
/* This module gives a test a Redis of its own, on a unix socket in a folder of
   its own, and a connection to it. */
#ifndef OWN_REDIS_H
#define OWN_REDIS_H

#include <stdbool.h>
#include <sys/types.h>

#include "settings.h"
#include "store-redis-site.h"

enum { TEST_SKIPPED = 77, SECS = 1000 };

/* With settings.redis for that server; *settings belongs to this module. */
extern struct gp_settings own_redis_settings;

/* redis for a server of that name, which is to outlive *settings. */
void own_redis_fill(struct gp_settings *settings, char *name);

/* False if redis-server does not run here. */
bool own_redis_start(void);
/* Kills it and starts it again, with nothing in it. */
bool own_redis_restart(void);
void own_redis_signal(int number);
/* Kills it and removes the folder. */
void own_redis_end(void);

/* Sends words by the test's connection.  The reply is to be freed; NULL when
   Redis does not answer. */
redisReply *own_redis_command(int argc, const char **argv);

/* 0, or -1 for an error reply or none. */
int own_redis_do(int argc, const char **argv);
#define DO(...) own_redis_do(sizeof((const char *[]){ __VA_ARGS__ }) / \
			     sizeof(char *), (const char *[]){ __VA_ARGS__ })

/* Many commands in one go; the replies are to be freed. */
int own_redis_commands(const struct gp_redis_command *commands, int count,
		       redisReply **replies_r);

/* For cmocka: an empty Redis. */
int own_redis_empty(void **state);

#endif
