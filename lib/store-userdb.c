/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in store-userdb.h.  The lowest 24 bits are the interval in
 * seconds, 0 for none; then one for the ladder; above it the mode with 1 added.
 */
#include "store-userdb.h"

#include <string.h>

enum { INTERVAL_BITS = 24, MODE_BIT = 25 };
enum { INTERVAL_MAX = (1 << INTERVAL_BITS) - 1 };

uint32_t gp_store_userdb_pack(const struct gp_poll_override *own)
{
	uint32_t packed = GP_STORE_USERDB_NOTHING;

	if (own == NULL)
		return packed;
	if (own->names_interval && own->interval_secs <= INTERVAL_MAX)
		packed = own->interval_secs;
	if (own->names_ladder || own->names_login_ladder)
		packed |= (uint32_t)1 << INTERVAL_BITS;
	if (own->names_mode)
		packed |= ((uint32_t)own->mode + 1) << MODE_BIT;
	return packed;
}

bool gp_store_userdb_unpack(uint32_t packed, struct gp_poll_override *own_r)
{
	const uint32_t mode = packed >> MODE_BIT;

	if (packed == GP_STORE_USERDB_NOTHING || mode > GP_MODE_ENFORCE + 1)
		return false;
	memset(own_r, 0, sizeof(*own_r));
	own_r->interval_secs = packed & INTERVAL_MAX;
	own_r->names_interval = own_r->interval_secs > 0;
	own_r->names_login_ladder = (packed >> INTERVAL_BITS & 1) != 0;
	own_r->names_mode = mode > 0;
	if (own_r->names_mode)
		own_r->mode = (enum gp_mode)(mode - 1);
	return true;
}
