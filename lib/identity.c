/* SPDX-License-Identifier: MIT */
/* This module is documented in identity.h. */
#include "identity.h"

#include <string.h>

#include "login.h"
#include "pattern.h"

const struct gp_str_list *gp_identity_domains(const struct gp_settings *settings)
{
	return settings->identity.domains.count > 0
		? &settings->identity.domains : &settings->relay.local_domains;
}

/* What another program might read as a route has no owner. */
static bool is_plain(const struct gp_address *address)
{
	if (address->kind != GP_ADDRESS_MAILBOX || address->has_route ||
	    address->local_part_length == 0)
		return false;
	for (size_t i = 0; i < address->local_part_length; i++)
		if (strchr("!%@\\", address->local_part[i]) != NULL)
			return false;
	return true;
}

/* The local part without quotes and without "+anything". */
static void name_of(const struct gp_settings *settings,
		    const struct gp_address *address, bool keeps_detail,
		    const char **name_r, size_t *length_r)
{
	const char *name = address->local_part, *detail;
	size_t length = address->local_part_length;

	if (address->local_part_is_quoted) {
		name++;
		length -= 2;
	}
	detail = settings->identity.delimiter == NULL ||
		settings->identity.delimiter[0] == '\0' ? NULL
		: memchr(name, settings->identity.delimiter[0], length);
	if (!keeps_detail && detail != NULL && detail > name)
		length = (size_t)(detail - name);
	*name_r = name;
	*length_r = length;
}

/* A login with a realm that is not ours owns the address of that name. */
static bool owns_by_name(const struct gp_settings *settings,
			 const char *identity, const char *name, size_t length,
			 const struct gp_address *address)
{
	const char *at = strrchr(identity, '@');
	const size_t identity_length = at != NULL ? (size_t)(at - identity)
						  : strlen(identity);

	if (identity_length == 0 ||
	    !gp_text_equals(name, length, identity, identity_length) ||
	    !gp_domain_list_contains(gp_identity_domains(settings),
				     address->domain, address->domain_length))
		return false;
	return at == NULL || gp_text_equals(at + 1, strlen(at + 1),
					    address->domain,
					    address->domain_length);
}

static char lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
}

/* As strcmp() of the stored address and "name@domain" in lower case. */
static int compare(const char *stored, const char *name, size_t length,
		   const struct gp_address *address)
{
	const size_t total = length + 1 + address->domain_length;

	for (size_t i = 0; i < total; i++) {
		char byte = i < length ? lower(name[i]) : i == length ? '@'
			: lower(address->domain[i - length - 1]);

		if (stored[i] != byte)
			return (unsigned char)stored[i] <
				(unsigned char)byte ? -1 : 1;
	}
	return stored[total] == '\0' ? 0 : 1;
}

static const struct gp_owner *find_owner(const struct gp_owner_map *map,
					 const char *name, size_t length,
					 const struct gp_address *address)
{
	size_t low = 0, high = map->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(map->items[middle].address, name, length,
				    address);

		if (order == 0)
			return &map->items[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The logins of files and settings were normalised when they were read. */
static bool is_listed(const struct gp_str_list *logins, const char *identity)
{
	for (size_t i = 0; i < logins->count; i++)
		if (strcmp(logins->items[i], identity) == 0)
			return true;
	return false;
}

static bool owns_by_file(const struct gp_settings *settings,
			 const char *identity, const char *name, size_t length,
			 const struct gp_address *address)
{
	const struct gp_owner *owner = find_owner(&settings->identity.owners,
						  name, length, address);

	return owner != NULL && is_listed(&owner->logins, identity);
}

bool gp_identity_owns(const struct gp_settings *settings, const char *identity,
		      const struct gp_address *address)
{
	const char *name, *whole;
	size_t length, whole_length;

	if (identity == NULL || !is_plain(address))
		return false;
	if (is_listed(&settings->identity.send_as_anyone, identity))
		return true;
	name_of(settings, address, false, &name, &length);
	name_of(settings, address, true, &whole, &whole_length);
	return owns_by_name(settings, identity, name, length, address) ||
		owns_by_name(settings, identity, whole, whole_length, address) ||
		owns_by_file(settings, identity, name, length, address) ||
		owns_by_file(settings, identity, whole, whole_length, address) ||
		owns_by_file(settings, identity, "", 0, address);
}

/* The first domain that is one, and no pattern. */
static const char *first_domain(const struct gp_settings *settings)
{
	const struct gp_str_list *domains = gp_identity_domains(settings);

	for (size_t i = 0; i < domains->count; i++)
		if (domains->items[i][0] != '.')
			return domains->items[i];
	return "";
}

size_t gp_identity_primary_bytes(const struct gp_settings *settings,
				 const char *identity)
{
	return identity == NULL ? 1
		: strlen(identity) + strlen(first_domain(settings)) + 2;
}

const char *gp_identity_primary(const struct gp_settings *settings,
				const char *identity, char *address_r)
{
	const char *domain = first_domain(settings);
	struct gp_address address;
	size_t length;

	if (identity == NULL)
		return NULL;
	length = strlen(identity);
	memcpy(address_r, identity, length + 1);
	if (strchr(identity, '@') == NULL) {
		address_r[length] = '@';
		memcpy(address_r + length + 1, domain, strlen(domain) + 1);
	}
	gp_address_parse(address_r, &address);
	return gp_identity_owns(settings, identity, &address) ? address_r : NULL;
}

bool gp_identity_is_ours(const struct gp_settings *settings,
			 const struct gp_address *address)
{
	return address->kind == GP_ADDRESS_MAILBOX &&
		gp_domain_list_contains(gp_identity_domains(settings),
					address->domain, address->domain_length);
}
