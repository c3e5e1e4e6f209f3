/* SPDX-License-Identifier: MIT */
/* This module is documented in reply.h. */
#include "reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "settings-rate.h"
#include "settings-value.h"

const char *gp_reply_limit(const struct gp_decision *decision,
			   char buffer[GP_REPLY_LIMIT_BYTES])
{
	const struct gp_rate_window *limit = &decision->limit;

	if (limit->count == 0)
		return NULL;
	if (limit->secs != 0)
		return gp_rate_window_format(limit, buffer);
	(void)snprintf(buffer, GP_REPLY_LIMIT_BYTES, "%u", limit->count);
	return buffer;
}

static void format_limit(const struct gp_rate_window *limit, char *text,
			 size_t size)
{
	char time[GP_DURATION_BYTES];

	if (limit->count == 0)
		*text = '\0';
	else if (limit->secs == 0)
		(void)snprintf(text, size, ": at most %u", limit->count);
	else
		(void)snprintf(text, size, ": at most %u in %s", limit->count,
			       gp_duration_format(GP_SETTING_SECS, limit->secs,
						  time));
}

const char *gp_reply_format(const struct gp_decision *decision,
			    char buffer[GP_REPLY_BYTES])
{
	const struct gp_reply *reply = gp_reason_reply(decision->reason);
	char limit[96], remedy[64] = "";
	int64_t secs = (decision->wait_msecs + 999) / 1000;

	format_limit(&decision->limit, limit, sizeof(limit));
	if (decision->reason == GP_REASON_RECIPIENTS_PER_MESSAGE)
		(void)strcpy(remedy, "; send it in parts");
	else if (decision->wait_msecs > 0)
		(void)snprintf(remedy, sizeof(remedy), ", try again in %" PRId64
			       " second%s", secs, secs == 1 ? "" : "s");
	(void)snprintf(buffer, GP_REPLY_BYTES, "%s%s%s",
		       reply->code != NULL ? reply->text : "", limit, remedy);
	return buffer;
}
