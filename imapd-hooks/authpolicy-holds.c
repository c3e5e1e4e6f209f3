/* SPDX-License-Identifier: MIT */
/* This module is documented in authpolicy-holds.h. */
#include "authpolicy-holds.h"

enum { SECONDS = GP_AUTH_HOLD_SECS_MAX + 1 };

unsigned int gp_auth_holds_count(const struct gp_auth_holds *holds, int64_t now_secs)
{
	unsigned int count = 0;

	for (int i = 0; i < SECONDS; i++)
		if (holds->ends[i].second > now_secs)
			count += holds->ends[i].count;
	return count;
}

void gp_auth_holds_add(struct gp_auth_holds *holds, int64_t end_secs)
{
	const int64_t i = end_secs % SECONDS;

	if (holds->ends[i].second != end_secs)
		holds->ends[i].count = 0;
	holds->ends[i].second = end_secs;
	holds->ends[i].count++;
}
