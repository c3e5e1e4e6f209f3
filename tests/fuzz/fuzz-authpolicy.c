/* SPDX-License-Identifier: MIT */
/* This module feeds bytes to the reader of Dovecot's auth-policy questions; what it
   takes must be strings that end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "authpolicy-request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gp_auth_request request;
	struct gp_error err;

	memset(&request, 0x5a, sizeof(request));
	if (gp_auth_request_parse((const char *)data, size, &request, &err) < 0)
		return 0;
	if (memchr(request.login, '\0', sizeof(request.login)) == NULL ||
	    memchr(request.protocol, '\0', sizeof(request.protocol)) == NULL ||
	    memchr(request.session, '\0', sizeof(request.session)) == NULL ||
	    memchr(request.name, '\0', sizeof(request.name)) == NULL ||
	    request.port > 65535)
		abort();
	return 0;
}
