/* SPDX-License-Identifier: MIT */
/* This module is the face of the POP3 plugin towards Dovecot. */
#ifndef GP_POP3_GATEPOST_PLUGIN_H
#define GP_POP3_GATEPOST_PLUGIN_H

struct module;

void pop3_gatepost_plugin_init(struct module *module);
void pop3_gatepost_plugin_deinit(void);

extern const char *pop3_gatepost_plugin_version;
extern const char pop3_gatepost_plugin_binary_dependency[];

#endif
