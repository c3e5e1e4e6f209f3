/* SPDX-License-Identifier: MIT */
/*
 * This module is a plugin for the tests.  Dovecot loads it before gatepost's and
 * unloads it after, so that it sees whether gatepost has left anything behind.
 */
#include "dovecot-compat.h"

GP_DOVECOT_EXPORT const char *imap_probe_plugin_version = DOVECOT_ABI_VERSION;
GP_DOVECOT_EXPORT const char imap_probe_plugin_binary_dependency[] = "imap";

void imap_probe_plugin_init(struct module *module);
void imap_probe_plugin_deinit(void);
extern const char *imap_probe_plugin_version;
extern const char imap_probe_plugin_binary_dependency[];

static const char *const names[] = {
	"NOOP", "CHECK", "STATUS", "SELECT", "EXAMINE", "ID", "IDLE", "STORE",
	"UID STORE", "COPY", "MOVE", "APPEND", "EXPUNGE", "CREATE", "LIST",
};
static struct command originals[N_ELEMENTS(names)];
static imap_client_created_func_t *original_hook;

static imap_client_created_func_t *client_created_hook(void)
{
	imap_client_created_func_t *hook = imap_client_created_hook_set(NULL);

	(void)imap_client_created_hook_set(hook);
	return hook;
}

GP_DOVECOT_EXPORT void imap_probe_plugin_init(struct module *module ATTR_UNUSED)
{
	original_hook = client_created_hook();
	for (size_t i = 0; i < N_ELEMENTS(names); i++)
		originals[i] = *command_find(names[i]);
}

GP_DOVECOT_EXPORT void imap_probe_plugin_deinit(void)
{
	bool is_clean = client_created_hook() == original_hook;

	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		gp_dovecot_command *command = command_find(names[i]);

		if (command == NULL || command->func != originals[i].func ||
		    command->flags != originals[i].flags) {
			i_info("probe: %s is another command", names[i]);
			is_clean = FALSE;
		}
	}
	i_info("probe: %s", is_clean ? "nothing was left" : "something was left");
}
