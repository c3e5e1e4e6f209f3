/* SPDX-License-Identifier: MIT */
/*
 * This module speaks HTTP with Dovecot (libmicrohttpd): it takes a question,
 * checks the key, and sends the answer.  The only caller of libmicrohttpd.
 */
#ifndef GP_AUTHPOLICY_HTTP_H
#define GP_AUTHPOLICY_HTTP_H

#include <stddef.h>

#include "error.h"

struct gp_auth_http;

/* The answer to one question, for its command ("allow", "report"), called by one
   thread at a time: the status that Dovecot is told. */
typedef unsigned int gp_auth_http_answer(const char *command, const char *body,
					 size_t length);

/* A socket that listens there ("127.0.0.1:10045"); -1 with *err filled. */
int gp_auth_http_listen(const char *where, struct gp_error *err);

/* Answers in a thread of its own; takes the socket over.  key must live as long.
   NULL with *err filled. */
struct gp_auth_http *gp_auth_http_start(int fd, const char *key,
					gp_auth_http_answer *answer,
					struct gp_error *err);

/* Takes no new connections, ends those that are there.  Accepts NULL, leaves
   NULL. */
void gp_auth_http_stop(struct gp_auth_http **http);

#endif
