/* SPDX-License-Identifier: MIT */
/* This module is documented in idn.h. */
#include "idn.h"

#include <idn2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_ascii(const char *text)
{
	while (*text != '\0')
		if ((unsigned char)*text++ >= 0x80)
			return false;
	return true;
}

/* UTS 46 section 4 makes a plain '@' or '<' of a fullwidth one.  Its own remedy,
   IDN2_USE_STD3_ASCII_RULES, only leaves such signs out in libidn2 2.3.3. */
static bool is_domain(const char *ascii)
{
	return ascii[strspn(ascii, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")] == '\0';
}

char *gp_idn_domain(const char *domain)
{
	char *ascii = NULL, *copy;

	if (idn2_to_ascii_8z(domain, &ascii, IDN2_NFC_INPUT |
			     IDN2_NONTRANSITIONAL) != IDN2_OK)
		return NULL;
	copy = is_domain(ascii) ? gp_strdup(ascii) : NULL;
	idn2_free(ascii);
	return copy;
}

const char *gp_idn_address(struct gp_pool *pool, const char *address)
{
	const char *at = address == NULL ? NULL : strrchr(address, '@');
	char *domain, *ascii;
	const char *result = address;
	size_t length;

	if (at == NULL || is_ascii(at))
		return address;
	length = strlen(at + 1);
	if (length > 0 && at[length] == '>')
		length--;
	domain = gp_pool_strndup(pool, at + 1, length);
	ascii = gp_idn_domain(domain);
	if (ascii != NULL)
		result = gp_pool_printf(pool, "%.*s%s%s",
					(int)(at + 1 - address), address, ascii,
					at + 1 + length);
	free(ascii);
	return result;
}
