/* SPDX-License-Identifier: MIT */
/*
 * This module writes the names of programs (program.h) as Redis keeps them: an address
 * takes its 4 or 8 bytes, so that a user with two programs fits where names as text
 * would take half as much again.  What is not of that form is kept as it is.
 */
#ifndef GP_STORE_PROGRAM_H
#define GP_STORE_PROGRAM_H

#include <stddef.h>

#include "program.h"

/* A name of any program is shorter; the scripts know no longer ones. */
enum { GP_STORE_PROGRAM_BYTES = 127 };

/* Returns how many bytes there are, 2 at least. */
size_t gp_store_program_pack(const char *program,
			     unsigned char packed_r[GP_STORE_PROGRAM_BYTES]);

/* Any bytes give some text; returns buffer. */
const char *gp_store_program_unpack(const unsigned char *packed, size_t length,
				    char buffer[GP_PROGRAM_BYTES]);

#endif
