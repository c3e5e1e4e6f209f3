/* SPDX-License-Identifier: MIT */
/* This module is documented in refusal.h. */
#include "refusal.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MINUTE = 60, MSECS = 1000 };

static const char *plural(unsigned int count)
{
	return count == 1 ? "" : "s";
}

const char *gp_refusal_text(int64_t interval_msecs,
			    const struct gp_decision *decision,
			    char buffer[GP_REFUSAL_BYTES])
{
	unsigned int interval = (unsigned int)(interval_msecs / MSECS);
	const bool in_minutes = interval % MINUTE == 0;
	/* Whoever comes back after so many seconds is in time. */
	const unsigned int left = (unsigned int)
		((decision->wait_msecs + MSECS - 1) / MSECS);

	if (in_minutes)
		interval /= MINUTE;
	(void)snprintf(buffer, GP_REFUSAL_BYTES,
		       "You may look for new mail once every %u %s%s, "
		       "try again in %u second%s", interval,
		       in_minutes ? "minute" : "second", plural(interval),
		       left, plural(left));
	return buffer;
}

/* "5 minutes", "40 seconds" */
static void format_time(int64_t msecs, char *text, size_t size)
{
	unsigned int count = (unsigned int)((msecs + MSECS / 2) / MSECS);
	const bool in_minutes = count >= 2 * MINUTE || count == MINUTE;

	if (in_minutes)
		count = (count + MINUTE / 2) / MINUTE;
	(void)snprintf(text, size, "%u %s%s", count,
		       in_minutes ? "minute" : "second", plural(count));
}

const char *gp_notice_text(const char *words, const struct gp_notice *notice,
			   char buffer[GP_NOTICE_BYTES])
{
	char every[32] = "few seconds", policy[32], advised[32];
	const struct {
		const char *name, *value;
	} places[] = {
		{ "%{every}", every }, { "%{policy}", policy },
		{ "%{advised}", advised }, { "%{program}", notice->program },
	};
	size_t length = 0;

	if (notice->every_msecs > 0)
		format_time(notice->every_msecs, every, sizeof(every));
	format_time(notice->policy_msecs, policy, sizeof(policy));
	format_time(notice->advised_msecs, advised, sizeof(advised));
	while (*words != '\0' && length + 1 < GP_NOTICE_BYTES) {
		const char *value = NULL;

		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) &&
		     value == NULL; i++) {
			if (strncmp(words, places[i].name,
				    strlen(places[i].name)) != 0)
				continue;
			value = places[i].value;
			words += strlen(places[i].name);
		}
		if (value == NULL) {
			buffer[length++] = *words++;
			continue;
		}
		while (*value != '\0' && length + 1 < GP_NOTICE_BYTES)
			buffer[length++] = *value++;
	}
	buffer[length] = '\0';
	return buffer;
}
