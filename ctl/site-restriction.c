/* SPDX-License-Identifier: MIT */
/*
 * This module walks Postfix's lists of restrictions.  What a table says cannot
 * be known here, so tables count as silent, but for "static:".
 */
#include <string.h>

#include "site-restriction.h"
#include "site-run.h"

enum { DEPTH_MOST = 5 };

enum outcome {
	SILENT,         /* the list goes on */
	PERMITS,        /* ends this list, in the stranger's favour */
	REFUSES_RELAY,
	REFUSES_ALL
};

struct walk {
	struct gp_pool *pool;
	const struct gp_postfix_service *service;
	const char *weak;       /* the first weak permit seen */
};

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcasecmp(word, *words) == 0)
			return true;
	return false;
}

static bool begins(const char *word, const char *start)
{
	return strncasecmp(word, start, strlen(start)) == 0;
}

static enum outcome walk_list(struct walk *walk, const char *list, int depth);

/* The word after check_..._access */
static enum outcome walk_table(const char *check, const char *table)
{
	static const char *const permits[] = {
		"static:ok", "static:permit", "static:all", "static:accept", NULL
	};

	if (!begins(check, "check_") || table == NULL)
		return SILENT;
	if (is_one_of(table, permits))
		return PERMITS;
	return strcasecmp(table, "static:reject") == 0 ? REFUSES_ALL : SILENT;
}

static enum outcome walk_word(struct walk *walk, const char *word, int depth)
{
	static const char *const refuse_all[] = {
		"reject", "defer", "defer_if_permit", NULL
	};
	static const char *const refuse_relay[] = {
		"reject_unauth_destination", "defer_unauth_destination", NULL
	};
	static const char *const weak[] = {
		"permit_tls_all_clientcerts", "permit_mx_backup",
		"permit_naked_ip_address", "check_relay_domains",
		"check_sender_access", "check_helo_access", NULL
	};
	const char *class;

	if (is_one_of(word, refuse_all))
		return REFUSES_ALL;
	if (is_one_of(word, refuse_relay))
		return REFUSES_RELAY;
	if (strcasecmp(word, "permit") == 0)
		return PERMITS;
	if (is_one_of(word, weak) && walk->weak == NULL)
		walk->weak = word;
	/* smtpd_restriction_classes: a list of its own under that name */
	class = gp_site_map_get(&walk->service->settings, word);
	return class != NULL && depth < DEPTH_MOST
		? walk_list(walk, class, depth + 1) : SILENT;
}

static enum outcome walk_list(struct walk *walk, const char *list, int depth)
{
	const char *word, *before = "";
	enum outcome outcome = SILENT;
	bool is_warning = false;

	while ((word = gp_site_next_word(walk->pool, &list)) != NULL) {
		if (strcasecmp(word, "warn_if_reject") == 0) {
			is_warning = true;
			continue;
		}
		outcome = walk_table(before, word);
		if (outcome == SILENT)
			outcome = walk_word(walk, word, depth);
		if (outcome == PERMITS || (outcome != SILENT && !is_warning))
			return outcome;
		is_warning = false;
		before = word;
	}
	return SILENT;
}

static const char *const lists[] = {
	"smtpd_client_restrictions", "smtpd_helo_restrictions",
	"smtpd_sender_restrictions", "smtpd_relay_restrictions",
	"smtpd_recipient_restrictions", NULL
};

enum gp_site_strangers gp_site_strangers(struct gp_pool *pool,
				const struct gp_postfix_service *service)
{
	struct walk walk = { .pool = pool, .service = service };
	enum gp_site_strangers strictest = GP_SITE_STRANGERS_RELAY;

	for (size_t i = 0; lists[i] != NULL; i++) {
		enum outcome outcome = walk_list(&walk,
				gp_postfix_get(service, lists[i]), 0);

		if (outcome == REFUSES_ALL)
			return GP_SITE_STRANGERS_SHUT_OUT;
		if (outcome == REFUSES_RELAY)
			strictest = GP_SITE_STRANGERS_LOCAL;
	}
	return strictest;
}

const char *gp_site_weak_permit(struct gp_pool *pool,
				const struct gp_postfix_service *service)
{
	const char *weak = NULL;

	for (size_t i = 0; lists[i] != NULL; i++) {
		struct walk walk = { .pool = pool, .service = service };
		enum outcome outcome = walk_list(&walk,
				gp_postfix_get(service, lists[i]), 0);

		/* One list that refuses whatever is said is enough. */
		if (outcome >= REFUSES_RELAY && walk.weak == NULL)
			return NULL;
		if (outcome >= REFUSES_RELAY)
			weak = walk.weak;
	}
	return weak;
}
