/* SPDX-License-Identifier: MIT */
/*
 * This module reads one item of submission.exemptions, such as
 * "192.0.2.7 until 2026-12-31 by joe: scanner without TLS".
 */
#ifndef GP_EXEMPTION_H
#define GP_EXEMPTION_H

#include <stdbool.h>

#include "error.h"
#include "settings.h"

/* 0 with *exemption_r filled, its strings to be freed by the caller; or -1 with
   *err filled and it untouched. */
int gp_exemption_parse(const char *text, struct gp_exemption *exemption_r,
		       struct gp_error *err);

/* The same of an exemption made while all runs: value is "SECS NAME: REASON", with the
   end in seconds since 1970.  A broken one is none. */
int gp_exemption_unpack(const char *who, const char *value,
			struct gp_exemption *exemption_r, struct gp_error *err);

/* Its value, to be freed. */
char *gp_exemption_pack(const struct gp_exemption *exemption);

/* Is WHO an address or a network, and no login? */
bool gp_exemption_is_network(const char *who);

#endif
