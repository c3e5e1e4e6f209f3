/* SPDX-License-Identifier: MIT */
/* This module looks up the address of a host, and waits no longer than a deadline: the
   resolver by itself waits for many seconds when a name server is silent. */
#ifndef GP_RESOLVE_H
#define GP_RESOLVE_H

#include <netinet/in.h>
#include <stdint.h>

#include "error.h"

/* The first IPv4 address, or without one the first of IPv6, as numbers; an address is
   its own.  deadline_msecs is on the monotonic clock.  0, or -1 with *err filled. */
int gp_resolve(const char *host, int64_t deadline_msecs,
	       char address_r[INET6_ADDRSTRLEN], struct gp_error *err);

#endif
