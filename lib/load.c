/* SPDX-License-Identifier: MIT */
/* This module is documented in load.h. */
#include "load.h"

#include <stdlib.h>
#include <unistd.h>

enum { VALID_MSECS = 10000 };

unsigned int gp_load_percent(int64_t now_msecs)
{
	static unsigned int percent;
	static int64_t until_msecs;
	long processors;
	double load;

	if (now_msecs < until_msecs)
		return percent;
	until_msecs = now_msecs + VALID_MSECS;
	processors = sysconf(_SC_NPROCESSORS_ONLN);
	percent = getloadavg(&load, 1) == 1
		? (unsigned int)(load * 100 / (double)(processors > 0 ? processors : 1))
		: 0;
	return percent;
}
