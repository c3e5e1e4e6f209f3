/* SPDX-License-Identifier: MIT */
/*
 * This module is how the plugins and gatepost-authpolicy, which were both there for a
 * login, talk about it.  The plugin tells what it knows of the login, and is told
 * whether it is a plain one, about which there is nothing to say and nothing to do; and
 * then whether its session has looked for mail, which gatepost-authpolicy counts.  So a
 * plain login needs neither settings nor Redis in the mail process.
 *
 * It is one connection for each login to a unix stream socket: GP_PLAIN_LOGIN_MARK and
 * what is told, in one piece; GP_PLAIN_LOGIN_YES for an answer, or the end of the
 * connection; and GP_PLAIN_LOGIN_LOOKED once the session has looked, or the end.
 */
#ifndef GP_PLAIN_LOGIN_H
#define GP_PLAIN_LOGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "facts.h"
#include "network.h"

enum {
	GP_PLAIN_LOGIN_BYTES = 2048,
	GP_PLAIN_LOGIN_YES = 'y',
	GP_PLAIN_LOGIN_LOOKED = 'l'
};

/* Texts belong to whoever gives them; none is NULL. */
struct gp_plain_login {
	enum gp_protocol protocol;
	const char *login;
	const char *id;         /* IMAP ID as Dovecot hands it on; "" for none */
	const char *mechanism;
	struct gp_ip ip;
	unsigned int port;      /* of the server */
	bool has_tls;
};

/* The path of the socket, which is no setting since reading the settings is what a plain
   login spares. */
const char *gp_plain_login_path(void);

/* The number of bytes; 0 if it is too long to be told. */
size_t gp_plain_login_pack(const struct gp_plain_login *login,
			   char packed_r[GP_PLAIN_LOGIN_BYTES]);

/* What gp_plain_login_pack() packed; texts stay in bytes.  False if it is anything else. */
bool gp_plain_login_read(const char *bytes, size_t length,
			 struct gp_plain_login *login_r);

/* A descriptor for gp_plain_login_looked() if gatepost-authpolicy says that the login is
   plain; otherwise, or if it does not answer within 50 ms, -1. */
int gp_plain_login_ask(const struct gp_plain_login *login);

/* The session has looked for mail.  False if nobody counts that any more.  Either way
   *fd is closed, and is -1 then. */
bool gp_plain_login_looked(int *fd);

/* It has not, and never will.  Accepts -1, leaves -1. */
void gp_plain_login_end(int *fd);

#endif
