/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in network-text.h.  inet_pton() is as strict as we
 * want to be: no "192.0.2.07", no "10.1", no zone, no blanks.
 */
#include "network-text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { V4_PREFIX_BITS = 96, V6_PREFIX_BITS = 128 };

static const unsigned char v4_prefix[12] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
};

static void set_v4(struct gp_ip *ip, const void *address)
{
	memcpy(ip->bytes, v4_prefix, sizeof(v4_prefix));
	memcpy(ip->bytes + sizeof(v4_prefix), address, 4);
	ip->is_known = true;
}

static void set_v6(struct gp_ip *ip, const void *address)
{
	memcpy(ip->bytes, address, sizeof(ip->bytes));
	ip->is_known = true;
}

int gp_ip_parse(const char *text, struct gp_ip *ip_r, struct gp_error *err)
{
	static const char tag[] = "IPv6:";
	const bool has_tag = strncasecmp(text, tag, sizeof(tag) - 1) == 0;
	unsigned char address[16];

	if (inet_pton(AF_INET, text, address) == 1)
		set_v4(ip_r, address);
	else if (inet_pton(AF_INET6, has_tag ? text + sizeof(tag) - 1 : text,
			   address) == 1)
		set_v6(ip_r, address);
	else
		return gp_error_set(err, "'%.80s' is not an IP address", text);
	return 0;
}

void gp_ip_from_sockaddr(const struct sockaddr *address, struct gp_ip *ip_r)
{
	memset(ip_r, 0, sizeof(*ip_r));
	if (address == NULL)
		return;
	if (address->sa_family == AF_INET) {
		struct sockaddr_in v4;

		memcpy(&v4, address, sizeof(v4));
		set_v4(ip_r, &v4.sin_addr);
	} else if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;

		memcpy(&v6, address, sizeof(v6));
		set_v6(ip_r, &v6.sin6_addr);
	}
}

/* Digits alone, as people write them: no sign, no blank, no "08". */
static bool parse_bits(const char *text, unsigned int max, unsigned int *bits_r)
{
	unsigned int bits = 0;
	size_t length = strspn(text, "0123456789");

	if (length == 0 || length > 3 || text[length] != '\0' ||
	    (length > 1 && text[0] == '0'))
		return false;
	for (const char *p = text; *p != '\0'; p++)
		bits = bits * 10 + (unsigned int)(*p - '0');
	if (bits > max)
		return false;
	*bits_r = bits;
	return true;
}

/* The block must be what it says, or the administrator meant something else. */
static int check_network(const char *text, const struct gp_ip *ip,
			 const struct gp_network *network, struct gp_error *err)
{
	const struct gp_ip any_v4 = {
		.is_known = true, .bytes = { [10] = 0xff, [11] = 0xff }
	};
	char block[GP_IP_TEXT_BYTES];

	/* "::/64" looks like a small IPv6 network, and would trust the whole
	   of IPv4, which is kept in its mapped form inside it. */
	if (network->prefix_bits < V4_PREFIX_BITS &&
	    gp_network_contains(network, &any_v4))
		return gp_error_set(err, "'%.80s' would hold every IPv4 address "
				    "as well (::ffff:0:0/96); write a narrower "
				    "network, such as 2001:db8::/32", text);
	if (memcmp(ip->bytes, network->base, sizeof(network->base)) != 0)
		return gp_error_set(err, "'%.80s' has bits set behind the "
				    "network; did you mean %s?", text,
				    gp_network_format(network, block));
	return 0;
}

int gp_network_parse(const char *text, struct gp_network *network_r,
		     struct gp_error *err)
{
	const char *slash = strchr(text, '/');
	char address[GP_IP_TEXT_BYTES];
	size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
	unsigned int bits = V6_PREFIX_BITS;
	struct gp_network network;
	struct gp_ip ip;
	bool is_v4_text;

	if (length >= sizeof(address))
		return gp_error_set(err, "'%.80s' is not an IP address", text);
	memcpy(address, text, length);
	address[length] = '\0';
	if (gp_ip_parse(address, &ip, err) < 0)
		return -1;
	is_v4_text = strchr(address, ':') == NULL;
	if (slash != NULL) {
		unsigned int max = is_v4_text ? 32 : V6_PREFIX_BITS;

		if (!parse_bits(slash + 1, max, &bits))
			return gp_error_set(err, "'%.80s': the bits after '/' are "
					    "a number from 0 to %u", text, max);
		if (is_v4_text)
			bits += V4_PREFIX_BITS;
	}
	gp_network_around(&ip, bits, &network);
	if (check_network(text, &ip, &network, err) < 0)
		return -1;
	*network_r = network;
	return 0;
}

const char *gp_ip_format(const struct gp_ip *ip, char buffer[GP_IP_TEXT_BYTES])
{
	const bool is_v4 = gp_ip_is_v4(ip);
	const unsigned char *bytes = is_v4 ? ip->bytes + sizeof(v4_prefix)
					   : ip->bytes;

	if (!ip->is_known || inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes, buffer,
				       GP_IP_TEXT_BYTES) == NULL)
		memcpy(buffer, "-", sizeof("-"));
	return buffer;
}

const char *gp_network_format(const struct gp_network *network,
			      char buffer[GP_IP_TEXT_BYTES])
{
	struct gp_ip ip = { .is_known = true };
	unsigned int bits = network->prefix_bits;
	size_t length;

	memcpy(ip.bytes, network->base, sizeof(ip.bytes));
	if (bits >= V4_PREFIX_BITS && gp_ip_is_v4(&ip))
		bits -= V4_PREFIX_BITS;
	length = strlen(gp_ip_format(&ip, buffer));
	(void)snprintf(buffer + length, GP_IP_TEXT_BYTES - length, "/%u", bits);
	return buffer;
}
