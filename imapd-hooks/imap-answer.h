/* SPDX-License-Identifier: MIT */
/*
 * This module answers a check from what its session was last told, word for
 * word as Dovecot would if nothing had changed, and knows when it cannot.  It
 * never looks into storage to answer from memory.
 */
#ifndef GP_IMAP_ANSWER_H
#define GP_IMAP_ANSWER_H

#include "dovecot-compat.h"

#include "imap-request.h"

/* Mailboxes and item sets whose STATUS is remembered; the oldest goes. */
enum { GP_IMAP_STATUS_MAX = 256 };

struct gp_imap_memory;

/* now_msecs: the monotonic clock.  is_restored: the session is back from
   hibernation, and what it has done to its mailbox before is not known. */
struct gp_imap_memory *gp_imap_memory_create(bool is_restored, int64_t now_msecs);
void gp_imap_memory_free(struct gp_imap_memory **memory);

/* Nothing older than this is told from now on; at first nothing at all is. */
void gp_imap_memory_keep(struct gp_imap_memory *memory, int64_t interval_msecs);

/* What happened in the session. */
void gp_imap_memory_synced(struct gp_imap_memory *memory, int64_t now_msecs);
void gp_imap_memory_command_ran(struct gp_imap_memory *memory,
				const struct client_command_context *cmd);

/* How old the answer is that this can have from memory, in milliseconds; -1: none. */
int64_t gp_imap_answer_age(const struct gp_imap_memory *memory,
			   struct client_command_context *cmd,
			   const struct gp_imap_request *request,
			   int64_t now_msecs);

/* Answers from memory; only after gp_imap_answer_age() said so. */
void gp_imap_answer(const struct gp_imap_memory *memory,
		    struct client_command_context *cmd,
		    const struct gp_imap_request *request, int64_t now_msecs);

/* STATUS as Dovecot does it, remembering the answer. */
void gp_imap_serve_status(struct gp_imap_memory *memory,
			  struct client_command_context *cmd,
			  const struct gp_imap_request *request,
			  int64_t now_msecs);

/* A LIST that returns STATUS is served: it tells more than what is remembered. */
void gp_imap_memory_listed(struct gp_imap_memory *memory);

/* A SELECT or EXAMINE has been served. */
void gp_imap_memory_selected(struct gp_imap_memory *memory,
			     struct client *client, int64_t now_msecs);

#endif
