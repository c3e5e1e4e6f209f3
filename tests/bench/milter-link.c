/* SPDX-License-Identifier: MIT */
/* This module is documented in milter-link.h. */
#include "milter-link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void die(const char *what)
{
	(void)fprintf(stderr, "milter-load: %s: %s\n", what,
		      errno != 0 ? strerror(errno) : "protocol error");
	exit(2);
}

static int connect_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		die(path);
	(void)strcpy(address.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address,
			      sizeof(address)) < 0)
		die(path);
	return fd;
}

/* PORT@HOST, as libmilter spells it */
static int connect_inet(const char *text)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	const char *at = strchr(text, '@');
	char port[16];
	int fd;

	if (at == NULL || (size_t)(at - text) >= sizeof(port))
		die(text);
	memcpy(port, text, (size_t)(at - text));
	port[at - text] = '\0';
	if (getaddrinfo(at + 1, port, &hints, &found) != 0)
		die(text);
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) < 0)
		die(text);
	freeaddrinfo(found);
	return fd;
}

static int connect_milter(const char *where)
{
	if (strncmp(where, "unix:", 5) == 0)
		return connect_unix(where + 5);
	if (strncmp(where, "inet:", 5) == 0)
		return connect_inet(where + 5);
	errno = EINVAL;
	die(where);
}

void link_flush(struct link *link)
{
	size_t done = 0;

	while (done < link->out_length) {
		ssize_t length = send(link->fd, link->out + done,
				      link->out_length - done, MSG_NOSIGNAL);

		if (length < 0)
			die("send");
		done += (size_t)length;
	}
	link->out_length = 0;
}

void link_put(struct link *link, char command, const void *data, size_t length)
{
	uint32_t size = htonl((uint32_t)length + 1);

	if (link->out_length + length + 5 > sizeof(link->out))
		link_flush(link);
	memcpy(link->out + link->out_length, &size, 4);
	link->out[link->out_length + 4] = (unsigned char)command;
	memcpy(link->out + link->out_length + 5, data, length);
	link->out_length += length + 5;
}

static void read_bytes(struct link *link, void *buffer, size_t length)
{
	errno = 0;
	if (recv(link->fd, buffer, length, MSG_WAITALL) != (ssize_t)length)
		die("recv");
}

static char read_packet(struct link *link)
{
	unsigned char head[5];
	uint32_t size;

	read_bytes(link, head, sizeof(head));
	memcpy(&size, head, 4);
	size = ntohl(size);
	if (size == 0 || size >= sizeof(link->in))
		die("the length of a packet");
	link->in_length = size - 1;
	if (link->in_length > 0)
		read_bytes(link, link->in, link->in_length);
	link->in[link->in_length] = '\0';
	return (char)head[4];
}

char link_read(struct link *link)
{
	static const char no_answers[] = {
		SMFIR_PROGRESS, SMFIR_ADDHEADER, SMFIR_INSHEADER, SMFIR_CHGHEADER,
		SMFIR_CHGFROM, SMFIR_ADDRCPT, SMFIR_ADDRCPT_PAR, SMFIR_DELRCPT,
		SMFIR_REPLBODY, SMFIR_QUARANTINE,
	};
	char answer;

	link_flush(link);
	do
		answer = read_packet(link);
	while (memchr(no_answers, answer, sizeof(no_answers)) != NULL);
	return answer;
}

/* --- negotiation and macros --- */

/* What Postfix 3.7 sends to a milter that asks for nothing. */
static const char *const default_macros[LINK_STAGES] = {
	[SMFIM_CONNECT] = "j {daemon_name} {daemon_addr} v _",
	[SMFIM_HELO] = "{tls_version} {cipher} {cipher_bits}",
	[SMFIM_ENVFROM] = "i {auth_type} {auth_authen} {mail_addr} {mail_host} {mail_mailer}",
	[SMFIM_ENVRCPT] = "i {rcpt_addr} {rcpt_host} {rcpt_mailer}",
	[SMFIM_DATA] = "i",
	[SMFIM_EOM] = "i",
	[SMFIM_EOH] = "i",
};

static void read_macro_lists(struct link *link)
{
	size_t at = 3 * sizeof(uint32_t);

	while (at + sizeof(uint32_t) < link->in_length) {
		uint32_t stage;
		const char *names;

		memcpy(&stage, link->in + at, sizeof(stage));
		stage = ntohl(stage);
		names = (const char *)link->in + at + sizeof(stage);
		if (stage >= LINK_STAGES ||
		    strlen(names) >= sizeof(link->macro_names[stage]))
			die("the list of macros");
		(void)strcpy(link->macro_names[stage], names);
		at += sizeof(stage) + strlen(names) + 1;
	}
}

static void negotiate(struct link *link)
{
	uint32_t words[3] = { htonl(SMFI_PROT_VERSION), htonl(SMFI_CURR_ACTS),
			      htonl(SMFI_CURR_PROT) };

	for (int stage = 0; stage < LINK_STAGES; stage++)
		(void)strcpy(link->macro_names[stage], default_macros[stage]);
	link_put(link, SMFIC_OPTNEG, words, sizeof(words));
	if (link_read(link) != SMFIC_OPTNEG || link->in_length < sizeof(words))
		die("negotiation");
	memcpy(words, link->in, sizeof(words));
	link->actions = ntohl(words[1]);
	link->steps = ntohl(words[2]);
	if ((link->actions & SMFIF_SETSYMLIST) != 0)
		read_macro_lists(link);
}

void link_open(struct link *link, const char *where)
{
	memset(link, 0, offsetof(struct link, out));
	link->out_length = 0;
	link->fd = connect_milter(where);
	negotiate(link);
}

void link_close(struct link *link)
{
	link_put(link, SMFIC_QUIT, "", 0);
	link_flush(link);
	(void)close(link->fd);
}

void link_put_macros(struct link *link, int stage, char command,
		     link_macro_value *value_of, const void *context)
{
	char names[sizeof(link->macro_names[0])], data[2048] = { command };
	char *rest = NULL;
	size_t length = 1;

	(void)strcpy(names, link->macro_names[stage]);
	for (const char *name = strtok_r(names, " ", &rest); name != NULL;
	     name = strtok_r(NULL, " ", &rest)) {
		const char *value = value_of(context, stage, name);

		if (value == NULL)
			continue;
		if (length + strlen(name) + strlen(value) + 2 > sizeof(data))
			die("macros do not fit");
		length += (size_t)sprintf(data + length, "%s", name) + 1;
		length += (size_t)sprintf(data + length, "%s", value) + 1;
	}
	link_put(link, SMFIC_MACRO, data, length);
}

void link_print_terms(const struct link *link)
{
	(void)printf("-a 0x%x -s 0x%x", link->actions, link->steps);
	for (int stage = 0; stage < LINK_STAGES; stage++) {
		if (strcmp(link->macro_names[stage], default_macros[stage]) == 0)
			continue;
		if (strchr(link->macro_names[stage], '\'') != NULL)
			die("a macro's name");
		(void)printf(" -m '%d:%s'", stage, link->macro_names[stage]);
	}
	(void)putchar('\n');
}
