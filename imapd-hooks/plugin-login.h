/* SPDX-License-Identifier: MIT */
/* This module is what Dovecot tells a plugin about how its user has logged in. */
#ifndef GP_PLUGIN_LOGIN_H
#define GP_PLUGIN_LOGIN_H

#include <stdbool.h>

#include "network.h"

struct mail_user;

/* Before the login Dovecot answers IMAP's ID by itself.  With imap_id_retain = yes it can
   hand it on as this field of the userdb. */
#define GP_PLUGIN_ID_FIELD "gatepost_client_id"

/* The client's address; not known for a login without a network. */
void gp_plugin_find_address(const struct mail_user *user, struct gp_ip *ip_r);

/* The value of a field of the userdb, the last one of that name, or NULL. */
const char *gp_plugin_field(const struct mail_user *user, const char *name);

/* The names of the fields of the user's own terms, without "gatepost_", up to a NULL. */
extern const char *const gp_plugin_term_names[];

/* The value of one of them, or NULL. */
const char *gp_plugin_own_term(const struct mail_user *user, const char *name);

#endif
