/* SPDX-License-Identifier: MIT */
/* This module closes a store of whatever kind. */
#include "store.h"

#include <stddef.h>

void gp_store_close(struct gp_store **store)
{
	if (*store == NULL)
		return;
	(*store)->ops->close(*store);
	*store = NULL;
}
