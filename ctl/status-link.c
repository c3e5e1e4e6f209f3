/* SPDX-License-Identifier: MIT */
/* This module is documented in status-link.h. */
#include "status-link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

/* The milter protocol, as libmilter's mfdef.h has it. */
enum {
	OPTNEG = 'O', QUIT = 'Q',
	PROTOCOL_VERSION = 6,
	HEAD_BYTES = 5,                 /* length of what follows, and its kind */
	OPTNEG_BYTES = 12,
	ALL_ACTIONS = 0x1ff,
	ALL_STEPS = 0x1fffff
};

enum { ANSWER_BYTES = 4096 };

struct link {
	int fd;
	int64_t deadline_msecs;         /* monotonic */
	struct gp_error *err;
};

int64_t gp_status_clock_usecs(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int wait_for(const struct link *link, short events)
{
	struct pollfd entry = { .fd = link->fd, .events = events };
	int64_t left_msecs;
	int ready;

	do {
		left_msecs = link->deadline_msecs - gp_clock_monotonic_msecs();
		ready = left_msecs <= 0 ? 0 : poll(&entry, 1, (int)left_msecs);
	} while (ready < 0 && errno == EINTR);
	if (ready > 0)
		return 0;
	return gp_error_set(link->err, "%s", ready < 0 ? strerror(errno)
			    : "no answer within the time");
}

static int connect_to(struct link *link, const struct sockaddr *address,
		      socklen_t length)
{
	int code = 0;
	socklen_t code_bytes = sizeof(code);

	link->fd = socket(address->sa_family,
			  SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (link->fd < 0)
		return gp_error_set(link->err, "%s", strerror(errno));
	if (connect(link->fd, address, length) == 0)
		return 0;
	/* EAGAIN is a unix socket whose queue is full: nobody accepts. */
	if (errno != EINPROGRESS)
		return gp_error_set(link->err, "%s", errno == EAGAIN
				    ? "it accepts no connection"
				    : strerror(errno));
	if (wait_for(link, POLLOUT) < 0)
		return -1;
	(void)getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &code, &code_bytes);
	return code == 0 ? 0 : gp_error_set(link->err, "%s", strerror(code));
}

static int open_link(struct link *link, const struct gp_socket *where)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct sockaddr_un path = { .sun_family = AF_UNIX };
	struct addrinfo *found = NULL;
	char port[8];
	int result;

	link->fd = -1;
	if (where->kind == GP_SOCKET_UNIX) {
		memcpy(path.sun_path, where->path, sizeof(path.sun_path));
		return connect_to(link, (const struct sockaddr *)&path,
				  sizeof(path));
	}
	(void)snprintf(port, sizeof(port), "%u", where->port);
	result = getaddrinfo(where->host, port, &hints, &found);
	if (result != 0)
		return gp_error_set(link->err, "%s: %s", where->host,
				    gai_strerror(result));
	result = connect_to(link, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return result;
}

static int put(const struct link *link, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t done = send(link->fd, at, length, MSG_NOSIGNAL);

		if (done >= 0) {
			at += done;
			length -= (size_t)done;
		} else if (errno != EAGAIN && errno != EINTR) {
			return gp_error_set(link->err, "%s", strerror(errno));
		} else if (wait_for(link, POLLOUT) < 0) {
			return -1;
		}
	}
	return 0;
}

/* Some bytes, at most size; 0 at the end. */
static ssize_t get(const struct link *link, void *bytes, size_t size)
{
	ssize_t got;

	do {
		if (wait_for(link, POLLIN) < 0)
			return -1;
		got = recv(link->fd, bytes, size, 0);
	} while (got < 0 && (errno == EAGAIN || errno == EINTR));
	return got >= 0 ? got : gp_error_set(link->err, "%s", strerror(errno));
}

static int get_all(const struct link *link, unsigned char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t got = get(link, bytes, length);

		if (got < 0)
			return -1;
		if (got == 0)
			return gp_error_set(link->err, "it hangs up before it has "
					    "answered");
		bytes += got;
		length -= (size_t)got;
	}
	return 0;
}

/* --- the milter --- */

static size_t pack(unsigned char *out, char kind, const uint32_t *words,
		   size_t count)
{
	uint32_t size = htonl((uint32_t)(1 + 4 * count));

	memcpy(out, &size, 4);
	out[4] = (unsigned char)kind;
	for (size_t i = 0; i < count; i++) {
		uint32_t word = htonl(words[i]);

		memcpy(out + HEAD_BYTES + 4 * i, &word, 4);
	}
	return HEAD_BYTES + 4 * count;
}

static int negotiate(const struct link *link)
{
	static const uint32_t terms[] = { PROTOCOL_VERSION, ALL_ACTIONS, ALL_STEPS };
	unsigned char out[HEAD_BYTES + OPTNEG_BYTES], answer[ANSWER_BYTES];
	uint32_t size;

	if (put(link, out, pack(out, OPTNEG, terms, 3)) < 0 ||
	    get_all(link, answer, HEAD_BYTES) < 0)
		return -1;
	memcpy(&size, answer, sizeof(size));
	size = ntohl(size);
	if (answer[4] != OPTNEG || size < 1 + OPTNEG_BYTES || size > ANSWER_BYTES)
		return gp_error_set(link->err, "it does not speak the milter "
				    "protocol");
	if (get_all(link, answer, size - 1) < 0)
		return -1;
	return put(link, out, pack(out, QUIT, NULL, 0));
}

/* --- the auth-policy service --- */

/* As Dovecot asks.  Without a login nobody is looked up. */
/* A header of the answer. */
static void read_version(const char *answer, char version_r[GP_VERSION_BYTES])
{
	static const char name[] = "\nX-Gatepost-Version: ";
	const char *found = strstr(answer, name);
	size_t length;

	version_r[0] = '\0';
	if (found == NULL)
		return;
	found += sizeof(name) - 1;
	length = strspn(found, "0123456789.abcdefghijklmnopqrstuvwxyz-");
	if (length >= GP_VERSION_BYTES)
		return;
	memcpy(version_r, found, length);
	version_r[length] = '\0';
}

static int ask_http(const struct link *link, const char *key,
		    char version_r[GP_VERSION_BYTES])
{
	static const char body[] = "{\"device_id\":\"\",\"login\":\"\","
		"\"protocol\":\"imap\",\"remote\":\"\",\"success\":false}";
	char request[1024], answer[ANSWER_BYTES];
	size_t length = 0;
	ssize_t got;

	(void)snprintf(request, sizeof(request),
		       "POST /?command=allow HTTP/1.1\r\nHost: localhost\r\n"
		       "%s%s%sContent-Type: application/json\r\n"
		       "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
		       key != NULL ? "X-API-Key: " : "",
		       key != NULL ? key : "", key != NULL ? "\r\n" : "",
		       sizeof(body) - 1, body);
	if (put(link, request, strlen(request)) < 0)
		return -1;
	do {
		got = get(link, answer + length, sizeof(answer) - 1 - length);
		if (got < 0)
			return -1;
		length += (size_t)got;
	} while (got > 0 && length < sizeof(answer) - 1 &&
		 memmem(answer, length, "\r\n\r\n", 4) == NULL);
	answer[length] = '\0';
	read_version(answer, version_r);
	if (strncmp(answer, "HTTP/1.", 7) != 0)
		return gp_error_set(link->err, "it does not speak HTTP");
	if (strncmp(answer + 8, " 200", 4) == 0 ||
	    (key == NULL && strncmp(answer + 8, " 403", 4) == 0))
		return 0;
	answer[strcspn(answer, "\r\n")] = '\0';
	return gp_error_set(link->err, "it answers: %.80s", answer + 9);
}

/* --- for all --- */

static int begin(struct link *link, const struct gp_socket *address,
		 int64_t deadline_msecs, struct gp_error *err)
{
	link->deadline_msecs = gp_clock_monotonic_msecs() + deadline_msecs;
	link->err = err;
	return open_link(link, address);
}

static void end(struct link *link)
{
	if (link->fd >= 0)
		(void)close(link->fd);
}

int gp_status_ask_milter(const struct gp_socket *address, int64_t deadline_msecs,
			 int64_t *usecs_r, struct gp_error *err)
{
	const int64_t began_usecs = gp_status_clock_usecs();
	struct link link;
	int result = begin(&link, address, deadline_msecs, err) < 0 ||
		negotiate(&link) < 0 ? -1 : 0;

	end(&link);
	if (result == 0)
		*usecs_r = gp_status_clock_usecs() - began_usecs;
	return result;
}

int gp_status_ask_authpolicy(const struct gp_socket *address, const char *key,
			     int64_t deadline_msecs, int64_t *usecs_r,
			     char version_r[GP_VERSION_BYTES],
			     struct gp_error *err)
{
	const int64_t began_usecs = gp_status_clock_usecs();
	struct link link;
	int result = begin(&link, address, deadline_msecs, err) < 0 ||
		ask_http(&link, key, version_r) < 0 ? -1 : 0;

	end(&link);
	if (result == 0)
		*usecs_r = gp_status_clock_usecs() - began_usecs;
	return result;
}
