/* SPDX-License-Identifier: MIT */
/*
 * This module is the value in which every decision ends: what to do, why, and
 * for how long.  It owns the tables of action, mode and reason words, which are
 * one vocabulary in settings, journal, manual and "gatepostctl explain", and
 * the SMTP answer that belongs to each reason.  Core.
 */
#ifndef GP_DECISION_H
#define GP_DECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rate.h"

enum gp_mode {
	GP_MODE_OFF,
	GP_MODE_OBSERVE,        /* decide and write "would", do nothing */
	GP_MODE_ENFORCE
};

enum gp_action {
	GP_ACTION_PASS,
	GP_ACTION_REJECT,       /* milter: 5xx */
	GP_ACTION_TEMPFAIL,     /* milter: 4xx */
	GP_ACTION_REWRITE,      /* milter: header corrected, message taken */
	GP_ACTION_NOTE,         /* polling, mildest first */
	GP_ACTION_ABSORB,
	GP_ACTION_DELAY,
	GP_ACTION_HOLD,         /* a login waits */
	GP_ACTION_REFUSE,       /* in words of its protocol, with the time left */
	GP_ACTION_DISCONNECT,
	GP_ACTION_NOTICE,       /* said beside another action, never decided */
	GP_ACTION_COUNT
};

enum gp_reason {
	/* submission: let through */
	GP_REASON_PUBLIC_PORT,          /* MAIL on a port without conditions */
	GP_REASON_AUTHENTICATED,
	GP_REASON_TRUSTED_NETWORK,
	GP_REASON_LOCAL_SUBMISSION,
	GP_REASON_LOCAL_RECIPIENT,
	GP_REASON_RULE_OFF,
	GP_REASON_EXEMPT,
	GP_REASON_OWNED,                /* header addresses are the login's */
	/* submission: refused */
	GP_REASON_TLS_REQUIRED,
	GP_REASON_TLS_VERSION,
	GP_REASON_CIPHER_UNKNOWN,
	GP_REASON_CIPHER_DENIED,
	GP_REASON_CIPHER_WEAK,
	GP_REASON_NO_FORWARD_SECRECY,
	GP_REASON_AUTH_REQUIRED,
	GP_REASON_MECHANISM,
	GP_REASON_PLAINTEXT_LOGIN,
	GP_REASON_AUTHOR_MISMATCH,
	GP_REASON_SENDER_NOT_OWNED,
	GP_REASON_FROM_MISSING,
	GP_REASON_FROM_NOT_OWNED,
	GP_REASON_SENDER_HEADER_NOT_OWNED,
	GP_REASON_REPLY_TO_NOT_OWNED,
	GP_REASON_RESENT_NOT_OWNED,
	GP_REASON_HEADER_AMBIGUOUS,
	GP_REASON_HEADER_UNKNOWN,
	GP_REASON_INBOUND_IDENTITY,
	GP_REASON_RELAY_DENIED,
	GP_REASON_RECIPIENT_SYNTAX,
	GP_REASON_PORT_UNKNOWN,
	GP_REASON_STOPPING,
	GP_REASON_RATE_MESSAGES,
	GP_REASON_RATE_RECIPIENTS,
	GP_REASON_RECIPIENTS_PER_MESSAGE,
	GP_REASON_RATE_STORE_FAILURE,
	/* reading mail: refused or warned of */
	GP_REASON_PROTOCOL_DENIED,
	GP_REASON_PROTOCOL_RETIRING,
	/* polling */
	GP_REASON_ADMITTED,             /* a new round */
	GP_REASON_GRACE,
	GP_REASON_IN_ROUND,
	GP_REASON_EARLY,
	GP_REASON_REPEATED,
	GP_REASON_EARLY_SERVED,         /* early, but only storage knows the answer */
	GP_REASON_HELD_MAX,             /* early, but too many wait already */
	GP_REASON_STORE_UNAVAILABLE,
	GP_REASON_STORE_BACK,
	GP_REASON_STORE_MEMORY,         /* there is no Redis */
	GP_REASON_STREAM_LOST,
	/* what an administrator did with gatepostctl */
	GP_REASON_EXEMPTION_ADDED,
	GP_REASON_EXEMPTION_DROPPED,
	GP_REASON_HISTORY_RESET,
	GP_REASON_COUNT
};

struct gp_decision {
	enum gp_action action;          /* as decided; look at mode before acting */
	enum gp_reason reason;
	enum gp_mode mode;              /* of the rule that decided */
	const char *why;                /* the setting that decided; static text */
	const char *detail;             /* what exactly was wrong; static, or NULL */
	const char *address;            /* in the header that detail names, and not
	                                   the login's; of the facts, or NULL */
	bool gives_notice;              /* and the user is told, too */
	int64_t wait_msecs;             /* delay, hold: how long; else until the next
	                                   admitted check or message; 0 where it
	                                   means nothing */
	struct gp_rate_window limit;    /* that was reached; count 0: none;
	                                   secs 0: of one message */
};

/*
 * Is told of each rule that the core considers, in its order, for those who ask why.
 * why is the setting; about, which of several things it is asked about, such as a
 * header, or NULL; applies: the rule lets pass or refuses, by that reason.
 */
struct gp_witness {
	void (*hear)(void *context, const char *why, const char *about,
		     enum gp_reason reason, enum gp_mode mode, bool applies);
	void *context;
};

/* witness may be NULL: mostly nobody asks. */
static inline void gp_witness_hear(const struct gp_witness *witness,
				   const char *why, const char *about,
				   enum gp_reason reason, enum gp_mode mode,
				   bool applies)
{
	if (witness != NULL)
		witness->hear(witness->context, why, about, reason, mode,
			      applies);
}

/* One rule is heard.  Of several, the first enforced one that is broken is the
   decision; until there is one, the first observed. */
void gp_decision_consider(struct gp_decision *decision,
			  const struct gp_witness *witness, bool is_broken,
			  enum gp_action action, enum gp_reason reason,
			  enum gp_mode mode, const char *why);

/* What is to be done after the mode was looked at: PASS unless enforced. */
enum gp_action gp_decision_effect(const struct gp_decision *decision);

/* Stable words; "?" never appears for a value of the enum. */
const char *gp_mode_word(enum gp_mode mode);
const char *gp_action_word(enum gp_action action);
const char *gp_reason_word(enum gp_reason reason);

/* "reject", or "would-reject" when only observed. */
const char *gp_decision_word(const struct gp_decision *decision);

/* The value behind a word; false, with *_r untouched, for an unknown word. */
bool gp_mode_from_word(const char *word, enum gp_mode *mode_r);
bool gp_action_from_word(const char *word, enum gp_action *action_r);
bool gp_reason_from_word(const char *word, enum gp_reason *reason_r);

/* What a reason means, in one line for people. */
const char *gp_reason_text(enum gp_reason reason);

/* The SMTP reply of a reason; code is NULL for a reason that refuses nothing. */
struct gp_reply {
	const char *code;               /* "530" */
	const char *status;             /* "5.7.0", RFC 3463 */
	const char *text;               /* holds no '%' */
	const char *source;             /* the standard it follows */
};
const struct gp_reply *gp_reason_reply(enum gp_reason reason);

#endif
