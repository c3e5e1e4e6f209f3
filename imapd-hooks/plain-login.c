/* SPDX-License-Identifier: MIT */
/* This module is documented in plain-login.h. */
#include "plain-login.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_MSECS = 50, TEXTS = 3, HAS_TLS = 1, IS_POP3 = 2 };

/* The last byte is the version of what follows. */
static const char mark[4] = { 'g', 'p', 'l', '\2' };

/* What stands before the texts. */
struct head {
	char mark[sizeof(mark)];
	unsigned char flags;
	unsigned char port[2];
	unsigned char ip[16];
};

const char *gp_plain_login_path(void)
{
	const char *path = getenv("GATEPOST_LOGINS_SOCKET");

	return path != NULL && path[0] != '\0' ? path
					       : "/run/gatepost/logins.sock";
}

size_t gp_plain_login_pack(const struct gp_plain_login *login,
			   char packed_r[GP_PLAIN_LOGIN_BYTES])
{
	const char *const texts[TEXTS] = { login->login, login->id,
					   login->mechanism };
	struct head head = {
		.flags = (login->has_tls ? HAS_TLS : 0) |
			(login->protocol == GP_PROTOCOL_POP3 ? IS_POP3 : 0),
		.port = { (unsigned char)(login->port >> 8),
			  (unsigned char)login->port },
	};
	size_t length = sizeof(head);

	memcpy(head.mark, mark, sizeof(mark));
	memcpy(head.ip, login->ip.bytes, sizeof(head.ip));
	memcpy(packed_r, &head, sizeof(head));
	for (int i = 0; i < TEXTS; i++) {
		const size_t bytes = strlen(texts[i]) + 1;

		if (bytes > GP_PLAIN_LOGIN_BYTES - length)
			return 0;
		memcpy(packed_r + length, texts[i], bytes);
		length += bytes;
	}
	return length;
}

bool gp_plain_login_read(const char *bytes, size_t length,
			 struct gp_plain_login *login_r)
{
	const char *texts[TEXTS], *next = bytes + sizeof(struct head);
	const char *const end = bytes + length;
	struct head head;

	if (length < sizeof(head))
		return false;
	memcpy(&head, bytes, sizeof(head));
	if (memcmp(head.mark, mark, sizeof(mark)) != 0)
		return false;
	for (int i = 0; i < TEXTS; i++) {
		texts[i] = next;
		next = memchr(next, '\0', (size_t)(end - next));
		if (next++ == NULL)
			return false;
	}
	if (next != end)
		return false;
	*login_r = (struct gp_plain_login){
		.protocol = (head.flags & IS_POP3) != 0 ? GP_PROTOCOL_POP3
							: GP_PROTOCOL_IMAP,
		.login = texts[0], .id = texts[1], .mechanism = texts[2],
		.ip.is_known = true,
		.port = (unsigned int)head.port[0] << 8 | head.port[1],
		.has_tls = (head.flags & HAS_TLS) != 0,
	};
	memcpy(login_r->ip.bytes, head.ip, sizeof(head.ip));
	return true;
}

/* --- the plugin's side ------------------------------------------------- */

static int open_connection(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = gp_plain_login_path();
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* An answer that comes after the wait is not read: the connection is closed. */
static bool is_told(int fd, const char *packed, size_t length)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char answer;

	return send(fd, packed, length, MSG_NOSIGNAL) == (ssize_t)length &&
		poll(&poll_fd, 1, ANSWER_MSECS) == 1 &&
		recv(fd, &answer, 1, 0) == 1 && answer == GP_PLAIN_LOGIN_YES;
}

int gp_plain_login_ask(const struct gp_plain_login *login)
{
	char packed[GP_PLAIN_LOGIN_BYTES];
	const size_t length = gp_plain_login_pack(login, packed);
	int fd = length == 0 ? -1 : open_connection();

	if (fd >= 0 && !is_told(fd, packed, length))
		gp_plain_login_end(&fd);
	return fd;
}

bool gp_plain_login_looked(int *fd)
{
	const char looked = GP_PLAIN_LOGIN_LOOKED;
	const bool is_sent = send(*fd, &looked, 1, MSG_NOSIGNAL) == 1;

	gp_plain_login_end(fd);
	return is_sent;
}

void gp_plain_login_end(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}
