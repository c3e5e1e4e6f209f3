/* SPDX-License-Identifier: MIT */
/* This module is documented in settings-list.h. */
#include "settings-list.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "exemption.h"
#include "network-text.h"
#include "pool.h"
#include "settings-value.h"
#include "socket-text.h"

/* Room for one more item.  A list doubles when its count is a power of two: a
   file of 100,000 domains would else be copied as many times. */
static void *make_room(void *items, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return items;
	return gp_realloc(items, (count == 0 ? 1 : 2 * count) * size);
}

static void clear_strings(struct gp_str_list *list)
{
	while (list->count > 0)
		free(list->items[--list->count]);
}

static void add_string(struct gp_str_list *list, const char *text)
{
	list->items = make_room(list->items, list->count,
				sizeof(*list->items));
	list->items[list->count++] = gp_strdup(text);
}

static int check_domain(const char *text, struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];

	/* ".example.test" stands for every name below it. */
	if (gp_host_name_is_valid(text[0] == '.' ? text + 1 : text))
		return 0;
	return gp_error_set(err, "'%s' is not a domain; allowed is example.com, "
			    ".example.com for all names below it, or xn--... for "
			    "a name with other letters", gp_shown(text, shown));
}

int gp_settings_add_domain(struct gp_str_list *domains, const char *text,
			   struct gp_error *err)
{
	if (check_domain(text, err) < 0)
		return -1;
	add_string(domains, text);
	return 0;
}

/* RFC 4422 section 3.1, with "*" for the rest of a name and "PORT:" before it. */
static int check_mechanism(const char *text, struct gp_error *err)
{
	const char *name = strchr(text, ':'), *p = text;
	char shown[GP_SHOWN_BYTES];
	unsigned long port = 1;
	size_t length;

	name = name != NULL ? name + 1 : text;
	length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*");
	if (length > 0 && length <= 20 && name[length] == '\0' &&
	    (name == text || (gp_number_take(&p, &port) && p + 1 == name &&
			      port > 0 && port <= 65535)))
		return 0;
	return gp_error_set(err, "'%s' is not a mechanism; allowed is PLAIN, "
			    "\"SCRAM-*\" or, for one port, \"465:GSSAPI\"",
			    gp_shown(text, shown));
}

static int check_certificate(const char *text, struct gp_error *err)
{
	const char *equals = strstr(text, " = ");
	char shown[GP_SHOWN_BYTES];

	if (equals != NULL && equals != text && equals[3] != '\0' &&
	    strcspn(text, " ") == (size_t)(equals - text))
		return 0;
	return gp_error_set(err, "'%s' is not a certificate; allowed is \"LOGIN = "
			    "SUBJECT\", with the subject as the MTA shows it",
			    gp_shown(text, shown));
}

static int check_item(const struct gp_setting *row, const char *text,
		      struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];

	if (row->type == GP_SETTING_DOMAIN_LIST)
		return check_domain(text, err);
	if (text[0] == '\0' || strlen(text) > (size_t)row->max)
		return gp_error_set(err, "'%s' is not possible; an item has 1 to "
				    "%ld bytes", gp_shown(text, shown), row->max);
	if (row->type == GP_SETTING_MECHANISM_LIST)
		return check_mechanism(text, err);
	return row->type == GP_SETTING_CERTIFICATE_LIST
		? check_certificate(text, err) : 0;
}

int gp_list_store_string(const struct gp_setting *row, const char *text,
			size_t index, struct gp_str_list *list,
			struct gp_error *err)
{
	const bool is_empty = index == 0 && text[0] == '\0';

	if (!is_empty && check_item(row, text, err) < 0)
		return -1;
	if (index == 0)
		clear_strings(list);
	if (!is_empty)
		add_string(list, text);
	return 0;
}

int gp_list_store_network(const char *text, size_t index,
			 struct gp_network_list *list, struct gp_error *err)
{
	const bool is_empty = index == 0 && text[0] == '\0';
	struct gp_network network;

	if (!is_empty && gp_network_parse(text, &network, err) < 0)
		return -1;
	if (index == 0)
		list->count = 0;
	if (is_empty)
		return 0;
	list->items = make_room(list->items, list->count,
				sizeof(*list->items));
	list->items[list->count++] = network;
	return 0;
}

int gp_list_store_exemption(const char *text, size_t index,
			   struct gp_exemption_list *list, struct gp_error *err)
{
	const bool is_empty = index == 0 && text[0] == '\0';
	struct gp_exemption exemption;

	if (!is_empty && gp_exemption_parse(text, &exemption, err) < 0)
		return -1;
	for (size_t i = 0; index == 0 && i < list->count; i++)
		gp_exemption_free(&list->items[i]);
	if (index == 0)
		list->count = 0;
	if (is_empty)
		return 0;
	list->items = make_room(list->items, list->count,
				sizeof(*list->items));
	list->items[list->count++] = exemption;
	return 0;
}

int gp_list_store_uint(const struct gp_setting *row, const char *text,
		      size_t index, struct gp_uint_list *list,
		      struct gp_error *err)
{
	unsigned int value;

	if (index == 0 && text[0] == '\0')
		return gp_error_set(err, "the list is empty; at least one number "
				    "is needed");
	if (gp_uint_parse(row, text, &value, err) < 0)
		return -1;
	if (index == 0)
		list->count = 0;
	list->items = make_room(list->items, list->count,
				sizeof(*list->items));
	list->items[list->count++] = value;
	return 0;
}
