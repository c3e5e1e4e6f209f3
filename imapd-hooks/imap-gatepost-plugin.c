/* SPDX-License-Identifier: MIT */
/* This module is documented in imap-gatepost-plugin.h. */
#include "dovecot-compat.h"

#include "imap-gatepost-plugin.h"

#include "imap-judge.h"
#include "plugin-plain.h"

#define LOGIN_CONTEXT(client) MODULE_CONTEXT(client, gp_imap_login_module)
static MODULE_CONTEXT_DEFINE_INIT(gp_imap_login_module,
				  &imap_module_register);

GP_DOVECOT_EXPORT const char *imap_gatepost_plugin_version =
	DOVECOT_ABI_VERSION;
GP_DOVECOT_EXPORT const char imap_gatepost_plugin_binary_dependency[] = "imap";

/* Lives in client->pool. */
struct gp_imap_login {
	union imap_module_context module_ctx;
	int plain_fd;                   /* of gp_plugin_ask_if_plain(), or -1 */
	bool has_looked;
	const struct client_command_context *look;      /* while it runs */
	bool is_judged;                 /* by the library */
};

static struct module *plugin_module;
static imap_client_created_func_t *next_client_created;

static const struct gp_imap_judge *judge;       /* NULL until it is loaded */
static bool judge_is_missing;

/* --- the library --- */

static void find_judge(void)
{
	judge = gp_plugin_load_judge(GP_IMAP_LIBRARY_NAME, GP_IMAP_LIBRARY_SYMBOL);
	judge_is_missing = judge == NULL;
	if (judge != NULL)
		judge->begin();
}

static void hand_over(struct client *client, struct gp_imap_login *login)
{
	gp_plain_login_end(&login->plain_fd);
	if (judge == NULL && !judge_is_missing)
		find_judge();
	login->is_judged = judge != NULL;
	if (judge != NULL)
		judge->attach(client, login->has_looked);
}

/* --- plain logins --- */

static bool is_one_of(const char *name, const char *const *names)
{
	while (*names != NULL && strcasecmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

/* The first of these is its check; what makes no check and is no sign of a person goes
   by. */
static bool stays_plain(struct gp_imap_login *login,
			const struct client_command_context *cmd)
{
	static const char *const looks[] = { "EXAMINE", "SELECT", "STATUS", NULL };
	static const char *const others[] = {
		"CAPABILITY", "CLOSE", "ENABLE", "FETCH", "LOGOUT", "NAMESPACE",
		"SEARCH", "UID FETCH", "UID SEARCH", "UNSELECT", NULL
	};

	if (cmd == login->look || is_one_of(cmd->name, others))
		return true;
	if (login->plain_fd < 0 || !is_one_of(cmd->name, looks) ||
	    !gp_plain_login_looked(&login->plain_fd))
		return false;
	login->has_looked = true;
	login->look = cmd;
	return true;
}

/* --- what Dovecot calls --- */

/* The library may have put its own function in the place of the command's. */
static void find_command_again(struct client_command_context *cmd)
{
	gp_dovecot_command *command = command_find(cmd->name);

	if (command != NULL)
		cmd->func = command->func;
}

static void before_command(struct client_command_context *cmd)
{
	struct gp_imap_login *login = LOGIN_CONTEXT(cmd->client);

	if (login == NULL)
		return;
	if (!login->is_judged && !stays_plain(login, cmd)) {
		hand_over(cmd->client, login);
		if (login->is_judged)
			find_command_again(cmd);
	}
	if (login->is_judged)
		judge->before_command(cmd);
}

static void after_command(struct client_command_context *cmd)
{
	struct gp_imap_login *login = LOGIN_CONTEXT(cmd->client);

	if (login == NULL)
		return;
	if (cmd == login->look && (cmd->tagline_reply != NULL ||
				   cmd->state == CLIENT_COMMAND_STATE_DONE))
		login->look = NULL;
	if (login->is_judged)
		judge->after_command(cmd);
}

static void client_gone(struct client *client, const char *reason)
{
	struct gp_imap_login *login = LOGIN_CONTEXT(client);

	gp_plain_login_end(&login->plain_fd);
	login->module_ctx.super.destroy(client, reason);
}

static void begin_login(struct client *client)
{
	struct gp_imap_login *login =
		p_new(client->pool, struct gp_imap_login, 1);

	login->plain_fd = gp_plugin_ask_if_plain(client->user, GP_PROTOCOL_IMAP);
	login->module_ctx.super = client->v;
	client->v.destroy = client_gone;
	MODULE_CONTEXT_SET(client, gp_imap_login_module, login);
	if (login->plain_fd < 0)
		hand_over(client, login);
}

static void client_created(struct client **client)
{
	if (mail_user_is_plugin_loaded((*client)->user, plugin_module))
		begin_login(*client);
	if (next_client_created != NULL)
		next_client_created(client);
}

/* --- the plugin --- */

GP_DOVECOT_EXPORT void imap_gatepost_plugin_init(struct module *module)
{
	plugin_module = module;
	command_hook_register(before_command, after_command);
	next_client_created = imap_client_created_hook_set(client_created);
}

GP_DOVECOT_EXPORT void imap_gatepost_plugin_deinit(void)
{
	imap_client_created_hook_set(next_client_created);
	command_hook_unregister(before_command, after_command);
	if (judge != NULL)
		judge->end();
	judge = NULL;
}
