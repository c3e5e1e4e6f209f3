/* SPDX-License-Identifier: MIT */
/* This module is documented in authpolicy-request.h. */
#include "authpolicy-request.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "network-text.h"
#include "program.h"

/* A name that is cut would be another name: too long is as good as none. */
static void take_text(const json_t *object, const char *name, char *text,
		      size_t size)
{
	const json_t *value = json_object_get(object, name);

	text[0] = '\0';
	if (json_is_string(value) && json_string_length(value) < size)
		(void)strcpy(text, json_string_value(value));
}

static unsigned int take_port(const json_t *object)
{
	char text[8], *end;
	unsigned long port;

	take_text(object, "local_port", text, sizeof(text));
	port = strtoul(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && port <= 65535
		? (unsigned int)port : 0;
}

int gp_auth_request_parse(const char *text, size_t length,
			  struct gp_auth_request *request_r,
			  struct gp_error *err)
{
	struct gp_auth_request request;
	char address[GP_IP_TEXT_BYTES];
	json_error_t json_error;
	json_t *object = json_loadb(text, length, 0, &json_error);

	if (!json_is_object(object)) {
		json_decref(object);
		return gp_error_set(err, "not a JSON object");
	}
	memset(&request, 0, sizeof(request));
	take_text(object, "login", request.login, sizeof(request.login));
	take_text(object, "protocol", request.protocol,
		  sizeof(request.protocol));
	take_text(object, "session_id", request.session,
		  sizeof(request.session));
	/* of any length: the plugin reads all of it, too */
	(void)gp_program_name_in_id(json_string_value(json_object_get(
		object, "device_id")), request.name);
	take_text(object, "remote", address, sizeof(address));
	if (gp_ip_parse(address, &request.ip, NULL) < 0)
		request.ip.is_known = false;
	request.port = take_port(object);
	request.is_success = json_is_true(json_object_get(object, "success"));
	json_decref(object);
	*request_r = request;
	return 0;
}
