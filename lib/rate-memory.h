/* SPDX-License-Identifier: MIT */
/*
 * This module remembers in the process what users have sent lately: what Redis
 * said last, so that a refusal which is known already costs no question, and
 * what was counted here while Redis was silent or where there is none.  It is
 * of one host, bounded, and gone when the process ends.  Any thread may call.
 *
 * Times are ticks (rate.h) of the monotonic clock.
 */
#ifndef GP_RATE_MEMORY_H
#define GP_RATE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "rate.h"

struct gp_rate_memory;

/* Room for about so many users; when it is full, who has least to forget goes. */
struct gp_rate_memory *gp_rate_memory_create(unsigned int users_max);

/* As gp_rate_look(), with recipients at least 1. */
void gp_rate_memory_look(struct gp_rate_memory *memory, const char *user,
			 const struct gp_rate_terms *terms,
			 unsigned int recipients, int64_t now_ticks,
			 struct gp_rate_verdict *verdict_r);

/* As gp_rate_charge(). */
void gp_rate_memory_charge(struct gp_rate_memory *memory, const char *user,
			   const struct gp_rate_terms *terms,
			   unsigned int recipients, int64_t now_ticks,
			   struct gp_rate_verdict *verdict_r);

/* As gp_rate_is_far(), but false unless Redis has spoken of the user lately. */
bool gp_rate_memory_is_far(struct gp_rate_memory *memory, const char *user,
			   const struct gp_rate_terms *terms,
			   const struct gp_rate_load *load, int64_t now_ticks);

/* Redis has spoken: what was remembered of the user is replaced. */
void gp_rate_memory_learn(struct gp_rate_memory *memory, const char *user,
			  const struct gp_rate_state *state, int64_t now_ticks);

/* Accepts NULL, leaves NULL. */
void gp_rate_memory_free(struct gp_rate_memory **memory);

#endif
