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
	if (!input_is_full(cmd->client))
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
	return true;
}
