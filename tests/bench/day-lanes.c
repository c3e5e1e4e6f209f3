/* SPDX-License-Identifier: MIT */
/* This module is documented in day-lanes.h. */
#include "day-lanes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "pool.h"
#include "store-redis-link.h"

enum { STACK_BYTES = 128 * 1024 };

static struct lane {
	ucontext_t context;
	char *stack;
	struct gp_store *store;
	void *what;             /* NULL: it is free */
	redisReply **replies;   /* where those of its question go */
	int replies_count;
} lanes[DAY_LANES_MAX];
static unsigned int lanes_count;
static struct lane *running, *queue[DAY_LANES_MAX];
static unsigned int queue_length, queue_begin;
static ucontext_t scheduler;
static redisContext *redis;     /* NULL with one lane */
static day_deed *deed;

static void die(const char *what)
{
	(void)fprintf(stderr, "day: %s\n", what);
	exit(1);
}

/* The linker puts these in the place of the store's. */
int __real_gp_redis_link_connect(struct gp_redis_link *link, int64_t deadline_msecs,
				 struct gp_error *err);
int __wrap_gp_redis_link_connect(struct gp_redis_link *link, int64_t deadline_msecs,
				 struct gp_error *err);
int __real_gp_redis_link_exchange(struct gp_redis_link *link,
				  const struct gp_redis_command *commands, int count,
				  int64_t deadline_msecs, redisReply **replies_r,
				  struct gp_error *err);
int __wrap_gp_redis_link_exchange(struct gp_redis_link *link,
				  const struct gp_redis_command *commands, int count,
				  int64_t deadline_msecs, redisReply **replies_r,
				  struct gp_error *err);

int __wrap_gp_redis_link_connect(struct gp_redis_link *link, int64_t deadline_msecs,
				 struct gp_error *err)
{
	return redis != NULL ? 0
		: __real_gp_redis_link_connect(link, deadline_msecs, err);
}

int __wrap_gp_redis_link_exchange(struct gp_redis_link *link,
				  const struct gp_redis_command *commands, int count,
				  int64_t deadline_msecs, redisReply **replies_r,
				  struct gp_error *err)
{
	struct lane *lane = running;

	if (redis == NULL)
		return __real_gp_redis_link_exchange(link, commands, count,
						     deadline_msecs, replies_r, err);
	for (int i = 0; i < count; i++)
		if (redisAppendCommandArgv(redis, commands[i].argc, commands[i].argv,
					   commands[i].lengths) != REDIS_OK)
			die(redis->errstr);
	lane->replies = replies_r;
	lane->replies_count = count;
	queue[(queue_begin + queue_length++) % DAY_LANES_MAX] = lane;
	if (swapcontext(&lane->context, &scheduler) < 0)
		die("swapcontext");
	return 0;
}

static void run_lane(void)
{
	struct lane *lane = running;

	deed(lane->what);
	lane->what = NULL;
}

static void go_on(struct lane *lane)
{
	running = lane;
	if (swapcontext(&scheduler, &lane->context) < 0)
		die("swapcontext");
	running = NULL;
}

/* Who has waited longest has its replies first, as they were asked for. */
static void answer_one(void)
{
	struct lane *lane = queue[queue_begin];

	queue_begin = (queue_begin + 1) % DAY_LANES_MAX;
	queue_length--;
	for (int i = 0; i < lane->replies_count; i++)
		if (redisGetReply(redis, (void **)&lane->replies[i]) != REDIS_OK)
			die(redis->errstr);
	go_on(lane);
}

void day_lanes_open(const struct gp_settings *settings, unsigned int count,
		    day_deed *what_to_do)
{
	struct gp_error err;

	lanes_count = count;
	deed = what_to_do;
	for (unsigned int i = 0; i < count; i++) {
		lanes[i].stack = gp_alloc(STACK_BYTES);
		lanes[i].store = gp_store_redis_open(settings, &err);
		if (lanes[i].store == NULL)
			die(err.text);
	}
	if (count == 1)
		return;
	redis = redisConnectUnix(settings->redis.server + strlen("unix:"));
	if (redis == NULL || redis->err != 0)
		die("no connection to Redis");
}

static struct lane *free_lane(void)
{
	for (;;) {
		for (unsigned int i = 0; i < lanes_count; i++)
			if (lanes[i].what == NULL)
				return &lanes[i];
		day_lanes_finish();
	}
}

void day_lanes_do(void *what)
{
	struct lane *lane = free_lane();

	lane->what = what;
	if (getcontext(&lane->context) < 0)
		die("getcontext");
	lane->context.uc_stack.ss_sp = lane->stack;
	lane->context.uc_stack.ss_size = STACK_BYTES;
	lane->context.uc_link = &scheduler;
	makecontext(&lane->context, run_lane, 0);
	go_on(lane);
}

void day_lanes_finish(void)
{
	while (queue_length > 0)
		answer_one();
}

void *day_lanes_what(void)
{
	return running->what;
}

struct gp_store *day_lanes_store(void)
{
	return running->store;
}

void day_lanes_close(void)
{
	if (redis != NULL)
		redisFree(redis);
	redis = NULL;
	for (unsigned int i = 0; i < lanes_count; i++) {
		gp_store_close(&lanes[i].store);
		free(lanes[i].stack);
	}
}
