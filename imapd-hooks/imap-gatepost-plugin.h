/* SPDX-License-Identifier: MIT */
/*
 * This module is the face of the IMAP plugin towards Dovecot, and what its
 * files share: the state of one connection.
 */
#ifndef GP_IMAP_GATEPOST_PLUGIN_H
#define GP_IMAP_GATEPOST_PLUGIN_H

#include "dovecot-compat.h"

#include "poll-session.h"
#include "program.h"

struct gp_imap_memory;

/* Lives in client->pool. */
struct gp_imap_client {
	union imap_module_context module_ctx;
	struct client *client;
	struct gp_poll_session *session;   /* NULL once the client is going */
	struct gp_imap_memory *memory;
	struct gp_decision access;      /* PASS unless the login was judged */
	int64_t interval_msecs;
	bool had_check;
	struct gp_program_id id_given;  /* by ID after the login */
};

struct module;

void imap_gatepost_plugin_init(struct module *module);
void imap_gatepost_plugin_deinit(void);

extern const char *imap_gatepost_plugin_version;
extern const char imap_gatepost_plugin_binary_dependency[];

#endif
