/* SPDX-License-Identifier: MIT */
/*
 * This module is gatepost-authpolicy's side of plain-login.h: a thread that answers mail
 * processes at once, and looks four times a second which of them have looked for mail, so that
 * many logins are counted in one go.  It knows neither Redis nor the settings.
 */
#ifndef GP_AUTHPOLICY_PLAIN_H
#define GP_AUTHPOLICY_PLAIN_H

#include <stdbool.h>

#include "error.h"
#include "plain-login.h"

/* Called in that thread, one at a time. */
struct gp_auth_plain_calls {
	bool (*is_plain)(const struct gp_plain_login *login);
	void (*has_looked)(const struct gp_plain_login *login);
};

struct gp_auth_plain;

/* The socket of gp_plain_login_path(), which everybody on this host may connect to; or
   -1 with *err filled. */
int gp_auth_plain_listen(struct gp_error *err);

/* Takes the socket over.  calls must live as long.  NULL with *err filled when there is
   no thread to be had. */
struct gp_auth_plain *gp_auth_plain_start(int fd,
					  const struct gp_auth_plain_calls *calls,
					  struct gp_error *err);

/* Counts who has looked until now.  Accepts NULL, leaves NULL. */
void gp_auth_plain_stop(struct gp_auth_plain **plain);

#endif
