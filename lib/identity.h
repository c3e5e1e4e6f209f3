/* SPDX-License-Identifier: MIT */
/*
 * This module answers whether an address belongs to a person: by name in one of
 * the identity domains, by the alias file, or because the person may send as
 * anyone.  Core.
 */
#ifndef GP_IDENTITY_H
#define GP_IDENTITY_H

#include <stdbool.h>

#include "address.h"
#include "settings.h"

/* The domains in which a login owns the address of its name. */
const struct gp_str_list *gp_identity_domains(const struct gp_settings *settings);

/* Does the person (gp_login_normalise()) own the address?  False for whatever is
   not a plain mailbox: a route, a bare name, a local part that could lead to
   somebody else. */
bool gp_identity_owns(const struct gp_settings *settings, const char *identity,
		      const struct gp_address *address);

/* Room that gp_identity_primary() needs. */
size_t gp_identity_primary_bytes(const struct gp_settings *settings,
				 const char *identity);

/* The person's first address, written to address_r and returned: the name in the
   first identity domain, or a login that is an address itself.  NULL if that is
   no address the person owns. */
const char *gp_identity_primary(const struct gp_settings *settings,
				const char *identity, char *address_r);

/* Is it an address in one of our own domains, so that only a person of ours can
   own it? */
bool gp_identity_is_ours(const struct gp_settings *settings,
			 const struct gp_address *address);

#endif
