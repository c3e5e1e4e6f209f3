/* SPDX-License-Identifier: MIT */
/* This module is documented in owners-file.h. */
#include "owners-file.h"

#include <stdlib.h>
#include <string.h>

#include "login.h"
#include "pool.h"
#include "settings-value.h"

static const char blanks[] = " \t\r";

static void fold(char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text + 32);
}

/* "user@domain" or "@domain", as the core compares them: the domain in A-labels,
   which is how those of messages come to it. */
static bool address_is_good(const char *text)
{
	struct gp_address address;

	for (const char *p = strchr(text, '@'); p != NULL && *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			return false;
	if (text[0] == '@')
		return text[1] != '\0' && strchr(text + 1, '@') == NULL;
	gp_address_parse(text, &address);
	return address.kind == GP_ADDRESS_MAILBOX && !address.has_route &&
		!address.local_part_is_quoted && text[0] != '<';
}

static void add_login(const struct gp_settings *settings,
		      struct gp_str_list *logins, const char *text)
{
	char *login = gp_alloc(strlen(text) + 1);

	gp_login_normalise(settings, text, login);
	logins->items = gp_realloc(logins->items, (logins->count + 1) *
				   sizeof(*logins->items));
	logins->items[logins->count++] = login;
}

static void add_logins(const struct gp_settings *settings,
		       struct gp_str_list *logins, char *text)
{
	char *rest = NULL;

	for (char *word = strtok_r(text, ", \t\r", &rest); word != NULL;
	     word = strtok_r(NULL, ", \t\r", &rest))
		add_login(settings, logins, word);
}

static struct gp_owner *new_owner(struct gp_owner_map *map, const char *address)
{
	struct gp_owner *owner;

	/* doubles when the count is a power of two */
	if ((map->count & (map->count - 1)) == 0)
		map->items = gp_realloc(map->items, (map->count == 0 ? 1
					: 2 * map->count) * sizeof(*map->items));
	owner = &map->items[map->count++];
	memset(owner, 0, sizeof(*owner));
	owner->address = gp_strdup(address);
	return owner;
}

static int read_line(struct gp_settings *settings, const char *path, int number,
		     char *line, struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES], *owners;
	size_t length;

	line[strcspn(line, "#")] = '\0';
	line += strspn(line, blanks);
	if (*line == '\0')
		return 0;
	length = strcspn(line, blanks);
	owners = line + length + strspn(line + length, blanks);
	line[length] = '\0';
	if (length > 0 && line[length - 1] == ':')
		line[length - 1] = '\0';
	fold(line);
	if (!address_is_good(line))
		return gp_error_set(err, "%s:%d: '%s' is not an address; allowed is "
				    "user@domain or @domain, with xn--... for "
				    "other letters in the domain", path, number,
				    gp_shown(line, shown));
	if (owners[strspn(owners, ", \t\r")] == '\0')
		return gp_error_set(err, "%s:%d: '%s' has no owner; a line is "
				    "\"address login, login\"", path, number,
				    gp_shown(line, shown));
	add_logins(settings, &new_owner(&settings->identity.owners, line)->logins,
		   owners);
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct gp_owner *)a)->address,
		      ((const struct gp_owner *)b)->address);
}

/* An address that stands there twice has the owners of both lines. */
static void merge_equal(struct gp_owner_map *map)
{
	size_t kept = 0;

	for (size_t i = 0; i < map->count; i++) {
		struct gp_owner *from = &map->items[i];
		struct gp_owner *to = kept > 0 ? &map->items[kept - 1] : NULL;
		struct gp_str_list *all;

		if (to == NULL || strcmp(to->address, from->address) != 0) {
			map->items[kept++] = *from;
			continue;
		}
		all = &to->logins;
		all->items = gp_realloc(all->items, (all->count +
					from->logins.count) * sizeof(*all->items));
		memcpy(all->items + all->count, from->logins.items,
		       from->logins.count * sizeof(*all->items));
		all->count += from->logins.count;
		free(from->logins.items);
		free(from->address);
	}
	map->count = kept;
}

int gp_owners_read(struct gp_settings *settings, const char *path, char *text,
		   size_t length, struct gp_error *err)
{
	struct gp_owner_map *map = &settings->identity.owners;
	char *end = text + length, *next;
	int number = 1;

	for (char *line = text; line < end; line = next + 1, number++) {
		next = memchr(line, '\n', (size_t)(end - line));
		if (next == NULL)
			next = end;
		*next = '\0';
		if (strlen(line) != (size_t)(next - line))
			return gp_error_set(err, "%s:%d: byte 0x00", path, number);
		if (read_line(settings, path, number, line, err) < 0)
			return -1;
	}
	if (map->count > 0)
		qsort(map->items, map->count, sizeof(*map->items), compare);
	merge_equal(map);
	return 0;
}
