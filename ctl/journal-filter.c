/* SPDX-License-Identifier: MIT */
/* This module is documented in journal-filter.h. */
#include "journal-filter.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "login.h"
#include "network-text.h"
#include "pattern.h"
#include "pool.h"
#include "pseudonym.h"

static const char *const parts[] = { "milter", "imap", "pop3", "auth", "ctl" };

void gp_filter_init(struct gp_filter *filter_r)
{
	memset(filter_r, 0, sizeof(*filter_r));
	gp_period_init(&filter_r->period);
}

void gp_filter_free(struct gp_filter *filter)
{
	for (int i = 0; i < GP_FILTER_END - GP_FILTER_USER; i++)
		free(filter->values[i].items);
	free(filter->networks.items);
	for (size_t i = 0; i < filter->pseudonyms_count; i++)
		free(filter->pseudonyms[i]);
	free(filter->pseudonyms);
	gp_filter_init(filter);
}

/* A word that nothing can match is a mistake, not a filter. */
static bool is_action(const char *word)
{
	static const char would[] = "would-";
	enum gp_action action;

	if (strncasecmp(word, would, sizeof(would) - 1) == 0)
		word += sizeof(would) - 1;
	return gp_action_from_word(word, &action);
}

static bool is_part(const char *word)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcasecmp(parts[i], word) == 0)
			return true;
	return false;
}

static int check_word(int option, const char *word, struct gp_error *err)
{
	enum gp_reason reason;

	if (strchr(word, '*') != NULL)
		return 0;
	if (option == GP_FILTER_ACTION && !is_action(word))
		return gp_error_set(err, "there is no action '%.60s'; "
				    "gatepost-journal(5) lists them", word);
	if (option == GP_FILTER_REASON && !gp_reason_from_word(word, &reason))
		return gp_error_set(err, "there is no reason '%.60s'; "
				    "gatepost-journal(5) lists them", word);
	if (option == GP_FILTER_PART && !is_part(word))
		return gp_error_set(err, "there is no part '%.60s', but milter, "
				    "imap, pop3, auth, ctl", word);
	return 0;
}

static int add_network(struct gp_filter *filter, const char *text,
		       struct gp_error *err)
{
	struct gp_network_list *list = &filter->networks;
	struct gp_network network;

	if (gp_network_parse(text, &network, err) < 0)
		return -1;
	list->items = gp_realloc(list->items,
				 (list->count + 1) * sizeof(*list->items));
	list->items[list->count++] = network;
	return 0;
}

static void add_value(struct gp_filter_values *values, const char *text)
{
	values->items = gp_realloc(values->items,
				   (values->count + 1) * sizeof(*values->items));
	values->items[values->count++] = text;
}

int gp_filter_add(struct gp_filter *filter, int option, const char *argument,
		  int64_t now_secs, struct gp_error *err)
{
	if (option == GP_FILTER_SINCE)
		return gp_period_set_since(&filter->period, argument, now_secs,
					   err);
	if (option == GP_FILTER_UNTIL)
		return gp_period_set_until(&filter->period, argument, now_secs,
					   err);
	if (option == GP_FILTER_NETWORK)
		return add_network(filter, argument, err);
	if (check_word(option, argument, err) < 0)
		return -1;
	add_value(&filter->values[option - GP_FILTER_USER], argument);
	return 0;
}

int gp_filter_find_pseudonyms(struct gp_filter *filter,
			      const struct gp_settings *settings,
			      struct gp_error *err)
{
	struct gp_filter_values *users = &filter->values[0];
	const size_t count = users->count;
	struct gp_pseudonyms *pseudonyms;
	char buffer[GP_PSEUDONYM_BYTES];

	_Static_assert(GP_FILTER_USER == 256, "users are the first");
	if (count == 0)
		return 0;
	if (gp_pseudonyms_open(settings, &pseudonyms, err) < 0)
		return -1;
	if (pseudonyms == NULL)
		return 0;
	gp_pseudonyms_accept(pseudonyms);
	filter->pseudonyms = gp_alloc(count * sizeof(*filter->pseudonyms));
	for (size_t i = 0; i < count; i++) {
		char *person = gp_alloc(strlen(users->items[i]) + 1), *pseudonym;

		gp_login_normalise(settings, users->items[i], person);
		pseudonym = gp_strdup(gp_pseudonym(
			pseudonyms, GP_PSEUDONYM_USER, person, buffer));
		free(person);
		filter->pseudonyms[filter->pseudonyms_count++] = pseudonym;
		add_value(users, pseudonym);
	}
	gp_pseudonyms_close(&pseudonyms);
	return 0;
}

static bool user_fits(const char *pattern, const struct gp_journal_entry *entry)
{
	const char *at;
	char *local;
	bool fits;

	if (entry->user == NULL)
		return strcmp(pattern, "-") == 0;
	if (gp_pattern_matches(pattern, entry->user))
		return true;
	at = strrchr(entry->user, '@');
	if (at == NULL || strchr(pattern, '@') != NULL)
		return false;
	local = gp_strdup(entry->user);
	local[at - entry->user] = '\0';
	fits = gp_pattern_matches(pattern, local);
	free(local);
	return fits;
}

/* The sender stands in the brackets of the SMTP command. */
static bool domain_fits(const char *pattern,
			const struct gp_journal_entry *entry)
{
	const char *at = entry->user == NULL ? NULL : strrchr(entry->user, '@');
	char *domain;
	bool fits;

	if (at != NULL && gp_pattern_matches(pattern, at + 1))
		return true;
	at = entry->sender == NULL ? NULL : strrchr(entry->sender, '@');
	if (at == NULL)
		return false;
	domain = gp_strdup(at + 1);
	domain[strcspn(domain, ">")] = '\0';
	fits = gp_pattern_matches(pattern, domain);
	free(domain);
	return fits;
}

static bool value_fits(int option, const char *pattern,
		       const struct gp_journal_entry *entry)
{
	switch (option) {
	case GP_FILTER_USER:
		return user_fits(pattern, entry);
	case GP_FILTER_DOMAIN:
		return domain_fits(pattern, entry);
	case GP_FILTER_PROGRAM:
		return entry->program != NULL &&
			strcasestr(entry->program, pattern) != NULL;
	case GP_FILTER_ACTION:
		return entry->action != NULL &&
			gp_pattern_matches(pattern, entry->action);
	case GP_FILTER_REASON:
		return entry->reason != NULL &&
			gp_pattern_matches(pattern, entry->reason);
	case GP_FILTER_WHY:
		return entry->why != NULL &&
			gp_pattern_matches(pattern, entry->why);
	default:
		return entry->part != NULL &&
			gp_pattern_matches(pattern, entry->part);
	}
}

static bool one_fits(const struct gp_filter *filter, int option,
		     const struct gp_journal_entry *entry)
{
	const struct gp_filter_values *values =
		&filter->values[option - GP_FILTER_USER];

	for (size_t i = 0; i < values->count; i++)
		if (value_fits(option, values->items[i], entry))
			return true;
	return values->count == 0;
}

static bool network_fits(const struct gp_filter *filter,
			 const struct gp_journal_entry *entry)
{
	struct gp_error err;
	struct gp_ip ip;

	if (filter->networks.count == 0)
		return true;
	return entry->ip != NULL && gp_ip_parse(entry->ip, &ip, &err) == 0 &&
		gp_network_list_contains(&filter->networks, &ip);
}

/* A line that does not say when it was has no place in a period. */
static bool period_fits(const struct gp_period *period, int64_t msecs)
{
	return (msecs >= period->since_msecs || period->since_msecs <= 0) &&
		msecs < period->until_msecs;
}

bool gp_filter_matches(const struct gp_filter *filter,
		       const struct gp_journal_entry *entry)
{
	if (!period_fits(&filter->period, entry->time_msecs))
		return false;
	for (int option = GP_FILTER_USER; option < GP_FILTER_SINCE; option++)
		if (option != GP_FILTER_NETWORK && !one_fits(filter, option, entry))
			return false;
	return network_fits(filter, entry);
}
