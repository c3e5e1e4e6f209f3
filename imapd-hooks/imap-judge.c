/* SPDX-License-Identifier: MIT */
/* This module is documented in imap-judge.h. */
#include "imap-judge.h"

#include "access.h"
#include "imap-answer.h"
#include "imap-delay.h"
#include "imap-program.h"
#include "log.h"
#include "plugin-dovecot.h"
#include "plugin-login.h"
#include "plugin-site.h"
#include "refusal.h"

#define CLIENT_CONTEXT(client) MODULE_CONTEXT(client, gp_imap_client_module)
static MODULE_CONTEXT_DEFINE_INIT(gp_imap_client_module,
				  &imap_module_register);

static struct gp_plugin_site site;

static command_func_t run_noop, run_check, run_status, run_select, run_examine,
	run_list, run_xlist, run_id;

/* The wrapped commands and what was there before. */
static struct wrap {
	const char *name;
	enum gp_check check;            /* GP_CHECK_COUNT: none */
	command_func_t *wrapper;
	bool is_wrapped;
	struct command original;
} wraps[] = {
	{ .name = "NOOP", .check = GP_CHECK_NOOP, .wrapper = run_noop },
	{ .name = "CHECK", .check = GP_CHECK_CHECK, .wrapper = run_check },
	{ .name = "STATUS", .check = GP_CHECK_STATUS, .wrapper = run_status },
	{ .name = "SELECT", .check = GP_CHECK_SELECT, .wrapper = run_select },
	{ .name = "EXAMINE", .check = GP_CHECK_EXAMINE,
	  .wrapper = run_examine },
	{ .name = "LIST", .check = GP_CHECK_LIST_STATUS, .wrapper = run_list },
	{ .name = "XLIST", .check = GP_CHECK_LIST_STATUS,
	  .wrapper = run_xlist },
	{ .name = "ID", .check = GP_CHECK_COUNT, .wrapper = run_id },
};
enum {
	WRAP_NOOP, WRAP_CHECK, WRAP_STATUS, WRAP_SELECT, WRAP_EXAMINE, WRAP_LIST,
	WRAP_XLIST, WRAP_ID
};

/* --- commands --- */

static bool run_original(struct client_command_context *cmd,
			 const struct wrap *wrap)
{
	/* It reads its arguments anew, and client_args_finished() appends. */
	cmd->args = NULL;
	cmd->human_args = NULL;
	cmd->func = wrap->original.func;
	return cmd->func(cmd);
}

static bool serve(struct gp_imap_client *gc, struct client_command_context *cmd,
		  const struct wrap *wrap,
		  const struct gp_imap_request *request)
{
	struct client *client = cmd->client;
	bool is_finished;

	/* Only Dovecot's own STATUS has an answer we know how to remember. */
	if (wrap->check == GP_CHECK_STATUS &&
	    wrap->original.func == cmd_status) {
		gp_imap_serve_status(gc->memory, cmd, request,
				     gp_clock_monotonic_msecs());
		return TRUE;
	}
	if (wrap->check == GP_CHECK_LIST_STATUS)
		gp_imap_memory_listed(gc->memory);
	is_finished = run_original(cmd, wrap);
	if ((wrap->check == GP_CHECK_SELECT ||
	     wrap->check == GP_CHECK_EXAMINE) && client->mailbox != NULL)
		gp_imap_memory_selected(gc->memory, client,
					gp_clock_monotonic_msecs());
	return is_finished;
}

/* A program that logs in to look into a mailbox is known as such. */
static enum gp_check name_check(struct gp_imap_client *gc,
				const struct wrap *wrap)
{
	bool is_first = !gc->had_check &&
		!gp_dovecot_is_restored(gc->client->user);

	gc->had_check = true;
	return is_first && wrap->check != GP_CHECK_NOOP &&
		wrap->check != GP_CHECK_CHECK ? GP_CHECK_LOGIN : wrap->check;
}

/* RFC 9051 section 7.1: an alert is shown to the user. */
static void give_notice(struct gp_imap_client *gc)
{
	const struct gp_notice notice = {
		.program = gp_poll_session_program(gc->session),
		.every_msecs = gp_poll_session_every_msecs(gc->session),
		.policy_msecs = gp_poll_session_interval_msecs(gc->session),
		.advised_msecs = (int64_t)site.settings->poll.advised_secs * 1000,
	};
	char text[GP_NOTICE_BYTES];

	client_send_line(gc->client, t_strconcat("* OK [ALERT] ", gp_notice_text(
		gp_poll_session_notice(gc->session), &notice, text), NULL));
}

static command_func_t resume;

static bool judge(struct client_command_context *cmd, const struct wrap *wrap,
		  bool was_delayed)
{
	struct gp_imap_client *gc = CLIENT_CONTEXT(cmd->client);
	struct gp_imap_request request;
	struct gp_decision decision;
	char words[GP_REFUSAL_BYTES];
	int64_t now_msecs, told_msecs;
	int ret;

	if (gc == NULL || gc->session == NULL)
		return run_original(cmd, wrap);
	ret = gp_imap_request_read(cmd, wrap->check, &request);
	if (ret < 0)
		return FALSE;
	if (ret == 0)
		return run_original(cmd, wrap);

	now_msecs = gp_clock_monotonic_msecs();
	gp_imap_memory_keep(gc->memory,
			    gp_poll_session_interval_msecs(gc->session));
	told_msecs = gp_imap_answer_age(gc->memory, cmd, &request, now_msecs);
	gp_poll_session_check(gc->session, name_check(gc, wrap), told_msecs,
			      was_delayed, now_msecs, &decision);
	if (decision.gives_notice && decision.mode == GP_MODE_ENFORCE)
		give_notice(gc);
	switch (gp_decision_effect(&decision)) {
	case GP_ACTION_ABSORB:
		cmd->client->input_lock = NULL;
		gp_imap_answer(gc->memory, cmd, &request, now_msecs);
		return TRUE;
	case GP_ACTION_DELAY:
		if (gp_imap_delay_begin(cmd, decision.wait_msecs, resume))
			return FALSE;
		break;
	case GP_ACTION_REFUSE:
		cmd->client->input_lock = NULL;
		client_send_tagline(cmd, t_strconcat(
			"NO [LIMIT] ", gp_refusal_text(
				gp_poll_session_interval_msecs(gc->session),
				&decision, words), NULL));
		return TRUE;
	case GP_ACTION_DISCONNECT:
		cmd->client->input_lock = NULL;
		client_disconnect_with_error(cmd->client, gp_refusal_text(
			gp_poll_session_interval_msecs(gc->session), &decision,
			words));
		return TRUE;
	default:
		break;
	}
	return serve(gc, cmd, wrap, &request);
}

/* The wait of a held command is over. */
static bool resume(struct client_command_context *cmd)
{
	size_t i = 0;

	while (strcasecmp(wraps[i].name, cmd->name) != 0)
		i++;
	return judge(cmd, &wraps[i], true);
}

static bool run_noop(struct client_command_context *cmd)
{
	return judge(cmd, &wraps[WRAP_NOOP], false);
}

static bool run_check(struct client_command_context *cmd)
{
	return judge(cmd, &wraps[WRAP_CHECK], false);
}

static bool run_status(struct client_command_context *cmd)
{
	return judge(cmd, &wraps[WRAP_STATUS], false);
}

static bool run_select(struct client_command_context *cmd)
{
	return judge(cmd, &wraps[WRAP_SELECT], false);
}

static bool run_examine(struct client_command_context *cmd)
{
	return judge(cmd, &wraps[WRAP_EXAMINE], false);
}

static bool run_list(struct client_command_context *cmd)
{
	return judge(cmd, &wraps[WRAP_LIST], false);
}

static bool run_xlist(struct client_command_context *cmd)
{
	return judge(cmd, &wraps[WRAP_XLIST], false);
}

static bool run_id(struct client_command_context *cmd)
{
	struct gp_imap_client *gc = CLIENT_CONTEXT(cmd->client);
	const struct imap_arg *args;

	if (gc == NULL || gc->session == NULL)
		return run_original(cmd, &wraps[WRAP_ID]);
	if (!client_read_args(cmd, 0, 0, &args))
		return FALSE;
	gp_imap_program_given(gc, args);
	return run_original(cmd, &wraps[WRAP_ID]);
}

/* Who may not read mail this way has logged in all the same: a login that fails would
   look like a wrong password.  The first command that needs a mailbox is refused, and
   with it the session ends. */
static bool refuse_access(struct client_command_context *cmd)
{
	struct gp_imap_client *gc = CLIENT_CONTEXT(cmd->client);
	char text[GP_ACCESS_BYTES];

	(void)gp_access_refusal_text(site.settings, GP_PROTOCOL_IMAP, &gc->access,
				     text);
	client_send_tagline(cmd, t_strdup_printf("NO [%s] %s", gp_access_code(
		GP_PROTOCOL_IMAP, &gc->access), text));
	client_disconnect_with_error(cmd->client, text);
	return TRUE;
}

/* What programs say before they look for mail. */
static bool needs_no_mailbox(const char *name)
{
	static const char *const names[] = {
		"CAPABILITY", "ENABLE", "ID", "LOGOUT", "NAMESPACE", "NOOP"
	};

	for (size_t i = 0; i < N_ELEMENTS(names); i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	return false;
}

static void before_command(struct client_command_context *cmd)
{
	struct gp_imap_client *gc = CLIENT_CONTEXT(cmd->client);

	if (gc != NULL && gp_decision_effect(&gc->access) == GP_ACTION_REFUSE &&
	    !needs_no_mailbox(cmd->name))
		cmd->func = refuse_access;
}

/* What Dovecot has refused did nothing.  Without a reply yet it waits for a sync, and will
   get OK, or for more of its input, and comes here again. */
static bool was_done(const struct client_command_context *cmd)
{
	return cmd->tagline_reply != NULL
		? strncasecmp(cmd->tagline_reply, "OK", 2) == 0
		: cmd->state != CLIENT_COMMAND_STATE_WAIT_INPUT;
}

static void after_command(struct client_command_context *cmd)
{
	struct gp_imap_client *gc = CLIENT_CONTEXT(cmd->client);

	if (gc == NULL || gc->memory == NULL)
		return;
	gp_imap_memory_command_ran(gc->memory, cmd);
	if (strcasecmp(cmd->name, "IDLE") == 0 ||
	    strcasecmp(cmd->name, "NOTIFY") == 0)
		gp_poll_session_idled(gc->session);
	if (gp_imap_is_human(cmd->name) && was_done(cmd))
		gp_poll_session_human(gc->session, gp_clock_monotonic_msecs());
}

/* --- clients --- */

static int client_synced(struct imap_sync_context *ctx)
{
	struct gp_imap_client *gc = CLIENT_CONTEXT(ctx->client);

	/* FETCH and others sync without telling of everything. */
	if (gc->memory != NULL && !ctx->failed && !ctx->no_newmail &&
	    !ctx->sync_status.sync_delayed_expunges)
		gp_imap_memory_synced(gc->memory, gp_clock_monotonic_msecs());
	return gc->module_ctx.super.sync_notify_more(ctx);
}

/* Only for hibernation; the program goes on with what it has told and was told. */
static int client_exported(struct client *client, bool internal, buffer_t *dest,
			   const char **error_r)
{
	struct gp_imap_client *gc = CLIENT_CONTEXT(client);

	gp_imap_program_keep(gc);
	return gc->module_ctx.super.state_export(client, internal, dest,
						 error_r);
}

static void client_gone(struct client *client, const char *reason)
{
	struct gp_imap_client *gc = CLIENT_CONTEXT(client);

	gp_poll_session_end(&gc->session, gp_clock_monotonic_msecs());
	gp_imap_memory_free(&gc->memory);
	gc->module_ctx.super.destroy(client, reason);
}

/* RFC 9051 section 7.1: an alert may come at any time, here before the answer to the
   login. */
static void judge_access(struct gp_imap_client *gc)
{
	struct gp_access_facts facts;
	char text[GP_ACCESS_BYTES];

	if (!gp_plugin_find_access(gc->client->user, GP_PROTOCOL_IMAP, &facts))
		return;
	gp_access_judge(site.settings, gc->session, &facts, &gc->access);
	if (gc->access.gives_notice)
		client_send_line(gc->client, t_strconcat(
			"* OK [ALERT] ", gp_access_notice_text(
				site.settings, GP_PROTOCOL_IMAP, text), NULL));
}

static void attach_to_site(struct client *client, bool has_looked)
{
	struct mail_user *user = client->user;
	const bool goes_on = has_looked || gp_dovecot_is_restored(user);
	struct gp_imap_client *gc;
	struct gp_ip ip;

	gc = p_new(client->pool, struct gp_imap_client, 1);
	gc->client = client;
	gp_plugin_bring_begin(site.journal);
	gp_plugin_find_address(user, &ip);
	gc->session = gp_poll_session_create(site.settings, site.store,
					     site.journal, "imap",
					     user->username, user->session_id,
					     &ip, gp_dovecot_local_port(user));
	gp_plugin_own_terms(user, gc->session);
	if (gp_dovecot_is_restored(user))
		gp_poll_session_idled(gc->session);     /* only who idles sleeps */
	gp_imap_program_begin(gc);
	gc->had_check = has_looked;
	if (!has_looked)
		judge_access(gc);
	gc->memory = gp_imap_memory_create(goes_on, gp_clock_monotonic_msecs());

	gc->module_ctx.super = client->v;
	client->v.destroy = client_gone;
	client->v.sync_notify_more = client_synced;
	client->v.state_export = client_exported;
	MODULE_CONTEXT_SET(client, gp_imap_client_module, gc);
}

static void attach(struct client *client, bool has_looked)
{
	if (gp_plugin_site_open(&site, GP_PROTOCOL_IMAP))
		attach_to_site(client, has_looked);
}

/* --- the library --- */

static void register_again(const struct wrap *wrap, command_func_t *func)
{
	command_unregister(wrap->original.name);
	command_register(wrap->original.name, func, wrap->original.flags);
}

/* A search sorts all commands if one was registered since the last: each process pays for
   that, so that all searches come first. */
static void wrap_commands(void)
{
	for (size_t i = 0; i < N_ELEMENTS(wraps); i++) {
		gp_dovecot_command *command = command_find(wraps[i].name);

		wraps[i].is_wrapped = command != NULL;
		if (command != NULL)
			wraps[i].original = *command;
	}
	for (size_t i = 0; i < N_ELEMENTS(wraps); i++) {
		if (wraps[i].is_wrapped)
			register_again(&wraps[i], wraps[i].wrapper);
	}
}

static void unwrap_commands(void)
{
	for (size_t i = 0; i < N_ELEMENTS(wraps); i++) {
		gp_dovecot_command *command = command_find(wraps[i].name);

		wraps[i].is_wrapped = command != NULL &&
			command->func == wraps[i].wrapper;
	}
	for (size_t i = 0; i < N_ELEMENTS(wraps); i++) {
		if (wraps[i].is_wrapped)
			register_again(&wraps[i], wraps[i].original.func);
	}
}

static void begin(void)
{
	gp_log_set_sink(gp_plugin_log);
	wrap_commands();
}

static void end(void)
{
	unwrap_commands();
	gp_plugin_bring_end();
	gp_plugin_site_close(&site);
	gp_log_set_sink(NULL);
}

GP_DOVECOT_EXPORT const struct gp_imap_judge gp_imap_judge = {
	.version = GP_PLUGIN_VERSION,
	.begin = begin,
	.end = end,
	.attach = attach,
	.before_command = before_command,
	.after_command = after_command,
};
