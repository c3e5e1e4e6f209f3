/* SPDX-License-Identifier: MIT */
/*
 * This module is what the parts of "gatepostctl probe" share: which ports of a server
 * are looked at, and what was found there.  It sends no mail and knows no password.
 */
#ifndef GP_PROBE_H
#define GP_PROBE_H

#include <netdb.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool.h"
#include "probe-link.h"

enum gp_verdict_level {
	GP_PROBE_OK,
	GP_PROBE_NOTE,                  /* neither good nor bad */
	GP_PROBE_WARN,
	GP_PROBE_FAIL,
	GP_PROBE_LEVELS
};
const char *gp_probe_level_word(enum gp_verdict_level level);

enum gp_probe_protocol {
	GP_PROBE_SMTP,
	GP_PROBE_IMAP,
	GP_PROBE_POP3
};

/* A port and what it is for. */
struct gp_probe_role {
	const char *name;               /* of RFC 6335: "submission" */
	enum gp_probe_protocol protocol;
	bool is_implicit;               /* TLS from the first byte, RFC 8314 */
	bool is_public;                 /* port 25: mail of others comes here */
	bool is_needed;                 /* by the programs that people set up now */
	unsigned int port;
};

struct gp_probe_finding {
	enum gp_verdict_level level;
	const struct gp_probe_role *role;
	const char *check;              /* stable word, as in gatepostctl(8) */
	const char *found;              /* may hold what the server said */
	const char *remedy;             /* NULL: none is needed */
};

struct gp_probe {
	struct gp_pool *pool;           /* of all texts */
	const char *host;
	const struct addrinfo *addresses;
	const char *const *names;       /* users may have set up; ended by NULL */
	int64_t timeout_msecs;          /* of one connection */
	SSL_CTX *context;               /* TLS 1.2 and newer, nothing refused */
	SSL_CTX *old_context;           /* TLS 1.0 and 1.1 */
	struct gp_probe_finding *findings;
	size_t count;
	size_t answered_count;          /* ports */
};

/* One more finding; the text is copied.  remedy is static. */
void gp_probe_add(struct gp_probe *probe, const struct gp_probe_role *role,
		  enum gp_verdict_level level, const char *check,
		  const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

/* The contexts; ca_path NULL: what the system trusts.  0 or -1 with *err filled. */
int gp_probe_begin_tls(struct gp_probe *probe, const char *ca_path,
		       struct gp_error *err);
void gp_probe_end_tls(struct gp_probe *probe);

/* Judges the session in force: version, cipher, certificate and names. */
void gp_probe_judge_tls(struct gp_probe *probe, const struct gp_probe_role *role,
			const struct gp_probe_link *link);

/* Tells mechanisms that show or weaken a password apart: after TLS, or before it. */
void gp_probe_judge_mechanisms(struct gp_probe *probe,
			       const struct gp_probe_role *role,
			       const char *mechanisms);

/* Connects and, with an implicit role, begins TLS with the context.  1; 0 if nobody is
   there, -1 if TLS does not begin: both with *err filled and the link closed. */
int gp_probe_connect(struct gp_probe *probe, const struct gp_probe_role *role,
		     SSL_CTX *context, struct gp_probe_link *link,
		     struct gp_error *err);

/* Looks at one port. */
void gp_probe_look(struct gp_probe *probe, const struct gp_probe_role *role);

/* The part of it that is of the protocol, from the greeting on: 1 if TLS was begun, 0 if
   the server has none, -1 with *err filled if the dialogue fails. */
int gp_probe_smtp(struct gp_probe *probe, const struct gp_probe_role *role,
		  struct gp_probe_link *link, struct gp_error *err);
int gp_probe_mailbox(struct gp_probe *probe, const struct gp_probe_role *role,
		     struct gp_probe_link *link, struct gp_error *err);

/* Whether TLS 1.0 or 1.1 is still taken: starts TLS anew, by the protocol's own
   command where it is not implicit. */
void gp_probe_old_tls(struct gp_probe *probe, const struct gp_probe_role *role);
int gp_probe_smtp_starttls(struct gp_probe_link *link, struct gp_error *err);
int gp_probe_mailbox_starttls(const struct gp_probe_role *role,
			      struct gp_probe_link *link, struct gp_error *err);

#endif
