/* SPDX-License-Identifier: MIT */
/* This module makes a short number of bytes, for names and to notice damage.  It keeps
   no secret: who wants two texts with one number finds them. */
#ifndef GP_HASH_H
#define GP_HASH_H

#include <stddef.h>
#include <stdint.h>

#define GP_HASH_START UINT64_C(14695981039346656037)

/* FNV-1a over the bytes, on top of what hash is of. */
uint64_t gp_hash_add(uint64_t hash, const void *bytes, size_t length);

/* Of texts in a row, each with its end. */
uint64_t gp_hash_texts(const char *const *texts, size_t count);

#endif
