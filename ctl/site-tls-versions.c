/* SPDX-License-Identifier: MIT */
/* This module reads lists of TLS versions. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "site-run.h"
#include "site-tls-versions.h"

/* With the numbers that Postfix takes as well (">=0303"). */
static const struct {
	const char *name, *other_name;
	long number;
} versions[] = {
	{ "SSLv2", "SSLv2", 0x0002 }, { "SSLv3", "SSLv3", 0x0300 },
	{ "TLSv1", "TLSv1.0", 0x0301 }, { "TLSv1.1", "TLSv1.1", 0x0302 },
	{ "TLSv1.2", "TLSv1.2", 0x0303 }, { "TLSv1.3", "TLSv1.3", 0x0304 },
};

enum { VERSION_COUNT = 6, OLDEST_SPOKEN = 1, OLDEST_GOOD = 4 };

static int version_of(const char *word)
{
	char *end;
	long number = strtol(word, &end, 16);

	for (int i = 0; i < VERSION_COUNT; i++)
		if (strcasecmp(word, versions[i].name) == 0 ||
		    strcasecmp(word, versions[i].other_name) == 0 ||
		    (end != word && *end == '\0' && number == versions[i].number))
			return i;
	return -1;
}

/* Names without sign allow nothing else than themselves; OpenSSL then takes
   the range from the lowest to the highest. */
const char *gp_site_tls_too_old(struct gp_pool *pool, const char *list)
{
	bool is_excluded[VERSION_COUNT] = { false };
	int lowest = OLDEST_SPOKEN, lowest_named = VERSION_COUNT, version;
	char *copy = gp_pool_strdup(pool, list);
	const char *rest = copy, *word;

	for (char *byte = copy; *byte != '\0'; byte++)
		if (*byte == ':')
			*byte = ' ';
	while ((word = gp_site_next_word(pool, &rest)) != NULL) {
		size_t sign = strspn(word, "!<>=");

		version = version_of(word + sign);
		if (version < 0)
			continue;
		if (word[0] == '!')
			is_excluded[version] = true;
		else if (word[0] == '>' && version > lowest)
			lowest = version;
		else if (sign == 0 && version < lowest_named)
			lowest_named = version;
	}
	if (lowest_named < VERSION_COUNT && lowest_named > lowest)
		lowest = lowest_named;
	while (lowest < VERSION_COUNT && is_excluded[lowest])
		lowest++;
	return lowest < OLDEST_GOOD ? versions[lowest].name : NULL;
}

const char *gp_site_tls_least_too_old(const char *least)
{
	int version = version_of(least);

	return version >= 0 && version < OLDEST_GOOD ? versions[version].name
						     : NULL;
}
