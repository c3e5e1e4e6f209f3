/* SPDX-License-Identifier: MIT */
/* This module is documented in hash.h. */
#include "hash.h"

#include <string.h>

uint64_t gp_hash_add(uint64_t hash, const void *bytes, size_t length)
{
	const unsigned char *byte = bytes;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ byte[i]) * UINT64_C(1099511628211);
	return hash;
}

uint64_t gp_hash_texts(const char *const *texts, size_t count)
{
	uint64_t hash = GP_HASH_START;

	for (size_t i = 0; i < count; i++)
		hash = gp_hash_add(hash, texts[i], strlen(texts[i]) + 1);
	return hash;
}
