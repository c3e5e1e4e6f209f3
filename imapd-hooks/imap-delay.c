/* SPDX-License-Identifier: MIT */
/*
 * This module makes a held command look to Dovecot (2.3) like one that waits
 * for more input and has locked the input, as APPEND does: then nothing behind
 * it is parsed, a disconnect is read, and client_command_cancel() runs it with
 * cmd->cancel set because its context is not NULL.
 */
#include "imap-delay.h"

/* Commands sent behind the held one wait in Dovecot's input buffer.  When that
   is full Dovecot breaks off the command ("Too long argument"), so the wait
   ends before. */
#define INPUT_MAX_BYTES(client) ((client)->set->imap_max_line_length / 2)

/* How often to look whether another command has finished its output. */
enum { OUTPUT_LOCK_MSECS = 50 };

/* Dovecot's timers follow another clock than ours and may be early. */
enum { TIMER_SLACK_MSECS = 10 };

/* Lives in cmd->pool. */
struct gp_imap_hold {
	struct client_command_context *cmd;
	command_func_t *resume;
	struct timeout *timeout;
};

static bool input_is_full(struct client *client)
{
	return i_stream_get_data_size(client->input) >= INPUT_MAX_BYTES(client);
}

/* What a program sends by itself, one behind the other, when it looks for mail. */
static bool belongs_to_check(const char *name)
{
	static const char *const names[] = {
		"CHECK", "EXAMINE", "ID", "LIST", "LSUB", "NOOP", "SELECT", "STATUS",
		"XLIST"
	};

	for (size_t i = 0; i < N_ELEMENTS(names); i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	return false;
}

/* A line is a tag, the name of a command and the rest; the first is what is left of the
   held command's own, and empty. */
static bool line_asks_for_more(const char *line)
{
	const char *const *words = t_strsplit(line, " ");

	return words[0] != NULL && words[1] != NULL && !belongs_to_check(words[1]);
}

/* Has something come behind that is no part of a check?  Somebody may be waiting for
   that.  Behind a literal no line can be told from a message. */
static bool more_is_asked_for(struct client *client)
{
	size_t size;
	const char *input = (const char *)i_stream_get_data(client->input, &size);
	const char *const *lines;
	bool is_asked_for = false;

	T_BEGIN {
		for (lines = t_strsplit(t_strndup(input, size), "\n");
		     lines[0] != NULL && lines[1] != NULL && !is_asked_for; lines++) {
			is_asked_for = line_asks_for_more(t_strcut(*lines, '\r'));
			if (strchr(*lines, '{') != NULL)
				break;
		}
	} T_END;
	return is_asked_for;
}

static void let_go(struct gp_imap_hold *hold)
{
	timeout_remove(&hold->timeout);
	hold->cmd->func = hold->resume;
	hold->cmd->context = NULL;
}

/* Dovecot calls this when input has come, and at the end of the client. */
static bool held(struct client_command_context *cmd)
{
	struct gp_imap_hold *hold = cmd->context;

	if (cmd->cancel) {
		timeout_remove(&hold->timeout);
		return TRUE;
	}
	if (!input_is_full(cmd->client) && !more_is_asked_for(cmd->client))
		return FALSE;
	let_go(hold);
	return cmd->func(cmd);
}

static void time_is_up(struct gp_imap_hold *hold)
{
	struct client *client = hold->cmd->client;
	struct ostream *output = client->output;

	if (client->output_cmd_lock != NULL) {
		/* An earlier command is in the middle of its answer. */
		timeout_remove(&hold->timeout);
		hold->timeout = timeout_add_short(OUTPUT_LOCK_MSECS,
						  time_is_up, hold);
		return;
	}
	let_go(hold);
	/* As if its input had come now: the command goes on, then what is left of its
	   line and what came behind it are read, and all goes out in one write. */
	if (!client->disconnected) {
		o_stream_ref(output);
		o_stream_cork(output);
		(void)client_handle_input(client);
		o_stream_uncork(output);
		o_stream_unref(&output);
	}
	client_continue_pending_input(client);
}

bool gp_imap_delay_begin(struct client_command_context *cmd, int64_t msecs,
			 command_func_t *resume)
{
	struct client *client = cmd->client;
	struct gp_imap_hold *hold;

	if (cmd->cancel || client->disconnected || input_is_full(client) ||
	    more_is_asked_for(client) ||
	    (client->input_lock != NULL && client->input_lock != cmd))
		return false;
	hold = p_new(cmd->pool, struct gp_imap_hold, 1);
	hold->cmd = cmd;
	hold->resume = resume;
	hold->timeout = timeout_add_short((unsigned int)I_MIN(msecs, INT_MAX / 2) +
					  TIMER_SLACK_MSECS, time_is_up, hold);
	cmd->func = held;
	cmd->context = hold;
	cmd->state = CLIENT_COMMAND_STATE_WAIT_INPUT;
	client->input_lock = cmd;

	/* Earlier commands that only wait for Dovecot to sync them together
	   with this one get their answers now. */
	(void)cmd_sync_delayed(client);
	/* A program that gives up when nothing comes (mutt after 15 s) has
	   heard of us; with this line Dovecot keeps its own long commands alive. */
	if (client->output_cmd_lock == NULL)
		client_send_line(client, "* OK Still here");
	return true;
}
