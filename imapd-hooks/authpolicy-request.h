/* SPDX-License-Identifier: MIT */
/*
 * This module reads what Dovecot asks an auth-policy server: one JSON object with
 * the attributes of auth_policy_request_attributes.  Whoever tries to log in has
 * written parts of it.
 */
#ifndef GP_AUTHPOLICY_REQUEST_H
#define GP_AUTHPOLICY_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "network.h"
#include "program.h"

enum { GP_AUTH_TEXT_BYTES = 256 };

/* What is not there, or too long to be true, is empty, unknown or 0. */
struct gp_auth_request {
	char login[GP_AUTH_TEXT_BYTES];
	char protocol[16];
	char session[GP_AUTH_TEXT_BYTES];
	char name[GP_PROGRAM_ID_BYTES];  /* of the program, by IMAP ID */
	struct gp_ip ip;
	unsigned int port;              /* of the server */
	bool is_success;                /* of a report: the password was good */
};

/* 0, or -1 with *err filled and *request_r untouched if it is no JSON object. */
int gp_auth_request_parse(const char *text, size_t length,
			  struct gp_auth_request *request_r,
			  struct gp_error *err);

#endif
