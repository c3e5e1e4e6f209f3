/* SPDX-License-Identifier: MIT */
/* This module is documented in who-order.h. */
#include "who-order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

const struct gp_order *gp_order_find(const struct gp_order *table,
				     const char *sort, struct gp_error *err)
{
	char names[160] = "";

	if (*sort == '-')
		sort++;
	for (const struct gp_order *order = table; order->name != NULL; order++) {
		if (strcmp(order->name, sort) == 0)
			return order;
		(void)snprintf(names + strlen(names), sizeof(names) - strlen(names),
			       "%s%s", order == table ? "" : ", ", order->name);
	}
	(void)gp_error_set(err, "--sort '%.40s': the columns are %s", sort, names);
	return NULL;
}

static void turn_round(char *items, size_t count, size_t size)
{
	char *spare = gp_alloc(size);

	for (size_t i = 0; i < count / 2; i++) {
		char *left = items + i * size;
		char *right = items + (count - 1 - i) * size;

		memcpy(spare, left, size);
		memcpy(left, right, size);
		memcpy(right, spare, size);
	}
	free(spare);
}

void gp_order_apply(const struct gp_order *table, const char *sort, void *items,
		    size_t count, size_t size)
{
	struct gp_error unused;
	const struct gp_order *order = gp_order_find(table, sort, &unused);

	if (count == 0 || order == NULL)
		return;
	qsort(items, count, size, order->compare);
	if (*sort == '-')
		turn_round(items, count, size);
}
