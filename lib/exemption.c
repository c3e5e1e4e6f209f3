/* SPDX-License-Identifier: MIT */
/* This module is documented in exemption.h. */
#include "exemption.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "network-text.h"
#include "pool.h"
#include "settings-value.h"

enum { DATE_LENGTH = 10, DAY_SECS = 86400 };

static const char form[] = "WHO until YYYY-MM-DD by NAME: REASON, with WHO an "
	"address, a network or a login";

static char *copy_range(const char *start, const char *end)
{
	char *copy = gp_alloc((size_t)(end - start) + 1);

	memcpy(copy, start, (size_t)(end - start));
	return copy;
}

/* The end of that day, in UTC.  False if there is no such day. */
static bool read_day(const char *text, int64_t *end_secs_r)
{
	struct tm day = { 0 }, found;
	int year, month, length = 0;
	time_t secs;

	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day.tm_mday,
		   &length) != 3 || length != DATE_LENGTH)
		return false;
	day.tm_year = year - 1900;
	day.tm_mon = month - 1;
	found = day;
	secs = timegm(&found);
	/* timegm() makes 2 March of 30 February. */
	if (found.tm_mon != day.tm_mon || found.tm_mday != day.tm_mday)
		return false;
	*end_secs_r = (int64_t)secs + DAY_SECS;
	return true;
}

/* Whatever looks like an address is one: "192.0.2.300" is no login. */
bool gp_exemption_is_network(const char *who)
{
	return strchr(who, '@') == NULL && strchr(who, '=') == NULL &&
		(strchr(who, ':') != NULL || strchr(who, '/') != NULL ||
		 who[strspn(who, "0123456789.")] == '\0');
}

static int read_who(const char *who, struct gp_exemption *exemption,
		    struct gp_error *err)
{
	if (!gp_exemption_is_network(who))
		return 0;
	exemption->is_network = true;
	return gp_network_parse(who, &exemption->network, err);
}

/* Where the parts of the text begin and end. */
struct parts {
	const char *who_end, *day, *author, *author_end, *reason;
};

static bool split(const char *text, struct parts *parts)
{
	static const char until[] = " until ", by[] = " by ";

	parts->who_end = strstr(text, until);
	if (parts->who_end == NULL || parts->who_end == text ||
	    strcspn(text, " \t") != (size_t)(parts->who_end - text))
		return false;
	parts->day = parts->who_end + sizeof(until) - 1;
	if (strlen(parts->day) <= DATE_LENGTH ||
	    strncmp(parts->day + DATE_LENGTH, by, sizeof(by) - 1) != 0)
		return false;
	parts->author = parts->day + DATE_LENGTH + sizeof(by) - 1;
	parts->author_end = strchr(parts->author, ':');
	if (parts->author_end == NULL || parts->author_end == parts->author)
		return false;
	parts->reason = parts->author_end + 1;
	parts->reason += strspn(parts->reason, " ");
	return *parts->reason != '\0';
}

static int read_end(const char *value, const char **rest_r, int64_t *end_secs_r)
{
	char *end;
	long long secs;

	errno = 0;
	secs = strtoll(value, &end, 10);
	if (*value < '0' || *value > '9' || errno != 0 || *end != ' ')
		return -1;
	*rest_r = end + 1;
	*end_secs_r = (int64_t)secs;
	return 0;
}

int gp_exemption_unpack(const char *who, const char *value,
			struct gp_exemption *exemption_r, struct gp_error *err)
{
	struct gp_exemption exemption = { 0 };
	char shown[GP_SHOWN_BYTES];
	const char *author = NULL, *colon = NULL;

	if (*who == '\0' ||
	    read_end(value, &author, &exemption.until_secs) < 0 ||
	    (colon = strstr(author, ": ")) == NULL)
		return gp_error_set(err, "'%s' is not what an exemption looks like "
				    "in Redis", gp_shown(value, shown));
	if (read_who(who, &exemption, err) < 0)
		return -1;
	exemption.login = gp_strdup(who);
	exemption.author = copy_range(author, colon);
	exemption.reason = gp_strdup(colon + 2);
	*exemption_r = exemption;
	return 0;
}

char *gp_exemption_pack(const struct gp_exemption *exemption)
{
	char *value = NULL;

	if (asprintf(&value, "%" PRId64 " %s: %s", exemption->until_secs,
		     exemption->author, exemption->reason) < 0)
		abort();
	return value;
}

int gp_exemption_parse(const char *text, struct gp_exemption *exemption_r,
		       struct gp_error *err)
{
	struct gp_exemption exemption = { 0 };
	char shown[GP_SHOWN_BYTES], *who;
	struct parts parts;

	if (!split(text, &parts) || !read_day(parts.day, &exemption.until_secs))
		return gp_error_set(err, "'%s' is not an exemption; allowed is %s",
				    gp_shown(text, shown), form);
	who = copy_range(text, parts.who_end);
	if (read_who(who, &exemption, err) < 0) {
		free(who);
		return -1;
	}
	exemption.login = who;
	exemption.author = copy_range(parts.author, parts.author_end);
	exemption.reason = gp_strdup(parts.reason);
	*exemption_r = exemption;
	return 0;
}
