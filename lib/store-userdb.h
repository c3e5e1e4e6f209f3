/* SPDX-License-Identifier: MIT */
/*
 * This module packs what Dovecot's userdb says of a user into one number, which Redis
 * keeps for gatepost-authpolicy: that has to judge before there is a userdb.
 */
#ifndef GP_STORE_USERDB_H
#define GP_STORE_USERDB_H

#include <stdbool.h>
#include <stdint.h>

#include "settings.h"

#define GP_STORE_USERDB_NOTHING 0u
#define GP_STORE_USERDB_UNKNOWN UINT32_MAX         /* there was no userdb to ask */

/* own may be NULL: it says nothing.  Of ladders only that there are some. */
uint32_t gp_store_userdb_pack(const struct gp_poll_override *own);

/* False, with *own_r untouched, if it says nothing.  A ladder for logins has no steps:
   whoever has ladders of their own is not held by others. */
bool gp_store_userdb_unpack(uint32_t packed, struct gp_poll_override *own_r);

#endif
