/* SPDX-License-Identifier: MIT */
/* This module holds what stores of whatever kind share. */
#include "store.h"

#include <stddef.h>
#include <sys/random.h>
#include <unistd.h>

#include "log.h"

void gp_store_close(struct gp_store **store)
{
	if (*store == NULL)
		return;
	(*store)->ops->close(*store);
	*store = NULL;
}

/* random() would not do: unseeded, it says the same on every host. */
uint64_t gp_store_chance(void)
{
	uint64_t chance;

	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(chance))
		chance = (uint64_t)gp_clock_monotonic_msecs() << 32 ^
			(uint64_t)getpid();
	return chance;
}

int64_t gp_store_with_jitter(int64_t msecs)
{
	return msecs - msecs / 8 +
		(int64_t)(gp_store_chance() % ((uint64_t)msecs / 4 + 1));
}
