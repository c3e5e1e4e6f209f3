/* SPDX-License-Identifier: MIT */
/* This module is documented in shown-text.h. */
#include "shown-text.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "pattern.h"

/* What may close the name in front of '@'. */
static const char closing[] = ")]}>\"'`\\";

/* Signs that look like '@' and '.', or end a sentence in other scripts. */
static gunichar look_alike(gunichar sign)
{
	switch (sign) {
	case 0xff20: case 0xfe6b: case 0x24d0: /* fullwidth, small, circled */
		return '@';
	case 0xff0e: case 0xfe52: case 0x3002: case 0xff61: case 0x2024:
		return '.';
	default:
		return sign;
	}
}

/* Joiners, selectors and tags are needed by some scripts and by emoji; nobody
   sees them, nor blanks as thin as a hair. */
static bool is_invisible(gunichar sign)
{
	return g_unichar_type(sign) == G_UNICODE_FORMAT || sign == 0x034f ||
		(sign >= 0x180b && sign <= 0x180e) ||
		(sign >= 0x2008 && sign <= 0x200a) || sign == 0x202f ||
		(sign >= 0xfe00 && sign <= 0xfe0f) ||
		(sign >= 0xe0000 && sign <= 0xe0fff);
}

/* UAX 9: overrides, embeddings and isolates, and the mark for Arabic. */
static bool turns_direction(gunichar sign)
{
	return (sign >= 0x202a && sign <= 0x202e) ||
		(sign >= 0x2066 && sign <= 0x2069) || sign == 0x061c;
}

/* What people see: without the invisible, with look-alikes replaced.  NULL, with
   *fault_r, for what no name holds. */
static char *as_seen(const char *text, const char **fault_r)
{
	GString *seen = g_string_new(NULL);

	*fault_r = NULL;
	for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
		gunichar sign = g_utf8_get_char(p);

		if (turns_direction(sign))
			*fault_r = "bidi";
		else if ((sign < ' ' && sign != '\t') || sign == 0x7f ||
			 (sign >= 0x80 && sign < 0xa0) ||
			 sign == 0x2028 || sign == 0x2029)
			*fault_r = "control";
		else if (!is_invisible(sign))
			g_string_append_unichar(seen, look_alike(sign));
		if (*fault_r != NULL)
			break;
	}
	if (*fault_r == NULL)
		return g_string_free(seen, FALSE);
	(void)g_string_free(seen, TRUE);
	return NULL;
}

static bool ends_address(gunichar sign)
{
	return sign == 0 || sign == '@' || g_unichar_isspace(sign) ||
		(sign < 0x80 && strchr("<>()[]\",;:'`|{}\\", (int)sign) != NULL);
}

/* Brackets and quotes that are closed right before '@' belong to what stands
   before it: "'ceo'@y.test". */
static const char *start_of_local_part(const char *text, const char *at)
{
	while (at > text && strchr(closing, at[-1]) != NULL)
		at--;
	while (at > text) {
		const char *before = g_utf8_prev_char(at);

		if (ends_address(g_utf8_get_char(before)))
			break;
		at = before;
	}
	return at;
}

/* More than brackets and quotes. */
static bool has_name(const char *start, const char *at)
{
	while (start < at && strchr(closing, *start) != NULL)
		start++;
	return start < at;
}

static const char *end_of_domain(const char *domain)
{
	while (*domain != '\0' && !ends_address(g_utf8_get_char(domain)))
		domain = g_utf8_next_char(domain);
	while (domain[-1] == '.')
		domain--;
	return domain;
}

static bool is_one_of(const char *start, const char *end,
		      const char *const *addresses, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (gp_text_equals(start, (size_t)(end - start), addresses[i],
				   strlen(addresses[i])))
			return true;
	return false;
}

/* Is there anything that looks like an address and is none of these? */
static bool misleads(const char *seen, const char *const *addresses,
		     size_t addresses_count)
{
	for (const char *at = strchr(seen, '@'); at != NULL;
	     at = strchr(at + 1, '@')) {
		const char *domain = at + 1 + strspn(at + 1, "([{<\"'`");
		const char *start = start_of_local_part(seen, at);
		const char *end = end_of_domain(domain);

		if (end > domain && has_name(start, at) &&
		    memchr(domain, '.', (size_t)(end - domain)) != NULL &&
		    !is_one_of(start, end, addresses, addresses_count))
			return true;
	}
	return false;
}

/* Plain text without '@', which is what most names are. */
static bool is_harmless(const char *text)
{
	while (*text >= ' ' && *text <= '~' && *text != '@')
		text++;
	return *text == '\0';
}

const char *gp_shown_text_fault(const char *text, const char *const *addresses,
				size_t addresses_count)
{
	const char *fault;
	char *seen;

	if (is_harmless(text))
		return NULL;
	seen = as_seen(text, &fault);
	if (seen != NULL && misleads(seen, addresses, addresses_count))
		fault = "address-in-name";
	g_free(seen);
	return fault;
}
