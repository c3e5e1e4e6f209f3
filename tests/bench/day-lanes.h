/* SPDX-License-Identifier: MIT */
/*
 * This module lets one worker do many things that each ask Redis, so that their
 * questions travel together: each is done in a lane, a stack of its own, and rests while
 * its question waits to be sent.  The store below knows nothing of it: the linker puts
 * this module's exchange in the place of the link's.
 */
#ifndef DAY_LANES_H
#define DAY_LANES_H

#include "store.h"

enum { DAY_LANES_MAX = 64 };

typedef void day_deed(void *what);

/* With one lane each question goes by the store's own connection, at once. */
void day_lanes_open(const struct gp_settings *settings, unsigned int count,
		    day_deed *deed);

/* Does it, at least up to its first question. */
void day_lanes_do(void *what);

/* Until all is done. */
void day_lanes_finish(void);

/* What is being done now, and the store for it. */
void *day_lanes_what(void);
struct gp_store *day_lanes_store(void);

void day_lanes_close(void);

#endif
