/* SPDX-License-Identifier: MIT */
/*
 * This module reads the list of mailboxes of a header such as From, strictly as
 * RFC 5322 section 3.4 spells it today, without its obsolete forms: what it
 * takes, every program reads alike.  It works on slices of the unfolded value.
 */
#ifndef GP_MAILBOX_H
#define GP_MAILBOX_H

#include <stddef.h>

struct gp_slice {
	const char *at, *end;
};

struct gp_mailbox {
	struct gp_slice address;        /* local-part@domain as written */
	struct gp_slice words;          /* what else stands there: the name before
	                                   it with quotes and comments */
	struct gp_slice rest;           /* comments behind it */
};

/*
 * Takes the next mailbox from the front of *text.  Returns NULL, and text->at
 * at the next one or at the end; or a static word that says what is wrong:
 * "group", "bare", "route", "syntax", "empty".
 */
const char *gp_mailbox_next(struct gp_slice *text, struct gp_mailbox *mailbox_r);

#endif
