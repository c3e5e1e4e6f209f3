/* SPDX-License-Identifier: MIT */
/*
 * This module brings international domain names into the one form in which
 * domains are compared: lower-case A-labels (RFC 5890), by libidn2.
 */
#ifndef GP_IDN_H
#define GP_IDN_H

#include "pool.h"

/*
 * The address or path with its domain as A-labels: "<u@bücher.example>" becomes
 * "<u@xn--bcher-kva.example>".  Returns the text itself if the domain is plain
 * ASCII or cannot be converted, else memory of the pool.
 */
const char *gp_idn_address(struct gp_pool *pool, const char *address);

/* The same for a domain alone; memory to free(), or NULL if it cannot be
   converted. */
char *gp_idn_domain(const char *domain);

#endif
