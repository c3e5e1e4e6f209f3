/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in store-program.h.  The first byte is the form of what
 * follows, an index of forms[]; after the address stands the name from IMAP ID, if
 * there is one.
 */
#include "store-program.h"

#include <stdio.h>
#include <string.h>

#include "network-text.h"

enum { V4_BYTES = 4, V6_BYTES = 8, V6_BITS = 64, AS_TEXT = 0 };

static const struct form {
	const char *protocol;
	size_t address_bytes;           /* 0: "-", poll.program = name */
} forms[] = {
	{ "", 0 },                      /* AS_TEXT */
	{ "imap", V4_BYTES }, { "imap", V6_BYTES }, { "imap", 0 },
	{ "pop3", V4_BYTES }, { "pop3", V6_BYTES }, { "pop3", 0 },
};
enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

static const char *address_text(const struct form *form,
				const unsigned char *address,
				char text[GP_IP_TEXT_BYTES])
{
	struct gp_network network = { .prefix_bits = V6_BITS };
	struct gp_ip ip = { .is_known = true, .bytes = { [10] = 0xff, 0xff } };

	if (form->address_bytes == 0)
		return "-";
	if (form->address_bytes == V6_BYTES) {
		memcpy(network.base, address, V6_BYTES);
		return gp_network_format(&network, text);
	}
	memcpy(ip.bytes + 12, address, V4_BYTES);
	return gp_ip_format(&ip, text);
}

const char *gp_store_program_unpack(const unsigned char *packed, size_t length,
				    char buffer[GP_PROGRAM_BYTES])
{
	const struct form *form = &forms[length > 0 && packed[0] < FORMS
					 ? packed[0] : AS_TEXT];
	const size_t used = 1 + form->address_bytes;
	char text[GP_IP_TEXT_BYTES];

	if (form == &forms[AS_TEXT] || length < used)
		(void)snprintf(buffer, GP_PROGRAM_BYTES, "%.*s",
			       (int)(length > 0 ? length - 1 : 0), packed + 1);
	else
		(void)snprintf(buffer, GP_PROGRAM_BYTES, "%s/%s%s%.*s",
			       form->protocol, address_text(form, packed + 1, text),
			       length > used ? "/" : "", (int)(length - used),
			       packed + used);
	return buffer;
}

/* The number of the form that a name seems to have, with its address. */
static size_t find_form(const char *program, unsigned char address[V6_BYTES])
{
	const struct gp_ip ip = gp_program_ip(program);
	const size_t bytes = !ip.is_known ? 0 : gp_ip_is_v4(&ip) ? V4_BYTES
							       : V6_BYTES;

	memcpy(address, ip.bytes + (bytes == V4_BYTES ? 12 : 0), bytes);
	for (size_t i = AS_TEXT + 1; i < FORMS; i++) {
		const size_t length = strlen(forms[i].protocol);

		if (forms[i].address_bytes == bytes &&
		    strncmp(program, forms[i].protocol, length) == 0 &&
		    program[length] == '/')
			return i;
	}
	return AS_TEXT;
}

/* What stands behind protocol and address, without the slash. */
static const char *name_of(const char *program, const struct form *form)
{
	const char *rest = program + strlen(form->protocol) + 1;

	rest = strchr(rest, '/');
	if (rest != NULL && form->address_bytes == V6_BYTES)
		rest = strchr(rest + 1, '/');
	return rest == NULL ? "" : rest + 1;
}

static size_t put(unsigned char *packed, size_t length, const char *text)
{
	const size_t room = GP_STORE_PROGRAM_BYTES - length;
	const size_t count = strnlen(text, room);

	memcpy(packed + length, text, count);
	return length + count;
}

size_t gp_store_program_pack(const char *program,
			     unsigned char packed_r[GP_STORE_PROGRAM_BYTES])
{
	const size_t form = find_form(program, packed_r + 1);
	char text[GP_PROGRAM_BYTES];
	size_t length;

	packed_r[0] = (unsigned char)form;
	if (form != AS_TEXT) {
		length = put(packed_r, 1 + forms[form].address_bytes,
			     name_of(program, &forms[form]));
		/* Two names must never be one: what would not come back is text. */
		if (strcmp(gp_store_program_unpack(packed_r, length, text),
			   program) == 0)
			return length;
	}
	packed_r[0] = AS_TEXT;
	return put(packed_r, 1, program);
}
