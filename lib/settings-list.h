/* SPDX-License-Identifier: MIT */
/*
 * This module puts the items of a list setting into their list, or says what is
 * allowed instead.  index counts the items: item 0 replaces what the list held, and
 * "" as item 0 empties it.  All return 0; or -1 with *err filled and the list
 * untouched.
 */
#ifndef GP_SETTINGS_LIST_H
#define GP_SETTINGS_LIST_H

#include <stddef.h>

#include "error.h"
#include "settings.h"

/* Domains, mechanisms, certificates or any text of at most row->max bytes. */
int gp_list_store_string(const struct gp_setting *row, const char *text,
			 size_t index, struct gp_str_list *list,
			 struct gp_error *err);

int gp_list_store_network(const char *text, size_t index,
			  struct gp_network_list *list, struct gp_error *err);
int gp_list_store_exemption(const char *text, size_t index,
			    struct gp_exemption_list *list,
			    struct gp_error *err);

/* Numbers; this list is never empty. */
int gp_list_store_uint(const struct gp_setting *row, const char *text,
		       size_t index, struct gp_uint_list *list,
		       struct gp_error *err);

/* One more domain at the end of a list. */
int gp_settings_add_domain(struct gp_str_list *domains, const char *text,
			   struct gp_error *err);

#endif
