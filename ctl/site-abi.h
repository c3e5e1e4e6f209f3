/* SPDX-License-Identifier: MIT */
/*
 * This module finds out for which Dovecot a file was built, by looking for the
 * text in it ("2.3.ABIv19(2.3.19.1)") and without loading it: a plugin is code.
 */
#ifndef GP_SITE_ABI_H
#define GP_SITE_ABI_H

#include <stdbool.h>

#include "pool.h"

/* The ABI named in a file; NULL when it cannot be read or names none. */
const char *gp_site_abi_of_file(struct gp_pool *pool, const char *path);
/* The same of a program that is looked for in PATH. */
const char *gp_site_abi_of_program(struct gp_pool *pool, const char *name);

/* Dovecot compares up to the bracket, and so does this. */
bool gp_site_abi_is_same(const char *left, const char *right);

/* The version of gatepost that a plugin says to be of; NULL for none. */
const char *gp_site_version_of_file(struct gp_pool *pool, const char *path);

/* Does the text stand in the file, between NULs, as names of symbols do? */
bool gp_site_file_has_name(const char *path, const char *name);

#endif
