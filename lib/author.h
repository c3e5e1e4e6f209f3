/* SPDX-License-Identifier: MIT */
/*
 * This module reads the headers that name a message's author (From, Sender,
 * Reply-To, Resent-From, Resent-Sender; RFC 5322 sections 3.6.2 and 3.6.6) into
 * facts.  It never repairs: what two programs could read differently, or what
 * shows people another address than it holds, is trouble.  Each value is read
 * twice, strictly (mailbox.h) and by GMime, and both must agree.
 */
#ifndef GP_AUTHOR_H
#define GP_AUTHOR_H

#include <stdbool.h>

#include "facts.h"
#include "pool.h"

/* The field of a header name, without regard to case and to blanks behind it
   ("From :"); false for any other header. */
bool gp_author_field_from_name(const char *name, enum gp_author_field *field_r);

/* "From", "Reply-To" */
const char *gp_author_field_name(enum gp_author_field field);

/*
 * Adds one header line, its value folded or not, to what the lines before it
 * said.  Addresses go to the pool, their domains as A-labels where they were
 * written in Unicode.  Safe in any thread.
 *
 * The words of trouble: "control" (a byte that no header may have), "utf-8",
 * "too-long", "too-many", "empty", "bare" (a name without a domain), "group",
 * "route", "syntax", "encoded-address", "address-in-name", "bidi" (text that
 * turns direction), "disagreement".
 */
void gp_author_add(struct gp_pool *pool, const char *value,
		   struct gp_author_facts *author);

#endif
