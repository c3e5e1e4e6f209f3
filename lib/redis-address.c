/* SPDX-License-Identifier: MIT */
/* This module is documented in redis-address.h. */
#include "redis-address.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BETWEEN ", \t"

int gp_redis_servers_parse(const char *text,
			   struct gp_socket servers_r[GP_REDIS_SERVERS_MAX],
			   struct gp_error *err)
{
	struct gp_socket found[GP_REDIS_SERVERS_MAX];
	char one[GP_SOCKET_TEXT_BYTES];
	int count = 0;

	for (text += strspn(text, BETWEEN); *text != '\0';
	     text += strspn(text, BETWEEN)) {
		const size_t length = strcspn(text, BETWEEN);

		if (length >= sizeof(one))
			return gp_error_set(err, "'%.40s...' is too long for a "
					    "server", text);
		if (count == GP_REDIS_SERVERS_MAX)
			return gp_error_set(err, "more than %d servers; name some "
					    "of them, the others are found",
					    GP_REDIS_SERVERS_MAX);
		memcpy(one, text, length);
		one[length] = '\0';
		if (gp_server_parse(one, &found[count++], err) < 0)
			return -1;
		text += length;
	}
	if (count == 0)
		return gp_error_set(err, "no server is named");
	if (servers_r != NULL)
		memcpy(servers_r, found, (size_t)count * sizeof(*found));
	return count;
}

bool gp_redis_address_read(const char *host, long long port,
			   const struct gp_socket *asked,
			   struct gp_socket *server_r)
{
	char text[GP_SOCKET_TEXT_BYTES];
	struct gp_error ignored;

	if (port < 1 || port > 65535)
		return false;
	if (host[0] == '\0') {
		if (asked->kind == GP_SOCKET_UNIX)
			return false;
		*server_r = *asked;
		server_r->port = (unsigned int)port;
		return true;
	}
	if (strlen(host) >= GP_HOST_BYTES)
		return false;
	(void)snprintf(text, sizeof(text), strchr(host, ':') != NULL
		       ? "[%s]:%lld" : "%s:%lld", host, port);
	return gp_server_parse(text, server_r, &ignored) == 0;
}

/* A decimal number of at most five digits, and nothing else than end after it. */
static bool read_number(const char *text, char end, unsigned int *number_r)
{
	const size_t length = strspn(text, "0123456789");

	if (length < 1 || length > 5 || text[length] != end)
		return false;
	*number_r = (unsigned int)strtoul(text, NULL, 10);
	return true;
}

/* Before Redis 7 a script that was refused said so somewhere in the middle. */
bool gp_redis_is_no_master(const char *error)
{
	return strstr(error, "READONLY ") != NULL ||
		strstr(error, "MASTERDOWN ") != NULL ||
		strncmp(error, "LOADING ", 8) == 0 ||
		strncmp(error, "CLUSTERDOWN ", 12) == 0;
}

enum gp_redis_turn gp_redis_turn_read(const char *error,
				      const struct gp_socket *asked,
				      unsigned int *slot_r,
				      struct gp_socket *server_r)
{
	enum gp_redis_turn turn = GP_REDIS_STAY;
	char host[GP_HOST_BYTES];
	const char *address, *colon;
	unsigned int slot, port;
	size_t length;

	if (strncmp(error, "MOVED ", 6) == 0)
		turn = GP_REDIS_MOVED;
	else if (strncmp(error, "ASK ", 4) == 0)
		turn = GP_REDIS_ASK;
	else
		return GP_REDIS_STAY;
	error += turn == GP_REDIS_MOVED ? 6 : 4;
	if (!read_number(error, ' ', &slot) || slot >= GP_REDIS_SLOTS)
		return GP_REDIS_STAY;
	address = strchr(error, ' ') + 1;
	colon = strrchr(address, ':');          /* IPv6 has no brackets here */
	if (colon == NULL || !read_number(colon + 1, '\0', &port))
		return GP_REDIS_STAY;
	length = (size_t)(colon - address);
	if (length >= sizeof(host))
		return GP_REDIS_STAY;
	memcpy(host, address, length);
	host[length] = '\0';
	if (!gp_redis_address_read(host, port, asked, server_r))
		return GP_REDIS_STAY;
	*slot_r = slot;
	return turn;
}

/* CRC16 as XMODEM has it: polynomial 0x1021, nothing reflected, begins with 0 (Redis
   cluster specification, appendix A). */
static uint16_t crc16(const char *bytes, size_t length)
{
	unsigned int crc = 0;

	for (size_t i = 0; i < length; i++) {
		crc ^= (unsigned int)(unsigned char)bytes[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x11021 : 0);
	}
	return (uint16_t)crc;
}

unsigned int gp_redis_slot(const char *key)
{
	const char *open = strchr(key, '{');
	const char *close = open == NULL ? NULL : strchr(open, '}');

	if (close != NULL && close > open + 1)
		return crc16(open + 1, (size_t)(close - open - 1)) %
			GP_REDIS_SLOTS;
	return crc16(key, strlen(key)) % GP_REDIS_SLOTS;
}

bool gp_redis_address_is_same(const struct gp_socket *a,
			      const struct gp_socket *b)
{
	if ((a->kind == GP_SOCKET_UNIX) != (b->kind == GP_SOCKET_UNIX))
		return false;
	if (a->kind == GP_SOCKET_UNIX)
		return strcmp(a->path, b->path) == 0;
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

const char *gp_redis_address_format(const struct gp_socket *server,
				    char buffer[GP_SOCKET_TEXT_BYTES])
{
	if (server->kind == GP_SOCKET_UNIX)
		(void)snprintf(buffer, GP_SOCKET_TEXT_BYTES, "unix:%s",
			       server->path);
	else
		(void)snprintf(buffer, GP_SOCKET_TEXT_BYTES,
			       strchr(server->host, ':') != NULL
			       ? "[%s]:%u" : "%s:%u", server->host,
			       server->port);
	return buffer;
}
