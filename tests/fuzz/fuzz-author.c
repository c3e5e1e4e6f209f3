/* SPDX-License-Identifier: MIT */
/*
 * This module feeds bytes to the reader of author headers.  What it takes must be
 * mailboxes with both parts, must be read the same when each address stands
 * alone, and must not depend on how the value was folded.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "author.h"
#include "pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

static bool is_ascii(const char *text)
{
	while (*text != '\0')
		if ((unsigned char)*text++ >= 0x80)
			return false;
	return true;
}

/* In memory of its own size, so that a sanitizer sees each byte too far. */
static struct gp_author_facts read_value(struct gp_pool *pool,
					 const char *value)
{
	struct gp_author_facts author = { 0 };
	char *copy = gp_strdup(value);

	gp_author_add(pool, copy, &author);
	free(copy);
	require(author.fields_count == 1);
	return author;
}

static void require_same(const struct gp_author_facts *a,
			 const struct gp_author_facts *b)
{
	require(b->trouble == NULL && a->addresses_count == b->addresses_count);
	for (size_t i = 0; i < a->addresses_count; i++)
		require(strcmp(a->addresses[i], b->addresses[i]) == 0);
}

static void check_address(struct gp_pool *pool, const char *address)
{
	const char *at = strrchr(address, '@');
	struct gp_author_facts alone;

	require(at != NULL && at > address && at[1] != '\0' && at[1] != '.');
	require(at[strlen(at) - 1] != '.');
	require(strpbrk(at, "<>(),;:\\\" \t") == NULL || at[1] == '[');
	for (const char *p = address; *p != '\0'; p++)
		require((unsigned char)*p >= ' ' || *p == '\t');
	/* A domain that libidn2 made ASCII may have become longer. */
	if (!is_ascii(at))
		return;
	alone = read_value(pool, address);
	require(alone.trouble == NULL && alone.addresses_count == 1);
	require(strcmp(alone.addresses[0], address) == 0);
}

/* Each blank becomes a fold, where none is: RFC 5322 section 2.2.3. */
static const char *folded(struct gp_pool *pool, const char *value)
{
	char *text = gp_pool_alloc(pool, 3 * strlen(value) + 1), *to = text;

	for (const char *p = value; *p != '\0'; p++) {
		if ((*p == ' ' || *p == '\t') && strchr("\r\n", p == value
							? ' ' : p[-1]) == NULL) {
			*to++ = '\r';
			*to++ = '\n';
		}
		*to++ = *p;
	}
	*to = '\0';
	return text;
}

static void check_value(struct gp_pool *pool, const char *value)
{
	struct gp_author_facts author = read_value(pool, value), again;

	if (author.trouble != NULL) {
		require(author.addresses_count == 0 && author.name == NULL);
		return;
	}
	require(author.addresses_count > 0 && author.name != NULL);
	for (size_t i = 0; i < author.addresses_count; i++)
		check_address(pool, author.addresses[i]);
	if (strlen(value) > 4096)
		return;
	again = read_value(pool, folded(pool, value));
	require_same(&author, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gp_pool *pool = gp_pool_create();
	char *value = gp_pool_strndup(pool, size > 0 ? (const char *)data : "",
				      size);
	enum gp_author_field field;

	(void)gp_author_field_from_name(value, &field);
	check_value(pool, value);
	gp_pool_free(&pool);
	return 0;
}
