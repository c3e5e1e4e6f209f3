/* SPDX-License-Identifier: MIT */
/* This module is documented in store-redis-link.h. */
#include "store-redis-link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "log.h"
#include "pool.h"
#include "socket-text.h"

/* No reply that we ask for is longer; a claim of more is not believed. */
enum { ELEMENTS_MAX = 4096, STRING_BYTES_MAX = 65536 };

struct gp_redis_link {
	const struct gp_settings *settings;
	struct gp_socket server;
	char *password;         /* or NULL */
	redisContext *context;  /* NULL when not connected */
	bool was_used;          /* an exchange has gone well on it */
	const redisReplyObjectFunctions *standard;  /* hiredis's own */
	redisReplyObjectFunctions bounded;
};

/* hiredis allocates what a reply claims to hold before it arrives: an array of
   2^31 elements took seconds to free.  So the claim is looked at first. */
static void *create_string(const redisReadTask *task, char *text, size_t length)
{
	const struct gp_redis_link *link = task->privdata;

	return length > STRING_BYTES_MAX ? NULL
		: link->standard->createString(task, text, length);
}

#if HIREDIS_MAJOR >= 1
static void *create_array(const redisReadTask *task, size_t elements)
#else
static void *create_array(const redisReadTask *task, int elements)
#endif
{
	const struct gp_redis_link *link = task->privdata;

	return elements > ELEMENTS_MAX ? NULL
		: link->standard->createArray(task, elements);
}

/* The first line of the file.  A secret that others can read is none. */
static char *read_password(const char *path, struct gp_error *err)
{
	char line[1024];
	struct stat status;
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		(void)gp_error_set(err, "redis.password_file %s: %s", path,
				   strerror(errno));
		return NULL;
	}
	if (fstat(fileno(file), &status) < 0 || (status.st_mode & S_IRWXO) != 0) {
		(void)gp_error_set(err, "redis.password_file %s: others can read "
				   "it; run: chmod o= %s", path, path);
		(void)fclose(file);
		return NULL;
	}
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	(void)fclose(file);
	line[strcspn(line, "\r\n")] = '\0';
	if (line[0] == '\0') {
		(void)gp_error_set(err, "redis.password_file %s: its first line "
				   "holds no password", path);
		return NULL;
	}
	return gp_strdup(line);
}

struct gp_redis_link *gp_redis_link_create(const struct gp_settings *settings,
					   struct gp_error *err)
{
	struct gp_redis_link *link = gp_alloc(sizeof(*link));
	int result = gp_server_parse(settings->redis.server, &link->server, err);

	link->settings = settings;
	if (result == 0 && settings->redis.password_file[0] != '\0') {
		link->password = read_password(settings->redis.password_file, err);
		result = link->password != NULL ? 0 : -1;
	}
	if (result < 0)
		gp_redis_link_free(&link);
	return link;
}

void gp_redis_link_disconnect(struct gp_redis_link *link)
{
	if (link->context != NULL)
		redisFree(link->context);
	link->context = NULL;
	link->was_used = false;
}

void gp_redis_link_free(struct gp_redis_link **link)
{
	if (*link == NULL)
		return;
	gp_redis_link_disconnect(*link);
	if ((*link)->password != NULL)
		explicit_bzero((*link)->password, strlen((*link)->password));
	free((*link)->password);
	free(*link);
	*link = NULL;
}

static int wait_for(int fd, short events, int64_t deadline_msecs,
		    struct gp_error *err)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	int64_t left;
	int ready;

	do {
		left = deadline_msecs - gp_clock_monotonic_msecs();
		ready = left <= 0 ? 0 : poll(&poll_fd, 1, (int)left);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return gp_error_set(err, "redis: poll: %s", strerror(errno));
	if (ready == 0)
		return gp_error_set(err, "redis: no reply in time");
	return 0;
}

static int context_error(const redisContext *context, struct gp_error *err)
{
	return gp_error_set(err, "redis: %s", context->errstr[0] != '\0'
			    ? context->errstr : "connection failed");
}

static int start_connection(struct gp_redis_link *link, int64_t deadline_msecs,
			    struct gp_error *err)
{
	redisContext *context;
	int socket_error = 0;
	socklen_t length = sizeof(socket_error);

	context = link->server.kind == GP_SOCKET_UNIX
		? redisConnectUnixNonBlock(link->server.path)
		: redisConnectNonBlock(link->server.host,
				       (int)link->server.port);
	if (context == NULL)
		return gp_error_set(err, "redis: out of memory");
	link->context = context;
	if (context->err != 0)
		return context_error(context, err);
	link->standard = context->reader->fn;
	link->bounded = *link->standard;
	link->bounded.createString = create_string;
	link->bounded.createArray = create_array;
	context->reader->fn = &link->bounded;
	context->reader->privdata = link;
	if (wait_for(context->fd, POLLOUT, deadline_msecs, err) < 0)
		return -1;
	if (getsockopt(context->fd, SOL_SOCKET, SO_ERROR, &socket_error,
		       &length) < 0 || socket_error != 0)
		return gp_error_set(err, "redis: cannot connect to %s: %s",
				    link->settings->redis.server,
				    strerror(socket_error));
	return 0;
}

static int append(struct gp_redis_link *link,
		  const struct gp_redis_command *command, struct gp_error *err)
{
	if (redisAppendCommandArgv(link->context, command->argc, command->argv,
				   command->lengths) != REDIS_OK)
		return context_error(link->context, err);
	return 0;
}

/* AUTH and SELECT travel with the first command: no round trip of their own.
   Returns how many replies they will give, or -1. */
static int append_handshake(struct gp_redis_link *link, struct gp_error *err)
{
	const struct gp_settings *settings = link->settings;
	char database[16];
	const char *select[] = { "SELECT", database };
	const char *auth[3] = { "AUTH" };
	struct gp_redis_command command = { .argc = 1, .argv = auth };
	int count = 0;

	if (link->password != NULL) {
		if (settings->redis.user[0] != '\0')
			auth[command.argc++] = settings->redis.user;
		auth[command.argc++] = link->password;
		if (append(link, &command, err) < 0)
			return -1;
		count++;
	}
	if (settings->redis.database > 0) {
		(void)snprintf(database, sizeof(database), "%u",
			       settings->redis.database);
		command = (struct gp_redis_command){ .argc = 2, .argv = select };
		if (append(link, &command, err) < 0)
			return -1;
		count++;
	}
	return count;
}

static int flush(redisContext *context, int64_t deadline_msecs,
		 struct gp_error *err)
{
	int is_done = 0;

	for (;;) {
		if (redisBufferWrite(context, &is_done) != REDIS_OK)
			return context_error(context, err);
		if (is_done)
			return 0;
		if (wait_for(context->fd, POLLOUT, deadline_msecs, err) < 0)
			return -1;
	}
}

/* The socket's timeout is a whole deadline: a read may wait by it only while the
   whole of it is left, and not after a script had to be sent a second time. */
static bool is_all_left(const struct gp_redis_link *link, int64_t deadline_msecs)
{
	return deadline_msecs - gp_clock_monotonic_msecs() + 1 >=
		(int64_t)link->settings->redis.deadline_msecs;
}

/* On a connection that was used before, the first read itself waits, with the
   socket's timeout: one system call less for each message. */
static int read_reply(struct gp_redis_link *link, int64_t deadline_msecs,
		      redisReply **reply_r, struct gp_error *err)
{
	redisContext *context = link->context;
	bool read_waits = link->was_used && is_all_left(link, deadline_msecs);
	void *reply = NULL;

	for (;;) {
		if (redisGetReplyFromReader(context, &reply) != REDIS_OK)
			return context_error(context, err);
		if (reply != NULL)
			break;
		if (!read_waits &&
		    wait_for(context->fd, POLLIN, deadline_msecs, err) < 0)
			return -1;
		read_waits = false;
		if (redisBufferRead(context) != REDIS_OK)
			return context_error(context, err);
	}
	*reply_r = reply;
	return 0;
}

/* What Redis says to who may not ask does not say what to do about it.  A command of
   more than ten words is not even read before a login: "unauthenticated multibulk
   length". */
static int refuse_access(const redisReply *reply, struct gp_error *err)
{
	if (reply->type != REDIS_REPLY_ERROR)
		return 0;
	if (strncmp(reply->str, "NOAUTH", 6) == 0 ||
	    strstr(reply->str, "unauthenticated") != NULL)
		return gp_error_set(err, "redis: it wants a password; set "
				    "redis.password_file, and redis.user if it has "
				    "users");
	if (strncmp(reply->str, "WRONGPASS", 9) == 0)
		return gp_error_set(err, "redis: it knows no such user or password; "
				    "see redis.user and redis.password_file");
	if (strncmp(reply->str, "NOPERM", 6) == 0)
		return gp_error_set(err, "redis: %.200s; the rights that gatepost "
				    "needs are in gatepost.conf(5), redis.user",
				    reply->str);
	return 0;
}

static int read_handshake(struct gp_redis_link *link, int count,
			  int64_t deadline_msecs, struct gp_error *err)
{
	redisReply *reply;
	int result = 0;

	while (count-- > 0 && result == 0) {
		result = read_reply(link, deadline_msecs, &reply, err);
		if (result == 0) {
			result = refuse_access(reply, err);
			if (result == 0 && reply->type == REDIS_REPLY_ERROR)
				result = gp_error_set(err, "redis: %s", reply->str);
			freeReplyObject(reply);
		}
	}
	return result;
}

/* A connection that was kept and has something to read is not to be used: Redis
   has closed it, or says what nobody asked for.  Found out before anything is
   sent, so that the command can go over a new one and is done only once. */
static bool is_stale(const redisContext *context)
{
	struct pollfd poll_fd = { .fd = context->fd, .events = POLLIN };

	return context->reader->pos < context->reader->len ||
		poll(&poll_fd, 1, 0) != 0;
}

static int send_commands(struct gp_redis_link *link,
			 const struct gp_redis_command *commands, int count,
			 int64_t deadline_msecs, int *handshake_r,
			 struct gp_error *err)
{
	*handshake_r = 0;
	if (link->context == NULL) {
		if (start_connection(link, deadline_msecs, err) < 0)
			return -1;
		*handshake_r = append_handshake(link, err);
		if (*handshake_r < 0)
			return -1;
	}
	for (int i = 0; i < count; i++)
		if (append(link, &commands[i], err) < 0)
			return -1;
	return flush(link->context, deadline_msecs, err);
}

/* The deadline of all exchanges is that of the settings; a reply that drips in is
   waited for by poll(). */
static void let_reads_wait(const struct gp_redis_link *link)
{
	const unsigned int msecs = link->settings->redis.deadline_msecs;
	const struct timeval timeout = {
		.tv_sec = msecs / 1000,
		.tv_usec = (suseconds_t)(msecs % 1000) * 1000,
	};
	const int fd = link->context->fd;
	const int flags = fcntl(fd, F_GETFL);

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	(void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

static int exchange(struct gp_redis_link *link,
		    const struct gp_redis_command *commands, int count,
		    int64_t deadline_msecs, redisReply **replies,
		    struct gp_error *err)
{
	int handshake, result;

	if (link->context != NULL && is_stale(link->context))
		gp_redis_link_disconnect(link);
	if (link->context != NULL && !link->was_used)
		let_reads_wait(link);
	link->was_used = link->context != NULL;
	result = send_commands(link, commands, count, deadline_msecs, &handshake,
			       err);
	/* What was not sent whole was not done. */
	if (result < 0 && link->was_used && count == 1) {
		gp_redis_link_disconnect(link);
		result = send_commands(link, commands, count, deadline_msecs,
				       &handshake, err);
	}
	if (result < 0 ||
	    read_handshake(link, handshake, deadline_msecs, err) < 0)
		return -1;
	for (int i = 0; i < count; i++)
		if (read_reply(link, deadline_msecs, &replies[i], err) < 0 ||
		    refuse_access(replies[i], err) < 0)
			return -1;
	return 0;
}

int gp_redis_link_exchange(struct gp_redis_link *link,
			   const struct gp_redis_command *commands, int count,
			   int64_t deadline_msecs, redisReply **replies_r,
			   struct gp_error *err)
{
	redisReply **replies = gp_alloc((size_t)count * sizeof(*replies));
	int result;

	result = exchange(link, commands, count, deadline_msecs, replies, err);
	if (result == 0) {
		memcpy(replies_r, replies, (size_t)count * sizeof(*replies));
	} else {
		for (int i = 0; i < count; i++)
			if (replies[i] != NULL)
				freeReplyObject(replies[i]);
		gp_redis_link_disconnect(link);
	}
	free(replies);
	return result;
}
