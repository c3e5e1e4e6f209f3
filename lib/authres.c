/* SPDX-License-Identifier: MIT */
/* This module is documented in authres.h. */
#include "authres.h"

#include <string.h>

#include "pattern.h"

static const char blanks[] = " \t\r\n\v\f";

/* Blanks and comments; NULL if a comment does not end. */
static const char *skip_between(const char *text)
{
	int depth = 0;

	for (; *text != '\0'; text++) {
		if (*text == '(')
			depth++;
		else if (*text == ')' && depth > 0)
			depth--;
		else if (*text == '\\' && depth > 0 && text[1] != '\0')
			text++;
		else if (depth == 0 && strchr(blanks, *text) == NULL)
			break;
	}
	return depth == 0 ? text : NULL;
}

static bool is_id(const char *start, size_t length, const char *authserv_id)
{
	size_t wanted = strlen(authserv_id);

	while (length > 0 && start[length - 1] == '.')
		length--;
	while (wanted > 0 && authserv_id[wanted - 1] == '.')
		wanted--;
	return gp_text_equals(start, length, authserv_id, wanted);
}

/* With quoted pairs nobody knows what other programs make of it. */
static bool quoted_has_id(const char *text, const char *authserv_id)
{
	size_t length = strcspn(text, "\"\\");
	size_t before = strspn(text, blanks);

	if (text[length] != '"' || length == 0)
		return true;
	while (length > before && strchr(blanks, text[length - 1]) != NULL)
		length--;
	return before >= length ||
		is_id(text + before, length - before, authserv_id);
}

/* Some programs put a name together around its dots, whatever stands there:
   "mx . example(x).test".  Other blanks end it. */
static const char *next_part(const char *text)
{
	const char *next = skip_between(text);

	if (next == NULL || next == text)
		return next;
	return *next == '.' || text[-1] == '.' ? next : "";
}

static bool plain_has_id(const char *text, const char *authserv_id)
{
	size_t wanted = strlen(authserv_id), matched = 0;

	while (wanted > 0 && authserv_id[wanted - 1] == '.')
		wanted--;
	while (text != NULL && *text != '\0' && strchr(";/", *text) == NULL) {
		if (matched < wanted &&
		    gp_text_equals(text, 1, authserv_id + matched, 1))
			matched++;
		else if (matched < wanted || *text != '.')
			return false;
		text = next_part(text + 1);
	}
	return text == NULL || matched == wanted;
}

bool gp_authres_has_id(const char *value, const char *authserv_id)
{
	const char *text = skip_between(value);

	if (text == NULL || *text == '\0' || *text == ';')
		return true;
	return *text == '"' ? quoted_has_id(text + 1, authserv_id)
			    : plain_has_id(text, authserv_id);
}

/* RFC 2045 section 5.1, and '@' of an address as RFC 8601 section 2.2 has it. */
static bool is_token(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f ||
		    strchr("()<>,;:\\\"/[]?=", *p) != NULL)
			return false;
	return *text != '\0';
}

/* In quotes unless it is plain; a byte that no header has becomes '?'. */
static const char *as_value(struct gp_pool *pool, const char *text)
{
	char *quoted, *to;

	if (is_token(text))
		return text;
	quoted = to = gp_pool_alloc(pool, 2 * strlen(text) + 3);
	*to++ = '"';
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			*to++ = '\\';
		*to++ = *text >= ' ' && *text < 0x7f ? *text : '?';
	}
	*to = '"';
	return quoted;
}

const char *gp_authres_of_login(struct gp_pool *pool, const char *authserv_id,
				const char *login, const char *mailfrom)
{
	const char *result = gp_pool_printf(pool, "%s; auth=pass smtp.auth=%s",
					    as_value(pool, authserv_id),
					    as_value(pool, login));

	if (mailfrom == NULL || *mailfrom == '\0')
		return result;
	return gp_pool_printf(pool, "%s smtp.mailfrom=%s", result,
			      as_value(pool, mailfrom));
}
