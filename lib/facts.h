/* SPDX-License-Identifier: MIT */
/*
 * This module names what was observed about a submission or a check for mail:
 * plain structs, filled by the milter, the plugin or typed by an administrator
 * into "gatepostctl explain".  Core: no pointer here is owned.
 */
#ifndef GP_FACTS_H
#define GP_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "network.h"
#include "rate.h"

enum gp_mta {
	GP_MTA_UNKNOWN,
	GP_MTA_POSTFIX,
	GP_MTA_SENDMAIL
};

/* What a cipher is worth, found by its name. */
struct gp_cipher_facts {
	bool is_known;                  /* false: nobody knows that name */
	unsigned int bits;
	bool has_forward_secrecy;
	bool is_aead;
};

/* Headers that name who a message is from, RFC 5322 sections 3.6.2 and 3.6.6. */
enum gp_author_field {
	GP_AUTHOR_FROM,
	GP_AUTHOR_SENDER,
	GP_AUTHOR_REPLY_TO,
	GP_AUTHOR_RESENT_FROM,
	GP_AUTHOR_RESENT_SENDER,
	GP_AUTHOR_FIELDS
};

/* What all lines of one such header say together. */
struct gp_author_facts {
	unsigned int fields_count;      /* header lines of that name */
	const char *const *addresses;   /* mailboxes in order, over all lines */
	size_t addresses_count;
	const char *name;               /* before the first address, as written */
	const char *trouble;            /* NULL, or a static word why they cannot
	                                   be read with certainty */
};

struct gp_witness;

/* NULL and false stand for "the MTA did not say". */
struct gp_submit_facts {
	enum gp_mta mta;
	bool port_known;
	unsigned int port;              /* 0: local submission, no network */
	struct gp_ip client;
	const char *tls_version;        /* of the session in force: "TLSv1.3" */
	const char *cipher;
	struct gp_cipher_facts cipher_facts;
	const char *login;              /* who authenticated for this message */
	const char *mechanism;          /* SASL mechanism, RFC 4422 */
	const char *author;             /* AUTH= of MAIL, RFC 4954 section 5 */
	const char *identity;           /* the person: gp_login_identity() */
	const char *primary;            /* the person's first address, if any */
	struct gp_ip proxy;             /* who connected, before any XCLIENT */
	const char *cert_subject;       /* of the client's certificate */
	const char *cert_issuer;
	const char *cert_verify;        /* Sendmail: OK if it is trusted */
	int64_t now_secs;               /* Unix time */
	const char *sender;             /* MAIL FROM as it was written */
	const char *sender_resolved;    /* what the MTA made of it */
	const char *recipient;          /* RCPT TO as it was written */
	const char *recipient_resolved; /* what the MTA made of it */
	const char *recipient_mailer;   /* by what the MTA would deliver it */
	bool headers_known;             /* the MTA hands them over */
	bool header_names_odd;          /* one cannot be changed by its name */
	struct gp_author_facts authors[GP_AUTHOR_FIELDS]; /* at end of message */
	bool is_stopping;               /* the milter is draining */
	unsigned int recipients_count;  /* that were accepted so far */
	const struct gp_witness *witness;       /* of the rules; NULL: nobody asks */
};

/* What the history says about one more message of the user. */
struct gp_rate_facts {
	bool store_is_silent;           /* it is what was counted here meanwhile */
	unsigned int recipients;        /* of the message; 0: not known yet */
	struct gp_rate_verdict verdict;
};

enum gp_protocol {
	GP_PROTOCOL_IMAP,
	GP_PROTOCOL_POP3,
	GP_PROTOCOLS
};
const char *gp_protocol_word(enum gp_protocol protocol);
bool gp_protocol_from_word(const char *word, enum gp_protocol *protocol_r);

/* How somebody has logged in to read mail. */
struct gp_access_facts {
	enum gp_protocol protocol;
	const char *user;               /* a person: gp_login_normalise() */
	struct gp_ip client;
	const char *program;            /* gp_program_name() */
	bool tls_known;                 /* whether there is TLS can be told */
	bool has_tls;
	const char *mechanism;          /* SASL mechanism; NULL: not known */
	unsigned int port;              /* of the server; 0: not known */
	int64_t now_secs;               /* Unix time, for exemptions that end */
	const struct gp_witness *witness;       /* or NULL */
};

enum gp_check {
	GP_CHECK_LOGIN,                 /* first check after a login */
	GP_CHECK_NOOP,
	GP_CHECK_CHECK,
	GP_CHECK_STATUS,
	GP_CHECK_SELECT,
	GP_CHECK_EXAMINE,
	GP_CHECK_LIST_STATUS,           /* LIST that returns STATUS, RFC 5819 */
	GP_CHECK_COUNT
};
const char *gp_check_word(enum gp_check check);
bool gp_check_from_word(const char *word, enum gp_check *check_r);

/* Checks closer together than this are one burst of a program. */
enum { GP_POLL_BURST_MSECS = 750 };

struct gp_poll_terms;

enum gp_verdict {
	GP_VERDICT_ADMITTED,            /* starts a round */
	GP_VERDICT_IN_ROUND,
	GP_VERDICT_EARLY,
	GP_VERDICT_FREE                 /* soon after human activity */
};
const char *gp_verdict_word(enum gp_verdict verdict);
bool gp_verdict_from_word(const char *word, enum gp_verdict *verdict_r);

/* Times of their own that the steps of one program's ladders may count in. */
enum { GP_LADDER_WINDOWS_MAX = 3, GP_WITHIN_COUNT_MAX = 255 };

/* One program's history at the time of a check. */
struct gp_poll_history {
	enum gp_verdict verdict;
	int64_t wait_msecs;             /* until a new round would be admitted */
	int64_t round_left_msecs;       /* of the round in force, or of what is
	                                   free; 0 outside */
	unsigned int early_count;       /* early rounds lately, with this one */
	bool within_known;              /* or the steps go by early_count */
	/* the same within each of gp_poll_terms_windows() */
	unsigned int within_counts[GP_LADDER_WINDOWS_MAX];
	unsigned int checks_count;      /* checks seen since it was first seen */
	int64_t every_msecs;            /* measured time between bursts; 0 unknown */
	bool journal_due;               /* its last journal line is long ago */
	bool has_waited;                /* this login was held before it began */
	bool notice_due;                /* not told of it for a day */
	bool is_away;                   /* no human activity for long */
	bool is_crowded;                /* all of the user's programs together */
};

/* Where a check is judged says what it can get. */
enum gp_poll_place {
	GP_PLACE_SESSION,               /* a command of IMAP */
	GP_PLACE_LOGIN,                 /* the login is the check: POP3 */
	GP_PLACE_BEFORE_LOGIN           /* before the password was looked at */
};

struct gp_poll_facts {
	enum gp_poll_place place;
	enum gp_check check;
	const struct gp_poll_terms *terms;      /* NULL: those of section poll */
	bool history_known;             /* false: the store is silent */
	struct gp_poll_history history; /* only if known */
	bool can_absorb;                /* the session remembers a fresh answer */
	int64_t told_msecs;             /* and how long ago it was told that */
	bool was_delayed;               /* this very check has waited already */
	bool is_full;                   /* so many wait that no more may */
};

#endif
