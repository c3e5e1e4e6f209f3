/* SPDX-License-Identifier: MIT */
/*
 * This module feeds bytes to the parser of recipient paths.  Its slices must lie
 * inside the text and spell it again, and what is called local must stay local
 * when it is written plainly.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char example_test[] = "example.test", below_alias[] = ".alias.test";
static char *items[] = { example_test, below_alias };
static const struct gp_str_list domains = { items, 2 };

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

static void check_slices(const char *path, const struct gp_address *address)
{
	const char *end = path + strlen(path);

	if (address->kind != GP_ADDRESS_MAILBOX)
		return;
	require(address->local_part >= path && address->local_part_length > 0);
	require(address->local_part[address->local_part_length] == '@');
	require(address->domain ==
		address->local_part + address->local_part_length + 1);
	require(address->domain_length > 0);
	require(address->domain + address->domain_length <= end);
}

/* The mailbox without brackets, route and final dot reaches the same. */
static void check_plain_form(const struct gp_address *address)
{
	size_t local = address->local_part_length, domain = address->domain_length;
	struct gp_address again;
	char *plain;

	if (address->kind != GP_ADDRESS_MAILBOX)
		return;
	plain = malloc(local + domain + 2);
	require(plain != NULL);
	memcpy(plain, address->local_part, local + 1 + domain);
	plain[local + 1 + domain] = '\0';
	gp_address_parse(plain, &again);
	require(again.kind == GP_ADDRESS_MAILBOX && !again.has_route);
	require(again.domain_length == domain);
	require(gp_address_reach(&again, &domains) ==
		gp_address_reach(address, &domains));
	free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *path = malloc(size + 1);
	struct gp_address address;
	enum gp_address_reach reach;

	require(path != NULL);
	if (size > 0)
		memcpy(path, data, size);
	path[size] = '\0';
	gp_address_parse(path, &address);
	check_slices(path, &address);
	reach = gp_address_reach(&address, &domains);
	if (address.kind == GP_ADDRESS_INVALID)
		require(reach == GP_REACH_UNKNOWN);
	if (reach == GP_REACH_LOCAL && address.kind == GP_ADDRESS_MAILBOX)
		require(gp_domain_list_contains(&domains, address.domain,
						address.domain_length));
	check_plain_form(&address);
	free(path);
	return 0;
}
