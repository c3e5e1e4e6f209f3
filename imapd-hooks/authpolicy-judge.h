/* SPDX-License-Identifier: MIT */
/*
 * This module decides how long a login waits before Dovecot looks at its password:
 * it asks the history, lets the policy decide, and writes the journal.  It knows
 * neither HTTP nor JSON, and is told the time.
 */
#ifndef GP_AUTHPOLICY_JUDGE_H
#define GP_AUTHPOLICY_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "authpolicy-request.h"
#include "error.h"
#include "plain-login.h"
#include "settings.h"

struct gp_auth_judge;

/* Takes over the settings.  NULL with *err filled, and the settings still the
   caller's, when they cannot be used. */
struct gp_auth_judge *gp_auth_judge_create(struct gp_settings *settings,
					   struct gp_error *err);

/* Goes on with other settings and takes them over; who is held stays counted.
   0, or -1 with *err filled and nothing changed. */
int gp_auth_judge_replace(struct gp_auth_judge *judge,
			  struct gp_settings *settings, struct gp_error *err);

/* Seconds that this login has to wait; 0 on any doubt. */
unsigned int gp_auth_judge_ask(struct gp_auth_judge *judge,
			       const struct gp_auth_request *request,
			       int64_t now_msecs);

/* Dovecot's report of a login that succeeded counts as a check, for a site where
   nothing else counts logins.  Others are not looked at. */
void gp_auth_judge_report(struct gp_auth_judge *judge,
			  const struct gp_auth_request *request,
			  int64_t now_msecs);

/* A plugin asks: is this a plain login (plain-login.h)?  Its program has just come
   without being early, and nothing about the login is to be done, said or written. */
bool gp_auth_judge_is_plain(struct gp_auth_judge *judge,
			    const struct gp_plain_login *login, int64_t now_msecs);

/* The session of one has looked for mail, which counts as a check. */
void gp_auth_judge_has_looked(struct gp_auth_judge *judge,
			      const struct gp_plain_login *login,
			      int64_t now_msecs);

/* Accepts NULL, leaves NULL. */
void gp_auth_judge_free(struct gp_auth_judge **judge);

#endif
