/* SPDX-License-Identifier: MIT */
/*
 * This module judges lists of networks as Postfix, Sendmail and Dovecot write
 * them: how many strangers does a list let in?
 */
#ifndef GP_SITE_NETWORK_H
#define GP_SITE_NETWORK_H

#include <stdbool.h>

#include "pool.h"

enum gp_site_width {
	GP_SITE_NETWORK_NARROW,
	GP_SITE_NETWORK_BROAD,  /* public: IPv4 /16 to /23, IPv6 /32 to /47 */
	GP_SITE_NETWORK_WIDE    /* wider than that, or everybody */
};

struct gp_site_networks {
	enum gp_site_width width;       /* of the widest item */
	const char *widest;             /* that item, NULL if there is none */
	bool is_loopback_only;          /* true for an empty list */
	bool is_known;                  /* no table that cannot be looked into */
};

/* Items: addresses, ADDRESS/BITS with or without brackets, "!" before what is
   left out, /FILE and cidr:/FILE (read), static:x (everybody).  Addresses for
   private use and loopback are narrow whatever their size. */
void gp_site_networks_judge(struct gp_pool *pool, const char *list,
			    struct gp_site_networks *networks_r);

#endif
