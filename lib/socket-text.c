/* SPDX-License-Identifier: MIT */
/* This module is documented in socket-text.h. */
#include "socket-text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define MILTER_FORMS "allowed is unix:/PATH, inet:HOST:PORT, inet:PORT@HOST, " \
	"inet6:[ADDRESS]:PORT, inet6:PORT@ADDRESS or fd:N"
#define SERVER_FORMS "allowed is unix:/PATH, HOST:PORT, [IPV6]:PORT or \"\""

enum { LABEL_BYTES_MAX = 63, FD_MIN = 3, FD_MAX = 1023, PORT_MAX = 65535 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_label_char(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '-';
}

bool gp_host_name_is_valid(const char *name)
{
	size_t label_length = 0;
	bool only_digits = true;

	if (strlen(name) >= GP_HOST_BYTES)
		return false;
	for (const char *p = name; ; p++) {
		if (*p == '.' || *p == '\0') {
			if (label_length == 0 || label_length > LABEL_BYTES_MAX ||
			    p[-1] == '-')
				return false;
			if (*p == '\0')
				return !only_digits; /* "1.2.3" is no name */
			label_length = 0;
			only_digits = true;
			continue;
		}
		if (!is_label_char(*p) || (*p == '-' && label_length == 0))
			return false;
		if (!is_digit(*p))
			only_digits = false;
		label_length++;
	}
}

/* Digits alone, without a sign, blanks or a zero in front. */
static bool parse_number(const char *text, size_t length, unsigned int min,
			 unsigned int max, unsigned int *number_r)
{
	unsigned int number = 0;

	if (length == 0 || length > 5 || (length > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!is_digit(text[i]))
			return false;
		number = number * 10 + (unsigned int)(text[i] - '0');
	}
	if (number < min || number > max)
		return false;
	*number_r = number;
	return true;
}

static int set_path(const char *text, const char *path,
		    struct gp_socket *socket, struct gp_error *err)
{
	size_t length = strlen(path);

	if (*path != '/')
		return gp_error_set(err, "'%s': the path of a socket begins "
				    "with '/'", text);
	if (length >= sizeof(socket->path))
		return gp_error_set(err, "'%s': the path of a socket has at most "
				    "%zu bytes, this one has %zu", text,
				    sizeof(socket->path) - 1, length);
	if (path[length - 1] == '/')
		return gp_error_set(err, "'%s': a folder is no socket", text);
	memcpy(socket->path, path, length + 1);
	socket->kind = GP_SOCKET_UNIX;
	return 0;
}

static int set_port(const char *text, const char *port, size_t length,
		    struct gp_socket *socket, struct gp_error *err)
{
	if (!parse_number(port, length, 1, PORT_MAX, &socket->port))
		return gp_error_set(err, "'%s': the port '%.*s' is not a number "
				    "from 1 to 65535", text, (int)length, port);
	return 0;
}

/* Takes a name, or an address of the kind wanted with or without brackets. */
static int set_host(const char *text, const char *host, size_t length,
		    struct gp_socket *socket, struct gp_error *err)
{
	const bool has_brackets = length >= 2 && host[0] == '[' &&
				  host[length - 1] == ']';
	unsigned char address[16];

	if (has_brackets) {
		host++;
		length -= 2;
	}
	if (length == 0 || length >= sizeof(socket->host))
		return gp_error_set(err, "'%s': the host is missing or longer "
				    "than %zu bytes", text,
				    sizeof(socket->host) - 1);
	memcpy(socket->host, host, length);
	socket->host[length] = '\0';
	socket->host_is_literal =
		inet_pton(socket->kind == GP_SOCKET_INET6 ? AF_INET6 : AF_INET,
			  socket->host, address) == 1;
	if (socket->host_is_literal ||
	    (!has_brackets && gp_host_name_is_valid(socket->host)))
		return 0;
	return gp_error_set(err, "'%s': '%s' is neither an %s address nor a host "
			    "name", text, socket->host,
			    socket->kind == GP_SOCKET_INET6 ? "IPv6" : "IPv4");
}

/* "::1:8891" could be an address without a port.  colon is the last one. */
static int check_brackets(const char *text, const char *rest, const char *colon,
			  struct gp_error *err)
{
	if (rest[strspn(rest, "0123456789abcdefABCDEF:.")] == '\0' &&
	    memchr(rest, ':', (size_t)(colon - rest)) != NULL)
		return gp_error_set(err, "'%s': an IPv6 address before a port "
				    "stands in brackets", text);
	return 0;
}

static int set_host_port(const char *text, const char *rest,
			 struct gp_socket *socket, struct gp_error *err)
{
	const char *at = strchr(rest, '@');
	const char *colon = strrchr(rest, ':');

	if (at != NULL) {
		if (set_port(text, rest, (size_t)(at - rest), socket, err) < 0)
			return -1;
		return set_host(text, at + 1, strlen(at + 1), socket, err);
	}
	if (colon == NULL)
		return gp_error_set(err, "'%s' needs both host and port; "
				    MILTER_FORMS, text);
	if (socket->kind == GP_SOCKET_INET6 &&
	    check_brackets(text, rest, colon, err) < 0)
		return -1;
	if (set_port(text, colon + 1, strlen(colon + 1), socket, err) < 0)
		return -1;
	return set_host(text, rest, (size_t)(colon - rest), socket, err);
}

static int set_fd(const char *text, const char *rest, struct gp_socket *socket,
		  struct gp_error *err)
{
	unsigned int number;

	if (!parse_number(rest, strlen(rest), FD_MIN, FD_MAX, &number))
		return gp_error_set(err, "'%s': the number of an open socket is "
				    "from %d to %d", text, FD_MIN, FD_MAX);
	socket->fd = (int)number;
	socket->kind = GP_SOCKET_FD;
	return 0;
}

static const char *after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

int gp_socket_parse(const char *text, struct gp_socket *socket_r,
		    struct gp_error *err)
{
	struct gp_socket found = { .fd = -1 };
	const char *rest;
	int result;

	if ((rest = after(text, "unix:")) != NULL ||
	    (rest = after(text, "local:")) != NULL) {
		result = set_path(text, rest, &found, err);
	} else if ((rest = after(text, "inet:")) != NULL) {
		found.kind = GP_SOCKET_INET;
		result = set_host_port(text, rest, &found, err);
	} else if ((rest = after(text, "inet6:")) != NULL) {
		found.kind = GP_SOCKET_INET6;
		result = set_host_port(text, rest, &found, err);
	} else if ((rest = after(text, "fd:")) != NULL) {
		result = set_fd(text, rest, &found, err);
	} else {
		result = gp_error_set(err, "'%s' is not a socket; " MILTER_FORMS,
				      text);
	}
	if (result == 0)
		*socket_r = found;
	return result;
}

int gp_server_parse(const char *text, struct gp_socket *socket_r,
		    struct gp_error *err)
{
	struct gp_socket found = { .fd = -1 };
	const char *path = after(text, "unix:");
	const char *colon = strrchr(text, ':');
	int result;

	if (path != NULL) {
		result = set_path(text, path, &found, err);
	} else if (colon == NULL) {
		result = gp_error_set(err, "'%s' is not a server; " SERVER_FORMS,
				      text);
	} else if ((result = check_brackets(text, text, colon, err)) == 0) {
		found.kind = text[0] == '[' ? GP_SOCKET_INET6 : GP_SOCKET_INET;
		result = set_port(text, colon + 1, strlen(colon + 1), &found, err);
		if (result == 0)
			result = set_host(text, text, (size_t)(colon - text),
					  &found, err);
	}
	if (result == 0)
		*socket_r = found;
	return result;
}

const char *gp_socket_format_milter(const struct gp_socket *sock,
				    char buffer[GP_SOCKET_TEXT_BYTES])
{
	switch (sock->kind) {
	case GP_SOCKET_UNIX:
		(void)snprintf(buffer, GP_SOCKET_TEXT_BYTES, "unix:%s",
			       sock->path);
		break;
	case GP_SOCKET_FD:
		(void)snprintf(buffer, GP_SOCKET_TEXT_BYTES, "fd:%d", sock->fd);
		break;
	case GP_SOCKET_INET:
	case GP_SOCKET_INET6:
		/* In brackets an address is not looked up in the DNS. */
		(void)snprintf(buffer, GP_SOCKET_TEXT_BYTES,
			       sock->host_is_literal ? "%s:%u@[%s]" : "%s:%u@%s",
			       sock->kind == GP_SOCKET_INET ? "inet" : "inet6",
			       sock->port, sock->host);
		break;
	}
	return buffer;
}
