/* SPDX-License-Identifier: MIT */
/*
 * This module looks at gatepost's own files and modes: who else may change the
 * policy, read its secret, or talk to its milter.
 */
#ifndef GP_SITE_GATEPOST_H
#define GP_SITE_GATEPOST_H

#include "site-finding.h"

void gp_site_check_gatepost(struct gp_site *site);

#endif
