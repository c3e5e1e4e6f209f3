/* SPDX-License-Identifier: MIT */
/* This module orders rows by a column that somebody names. */
#ifndef GP_WHO_ORDER_H
#define GP_WHO_ORDER_H

#include <stddef.h>

#include "error.h"

/* Its compare is of the order that puts first what people look for. */
struct gp_order {
	const char *name;
	int (*compare)(const void *left, const void *right);
};

/* "every", or "-every" for the order turned round.  NULL with *err if the table, ended
   by a NULL name, has no such column. */
const struct gp_order *gp_order_find(const struct gp_order *table,
				     const char *sort, struct gp_error *err);

/* Puts them in order; sort as above, and found in the table. */
void gp_order_apply(const struct gp_order *table, const char *sort, void *items,
		    size_t count, size_t size);

/* For a compare: small first. */
#define GP_ORDER(a, b) (((a) > (b)) - ((a) < (b)))

#endif
