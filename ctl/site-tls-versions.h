/* SPDX-License-Identifier: MIT */
/*
 * This module reads the lists of TLS versions that servers may speak, in the
 * spellings of Postfix (">=TLSv1.2", "!SSLv2, !SSLv3") and of Dovecot
 * ("TLSv1.2", the least one).
 */
#ifndef GP_SITE_TLS_VERSIONS_H
#define GP_SITE_TLS_VERSIONS_H

#include "pool.h"

/* The lowest version below TLS 1.2 that Postfix's list allows; NULL: none. */
const char *gp_site_tls_too_old(struct gp_pool *pool, const char *list);

/* The same of a least version alone; also NULL for words that are unknown. */
const char *gp_site_tls_least_too_old(const char *least);

#endif
