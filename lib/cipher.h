/* SPDX-License-Identifier: MIT */
/*
 * This module knows what a TLS cipher is worth, by its name, in OpenSSL's
 * spelling (ECDHE-RSA-AES128-GCM-SHA256) and in the RFCs'
 * (TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256).  The facts are OpenSSL's.
 */
#ifndef GP_CIPHER_H
#define GP_CIPHER_H

#include "facts.h"

/* NULL and a name that OpenSSL does not know give is_known = false.  Safe in
   any thread. */
void gp_cipher_look_up(const char *name, struct gp_cipher_facts *facts_r);

#endif
