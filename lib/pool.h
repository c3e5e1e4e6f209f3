/* SPDX-License-Identifier: MIT */
/*
 * This module gives out memory that is freed together: one pool for a
 * connection, one for a message.  Allocation never fails: without memory the
 * program logs and exits, and the MTA or Dovecot carries on by its own rules.
 */
#ifndef GP_POOL_H
#define GP_POOL_H

#include <stddef.h>

struct gp_pool;

struct gp_pool *gp_pool_create(void);

/* Memory of size bytes, zeroed, aligned for any type; lives until reset. */
void *gp_pool_alloc(struct gp_pool *pool, size_t size)
	__attribute__((malloc, returns_nonnull));

/* A copy of text (NULL stays NULL), or of its first length bytes. */
char *gp_pool_strdup(struct gp_pool *pool, const char *text);
char *gp_pool_strndup(struct gp_pool *pool, const char *text, size_t length);
char *gp_pool_printf(struct gp_pool *pool, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Frees all that was given out; the pool itself can be used again. */
void gp_pool_reset(struct gp_pool *pool);

/* Frees the pool and all of it.  Accepts NULL, leaves *pool NULL. */
void gp_pool_free(struct gp_pool **pool);

/* malloc, strdup and realloc that log and exit instead of returning NULL;
   free() what they return. */
void *gp_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *gp_realloc(void *memory, size_t size) __attribute__((returns_nonnull));
char *gp_strdup(const char *text) __attribute__((malloc, returns_nonnull));

#endif
