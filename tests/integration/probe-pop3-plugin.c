/* SPDX-License-Identifier: MIT */
/*
 * This module is the same for POP3 as probe-imap-plugin.c: here a plugin can only take
 * the hook for new clients.
 */
#define GP_DOVECOT_POP3
#include "dovecot-compat.h"

GP_DOVECOT_EXPORT const char *pop3_probe_plugin_version = DOVECOT_ABI_VERSION;
GP_DOVECOT_EXPORT const char pop3_probe_plugin_binary_dependency[] = "pop3";

void pop3_probe_plugin_init(struct module *module);
void pop3_probe_plugin_deinit(void);
extern const char *pop3_probe_plugin_version;
extern const char pop3_probe_plugin_binary_dependency[];

static pop3_client_created_func_t *original_hook;

static pop3_client_created_func_t *client_created_hook(void)
{
	pop3_client_created_func_t *hook = pop3_client_created_hook_set(NULL);

	(void)pop3_client_created_hook_set(hook);
	return hook;
}

GP_DOVECOT_EXPORT void pop3_probe_plugin_init(struct module *module ATTR_UNUSED)
{
	original_hook = client_created_hook();
}

GP_DOVECOT_EXPORT void pop3_probe_plugin_deinit(void)
{
	i_info("probe: %s", client_created_hook() == original_hook
	       ? "nothing was left" : "something was left");
}
