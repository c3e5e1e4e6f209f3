/* SPDX-License-Identifier: MIT */
/*
 * This module is one connection to a server that nobody trusts: lines, with or without
 * TLS.  Everything is bounded, in bytes and in the time of the whole connection, so a
 * server that drips or never stops talking costs no more than any other.
 */
#ifndef GP_PROBE_LINK_H
#define GP_PROBE_LINK_H

#include <netdb.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* RFC 5321 section 4.5.3.1.5 allows 512 for a reply; IMAP and Postfix say more. */
enum { GP_PROBE_LINE_BYTES = 4096 };

struct gp_probe_link {
	int fd;
	SSL *ssl;                       /* NULL: no TLS */
	int64_t deadline_msecs;         /* monotonic */
	char buffer[GP_PROBE_LINE_BYTES];
	size_t length;                  /* bytes in buffer that were not taken */
};

/* Connects to the first of the addresses that answers, with the port in place of its
   own.  0; -1 with *err filled if none does. */
int gp_probe_link_open(struct gp_probe_link *link, const struct addrinfo *addresses,
		       unsigned int port, int64_t timeout_msecs,
		       struct gp_error *err);

/* Begins TLS on the connection; name is for SNI (NULL: none).  0 or -1; then the
   connection can only be closed.  What had come before TLS is thrown away and counted:
   a server that takes that over is open to injection. */
int gp_probe_link_start_tls(struct gp_probe_link *link, SSL_CTX *context,
			    const char *name, struct gp_error *err);

/* The next line without CR and LF, zero bytes as '?', in line.  0 or -1. */
int gp_probe_link_read(struct gp_probe_link *link,
		       char line[GP_PROBE_LINE_BYTES], struct gp_error *err);

/* Sends text and CRLF.  0 or -1. */
int gp_probe_link_write(struct gp_probe_link *link, const char *text,
			struct gp_error *err);

/* A connection that is not open is closed already: link zeroed, fd -1. */
void gp_probe_link_close(struct gp_probe_link *link);

#endif
