/* SPDX-License-Identifier: MIT */
/*
 * This module names a user's mail programs and the users themselves, the same
 * in every part: "imap/192.0.2.7/Thunderbird", "pop3/2001:db8:1:2::/64".
 */
#ifndef GP_PROGRAM_H
#define GP_PROGRAM_H

#include <stdbool.h>

#include "network.h"
#include "settings.h"

enum { GP_PROGRAM_BYTES = 160, GP_PROGRAM_ID_BYTES = 64, GP_PROGRAM_SELF_BYTES = 96 };

/* What a program says of itself by IMAP ID, cut to fit; "" for what it does not. */
struct gp_program_id {
	char name[GP_PROGRAM_ID_BYTES], version[GP_PROGRAM_ID_BYTES],
		os[GP_PROGRAM_ID_BYTES];
};

/* Writes protocol/address[/name].  An IPv6 address stands for its /64 (RFC 4291:
   one link, one household).  name is what IMAP ID gave (RFC 2971), NULL if
   nothing; bytes outside [A-Za-z0-9._+-] become '_', and it is cut at 32 bytes.
   Returns buffer. */
const char *gp_program_name(const char *protocol, const struct gp_ip *ip,
			    const char *name, char buffer[GP_PROGRAM_BYTES]);

/* The same by what poll.program says: without the name, or with "-" for the address
   of a program that has a name. */
const char *gp_program_key(enum gp_program_key key, const char *protocol,
			   const struct gp_ip *ip, const char *name,
			   char buffer[GP_PROGRAM_BYTES]);

/* The address in a program's name; unknown if there is none. */
struct gp_ip gp_program_ip(const char *program);

/* Finds the value of "name" in an ID as Dovecot hands it on: quoted strings and
   NIL in pairs, "name" "Thunderbird" "os" NIL.  False, with name untouched, if there
   is none, or what comes before it is not of that form.  It is cut to fit. */
bool gp_program_name_in_id(const char *id, char name[GP_PROGRAM_ID_BYTES]);

/* The same for all three; "" for what is not there. */
void gp_program_id_read(const char *id, struct gp_program_id *id_r);

/* "Thunderbird 140.0 Linux", at most 32 bytes of the name, 28 of the others; as the
   program has it, so to be escaped.  Returns buffer, "" if there is no name, or
   nothing but a name, which is known already. */
const char *gp_program_self(const struct gp_program_id *id,
			    char buffer[GP_PROGRAM_SELF_BYTES]);

#endif
