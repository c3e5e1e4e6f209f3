/* SPDX-License-Identifier: MIT */
/*
 * This module is the only place that knows which Dovecot it is built for.
 * Dovecot's headers must come in this order, and before any of ours; its
 * config.h and our gatepost-config.h never meet in one file.
 */
#ifndef GP_DOVECOT_COMPAT_H
#define GP_DOVECOT_COMPAT_H

/* Dovecot 2.3 declares its callbacks without their arguments. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include "config.h"
#include "lib.h"
#include "array.h"
#include "ioloop.h"
#include "istream.h"
#include "ostream.h"
#include "str.h"
#include "guid.h"
#include "net.h"
#include "module-context.h"
#include "mail-user.h"
#include "mail-namespace.h"
#include "mail-storage.h"
#include "mail-storage-service.h"
#include "mail-storage-hooks.h"
#ifdef GP_DOVECOT_POP3 /* both protocols have a struct client */
#include "pop3-common.h"
#else
#include "imap-common.h"
#include "imap-arg.h"
#include "imap-commands.h"
#include "imap-status.h"
#include "imap-sync-private.h"
#endif
#pragma GCC diagnostic pop

/* Dovecot's own "bool" must be declared before this macro. */
#include <stdbool.h>

#ifndef DOVECOT_PREREQ
#  define DOVECOT_PREREQ(major, minor, micro) 0
#endif

/* command_find() gives a const pointer since 2.4; one fits both. */
typedef const struct command gp_dovecot_command;

static inline bool gp_dovecot_str_begins(const char *text, const char *begin)
{
#if DOVECOT_PREREQ(2, 4, 0)
	return str_begins_with(text, begin);
#else
	return str_begins(text, begin);
#endif
}

/* The entry points Dovecot looks up; everything else is hidden. */
#define GP_DOVECOT_EXPORT __attribute__((visibility("default")))

static inline const struct ip_addr *
gp_dovecot_remote_ip(const struct mail_user *user)
{
	return user->conn.remote_ip;
}

static inline unsigned int gp_dovecot_local_port(const struct mail_user *user)
{
	return user->conn.local_port;
}

/* TLS to the client itself, not to a proxy on the way.  Dovecot 2.3 knows of the
   last part of the way only. */
static inline bool gp_dovecot_has_tls(const struct mail_user *user)
{
#if DOVECOT_PREREQ(2, 4, 0)
	return user->conn.end_client_tls_secured;
#else
	return user->conn.ssl_secured;
#endif
}

/* Back from hibernation: the same session in a new process, not a login. */
static inline bool gp_dovecot_is_restored(const struct mail_user *user)
{
	return user->session_restored;
}

/* The texts of imap/cmd-*.c: who is answered from memory must not notice. */
#define GP_DOVECOT_NOOP_OK "OK NOOP completed."
#define GP_DOVECOT_CHECK_OK "OK Check completed."
#define GP_DOVECOT_STATUS_OK "OK Status completed."
#define GP_DOVECOT_STATUS_SELECTED_OK \
	"OK [CLIENTBUG] Status on selected mailbox completed."
#define GP_DOVECOT_CLOSED "* OK [CLOSED] Previous mailbox closed."

#endif
