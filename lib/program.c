/* SPDX-License-Identifier: MIT */
/* This module is documented in program.h. */
#include "program.h"

#include <stdio.h>
#include <string.h>

#include "network-text.h"

enum { NAME_BYTES = 32, V6_BITS = 64 };

static bool is_plain(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		(byte >= '0' && byte <= '9') ||
		(byte != '\0' && strchr("._+-", byte) != NULL);
}

const char *gp_program_name(const char *protocol, const struct gp_ip *ip,
			    const char *name, char buffer[GP_PROGRAM_BYTES])
{
	char address[GP_IP_TEXT_BYTES];
	struct gp_network network;
	size_t length;

	if (ip->is_known && !gp_ip_is_v4(ip)) {
		gp_network_around(ip, V6_BITS, &network);
		(void)gp_network_format(&network, address);
	} else {
		(void)gp_ip_format(ip, address);
	}
	length = (size_t)snprintf(buffer, GP_PROGRAM_BYTES, "%.16s/%s", protocol,
				  address);
	if (name == NULL || *name == '\0')
		return buffer;
	buffer[length++] = '/';
	for (int i = 0; i < NAME_BYTES && name[i] != '\0'; i++)
		buffer[length++] = is_plain(name[i]) ? name[i] : '_';
	buffer[length] = '\0';
	return buffer;
}
