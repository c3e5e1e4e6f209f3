/* SPDX-License-Identifier: MIT */
/* This module judges lists of networks. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"
#include "site-network.h"
#include "site-run.h"

enum { DEPTH_MOST = 4, V4_BITS = 96 };

struct block {
	const char *address;
	unsigned int bits;      /* in the mapped form */
};

static const struct block loopback[] = {
	{ "::ffff:127.0.0.0", V4_BITS + 8 }, { "::1", 128 }, { NULL, 0 },
};

/* RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291, and the block for
   documentation of RFC 3849, which nobody has. */
static const struct block private_use[] = {
	{ "::ffff:10.0.0.0", V4_BITS + 8 }, { "::ffff:172.16.0.0", V4_BITS + 12 },
	{ "::ffff:192.168.0.0", V4_BITS + 16 },
	{ "::ffff:100.64.0.0", V4_BITS + 10 },
	{ "::ffff:169.254.0.0", V4_BITS + 16 },
	{ "fc00::", 7 }, { "fe80::", 10 }, { "2001:db8::", 32 },
	{ NULL, 0 },
};

static bool is_within(const struct block *blocks, const struct gp_ip *ip,
		      unsigned int bits)
{
	for (; blocks->address != NULL; blocks++) {
		struct gp_ip base = { .is_known = true };
		struct gp_network network;

		(void)inet_pton(AF_INET6, blocks->address, base.bytes);
		gp_network_around(&base, blocks->bits, &network);
		if (bits >= blocks->bits && gp_network_contains(&network, ip))
			return true;
	}
	return false;
}

/* Unlike gp_network_parse() this takes what the MTAs take: brackets, and host
   bits that are set. */
static bool parse(struct gp_pool *pool, const char *word, struct gp_ip *ip_r,
		  unsigned int *bits_r)
{
	char *copy = gp_pool_strdup(pool, word), *slash, *address = copy, *end;
	struct in_addr v4;
	unsigned long bits;

	if (*address == '[') {
		address++;
		end = strchr(address, ']');
		if (end == NULL)
			return false;
		memmove(end, end + 1, strlen(end));
	}
	slash = strchr(address, '/');
	if (slash != NULL)
		*slash++ = '\0';
	memset(ip_r, 0, sizeof(*ip_r));
	ip_r->is_known = true;
	if (inet_pton(AF_INET, address, &v4) == 1) {
		ip_r->bytes[10] = ip_r->bytes[11] = 0xff;
		memcpy(ip_r->bytes + 12, &v4, sizeof(v4));
		bits = slash == NULL ? 32 : strtoul(slash, NULL, 10);
		*bits_r = V4_BITS + (unsigned int)(bits > 32 ? 32 : bits);
		return true;
	}
	if (inet_pton(AF_INET6, address, ip_r->bytes) != 1)
		return false;
	bits = slash == NULL ? 128 : strtoul(slash, NULL, 10);
	*bits_r = (unsigned int)(bits > 128 ? 128 : bits);
	return true;
}

static enum gp_site_width width_of(const struct gp_ip *ip, unsigned int bits)
{
	bool is_v4 = bits >= V4_BITS && gp_ip_is_v4(ip);

	if (is_within(loopback, ip, bits) || is_within(private_use, ip, bits))
		return GP_SITE_NETWORK_NARROW;
	if (bits < (is_v4 ? V4_BITS + 16 : 32))
		return GP_SITE_NETWORK_WIDE;
	return bits < (is_v4 ? V4_BITS + 24 : 48) ? GP_SITE_NETWORK_BROAD
						  : GP_SITE_NETWORK_NARROW;
}

static void note(struct gp_site_networks *networks, const char *word,
		 enum gp_site_width width)
{
	if (networks->widest != NULL && width <= networks->width)
		return;
	networks->width = width;
	networks->widest = word;
}

static void judge_list(struct gp_pool *pool, const char *list, int depth,
		       struct gp_site_networks *networks);

/* The first word of each line, as in cidr_table(5). */
static void judge_file(struct gp_pool *pool, const char *path, int depth,
		       struct gp_site_networks *networks)
{
	const char *text = depth < DEPTH_MOST ? gp_site_read_file(pool, path)
					      : NULL;

	networks->is_loopback_only = networks->is_loopback_only && text != NULL;
	networks->is_known = networks->is_known && text != NULL;
	while (text != NULL && *text != '\0') {
		const char *line = text;
		size_t length = strcspn(line, " \t\r\n");

		text += strcspn(text, "\n");
		text += *text == '\n';
		if (length > 0 && *line != '#')
			judge_list(pool, gp_pool_strndup(pool, line, length),
				   depth + 1, networks);
	}
}

static void judge_word(struct gp_pool *pool, const char *word, int depth,
		       struct gp_site_networks *networks)
{
	struct gp_ip ip;
	unsigned int bits;

	if (*word == '!')
		return;
	if (parse(pool, word, &ip, &bits)) {
		if (!is_within(loopback, &ip, bits))
			networks->is_loopback_only = false;
		note(networks, word, width_of(&ip, bits));
	} else if (*word == '/') {
		judge_file(pool, word, depth, networks);
	} else if (strncmp(word, "cidr:/", 6) == 0) {
		judge_file(pool, word + 5, depth, networks);
	} else {
		networks->is_loopback_only = false;
		networks->is_known = false;
		if (strncmp(word, "static:", 7) == 0)
			note(networks, word, GP_SITE_NETWORK_WIDE);
	}
}

static void judge_list(struct gp_pool *pool, const char *list, int depth,
		       struct gp_site_networks *networks)
{
	const char *word;

	while ((word = gp_site_next_word(pool, &list)) != NULL)
		judge_word(pool, word, depth, networks);
}

void gp_site_networks_judge(struct gp_pool *pool, const char *list,
			    struct gp_site_networks *networks_r)
{
	const struct gp_site_networks empty = {
		.is_loopback_only = true, .is_known = true
	};

	*networks_r = empty;
	judge_list(pool, list, 0, networks_r);
}
