/* SPDX-License-Identifier: MIT */
/* This module is documented in probe-link.h. */
#include "probe-link.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

static int wait_for(const struct gp_probe_link *link, short events,
		    struct gp_error *err)
{
	struct pollfd poll_fd = { .fd = link->fd, .events = events };
	int64_t left;
	int ready;

	do {
		left = link->deadline_msecs - gp_clock_monotonic_msecs();
		ready = left <= 0 ? 0 : poll(&poll_fd, 1, (int)left);
	} while (ready < 0 && errno == EINTR);
	if (ready > 0)
		return 0;
	return gp_error_set(err, "%s", ready == 0 ? "no answer in time"
			    : strerror(errno));
}

static void set_port(struct sockaddr_storage *address, unsigned int port)
{
	if (address->ss_family == AF_INET6)
		((struct sockaddr_in6 *)address)->sin6_port =
			htons((uint16_t)port);
	else
		((struct sockaddr_in *)address)->sin_port = htons((uint16_t)port);
}

static int connect_to(struct gp_probe_link *link, const struct addrinfo *info,
		      unsigned int port, struct gp_error *err)
{
	struct sockaddr_storage address = { 0 };
	int problem = 0;
	socklen_t size = sizeof(problem);

	memcpy(&address, info->ai_addr, info->ai_addrlen);
	set_port(&address, port);
	link->fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK |
			  SOCK_CLOEXEC, 0);
	if (link->fd < 0)
		return gp_error_set(err, "%s", strerror(errno));
	if (connect(link->fd, (struct sockaddr *)&address, info->ai_addrlen) < 0 &&
	    errno != EINPROGRESS)
		return gp_error_set(err, "%s", strerror(errno));
	if (wait_for(link, POLLOUT, err) < 0)
		return -1;
	if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &problem, &size) < 0 ||
	    problem != 0)
		return gp_error_set(err, "%s", strerror(problem));
	return 0;
}

int gp_probe_link_open(struct gp_probe_link *link, const struct addrinfo *addresses,
		       unsigned int port, int64_t timeout_msecs,
		       struct gp_error *err)
{
	*link = (struct gp_probe_link){ .fd = -1 };
	(void)gp_error_set(err, "no address");
	for (; addresses != NULL; addresses = addresses->ai_next) {
		link->deadline_msecs = gp_clock_monotonic_msecs() + timeout_msecs;
		if (connect_to(link, addresses, port, err) == 0)
			return 0;
		gp_probe_link_close(link);
	}
	return -1;
}

/* What to wait for before an operation of OpenSSL is tried again; -1 for good. */
static int wait_for_ssl(struct gp_probe_link *link, int result, const char *what,
			struct gp_error *err)
{
	const int reason = SSL_get_error(link->ssl, result);
	const char *text;

	if (reason == SSL_ERROR_WANT_READ)
		return wait_for(link, POLLIN, err);
	if (reason == SSL_ERROR_WANT_WRITE)
		return wait_for(link, POLLOUT, err);
	text = ERR_reason_error_string(ERR_peek_error());
	return gp_error_set(err, "%s: %s", what, text != NULL ? text
			    : "the server closed the connection");
}

int gp_probe_link_start_tls(struct gp_probe_link *link, SSL_CTX *context,
			    const char *name, struct gp_error *err)
{
	int result;

	link->length = 0;
	link->ssl = SSL_new(context);
	if (link->ssl == NULL || SSL_set_fd(link->ssl, link->fd) != 1)
		return gp_error_set(err, "TLS cannot be begun");
	if (name != NULL)
		(void)SSL_set_tlsext_host_name(link->ssl, name);
	ERR_clear_error();
	while ((result = SSL_connect(link->ssl)) != 1)
		if (wait_for_ssl(link, result, "TLS", err) < 0)
			return -1;
	return 0;
}

static int fill(struct gp_probe_link *link, struct gp_error *err)
{
	char *start = link->buffer + link->length;
	const size_t room = sizeof(link->buffer) - link->length;
	ssize_t got;

	for (;;) {
		ERR_clear_error();
		got = link->ssl != NULL ? SSL_read(link->ssl, start, (int)room)
					: recv(link->fd, start, room, 0);
		if (got > 0)
			break;
		if (link->ssl != NULL) {
			if (wait_for_ssl(link, (int)got, "TLS", err) < 0)
				return -1;
		} else if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (wait_for(link, POLLIN, err) < 0)
				return -1;
		} else {
			return gp_error_set(err, "%s", got == 0
					    ? "the server closed the connection"
					    : strerror(errno));
		}
	}
	link->length += (size_t)got;
	return 0;
}

int gp_probe_link_read(struct gp_probe_link *link,
		       char line[GP_PROBE_LINE_BYTES], struct gp_error *err)
{
	const char *end;
	size_t length;

	while ((end = memchr(link->buffer, '\n', link->length)) == NULL) {
		if (link->length == sizeof(link->buffer))
			return gp_error_set(err, "a line longer than %d bytes",
					    GP_PROBE_LINE_BYTES);
		if (fill(link, err) < 0)
			return -1;
	}
	length = (size_t)(end - link->buffer);
	for (size_t i = 0; i < length; i++)
		line[i] = link->buffer[i] == '\0' ? '?' : link->buffer[i];
	line[length] = '\0';
	if (length > 0 && line[length - 1] == '\r')
		line[length - 1] = '\0';
	link->length -= length + 1;
	memmove(link->buffer, end + 1, link->length);
	return 0;
}

static int write_all(struct gp_probe_link *link, const char *bytes, size_t count,
		     struct gp_error *err)
{
	while (count > 0) {
		ssize_t put;

		ERR_clear_error();
		put = link->ssl != NULL ? SSL_write(link->ssl, bytes, (int)count)
			: send(link->fd, bytes, count, MSG_NOSIGNAL);
		if (put > 0) {
			bytes += put;
			count -= (size_t)put;
		} else if (link->ssl != NULL) {
			if (wait_for_ssl(link, (int)put, "TLS", err) < 0)
				return -1;
		} else if (errno != EAGAIN && errno != EINTR) {
			return gp_error_set(err, "%s", strerror(errno));
		} else if (wait_for(link, POLLOUT, err) < 0) {
			return -1;
		}
	}
	return 0;
}

int gp_probe_link_write(struct gp_probe_link *link, const char *text,
			struct gp_error *err)
{
	char line[GP_PROBE_LINE_BYTES];
	const int length = snprintf(line, sizeof(line), "%s\r\n", text);

	if (length < 0 || (size_t)length >= sizeof(line))
		return gp_error_set(err, "a command is too long");
	return write_all(link, line, (size_t)length, err);
}

void gp_probe_link_close(struct gp_probe_link *link)
{
	SSL_free(link->ssl);
	if (link->fd >= 0)
		(void)close(link->fd);
	link->ssl = NULL;
	link->fd = -1;
	link->length = 0;
}
