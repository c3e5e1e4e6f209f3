/* SPDX-License-Identifier: MIT */
/* This module is documented in access-words.h. */
#include "access-words.h"

#include <stdio.h>
#include <string.h>

static const char *const names[GP_PROTOCOLS] = {
	[GP_PROTOCOL_IMAP] = "IMAP",
	[GP_PROTOCOL_POP3] = "POP3",
};

const char *gp_access_notice_text(const struct gp_settings *settings,
				  enum gp_protocol protocol,
				  char buffer[GP_ACCESS_BYTES])
{
	static const char place[] = "%{protocol}";
	const char *words = settings->access.notice, *found;
	size_t length = 0;

	buffer[0] = '\0';
	while ((found = strstr(words, place)) != NULL && length < GP_ACCESS_BYTES) {
		length += (size_t)snprintf(buffer + length,
					   GP_ACCESS_BYTES - length, "%.*s%s",
					   (int)(found - words), words,
					   names[protocol]);
		words = found + sizeof(place) - 1;
	}
	if (length < GP_ACCESS_BYTES)
		(void)snprintf(buffer + length, GP_ACCESS_BYTES - length, "%s",
			       words);
	return buffer;
}

const char *gp_access_refusal_text(const struct gp_settings *settings,
				   enum gp_protocol protocol,
				   const struct gp_decision *decision,
				   char buffer[GP_ACCESS_BYTES])
{
	const bool imap_is_left = protocol == GP_PROTOCOL_POP3 &&
		settings->access.protocols[GP_PROTOCOL_IMAP] != GP_ACCESS_DENY;

	if (decision->reason == GP_REASON_TLS_REQUIRED)
		(void)snprintf(buffer, GP_ACCESS_BYTES, "Mail is read here only over "
			       "an encrypted connection, switch on SSL/TLS or "
			       "STARTTLS in your mail program");
	else if (decision->reason == GP_REASON_MECHANISM)
		(void)snprintf(buffer, GP_ACCESS_BYTES, "This way to log in is not "
			       "allowed, choose a normal password over an encrypted "
			       "connection in your mail program");
	else
		(void)snprintf(buffer, GP_ACCESS_BYTES, "Mail may not be read by "
			       "%s here, %s", names[protocol], imap_is_left
			       ? "choose IMAP in your mail program"
			       : "ask the server's administrators");
	return buffer;
}

const char *gp_access_code(enum gp_protocol protocol,
			   const struct gp_decision *decision)
{
	if (protocol == GP_PROTOCOL_POP3)
		return "SYS/PERM";
	return decision->reason == GP_REASON_TLS_REQUIRED ? "PRIVACYREQUIRED"
							  : "NOPERM";
}
