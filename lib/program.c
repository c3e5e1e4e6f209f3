/* SPDX-License-Identifier: MIT */
/* This module is documented in program.h. */
#include "program.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "network-text.h"

enum { NAME_BYTES = 32, DETAIL_BYTES = 28, V6_BITS = 64 };

static bool is_plain(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		(byte >= '0' && byte <= '9') ||
		(byte != '\0' && strchr("._+-", byte) != NULL);
}

const char *gp_program_name(const char *protocol, const struct gp_ip *ip,
			    const char *name, char buffer[GP_PROGRAM_BYTES])
{
	char address[GP_IP_TEXT_BYTES];
	struct gp_network network;
	size_t length;

	if (ip->is_known && !gp_ip_is_v4(ip)) {
		gp_network_around(ip, V6_BITS, &network);
		(void)gp_network_format(&network, address);
	} else {
		(void)gp_ip_format(ip, address);
	}
	length = (size_t)snprintf(buffer, GP_PROGRAM_BYTES, "%.16s/%s", protocol,
				  address);
	if (name == NULL || *name == '\0')
		return buffer;
	buffer[length++] = '/';
	for (int i = 0; i < NAME_BYTES && name[i] != '\0'; i++)
		buffer[length++] = is_plain(name[i]) ? name[i] : '_';
	buffer[length] = '\0';
	return buffer;
}

const char *gp_program_key(enum gp_program_key key, const char *protocol,
			   const struct gp_ip *ip, const char *name,
			   char buffer[GP_PROGRAM_BYTES])
{
	static const struct gp_ip anywhere = { .is_known = false };
	const bool has_name = name != NULL && *name != '\0';

	if (key == GP_PROGRAM_ADDRESS)
		return gp_program_name(protocol, ip, NULL, buffer);
	return gp_program_name(protocol, key == GP_PROGRAM_NAME && has_name
			       ? &anywhere : ip, name, buffer);
}

struct gp_ip gp_program_ip(const char *program)
{
	const char *start = strchr(program, '/');
	struct gp_ip ip = { .is_known = false };
	struct gp_error unused;
	char text[GP_IP_TEXT_BYTES];
	size_t length = start == NULL ? 0 : strcspn(start + 1, "/");

	if (length == 0 || length >= sizeof(text))
		return ip;
	memcpy(text, start + 1, length);
	text[length] = '\0';
	(void)gp_ip_parse(text, &ip, &unused);
	return ip;
}

/* Reads one value; RFC 3501, section 9, "nstring" without literals.  What does not
   fit is read and dropped.  NULL if there is none of that form. */
static const char *read_nstring(const char *text, char value[GP_PROGRAM_ID_BYTES])
{
	size_t length = 0;

	value[0] = '\0';
	if (strncasecmp(text, "NIL", 3) == 0)
		return text + 3;
	if (*text++ != '"')
		return NULL;
	for (; *text != '"'; text++) {
		if (*text == '\\')
			text++;
		if (*text == '\0')
			return NULL;
		if (length < GP_PROGRAM_ID_BYTES - 1)
			value[length++] = *text;
	}
	value[length] = '\0';
	return text + 1;
}

static bool find_value(const char *id, const char *wanted,
		       char found[GP_PROGRAM_ID_BYTES])
{
	char key[GP_PROGRAM_ID_BYTES], value[GP_PROGRAM_ID_BYTES];

	while (id != NULL && *id != '\0') {
		id = read_nstring(id + strspn(id, " "), key);
		if (id != NULL)
			id = read_nstring(id + strspn(id, " "), value);
		if (id != NULL && strcasecmp(key, wanted) == 0 &&
		    value[0] != '\0') {
			memcpy(found, value, sizeof(value));
			return true;
		}
	}
	return false;
}

bool gp_program_name_in_id(const char *id, char name[GP_PROGRAM_ID_BYTES])
{
	return find_value(id, "name", name);
}

void gp_program_id_read(const char *id, struct gp_program_id *id_r)
{
	id_r->name[0] = id_r->version[0] = id_r->os[0] = '\0';
	(void)find_value(id, "name", id_r->name);
	(void)find_value(id, "version", id_r->version);
	(void)find_value(id, "os", id_r->os);
}

const char *gp_program_self(const struct gp_program_id *id,
			    char buffer[GP_PROGRAM_SELF_BYTES])
{
	buffer[0] = '\0';
	if (id->name[0] != '\0' && (id->version[0] != '\0' || id->os[0] != '\0'))
		(void)snprintf(buffer, GP_PROGRAM_SELF_BYTES, "%.*s%s%.*s%s%.*s",
			       NAME_BYTES, id->name,
			       id->version[0] != '\0' ? " " : "",
			       DETAIL_BYTES, id->version,
			       id->os[0] != '\0' ? " " : "", DETAIL_BYTES, id->os);
	return buffer;
}
