/* SPDX-License-Identifier: MIT */
/*
 * This module finds out who somebody is: whether a login is proven, and which
 * person is behind a login name.  One person may log in as "alice", "Alice" and
 * "alice@mail.example"; the rules count and compare the person.  Core.
 */
#ifndef GP_LOGIN_H
#define GP_LOGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "facts.h"
#include "settings.h"

/*
 * Has the client proven who it is: by SASL, by a proxy that may say so
 * (XCLIENT from login.xclient_networks), or by a certificate that the MTA trusts
 * and login.certificates names?
 */
bool gp_login_is_proven(const struct gp_settings *settings,
			const struct gp_submit_facts *facts);

/*
 * Writes the person behind a login name: case folded and a realm of
 * login.realms taken off, as the settings say.  identity_r has room for
 * strlen(login) + 1 bytes.  Also for the user names of Dovecot, so that one
 * person has one budget in SMTP, IMAP and POP3.
 */
void gp_login_normalise(const struct gp_settings *settings, const char *login,
			char *identity_r);

/* The login name that the client's certificate stands for, in memory of the
   settings, with its length; NULL if there is none. */
const char *gp_login_of_certificate(const struct gp_settings *settings,
				    const struct gp_submit_facts *facts,
				    size_t *length_r);

/* Room that gp_login_identity() needs. */
size_t gp_login_identity_bytes(const struct gp_settings *settings,
			       const struct gp_submit_facts *facts);

/* The person of a submission, written to identity_r and returned; NULL if no
   login is proven. */
const char *gp_login_identity(const struct gp_settings *settings,
			      const struct gp_submit_facts *facts,
			      char *identity_r);

/* Is the mechanism in a list like login.mechanisms, for that port? */
bool gp_login_mechanism_is_allowed(const struct gp_str_list *list,
				   const char *mechanism, unsigned int port);

/* Does the mechanism show the server's administrator, and without TLS anybody
   on the way, what is as good as the password? */
bool gp_login_mechanism_is_plaintext(const char *mechanism);

#endif
