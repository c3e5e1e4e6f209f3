/* SPDX-License-Identifier: MIT */
/*
 * This module compares network addresses with CIDR blocks (RFC 4632, RFC 4291).
 * Core: it parses and prints nothing (network-text.h does) and knows no socket.
 *
 * An IPv4 address is kept in its IPv4-mapped form (::ffff:192.0.2.7), so that
 * both spellings of one address compare equal.
 */
#ifndef GP_NETWORK_H
#define GP_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

struct gp_ip {
	bool is_known;               /* false: the MTA did not say */
	unsigned char bytes[16];     /* network order */
};

struct gp_network {
	unsigned char base[16];      /* host bits are zero */
	unsigned int prefix_bits;    /* 0..128, counted in the mapped form */
};

struct gp_network_list {
	struct gp_network *items;
	size_t count;
};

bool gp_ip_is_v4(const struct gp_ip *ip);

/* The network of prefix_bits (mapped form) around an address. */
void gp_network_around(const struct gp_ip *ip, unsigned int prefix_bits,
		       struct gp_network *network_r);

/* False for an unknown address: nobody is trusted for lack of a fact. */
bool gp_network_contains(const struct gp_network *network,
			 const struct gp_ip *ip);
bool gp_network_list_contains(const struct gp_network_list *list,
			      const struct gp_ip *ip);

#endif
