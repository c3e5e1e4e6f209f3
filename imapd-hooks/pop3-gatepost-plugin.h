/* SPDX-License-Identifier: MIT */
/*
 * This module is the face of the POP3 plugin towards Dovecot.  POP3 has no command that
 * asks for news: the login is the check.  A plain one (plain-login.h) is counted by
 * gatepost-authpolicy, and this is all of gatepost that its mail process has; for any
 * other it loads the library of pop3-judge.h.
 */
#ifndef GP_POP3_GATEPOST_PLUGIN_H
#define GP_POP3_GATEPOST_PLUGIN_H

struct module;

void pop3_gatepost_plugin_init(struct module *module);
void pop3_gatepost_plugin_deinit(void);

extern const char *pop3_gatepost_plugin_version;
extern const char pop3_gatepost_plugin_binary_dependency[];

#endif
