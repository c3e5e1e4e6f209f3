/* SPDX-License-Identifier: MIT */
/* This module shows what a probe has found: what is wrong first, and what is well in
   brief, for it is much. */
#ifndef GP_PROBE_SHOW_H
#define GP_PROBE_SHOW_H

#include <stdbool.h>
#include <stddef.h>

#include "probe.h"

size_t gp_probe_count(const struct gp_probe *probe, enum gp_verdict_level level);

/* shows_all: each check that is well is a line too. */
void gp_probe_show(const struct gp_probe *probe, bool shows_all);
void gp_probe_show_json(const struct gp_probe *probe);

#endif
