/* SPDX-License-Identifier: MIT */
/* This module is documented in network.h. */
#include "network.h"

#include <string.h>

static const unsigned char mapped_prefix[12] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
};

bool gp_ip_is_v4(const struct gp_ip *ip)
{
	return ip->is_known &&
		memcmp(ip->bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

void gp_network_around(const struct gp_ip *ip, unsigned int prefix_bits,
		       struct gp_network *network_r)
{
	network_r->prefix_bits = prefix_bits;
	for (unsigned int i = 0; i < sizeof(network_r->base); i++) {
		unsigned int bits = prefix_bits > i * 8 ? prefix_bits - i * 8 : 0;
		unsigned int mask = bits >= 8 ? 0xff : (0xff00u >> bits) & 0xff;

		network_r->base[i] = (unsigned char)(ip->bytes[i] & mask);
	}
}

bool gp_network_contains(const struct gp_network *network,
			 const struct gp_ip *ip)
{
	struct gp_network around;

	if (!ip->is_known)
		return false;
	gp_network_around(ip, network->prefix_bits, &around);
	return memcmp(around.base, network->base, sizeof(around.base)) == 0;
}

bool gp_network_list_contains(const struct gp_network_list *list,
			      const struct gp_ip *ip)
{
	for (size_t i = 0; i < list->count; i++)
		if (gp_network_contains(&list->items[i], ip))
			return true;
	return false;
}
