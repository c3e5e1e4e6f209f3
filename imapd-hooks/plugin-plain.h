/* SPDX-License-Identifier: MIT */
/*
 * This module is what both plugins do with a login before they have loaded anything: ask
 * whether it is a plain one (plain-login.h), and load the library that judges any other.
 */
#ifndef GP_PLUGIN_PLAIN_H
#define GP_PLUGIN_PLAIN_H

#include "plain-login.h"

struct mail_user;

/* A descriptor for gp_plain_login_looked() or gp_plain_login_end() if it is one, or -1. */
int gp_plugin_ask_if_plain(const struct mail_user *user, enum gp_protocol protocol);

/* The symbol of a library that lies beside the plugin: a struct that begins with the
   version of gatepost as a text, GP_PLUGIN_VERSION.  NULL, and a line in Dovecot's log, if
   there is none, or one of another version. */
const void *gp_plugin_load_judge(const char *library, const char *symbol);

#endif
