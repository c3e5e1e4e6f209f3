/* SPDX-License-Identifier: MIT */
/*
 * This module replaces what is personal in Redis and in the journal, where
 * privacy.pseudonyms says so: user names, client addresses, mail addresses, and
 * Dovecot's session names, which hold the client's address.  Whoever has the secret
 * can find the pseudonym of a name, and nobody the name of a pseudonym but by trying.
 *
 * A pseudonym is a letter for what it stands for and 80 bits of an HMAC-SHA256: of ten
 * million users the chance that any two share one is 1 in 24,000 million, and 16
 * letters are still read and copied by people.
 */
#ifndef GP_PSEUDONYM_H
#define GP_PSEUDONYM_H

#include "error.h"
#include "program.h"
#include "settings.h"

struct gp_pseudonyms;

enum gp_pseudonym_kind {
	GP_PSEUDONYM_USER = 'u',        /* a person, gp_login_normalise() */
	GP_PSEUDONYM_CLIENT = 'a',
	GP_PSEUDONYM_MAIL = 'm',
	GP_PSEUDONYM_SESSION = 's'
};

/* "u-" and 16 of a to z and 2 to 7 (RFC 4648, base32), and NUL. */
enum { GP_PSEUDONYM_BYTES = 19 };

/*
 * Reads the secret.  0, with NULL in *pseudonyms_r where pseudonyms are not wanted;
 * or -1 with *err filled ("FILE:LINE: ..." of the setting, and what to do) and
 * *pseudonyms_r untouched.
 */
int gp_pseudonyms_open(const struct gp_settings *settings,
		       struct gp_pseudonyms **pseudonyms_r,
		       struct gp_error *err);

/* For those who review: what has the form of a pseudonym of that kind stays. */
void gp_pseudonyms_accept(struct gp_pseudonyms *pseudonyms);

/* Accepts NULL, leaves NULL. */
void gp_pseudonyms_close(struct gp_pseudonyms **pseudonyms);

/* Any thread may call these.  With NULL for pseudonyms, and for NULL and "-", they
   return the text itself; else buffer. */
const char *gp_pseudonym(const struct gp_pseudonyms *pseudonyms,
			 enum gp_pseudonym_kind kind, const char *text,
			 char buffer[GP_PSEUDONYM_BYTES]);

/* The same for the address in the name of a program (program.h). */
const char *gp_pseudonym_program(const struct gp_pseudonyms *pseudonyms,
				 const char *program,
				 char buffer[GP_PROGRAM_BYTES]);

#endif
