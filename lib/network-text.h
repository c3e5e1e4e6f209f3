/* SPDX-License-Identifier: MIT */
/*
 * This module turns text and socket addresses into struct gp_ip and struct
 * gp_network, and back into text, through the C library's inet_pton().
 */
#ifndef GP_NETWORK_TEXT_H
#define GP_NETWORK_TEXT_H

#include "error.h"
#include "network.h"

struct sockaddr;

enum { GP_IP_TEXT_BYTES = 64 };

/* "192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7", also with the "IPv6:" tag of
   RFC 5321 section 4.1.3.  0, or -1 with *err filled and *ip_r untouched. */
int gp_ip_parse(const char *text, struct gp_ip *ip_r, struct gp_error *err);

/* AF_INET and AF_INET6; anything else, or NULL, gives is_known = false. */
void gp_ip_from_sockaddr(const struct sockaddr *address, struct gp_ip *ip_r);

/* An address alone, or ADDRESS/BITS.  Host bits that are not zero are an
   error: "10.1.2.3/8" is more often a mistake than a wish.
   0, or -1 with *err filled and *network_r untouched. */
int gp_network_parse(const char *text, struct gp_network *network_r,
		     struct gp_error *err);

/* Writes the usual text form (IPv4 without ::ffff:), "-" when unknown.
   Returns buffer. */
const char *gp_ip_format(const struct gp_ip *ip, char buffer[GP_IP_TEXT_BYTES]);

/* ADDRESS/BITS with the bits as people count them (IPv4: 0..32). */
const char *gp_network_format(const struct gp_network *network,
			      char buffer[GP_IP_TEXT_BYTES]);

#endif
