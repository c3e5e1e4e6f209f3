/* SPDX-License-Identifier: MIT */
/*
 * This module's memory: when the selected mailbox was last synced, whether the
 * session has changed anything since, and the last answers to STATUS.  A user
 * who has just acted must not be shown what was before, so a command that may
 * change a mailbox makes it forget.
 */
#include "imap-answer.h"

#include <stdlib.h>

#include "pool.h"

struct status_record {
	char *mailbox;
	enum imap_status_item_flags items;
	int64_t at_msecs;
	uint32_t messages, recent, unseen, uidvalidity, uidnext;
	uint64_t highest_modseq, virtual_size;
	guid_128_t guid;
	/* of the selected mailbox: what the session had been told by then */
	bool was_selected;
	uint32_t told_messages, told_recent;
};

struct gp_imap_memory {
	int64_t interval_msecs;
	int64_t told_at_msecs;          /* of the selected mailbox */
	bool has_changed;               /* by this session, since the SELECT */
	struct status_record *records;
	size_t count;
};

struct gp_imap_memory *gp_imap_memory_create(bool is_restored, int64_t now_msecs)
{
	struct gp_imap_memory *memory = gp_alloc(sizeof(*memory));

	memory->told_at_msecs = now_msecs;
	memory->has_changed = is_restored;
	return memory;
}

static void forget_record(struct gp_imap_memory *memory, size_t i)
{
	free(memory->records[i].mailbox);
	memory->records[i] = memory->records[--memory->count];
}

static void forget_all(struct gp_imap_memory *memory)
{
	while (memory->count > 0)
		forget_record(memory, memory->count - 1);
}

static void forget_mailbox(struct gp_imap_memory *memory, const char *mailbox)
{
	for (size_t i = memory->count; i > 0; i--) {
		if (strcmp(memory->records[i - 1].mailbox, mailbox) == 0)
			forget_record(memory, i - 1);
	}
}

void gp_imap_memory_keep(struct gp_imap_memory *memory, int64_t interval_msecs)
{
	memory->interval_msecs = interval_msecs;
}

void gp_imap_memory_free(struct gp_imap_memory **memory)
{
	if (*memory == NULL)
		return;
	forget_all(*memory);
	free((*memory)->records);
	free(*memory);
	*memory = NULL;
}

static bool is_fresh(const struct gp_imap_memory *memory, int64_t at_msecs,
		     int64_t now_msecs)
{
	return now_msecs - at_msecs < memory->interval_msecs;
}

/* --- what happened --- */

void gp_imap_memory_synced(struct gp_imap_memory *memory, int64_t now_msecs)
{
	memory->told_at_msecs = now_msecs;
}

void gp_imap_memory_selected(struct gp_imap_memory *memory,
			     struct client *client, int64_t now_msecs)
{
	memory->told_at_msecs = now_msecs;
	memory->has_changed = false;
	/* SELECT has told more than an older STATUS knows. */
	forget_mailbox(memory, mailbox_get_vname(client->mailbox));
}

void gp_imap_memory_listed(struct gp_imap_memory *memory)
{
	forget_all(memory);
}

/* NOTIFY is none: the STATUS that it sends is newer than what is remembered. */
static bool command_is_harmless(const char *name)
{
	static const char *const names[] = {
		"CAPABILITY", "NOOP", "CHECK", "STATUS", "SELECT", "EXAMINE",
		"ID", "IDLE", "LIST", "LSUB", "XLIST", "NAMESPACE", "ENABLE",
		"FETCH", "UID FETCH", "SEARCH", "UID SEARCH", "SORT",
		"UID SORT", "THREAD", "UID THREAD", "GETMETADATA",
		"LOGOUT", "GETQUOTA", "GETQUOTAROOT", "UNSELECT", "COMPRESS",
	};

	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		if (strcasecmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/* FETCH BODY[], BINARY[], RFC822 and RFC822.TEXT set \Seen, RFC 3501 section
   6.4.5 and RFC 3516 section 4.2. */
static bool fetch_sets_seen(const char *args)
{
	const char *item;

	args = t_str_ucase(args);
	if (strstr(args, "BODY[") != NULL || strstr(args, "BINARY[") != NULL)
		return true;
	for (item = args; (item = strstr(item, "RFC822")) != NULL; item++) {
		if (!gp_dovecot_str_begins(item, "RFC822.SIZE") &&
		    !gp_dovecot_str_begins(item, "RFC822.HEADER"))
			return true;
	}
	return false;
}

void gp_imap_memory_command_ran(struct gp_imap_memory *memory,
				const struct client_command_context *cmd)
{
	struct client *client = cmd->client;

	if (cmd->name == NULL)
		return;
	if (!command_is_harmless(cmd->name)) {
		forget_all(memory);
		memory->has_changed = true;
		return;
	}
	if (client->mailbox != NULL && cmd->args != NULL &&
	    (strcasecmp(cmd->name, "FETCH") == 0 ||
	     strcasecmp(cmd->name, "UID FETCH") == 0) &&
	    fetch_sets_seen(cmd->args)) {
		forget_mailbox(memory, mailbox_get_vname(client->mailbox));
		memory->has_changed = true;
	}
}

/* --- STATUS --- */

static bool record_holds(const struct gp_imap_memory *memory,
			 const struct status_record *record,
			 const struct client *client,
			 const struct gp_imap_request *request,
			 int64_t now_msecs)
{
	if (strcmp(record->mailbox, request->mailbox) != 0 ||
	    !HAS_ALL_BITS(record->items, request->items.flags) ||
	    !is_fresh(memory, record->at_msecs, now_msecs) ||
	    record->was_selected != request->is_selected)
		return false;
	/* The session may have heard of new messages since. */
	return !request->is_selected ||
		(record->told_messages == client->messages_count &&
		 record->told_recent == client->recent_count);
}

static const struct status_record *
find_record(const struct gp_imap_memory *memory, const struct client *client,
	    const struct gp_imap_request *request, int64_t now_msecs)
{
	const struct status_record *best = NULL;

	for (size_t i = 0; i < memory->count; i++) {
		const struct status_record *record = &memory->records[i];

		if (record_holds(memory, record, client, request, now_msecs) &&
		    (best == NULL || record->at_msecs > best->at_msecs))
			best = record;
	}
	return best;
}

/* Room for one more: answers that the new one makes superfluous go, or the
   oldest of all. */
static struct status_record *add_record(struct gp_imap_memory *memory,
					const struct gp_imap_request *request)
{
	size_t oldest = 0;

	for (size_t i = memory->count; i > 0; i--) {
		const struct status_record *record = &memory->records[i - 1];

		if (strcmp(record->mailbox, request->mailbox) == 0 &&
		    HAS_ALL_BITS(request->items.flags, record->items))
			forget_record(memory, i - 1);
	}
	if (memory->count >= GP_IMAP_STATUS_MAX) {
		for (size_t i = 1; i < memory->count; i++) {
			if (memory->records[i].at_msecs <
			    memory->records[oldest].at_msecs)
				oldest = i;
		}
		forget_record(memory, oldest);
	}
	/* Grown at each power of two. */
	if ((memory->count & (memory->count - 1)) == 0)
		memory->records = gp_realloc(memory->records,
			(memory->count == 0 ? 1 : memory->count * 2) *
			sizeof(*memory->records));
	return &memory->records[memory->count++];
}

static void remember_status(struct gp_imap_memory *memory,
			    const struct client *client,
			    const struct gp_imap_request *request,
			    const struct imap_status_result *result,
			    int64_t now_msecs)
{
	struct status_record *record = add_record(memory, request);

	i_zero(record);
	record->mailbox = gp_strdup(request->mailbox);
	record->items = request->items.flags;
	record->at_msecs = now_msecs;
	record->messages = result->status.messages;
	record->recent = result->status.recent;
	record->unseen = result->status.unseen;
	record->uidvalidity = result->status.uidvalidity;
	record->uidnext = result->status.uidnext;
	record->highest_modseq = result->status.highest_modseq;
	record->virtual_size = result->metadata.virtual_size;
	memcpy(record->guid, result->metadata.guid, sizeof(record->guid));
	record->was_selected = request->is_selected;
	record->told_messages = client->messages_count;
	record->told_recent = client->recent_count;
}

static void send_status(struct client_command_context *cmd,
			const struct gp_imap_request *request,
			const struct imap_status_result *result)
{
	imap_status_send(cmd->client, request->mailbox_text, &request->items,
			 result);
	client_send_tagline(cmd, request->is_selected
			    ? GP_DOVECOT_STATUS_SELECTED_OK
			    : GP_DOVECOT_STATUS_OK);
}

static void answer_status(struct client_command_context *cmd,
			  const struct gp_imap_request *request,
			  const struct status_record *record)
{
	struct imap_status_result result;

	i_zero(&result);
	result.status.messages = record->messages;
	result.status.recent = record->recent;
	result.status.unseen = record->unseen;
	result.status.uidvalidity = record->uidvalidity;
	result.status.uidnext = record->uidnext;
	result.status.highest_modseq = record->highest_modseq;
	result.metadata.virtual_size = record->virtual_size;
	memcpy(result.metadata.guid, record->guid, sizeof(record->guid));
	send_status(cmd, request, &result);
}

void gp_imap_serve_status(struct gp_imap_memory *memory,
			  struct client_command_context *cmd,
			  const struct gp_imap_request *request,
			  int64_t now_msecs)
{
	struct imap_status_result result;

	i_zero(&result);
	event_add_str(cmd->global_event, "mailbox", request->mailbox);
	if (imap_status_get(cmd, request->ns, request->mailbox,
			    &request->items, &result) < 0) {
		forget_mailbox(memory, request->mailbox);
		client_send_tagline(cmd, result.errstr);
		return;
	}
	remember_status(memory, cmd->client, request, &result, now_msecs);
	send_status(cmd, request, &result);
}

/* --- SELECT of the mailbox that is selected --- */

static void get_open_status(struct client *client,
			    struct mailbox_status *status_r)
{
	mailbox_get_open_status(client->mailbox,
				STATUS_MESSAGES | STATUS_RECENT |
				STATUS_FIRST_UNSEEN_SEQ | STATUS_UIDVALIDITY |
				STATUS_UIDNEXT | STATUS_KEYWORDS |
				STATUS_HIGHESTMODSEQ, status_r);
}

static bool can_answer_select(const struct gp_imap_memory *memory,
			      struct client *client,
			      const struct gp_imap_request *request,
			      int64_t now_msecs)
{
	bool readonly = request->check == GP_CHECK_EXAMINE;
	struct mailbox_status status;

	if (!request->is_selected || request->has_parameters ||
	    client->mailbox_examined != readonly || memory->has_changed ||
	    !is_fresh(memory, memory->told_at_msecs, now_msecs) ||
	    mailbox_is_inconsistent(client->mailbox))
		return false;
	/* A real SELECT ends NOTIFY's, SEARCH's and SEARCHRES' hold on the
	   mailbox, and takes away \Recent. */
	if (client->notify_ctx != NULL ||
	    (array_is_created(&client->search_updates) &&
	     array_count(&client->search_updates) > 0) ||
	    array_is_created(&client->search_saved_uidset) ||
	    (!readonly && client->recent_count > 0))
		return false;
	get_open_status(client, &status);
	return status.messages == client->messages_count &&
		status.recent == client->recent_count &&
		status.uidvalidity == client->uidvalidity;
}

/* The lines of cmd_select_full() in Dovecot 2.3's imap/cmd-select.c. */
static void answer_select(struct client_command_context *cmd)
{
	struct client *client = cmd->client;
	struct mailbox_status status;

	get_open_status(client, &status);
	client_send_line(client, GP_DOVECOT_CLOSED);
	client_send_mailbox_flags(client, TRUE);
	client_send_line(client, t_strdup_printf("* %u EXISTS",
						 status.messages));
	client_send_line(client, t_strdup_printf("* %u RECENT",
						 status.recent));
	if (status.first_unseen_seq != 0)
		client_send_line(client, t_strdup_printf(
			"* OK [UNSEEN %u] First unseen.",
			status.first_unseen_seq));
	client_send_line(client, t_strdup_printf(
		"* OK [UIDVALIDITY %u] UIDs valid", status.uidvalidity));
	client_send_line(client, t_strdup_printf(
		"* OK [UIDNEXT %u] Predicted next UID", status.uidnext));
	if (status.nonpermanent_modseqs) {
		client_send_line(client,
				 "* OK [NOMODSEQ] No permanent modsequences");
	} else if (!status.no_modseq_tracking) {
		client_send_line(client, t_strdup_printf(
			"* OK [HIGHESTMODSEQ %"PRIu64"] Highest",
			status.highest_modseq));
		client->sync_last_full_modseq = status.highest_modseq;
	}
	client_send_tagline(cmd, t_strdup_printf(
		"OK [%s] %s completed",
		mailbox_is_readonly(client->mailbox) ? "READ-ONLY"
						     : "READ-WRITE",
		client->mailbox_examined ? "Examine" : "Select"));
}

/* --- all of them --- */

int64_t gp_imap_answer_age(const struct gp_imap_memory *memory,
			   struct client_command_context *cmd,
			   const struct gp_imap_request *request,
			   int64_t now_msecs)
{
	struct client *client = cmd->client;
	const struct status_record *record;

	switch (request->check) {
	case GP_CHECK_STATUS:
		/* NOTIFY may have told of another mailbox since. */
		record = client->notify_ctx != NULL ? NULL
			: find_record(memory, client, request, now_msecs);
		return record == NULL ? -1 : now_msecs - record->at_msecs;
	case GP_CHECK_LIST_STATUS:
		return -1;
	case GP_CHECK_SELECT:
	case GP_CHECK_EXAMINE:
		return can_answer_select(memory, client, request, now_msecs)
			? now_msecs - memory->told_at_msecs : -1;
	default:
		/* An answer now would overtake those of commands that still
		   run, and the sync at their end tells the news anyway. */
		if (client->command_queue_size > 1)
			return -1;
		if (client->mailbox == NULL)
			return 0;
		return is_fresh(memory, memory->told_at_msecs, now_msecs)
			? now_msecs - memory->told_at_msecs : -1;
	}
}

void gp_imap_answer(const struct gp_imap_memory *memory,
		    struct client_command_context *cmd,
		    const struct gp_imap_request *request, int64_t now_msecs)
{
	const struct status_record *record;

	switch (request->check) {
	case GP_CHECK_STATUS:
		record = find_record(memory, cmd->client, request, now_msecs);
		i_assert(record != NULL);
		answer_status(cmd, request, record);
		break;
	case GP_CHECK_SELECT:
	case GP_CHECK_EXAMINE:
		answer_select(cmd);
		break;
	case GP_CHECK_CHECK:
		client_send_tagline(cmd, GP_DOVECOT_CHECK_OK);
		break;
	default:
		client_send_tagline(cmd, GP_DOVECOT_NOOP_OK);
		break;
	}
}
