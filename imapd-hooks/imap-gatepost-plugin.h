/* SPDX-License-Identifier: MIT */
/*
 * This module is the face of the IMAP plugin towards Dovecot.  Most logins of mail
 * programs are plain ones (plain-login.h), which look for mail once and go: for them this
 * is all of gatepost that a mail process has.  For any other client it loads the library
 * of imap-judge.h, at the latest before the command by which the client shows that it
 * is one.
 */
#ifndef GP_IMAP_GATEPOST_PLUGIN_H
#define GP_IMAP_GATEPOST_PLUGIN_H

struct module;

void imap_gatepost_plugin_init(struct module *module);
void imap_gatepost_plugin_deinit(void);

extern const char *imap_gatepost_plugin_version;
extern const char imap_gatepost_plugin_binary_dependency[];

#endif
