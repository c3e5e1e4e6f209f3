/* SPDX-License-Identifier: MIT */
/*
 * This module shows something again and again: on a terminal in its place, cut to its
 * height, until Ctrl-C; elsewhere, and for machines, one after the other.
 */
#ifndef GP_WHO_WATCH_H
#define GP_WHO_WATCH_H

#include <stdbool.h>
#include <stdio.h>

#include "error.h"

/* Writes one picture to out; -1 with *err shows that instead, or on standard error
   where pictures follow each other. */
typedef int gp_watch_draw(void *context, FILE *out, struct gp_error *err);

/* Returns when somebody ends it (SIGINT, SIGTERM, or nobody reads any more); the
   terminal is as it was. */
void gp_watch(gp_watch_draw *draw, void *context, unsigned int secs,
	      bool is_for_machines);

#endif
