/* SPDX-License-Identifier: MIT */
/* This module is documented in authpolicy-http.h. */
#include "gatepost-config.h"

#include "authpolicy-http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "pool.h"
#include "socket-text.h"

enum {
	BODY_BYTES_MAX = 65536,         /* with an IMAP ID, escaped */
	/* For a header, and a body in pieces; libmicrohttpd clears it after each. */
	CONNECTION_BYTES = 8192,
	CONNECTIONS_MAX = 256,
	IDLE_SECS = 60,
	COMPLAINT_MSECS = 60000
};

struct gp_auth_http {
	struct MHD_Daemon *daemon;
	const char *key;
	gp_auth_http_answer *answer;
	int64_t complained_at_msecs;    /* of a wrong key; -1: never */
};

/* One question while it comes in. */
struct body {
	char *bytes;
	size_t length;
	bool is_too_long;
};

int gp_auth_http_listen(const char *where, struct gp_error *err)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = SOCK_STREAM };
	struct addrinfo *address;
	struct gp_socket server;
	char port[8];
	const int on = 1;
	int fd;

	if (gp_server_parse(where, &server, err) < 0)
		return -1;
	(void)snprintf(port, sizeof(port), "%u", server.port);
	if (getaddrinfo(server.host, port, &hints, &address) != 0)
		return gp_error_set(err, "authpolicy.listen '%s': no address",
				    where);
	fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, address->ai_addr, address->ai_addrlen) < 0 ||
	    listen(fd, SOMAXCONN) < 0) {
		(void)gp_error_set(err, "authpolicy.listen '%s': %s", where,
				   strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		fd = -1;
	}
	freeaddrinfo(address);
	return fd;
}

/* The time does not tell how much of a key was right. */
static bool key_is_right(const char *key, const char *shown)
{
	const size_t length = strlen(key);
	unsigned char difference = 0;

	if (shown == NULL)
		return false;
	shown += strspn(shown, " \t");
	if (strlen(shown) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		difference |= (unsigned char)(key[i] ^ shown[i]);
	return difference == 0;
}

static enum MHD_Result send_text(struct MHD_Connection *connection,
				 unsigned int code, const char *text)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	(void)MHD_add_response_header(response, "Content-Type",
				      "application/json");
	/* For gatepostctl status; who has no key need not know. */
	if (code != MHD_HTTP_FORBIDDEN)
		(void)MHD_add_response_header(response, "X-Gatepost-Version",
					      PACKAGE_VERSION);
	result = MHD_queue_response(connection, code, response);
	MHD_destroy_response(response);
	return result;
}

static void complain(struct gp_auth_http *http)
{
	const int64_t now_msecs = gp_clock_monotonic_msecs();

	if (http->complained_at_msecs >= 0 &&
	    now_msecs - http->complained_at_msecs < COMPLAINT_MSECS)
		return;
	http->complained_at_msecs = now_msecs;
	gp_log(GP_LOG_WARNING, "a question without the right key; is "
	       "auth_policy_server_api_header of Dovecot the key of "
	       "authpolicy.key_file?");
}

static enum MHD_Result answer(struct gp_auth_http *http,
			      struct MHD_Connection *connection,
			      const char *method, const struct body *body)
{
	const char *command = MHD_lookup_connection_value(
		connection, MHD_GET_ARGUMENT_KIND, "command");
	char text[64];

	if (!key_is_right(http->key, MHD_lookup_connection_value(
			  connection, MHD_HEADER_KIND, "X-API-Key"))) {
		complain(http);
		return send_text(connection, MHD_HTTP_FORBIDDEN, "{}\n");
	}
	if (strcmp(method, "POST") != 0)
		return send_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				 "{}\n");
	if (command == NULL || body->is_too_long)
		return send_text(connection, MHD_HTTP_BAD_REQUEST, "{}\n");
	(void)snprintf(text, sizeof(text), "{\"status\":%u,\"msg\":\"\"}\n",
		       http->answer(command, body->bytes, body->length));
	return send_text(connection, MHD_HTTP_OK, text);
}

static void add(struct body *body, const char *data, size_t size)
{
	if (size > BODY_BYTES_MAX - body->length) {
		body->is_too_long = true;
		return;
	}
	body->bytes = gp_realloc(body->bytes, body->length + size);
	memcpy(body->bytes + body->length, data, size);
	body->length += size;
}

/* libmicrohttpd calls this for the header, for each piece of the body, and at its
   end with a size of 0. */
static enum MHD_Result on_request(void *context,
				  struct MHD_Connection *connection,
				  const char *url, const char *method,
				  const char *version, const char *data,
				  size_t *data_size, void **state)
{
	struct body *body = *state;

	(void)url;
	(void)version;
	if (body == NULL) {
		*state = gp_alloc(sizeof(*body));
		return MHD_YES;
	}
	if (*data_size == 0)
		return answer(context, connection, method, body);
	add(body, data, *data_size);
	*data_size = 0;
	return MHD_YES;
}

static void on_completed(void *context, struct MHD_Connection *connection,
			 void **state, enum MHD_RequestTerminationCode code)
{
	struct body *body = *state;

	(void)context;
	(void)connection;
	(void)code;
	if (body != NULL)
		free(body->bytes);
	free(body);
	*state = NULL;
}

struct gp_auth_http *gp_auth_http_start(int fd, const char *key,
					gp_auth_http_answer *answer_function,
					struct gp_error *err)
{
	struct gp_auth_http *http = gp_alloc(sizeof(*http));

	http->key = key;
	http->answer = answer_function;
	http->complained_at_msecs = -1;
	http->daemon = MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL,
		NULL, on_request, http,
		MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_SECS,
		MHD_OPTION_END);
	if (http->daemon == NULL) {
		(void)gp_error_set(err, "libmicrohttpd does not start: %s",
				   strerror(errno));
		free(http);
		return NULL;
	}
	return http;
}

void gp_auth_http_stop(struct gp_auth_http **http)
{
	if (*http == NULL)
		return;
	MHD_stop_daemon((*http)->daemon);
	free(*http);
	*http = NULL;
}
