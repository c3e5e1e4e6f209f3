/* SPDX-License-Identifier: MIT */
/* This module is documented in pop3-gatepost-plugin.h. */
#define GP_DOVECOT_POP3
#include "dovecot-compat.h"

#include "pop3-gatepost-plugin.h"

#include "plugin-plain.h"
#include "pop3-judge.h"

GP_DOVECOT_EXPORT const char *pop3_gatepost_plugin_version =
	DOVECOT_ABI_VERSION;
GP_DOVECOT_EXPORT const char pop3_gatepost_plugin_binary_dependency[] = "pop3";

static struct module *plugin_module;
static pop3_client_created_func_t *next_client_created;

static const struct gp_pop3_judge *judge;       /* NULL until it is loaded */
static bool judge_is_missing;

/* Who is refused between the client hook and the one of the namespaces, which
   Dovecot calls for the same client at once. */
static struct mail_user *refused_user;
static const char *refusal;             /* for Dovecot's log */

static void find_judge(void)
{
	judge = gp_plugin_load_judge(GP_POP3_LIBRARY_NAME, GP_POP3_LIBRARY_SYMBOL);
	judge_is_missing = judge == NULL;
	if (judge != NULL)
		judge->begin();
}

static void hand_over(struct client *client)
{
	if (judge == NULL && !judge_is_missing)
		find_judge();
	refusal = judge != NULL ? judge->attach(client) : NULL;
	if (refusal != NULL)
		refused_user = client->user;
}

static bool is_plain(const struct mail_user *user)
{
	int fd = gp_plugin_ask_if_plain(user, GP_PROTOCOL_POP3);

	return fd >= 0 && gp_plain_login_looked(&fd);
}

/* --- what Dovecot calls --- */

static void client_created(struct client **client)
{
	refused_user = NULL;
	if (mail_user_is_plugin_loaded((*client)->user, plugin_module) &&
	    !is_plain((*client)->user))
		hand_over(*client);
	if (next_client_created != NULL)
		next_client_created(client);
}

/* An error of the user is the one way to end a session before it has begun. */
static void namespaces_created(struct mail_namespace *namespaces)
{
	struct mail_user *user = namespaces->user;

	if (user != refused_user)
		return;
	refused_user = NULL;
	user->error = p_strdup(user->pool, refusal);
}

static struct mail_storage_hooks storage_hooks = {
	.mail_namespaces_created = namespaces_created,
};

/* --- the plugin --- */

GP_DOVECOT_EXPORT void pop3_gatepost_plugin_init(struct module *module)
{
	plugin_module = module;
	mail_storage_hooks_add(module, &storage_hooks);
	next_client_created = pop3_client_created_hook_set(client_created);
}

GP_DOVECOT_EXPORT void pop3_gatepost_plugin_deinit(void)
{
	pop3_client_created_hook_set(next_client_created);
	mail_storage_hooks_remove(&storage_hooks);
	if (judge != NULL)
		judge->end();
	judge = NULL;
}
