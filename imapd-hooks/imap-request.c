/* SPDX-License-Identifier: MIT */
/*
 * This module reads the arguments in just the way of Dovecot's own commands, so
 * that these can read them once more, and leaves every refusal to them.
 */
#include "imap-request.h"

/* INBOX has any case, RFC 3501 section 5.1. */
static const char *canonical_name(const char *mailbox)
{
	return strcasecmp(mailbox, "INBOX") == 0 ? "INBOX" : mailbox;
}

static bool find_mailbox(struct client *client, const char *text,
			 struct gp_imap_request *request)
{
	const char *mailbox = text, *ignored;

	request->ns = client_find_namespace_full(client, &mailbox, &ignored);
	if (request->ns == NULL)
		return false;
	request->mailbox_text = text;
	request->mailbox = canonical_name(mailbox);
	request->is_selected = client->mailbox != NULL &&
		mailbox_equals(client->mailbox, request->ns, request->mailbox);
	return true;
}

static int read_status(struct client_command_context *cmd,
		       struct gp_imap_request *request)
{
	const struct imap_arg *args, *list;
	const char *text;

	if (!client_read_args(cmd, 2, 0, &args))
		return -1;
	if (!imap_arg_get_astring(&args[0], &text) ||
	    !imap_arg_get_list(&args[1], &list) ||
	    !find_mailbox(cmd->client, text, request))
		return 0;
	if (imap_status_parse_items(cmd, list, &request->items) < 0)
		return -1;
	return 1;
}

static int read_select(struct client_command_context *cmd,
		       struct gp_imap_request *request)
{
	const struct imap_arg *args;
	const char *text;

	if (!client_read_args(cmd, 0, 0, &args))
		return -1;
	if (!imap_arg_get_astring(&args[0], &text) ||
	    !find_mailbox(cmd->client, text, request))
		return 0;
	request->has_parameters = !IMAP_ARG_IS_EOL(&args[1]);
	return 1;
}

/* LIST ["(" selection ")"] reference pattern ["RETURN" "(" option... ")"], with
   STATUS and its items as an option: RFC 5258 section 6, RFC 5819 section 4. */
static bool list_returns_status(const struct imap_arg *args)
{
	const struct imap_arg *option;

	if (args[0].type == IMAP_ARG_LIST)
		args++;
	if (IMAP_ARG_IS_EOL(&args[0]) || IMAP_ARG_IS_EOL(&args[1]) ||
	    !imap_arg_atom_equals(&args[2], "RETURN") ||
	    !imap_arg_get_list(&args[3], &option))
		return false;
	for (; !IMAP_ARG_IS_EOL(option); option++) {
		if (imap_arg_atom_equals(option, "STATUS") &&
		    option[1].type == IMAP_ARG_LIST)
			return true;
	}
	return false;
}

static int read_list(struct client_command_context *cmd)
{
	const struct imap_arg *args;

	if (!client_read_args(cmd, 0, 0, &args))
		return -1;
	return list_returns_status(args) ? 1 : 0;
}

int gp_imap_request_read(struct client_command_context *cmd,
			 enum gp_check check,
			 struct gp_imap_request *request_r)
{
	i_zero(request_r);
	request_r->check = check;
	switch (check) {
	case GP_CHECK_STATUS:
		return read_status(cmd, request_r);
	case GP_CHECK_SELECT:
	case GP_CHECK_EXAMINE:
		return read_select(cmd, request_r);
	case GP_CHECK_LIST_STATUS:
		return read_list(cmd);
	case GP_CHECK_CHECK:
		/* Without a mailbox Dovecot answers BAD. */
		return cmd->client->mailbox != NULL ? 1 : 0;
	default:
		return 1;
	}
}

bool gp_imap_is_human(const char *command)
{
	static const char *const names[] = {
		"APPEND", "COPY", "CREATE", "DELETE", "EXPUNGE", "MOVE", "RENAME",
		"REPLACE", "STORE", "SUBSCRIBE", "UNSUBSCRIBE", NULL
	};

	if (strncasecmp(command, "UID ", 4) == 0)
		command += 4;
	for (size_t i = 0; names[i] != NULL; i++) {
		if (strcasecmp(command, names[i]) == 0)
			return true;
	}
	return false;
}
