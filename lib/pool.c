/* SPDX-License-Identifier: MIT */
/*
 * This module hands out pieces of blocks.  A message needs a few hundred bytes,
 * so the first block usually serves it whole, and a reset keeps that block: the
 * next message of a connection costs no malloc().
 */
#include "pool.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

/* With its head a block stays below 1 KiB: malloc() of the GNU C library keeps such
   pieces at hand for each thread, and tidies up its heap for larger ones. */
enum { BLOCK_BYTES = 960 };

struct block {
	struct block *next;
	size_t size, used;
	alignas(max_align_t) unsigned char memory[];
};

struct gp_pool {
	struct block *blocks;   /* the newest first; the last one is kept */
	struct block first;     /* which is this, with its memory behind it */
};

static void *or_exit(void *memory, size_t size)
{
	if (memory == NULL) {
		gp_log(GP_LOG_ERROR, "out of memory for %zu bytes", size);
		exit(71); /* EX_OSERR */
	}
	return memory;
}

void *gp_alloc(size_t size)
{
	return or_exit(calloc(1, size > 0 ? size : 1), size);
}

void *gp_realloc(void *memory, size_t size)
{
	return or_exit(realloc(memory, size > 0 ? size : 1), size);
}

char *gp_strdup(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(gp_alloc(size), text, size);
}

static struct block *block_create(size_t size, struct block *next)
{
	struct block *block = gp_alloc(sizeof(*block) + size);

	block->size = size;
	block->next = next;
	return block;
}

struct gp_pool *gp_pool_create(void)
{
	const size_t size = sizeof(struct gp_pool) + BLOCK_BYTES;
	struct gp_pool *pool = or_exit(malloc(size), size);

	pool->first.next = NULL;
	pool->first.size = BLOCK_BYTES;
	pool->first.used = 0;
	pool->blocks = &pool->first;
	return pool;
}

void *gp_pool_alloc(struct gp_pool *pool, size_t size)
{
	struct block *block = pool->blocks;
	const size_t grain = alignof(max_align_t);
	void *memory;

	size = (size + grain - 1) / grain * grain;
	if (size > block->size - block->used) {
		block = block_create(size > BLOCK_BYTES ? size : BLOCK_BYTES,
				     block);
		pool->blocks = block;
	}
	memory = block->memory + block->used;
	block->used += size;
	return memset(memory, 0, size);
}

char *gp_pool_strndup(struct gp_pool *pool, const char *text, size_t length)
{
	char *copy = gp_pool_alloc(pool, length + 1);

	memcpy(copy, text, length);
	return copy;
}

char *gp_pool_strdup(struct gp_pool *pool, const char *text)
{
	return text == NULL ? NULL : gp_pool_strndup(pool, text, strlen(text));
}

char *gp_pool_printf(struct gp_pool *pool, const char *fmt, ...)
{
	va_list args;
	char *text;
	int length;

	va_start(args, fmt);
	length = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (length < 0)
		length = 0;
	text = gp_pool_alloc(pool, (size_t)length + 1);
	va_start(args, fmt);
	(void)vsnprintf(text, (size_t)length + 1, fmt, args);
	va_end(args);
	return text;
}

static void free_blocks_but_last(struct gp_pool *pool)
{
	while (pool->blocks->next != NULL) {
		struct block *next = pool->blocks->next;

		free(pool->blocks);
		pool->blocks = next;
	}
}

void gp_pool_reset(struct gp_pool *pool)
{
	free_blocks_but_last(pool);
	pool->blocks->used = 0;
}

void gp_pool_free(struct gp_pool **pool)
{
	if (*pool == NULL)
		return;
	free_blocks_but_last(*pool);
	free(*pool);
	*pool = NULL;
}
