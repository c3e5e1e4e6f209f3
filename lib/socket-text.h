/* SPDX-License-Identifier: MIT */
/*
 * This module reads socket addresses as administrators write them: where the
 * milter listens, and where Redis is.  libmilter checks almost nothing (with
 * "inet:127.0.0.1:8891" it listened on every address, port 127), so nothing
 * reaches it that was not read here first.
 */
#ifndef GP_SOCKET_TEXT_H
#define GP_SOCKET_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

enum gp_socket_kind {
	GP_SOCKET_UNIX,
	GP_SOCKET_INET,
	GP_SOCKET_INET6,
	GP_SOCKET_FD            /* opened by whoever started us */
};

enum {
	GP_SOCKET_PATH_BYTES = 108,     /* sun_path, with its NUL */
	GP_HOST_BYTES = 254,            /* RFC 1035 section 2.3.4, with its NUL */
	GP_SOCKET_TEXT_BYTES = 280
};

struct gp_socket {
	enum gp_socket_kind kind;
	char path[GP_SOCKET_PATH_BYTES];        /* UNIX: absolute */
	char host[GP_HOST_BYTES];               /* INET, INET6: no brackets */
	bool host_is_literal;                   /* an address, not a name */
	unsigned int port;                      /* 1..65535 */
	int fd;                                 /* FD: 3..1023 */
};

/*
 * milter.socket: unix:/PATH, local:/PATH, fd:N, and with inet: or inet6: before
 * it HOST:PORT (Postfix) or PORT@HOST (Sendmail); an IPv6 address may stand in
 * brackets.  0, or -1 with *err filled and *socket_r untouched.
 */
int gp_socket_parse(const char *text, struct gp_socket *socket_r,
		    struct gp_error *err);

/*
 * redis.server: unix:/PATH, HOST:PORT or [IPV6]:PORT.  The kind is INET6 for
 * an IPv6 address only; a name may turn out to be either.
 * 0, or -1 with *err filled and *socket_r untouched.
 */
int gp_server_parse(const char *text, struct gp_socket *socket_r,
		    struct gp_error *err);

/* The spelling that smfi_setconn() understands.  Returns buffer. */
const char *gp_socket_format_milter(const struct gp_socket *sock,
				    char buffer[GP_SOCKET_TEXT_BYTES]);

/* Is this a host or domain name (RFC 1123 section 2.1)?  Letters, digits and
   hyphens in labels; the last label is not a number; no dot at the end. */
bool gp_host_name_is_valid(const char *name);

#endif
