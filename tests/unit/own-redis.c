/* SPDX-License-Identifier: MIT */
/* This module is documented in own-redis.h. */
#include "own-redis.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

static char folder[] = "/tmp/gatepost-redis.XXXXXX";
static char server[64];
static char empty[] = "";
static pid_t redis_pid = -1;
static struct gp_redis_site *site;

struct gp_settings own_redis_settings;

/* Another server that speaks the same, such as valkey-server, may be named. */
static void launch(void)
{
	const char *named = getenv("GATEPOST_REDIS_SERVER");
	const char *program = named != NULL ? named : "redis-server";

	redis_pid = fork();
	if (redis_pid == 0) {
		(void)execlp(program, program, "--port", "0",
			     "--unixsocket", server + 5, "--save", "",
			     "--dir", folder, "--loglevel", "warning",
			     "--logfile", "redis.log", (char *)NULL);
		_exit(TEST_SKIPPED);
	}
}

static bool answers(void)
{
	int status;

	for (int i = 0; i < 500; i++) {
		if (DO("PING") == 0)
			return true;
		if (waitpid(redis_pid, &status, WNOHANG) == redis_pid) {
			redis_pid = -1;
			return false;
		}
		(void)poll(NULL, 0, 10);
	}
	return false;
}

static void stop(void)
{
	int status;

	if (redis_pid <= 0)
		return;
	(void)kill(redis_pid, SIGKILL);
	(void)waitpid(redis_pid, &status, 0);
	redis_pid = -1;
}

void own_redis_fill(struct gp_settings *settings, char *name)
{
	settings->redis.server = name;
	settings->redis.user = settings->redis.password_file = empty;
	settings->redis.sentinel_master = settings->redis.sentinel_user = empty;
	settings->redis.sentinel_password_file = settings->redis.tls_name = empty;
	settings->redis.tls_ca_file = settings->redis.tls_key_file = empty;
	settings->redis.tls_certificate_file = empty;
	settings->privacy.secret_file = empty;
	settings->redis.deadline_msecs = 2 * SECS;
	settings->redis.retry_secs = 10;
	settings->redis.retention_secs = 7 * 86400;
}

bool own_redis_start(void)
{
	struct gp_error err;

	if (mkdtemp(folder) == NULL)
		return false;
	(void)snprintf(server, sizeof(server), "unix:%s/redis.sock", folder);
	own_redis_fill(&own_redis_settings, server);
	site = gp_redis_site_open(&own_redis_settings, &err);
	launch();
	if (answers())
		return true;
	(void)fprintf(stderr, "redis-server does not run here\n");
	return false;
}

bool own_redis_restart(void)
{
	stop();
	gp_redis_site_disconnect(site);
	launch();
	return answers();
}

void own_redis_signal(int number)
{
	(void)kill(redis_pid, number);
}

void own_redis_end(void)
{
	static const char *const names[] = { "redis.log", "redis.sock" };
	char path[128];

	gp_redis_site_close(&site);
	stop();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
}

int own_redis_commands(const struct gp_redis_command *commands, int count,
		       redisReply **replies_r)
{
	struct gp_error err;

	return gp_redis_site_exchange(site, commands, count,
				      gp_clock_monotonic_msecs() + 5 * SECS,
				      replies_r, &err);
}

redisReply *own_redis_command(int argc, const char **argv)
{
	struct gp_redis_command one = { .argc = argc, .argv = argv };
	redisReply *reply = NULL;

	return own_redis_commands(&one, 1, &reply) < 0 ? NULL : reply;
}

int own_redis_do(int argc, const char **argv)
{
	redisReply *reply = own_redis_command(argc, argv);
	int result = reply != NULL && reply->type != REDIS_REPLY_ERROR ? 0 : -1;

	if (reply != NULL)
		freeReplyObject(reply);
	return result;
}

int own_redis_empty(void **state)
{
	(void)state;
	return DO("FLUSHALL");
}
