/* SPDX-License-Identifier: MIT */
/*
 * This module reads the path of a RCPT command as RFC 5321 section 4.1.2 spells
 * it and finds out to which domains it could lead.  Core: it works in place on
 * (pointer, length), allocates nothing and knows no MTA.
 *
 * MTAs do more with an address than the standard says: "user%other@here",
 * "other!user@here" and "\"user@other\"@here" have all been relayed.  So an
 * address is local only if each reading of it is.
 */
#ifndef GP_ADDRESS_H
#define GP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

struct gp_str_list {
	char **items;
	size_t count;
};

enum gp_address_kind {
	GP_ADDRESS_INVALID,     /* not a path; nothing may be concluded */
	GP_ADDRESS_NULL,        /* <> */
	GP_ADDRESS_POSTMASTER,  /* <postmaster> without a domain, section 4.5.1 */
	GP_ADDRESS_BARE,        /* a local part alone: the MTA adds a domain */
	GP_ADDRESS_MAILBOX      /* local-part@domain or local-part@[literal] */
};

/* Slices of the text that was parsed; not terminated. */
struct gp_address {
	enum gp_address_kind kind;
	const char *local_part;      /* as written, with its quotes */
	size_t local_part_length;
	bool local_part_is_quoted;
	const char *domain;          /* without one trailing dot; with [ ] */
	size_t domain_length;
	bool domain_is_literal;
	bool has_route;              /* <@a,@b:user@c>: the route is ignored */
};

/*
 * Parses a path as it stands in the command: with or without angle brackets,
 * with or without a source route.  UTF-8 is taken in local part and domain
 * (RFC 6531) when it is well formed.  Never fails: what is not a path has the
 * kind GP_ADDRESS_INVALID.
 */
void gp_address_parse(const char *path, struct gp_address *address_r);

/* Is the domain in the list?  ASCII case does not matter, nor does one
   trailing dot.  An item ".example.test" stands for every name below it. */
bool gp_domain_list_contains(const struct gp_str_list *domains,
			     const char *domain, size_t length);

enum gp_address_reach {
	GP_REACH_LOCAL,         /* each reading ends in one of the domains */
	GP_REACH_FOREIGN,       /* some reading ends elsewhere */
	GP_REACH_UNQUALIFIED,   /* a bare name: ask what the MTA made of it */
	GP_REACH_UNKNOWN        /* cannot be read: treat as foreign */
};

enum gp_address_reach gp_address_reach(const struct gp_address *address,
				       const struct gp_str_list *domains);

#endif
