/* SPDX-License-Identifier: MIT */
/* This module is documented in headers.h. */
#include "headers.h"

#include <string.h>
#include <strings.h>

#include "author.h"
#include "authres.h"
#include "policy-author.h"

enum { RAW_BYTES_MAX = 900 };

bool gp_headers_are_needed(const struct gp_settings *settings)
{
	return gp_policy_author_is_needed(settings) ||
		settings->headers.authentication_results;
}

/* One line, printable, for a trace header. */
static const char *keep_raw(struct gp_pool *pool, const char *value)
{
	char *raw = gp_pool_strndup(pool, value, strnlen(value, RAW_BYTES_MAX));
	char *to = raw;

	for (const char *p = raw; *p != '\0'; p++)
		if (*p != '\r' && *p != '\n')
			*to++ = *p >= ' ' && *p < 0x7f ? *p
				: *p == '\t' ? ' ' : '?';
	*to = '\0';
	return raw;
}

static void note_author(struct gp_pool *pool, enum gp_author_field field,
			const char *name, const char *value,
			struct gp_headers *headers,
			struct gp_submit_facts *facts)
{
	gp_author_add(pool, value, &facts->authors[field]);
	if (field == GP_AUTHOR_FROM && headers->raw_from == NULL)
		headers->raw_from = keep_raw(pool, value);
	if (field == GP_AUTHOR_SENDER && headers->raw_sender == NULL)
		headers->raw_sender = keep_raw(pool, value);
	/* A name such as "From " could not be changed by its name. */
	if (strcasecmp(name, gp_author_field_name(field)) != 0)
		facts->header_names_odd = true;
}

static void note_forged(struct gp_pool *pool, struct gp_headers *headers)
{
	const size_t count = headers->forged_count;

	/* doubles when the count is a power of two */
	if ((count & (count - 1)) == 0) {
		unsigned int *more = gp_pool_alloc(pool, (count == 0 ? 1
			: 2 * count) * sizeof(*more));

		if (count > 0)
			memcpy(more, headers->forged, count * sizeof(*more));
		headers->forged = more;
	}
	headers->forged[headers->forged_count++] = headers->authres_count;
}

void gp_headers_note(const struct gp_settings *settings, struct gp_pool *pool,
		     const char *authserv_id, const char *name,
		     const char *value, struct gp_headers *headers,
		     struct gp_submit_facts *facts)
{
	enum gp_author_field field;

	if (gp_author_field_from_name(name, &field)) {
		/* Of mail from outside only From is looked at. */
		if (facts->identity != NULL || field == GP_AUTHOR_FROM)
			note_author(pool, field, name, value, headers, facts);
	} else if (settings->headers.authentication_results &&
		   strcasecmp(name, "Authentication-Results") == 0) {
		headers->authres_count++;
		if (gp_authres_has_id(value, authserv_id))
			note_forged(pool, headers);
	}
}
