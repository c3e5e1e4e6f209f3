/* SPDX-License-Identifier: MIT */
/* This module is documented in store-redis-link.h. */
#include "store-redis-link.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "log.h"
#include "pool.h"
#include "redis-address.h"
#include "resolve.h"
#include "store-redis-tls.h"
#include "store-redis-wait.h"

/* No reply that we ask for is longer; a claim of more is not believed. */
enum { ELEMENTS_MAX = 4096, STRING_BYTES_MAX = 65536 };

struct gp_redis_link {
	const struct gp_redis_access *access;
	struct gp_socket server;
	enum gp_redis_role role;
	redisContext *context;  /* NULL when not connected */
	struct ssl_st *tls;     /* of the context; NULL without */
	bool is_new;            /* nothing was sent on it yet */
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

struct gp_redis_link *gp_redis_link_create(const struct gp_redis_access *access,
					   const struct gp_socket *server,
					   enum gp_redis_role role)
{
	struct gp_redis_link *link = gp_alloc(sizeof(*link));

	link->access = access;
	link->server = *server;
	link->role = role;
	return link;
}

void gp_redis_link_disconnect(struct gp_redis_link *link)
{
	if (link->context != NULL)
		redisFree(link->context);
	link->context = NULL;
	link->tls = NULL;
	link->was_used = false;
}

void gp_redis_link_free(struct gp_redis_link **link)
{
	if (*link == NULL)
		return;
	gp_redis_link_disconnect(*link);
	free(*link);
	*link = NULL;
}

static int context_error(const redisContext *context, struct gp_error *err)
{
	return gp_error_set(err, "redis: %s", context->errstr[0] != '\0'
			    ? context->errstr : "connection failed");
}

/* What is read from it is bounded from the first byte. */
static void bound_replies(struct gp_redis_link *link)
{
	redisReader *reader = link->context->reader;

	link->standard = reader->fn;
	link->bounded = *link->standard;
	link->bounded.createString = create_string;
	link->bounded.createArray = create_array;
	reader->fn = &link->bounded;
	reader->privdata = link;
}

static int start_tls(struct gp_redis_link *link, int64_t deadline_msecs,
		     struct gp_error *err)
{
	const char *name = link->access->settings->redis.tls_name;

	if (link->access->tls == NULL)
		return 0;
	return gp_redis_tls_start(link->access, link->context, name[0] != '\0'
				  ? name : link->server.host, deadline_msecs,
				  &link->tls, err);
}

/* hiredis would look a name up by itself, for as long as that takes. */
static int open_context(const struct gp_redis_link *link, int64_t deadline_msecs,
			redisContext **context_r, struct gp_error *err)
{
	const struct gp_socket *server = &link->server;
	char address[INET6_ADDRSTRLEN];
	struct gp_error why;

	if (server->kind == GP_SOCKET_UNIX) {
		*context_r = redisConnectUnixNonBlock(server->path);
		return 0;
	}
	if (!server->host_is_literal &&
	    gp_resolve(server->host, deadline_msecs, address, &why) < 0)
		return gp_error_set(err, "redis: %s", why.text);
	*context_r = redisConnectNonBlock(server->host_is_literal ? server->host
					  : address, (int)server->port);
	return 0;
}

/* Of a unix socket connect() knows the end at once, and context->err has it. */
static int await_connection(const struct gp_redis_link *link, int64_t deadline_msecs,
			    struct gp_error *err)
{
	const int fd = link->context->fd;
	char shown[GP_SOCKET_TEXT_BYTES];
	int socket_error = 0;
	socklen_t length = sizeof(socket_error);

	if (link->server.kind == GP_SOCKET_UNIX)
		return 0;
	if (gp_redis_wait(fd, POLLOUT, deadline_msecs, err) < 0)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &socket_error, &length) == 0 &&
	    socket_error == 0)
		return 0;
	return gp_error_set(err, "redis: cannot connect to %s: %s",
			    gp_redis_address_format(&link->server, shown),
			    strerror(socket_error));
}

static int start_connection(struct gp_redis_link *link, int64_t deadline_msecs,
			    struct gp_error *err)
{
	redisContext *context = NULL;

	if (open_context(link, deadline_msecs, &context, err) < 0)
		return -1;
	if (context == NULL)
		return gp_error_set(err, "redis: out of memory");
	link->context = context;
	if (context->err != 0)
		return context_error(context, err);
	bound_replies(link);
	if (await_connection(link, deadline_msecs, err) < 0)
		return -1;
	link->is_new = true;
	return start_tls(link, deadline_msecs, err);
}

static int append(struct gp_redis_link *link,
		  const struct gp_redis_command *command, struct gp_error *err)
{
	if (redisAppendCommandArgv(link->context, command->argc, command->argv,
				   command->lengths) != REDIS_OK)
		return context_error(link->context, err);
	return 0;
}

static int append_auth(struct gp_redis_link *link, struct gp_error *err)
{
	const struct gp_settings *settings = link->access->settings;
	const bool is_sentinel = link->role == GP_REDIS_SENTINEL;
	const char *user = is_sentinel ? settings->redis.sentinel_user
		: settings->redis.user;
	const char *password = is_sentinel ? link->access->sentinel_password
		: link->access->password;
	const char *auth[3] = { "AUTH" };
	struct gp_redis_command command = { .argc = 1, .argv = auth };

	if (password == NULL)
		return 0;
	if (user[0] != '\0')
		auth[command.argc++] = user;
	auth[command.argc++] = password;
	return append(link, &command, err) < 0 ? -1 : 1;
}

static int append_select(struct gp_redis_link *link, struct gp_error *err)
{
	const unsigned int database = link->access->settings->redis.database;
	char number[16];
	const char *select[] = { "SELECT", number };
	const struct gp_redis_command command = { .argc = 2, .argv = select };

	if (database == 0 || link->role == GP_REDIS_SENTINEL)
		return 0;
	(void)snprintf(number, sizeof(number), "%u", database);
	return append(link, &command, err) < 0 ? -1 : 1;
}

/* AUTH and SELECT travel with the first command: no round trip of their own.
   Returns how many replies they will give, or -1. */
static int append_handshake(struct gp_redis_link *link, struct gp_error *err)
{
	const int auth = append_auth(link, err);
	const int select = auth < 0 ? -1 : append_select(link, err);

	return select < 0 ? -1 : auth + select;
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
		if (gp_redis_wait(context->fd, POLLOUT, deadline_msecs, err) < 0)
			return -1;
	}
}

/* The socket's timeout is a whole deadline: a read may wait by it only while the
   whole of it is left, and not after a script had to be sent a second time. */
static bool is_all_left(const struct gp_redis_link *link, int64_t deadline_msecs)
{
	return deadline_msecs - gp_clock_monotonic_msecs() + 1 >=
		(int64_t)link->access->settings->redis.deadline_msecs;
}

/* On a connection that was used before, the first read itself waits, with the
   socket's timeout: one system call less for each message. */
static int read_reply(struct gp_redis_link *link, int64_t deadline_msecs,
		      redisReply **reply_r, struct gp_error *err)
{
	redisContext *context = link->context;
	bool read_waits = gp_redis_tls_has_bytes(link->tls) ||
		(link->was_used && is_all_left(link, deadline_msecs));
	void *reply = NULL;

	for (;;) {
		if (redisGetReplyFromReader(context, &reply) != REDIS_OK)
			return context_error(context, err);
		if (reply != NULL)
			break;
		if (!read_waits &&
		    gp_redis_wait(context->fd, POLLIN, deadline_msecs, err) < 0)
			return -1;
		if (redisBufferRead(context) != REDIS_OK)
			return context_error(context, err);
		read_waits = gp_redis_tls_has_bytes(link->tls);
	}
	*reply_r = reply;
	return 0;
}

/* What Redis says to who may not ask does not say what to do about it.  A command of
   more than ten words is not even read before a login: "unauthenticated multibulk
   length". */
static int refuse_access(const struct gp_redis_link *link,
			 const redisReply *reply, struct gp_error *err)
{
	const bool is_sentinel = link->role == GP_REDIS_SENTINEL;
	const char *who = is_sentinel ? "the sentinel" : "it";
	const char *prefix = is_sentinel ? "sentinel_" : "";

	if (reply->type != REDIS_REPLY_ERROR)
		return 0;
	if (strncmp(reply->str, "NOAUTH", 6) == 0 ||
	    strstr(reply->str, "unauthenticated") != NULL)
		return gp_error_set(err, "redis: %s wants a password; set "
				    "redis.%spassword_file, and redis.%suser if it "
				    "has users", who, prefix, prefix);
	if (strncmp(reply->str, "WRONGPASS", 9) == 0)
		return gp_error_set(err, "redis: %s knows no such user or password; "
				    "see redis.%suser and redis.%spassword_file",
				    who, prefix, prefix);
	if (strncmp(reply->str, "NOPERM", 6) == 0)
		return gp_error_set(err, "redis: %.160s; the rights that gatepost "
				    "needs are in gatepost.conf(5), redis.%suser",
				    reply->str, prefix);
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
			result = refuse_access(link, reply, err);
			if (result == 0 && reply->type == REDIS_REPLY_ERROR)
				result = gp_error_set(err, "redis: %s", reply->str);
			freeReplyObject(reply);
		}
	}
	return result;
}

/* A connection that was kept and has something to read is not to be used: Redis
   has closed it, or says what nobody asked for.  Found out before anything is
   sent, so that the command can go over a new one and is done only once.  With TLS
   there may be tickets for a later session (RFC 8446 section 4.6.1): they are read
   and leave nothing. */
static bool is_stale(const struct gp_redis_link *link)
{
	redisContext *context = link->context;
	struct pollfd poll_fd = { .fd = context->fd, .events = POLLIN };

	if (context->reader->pos < context->reader->len)
		return true;
	if (poll(&poll_fd, 1, 0) == 0)
		return false;
	return link->tls == NULL || redisBufferRead(context) != REDIS_OK ||
		context->reader->pos < context->reader->len;
}

int gp_redis_link_connect(struct gp_redis_link *link, int64_t deadline_msecs,
			  struct gp_error *err)
{
	if (link->context != NULL && is_stale(link))
		gp_redis_link_disconnect(link);
	if (link->context != NULL)
		return 0;
	if (start_connection(link, deadline_msecs, err) == 0)
		return 0;
	gp_redis_link_disconnect(link);
	return -1;
}

static int send_commands(struct gp_redis_link *link,
			 const struct gp_redis_command *commands, int count,
			 int64_t deadline_msecs, int *handshake_r,
			 struct gp_error *err)
{
	*handshake_r = link->is_new ? append_handshake(link, err) : 0;
	if (*handshake_r < 0)
		return -1;
	for (int i = 0; i < count; i++)
		if (append(link, &commands[i], err) < 0)
			return -1;
	return flush(link->context, deadline_msecs, err);
}

/* The deadline of all exchanges is that of the settings; a reply that drips in is
   waited for by poll(). */
static void let_reads_wait(const struct gp_redis_link *link)
{
	const unsigned int msecs = link->access->settings->redis.deadline_msecs;
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
	int handshake = 0, result;

	if (!link->is_new && !link->was_used && link->tls == NULL)
		let_reads_wait(link);
	link->was_used = !link->is_new && link->tls == NULL;
	result = send_commands(link, commands, count, deadline_msecs, &handshake,
			       err);
	/* What was not sent whole was not done. */
	if (result < 0 && link->was_used && count == 1) {
		gp_redis_link_disconnect(link);
		result = gp_redis_link_connect(link, deadline_msecs, err);
		if (result == 0)
			result = send_commands(link, commands, count,
					       deadline_msecs, &handshake, err);
	}
	link->is_new = false;
	if (result < 0 ||
	    read_handshake(link, handshake, deadline_msecs, err) < 0)
		return -1;
	for (int i = 0; i < count; i++)
		if (read_reply(link, deadline_msecs, &replies[i], err) < 0 ||
		    refuse_access(link, replies[i], err) < 0)
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
