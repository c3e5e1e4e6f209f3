/* SPDX-License-Identifier: MIT */
/*
 * This module feeds bytes to what reads and writes Authentication-Results.  A
 * header of ours must be known again whatever a peer puts around its name, and
 * nothing in a login or sender may end the value it stands in.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "authres.h"
#include "pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char id[] = "mx.example.test";

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

/* In memory of its own size, so that a sanitizer sees each byte too far. */
static bool has_id(const char *value)
{
	char *copy = gp_strdup(value);
	bool result = gp_authres_has_id(copy, id);

	free(copy);
	return result;
}

static const char *in_capitals(struct gp_pool *pool, const char *text)
{
	char *capitals = gp_pool_strdup(pool, text);

	for (char *p = capitals; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 32);
	return capitals;
}

/* Whose it is depends neither on case nor on what stands before. */
static void check_reading(struct gp_pool *pool, const char *value)
{
	bool is_ours = has_id(value);

	require(has_id(in_capitals(pool, value)) == is_ours);
	require(has_id(gp_pool_printf(pool, " \t\r\n %s", value)) == is_ours);
	require(has_id(gp_pool_printf(pool, "(a (b\\)) c)%s", value)) == is_ours);
	require(has_id(gp_pool_printf(pool, "%s;%s", id, value)));
	require(has_id(gp_pool_printf(pool, "%s 1;%s", id, value)));
	require(has_id(gp_pool_printf(pool, "\"%s\" ;%s", id, value)));
}

/* RFC 8601 section 2.2: a token or a quoted string.  Returns what follows. */
static const char *read_value(const char *text, const char *wanted)
{
	const bool is_quoted = *text == '"';

	text += is_quoted;
	for (; *wanted != '\0'; wanted++) {
		text += is_quoted && *text == '\\';
		require(*text == *wanted ||
			(*text == '?' && (*wanted < ' ' || *wanted >= 0x7f)));
		require(is_quoted || strchr(" \t();\"\\=", *text) == NULL);
		text++;
	}
	require(!is_quoted || *text == '"');
	return text + is_quoted;
}

static const char *read_text(const char *text, const char *wanted)
{
	require(strncmp(text, wanted, strlen(wanted)) == 0);
	return text + strlen(wanted);
}

static void check_writing(struct gp_pool *pool, const char *login,
			  const char *mailfrom)
{
	const char *text = gp_authres_of_login(pool, id, login, mailfrom);

	require(has_id(text));
	text = read_text(text, "mx.example.test; auth=pass smtp.auth=");
	text = read_value(text, login);
	if (*mailfrom != '\0')
		text = read_value(read_text(text, " smtp.mailfrom="), mailfrom);
	require(*text == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gp_pool *pool = gp_pool_create();
	char *value = gp_pool_strndup(pool, size > 0 ? (const char *)data : "",
				      size);
	const char *half = value + strlen(value) / 2;

	check_reading(pool, value);
	check_writing(pool, value, "");
	check_writing(pool, half, value);
	gp_pool_free(&pool);
	return 0;
}
