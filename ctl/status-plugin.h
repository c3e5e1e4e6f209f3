/* SPDX-License-Identifier: MIT */
/* This module finds out which version of the plugins Dovecot's mail processes have
   loaded, by looking at the processes that run. */
#ifndef GP_STATUS_PLUGIN_H
#define GP_STATUS_PLUGIN_H

#include <stdbool.h>

#include "pool.h"

struct gp_loaded_plugin {
	const char *version;    /* NULL: no process has it, or none can be read */
	bool is_replaced;       /* a process still runs one that is no longer there */
};

/* Looks at some of the processes: on a busy host there are thousands.  The text is of
   the pool. */
void gp_status_find_plugin(struct gp_pool *pool, struct gp_loaded_plugin *found_r);

#endif
