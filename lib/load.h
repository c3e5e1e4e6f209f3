/* SPDX-License-Identifier: MIT */
/* This module says how busy the machine is. */
#ifndef GP_LOAD_H
#define GP_LOAD_H

#include <stdint.h>

/* Runnable processes for each processor, of the last minute, in percent: 100 is one
   for each.  Looked up anew every ten seconds at most; 0 if it cannot be known.
   now_msecs: the monotonic clock.  Not for several threads. */
unsigned int gp_load_percent(int64_t now_msecs);

#endif
