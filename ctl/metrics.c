/* SPDX-License-Identifier: MIT */
/* This module is documented in metrics.h: counting. */
#include "metrics.h"

#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "report-rows.h"
#include "show.h"

static const char *const parts[GP_METRICS_PARTS] = {
	"milter", "imap", "pop3", "auth", "ctl", "other"
};

struct gp_metrics *gp_metrics_create(int64_t now_msecs, int64_t users_since_msecs)
{
	struct gp_metrics *metrics = gp_alloc(sizeof(*metrics));

	metrics->last_msecs = -1;
	metrics->now_msecs = now_msecs;
	metrics->users_since_msecs = users_since_msecs;
	metrics->users_slots = 1024;
	metrics->users = gp_alloc(metrics->users_slots * sizeof(*metrics->users));
	gp_report_words_init(&metrics->words);
	return metrics;
}

void gp_metrics_free(struct gp_metrics **metrics_)
{
	struct gp_metrics *metrics = *metrics_;

	if (metrics == NULL)
		return;
	for (size_t i = 0; i < metrics->hosts_count; i++)
		free(metrics->hosts[i].name);
	for (size_t i = 0; i < metrics->users_slots; i++)
		free(metrics->users[i].name);
	free(metrics->users);
	gp_report_words_free(&metrics->words);
	free(metrics);
	*metrics_ = NULL;
}

/* --- words --- */

const char *gp_metrics_part_word(int part)
{
	return parts[part];
}

static size_t part_of(const char *name)
{
	size_t i = 0;

	while (i < GP_METRICS_PARTS - 1 &&
	       (name == NULL || strcmp(parts[i], name) != 0))
		i++;
	return i;
}

/* "would-absorb" is "absorb", observed. */
uint64_t *gp_metrics_decision(struct gp_metrics *metrics, const char *part,
			      const char *action_word, const char *reason_word)
{
	static const char would[] = "would-";
	enum gp_action action;
	enum gp_reason reason;
	int observed;

	if (action_word == NULL || reason_word == NULL)
		return NULL;
	observed = strncmp(action_word, would, sizeof(would) - 1) == 0;
	if (!gp_action_from_word(action_word + (observed ? sizeof(would) - 1 : 0),
				 &action) ||
	    !gp_reason_from_word(reason_word, &reason))
		return NULL;
	return &metrics->decisions[part_of(part)][observed][action][reason];
}

/* --- hosts and users --- */

struct gp_metrics_host *gp_metrics_host(struct gp_metrics *metrics,
					const char *name)
{
	for (size_t i = 0; i < metrics->hosts_count; i++)
		if (strcmp(metrics->hosts[i].name, name) == 0)
			return &metrics->hosts[i];
	if (metrics->hosts_count == GP_METRICS_HOSTS)
		return NULL;
	metrics->hosts[metrics->hosts_count] =
		(struct gp_metrics_host){ gp_show_clean(name), -1 };
	return &metrics->hosts[metrics->hosts_count++];
}

static struct gp_metrics_user *find_slot(const struct gp_metrics *metrics,
					 const char *name)
{
	const size_t mask = metrics->users_slots - 1;
	size_t i = gp_report_hash(name, strlen(name), 0) & mask;

	while (metrics->users[i].name != NULL &&
	       strcmp(metrics->users[i].name, name) != 0)
		i = (i + 1) & mask;
	return &metrics->users[i];
}

static void grow(struct gp_metrics *metrics)
{
	struct gp_metrics_user *old = metrics->users;
	const size_t old_slots = metrics->users_slots;

	metrics->users_slots *= 2;
	metrics->users = gp_alloc(metrics->users_slots * sizeof(*metrics->users));
	for (size_t i = 0; i < old_slots; i++)
		if (old[i].name != NULL)
			*find_slot(metrics, old[i].name) = old[i];
	free(old);
}

struct gp_metrics_user *gp_metrics_user(struct gp_metrics *metrics,
					const char *name)
{
	char *clean = gp_show_clean(name);
	struct gp_metrics_user *user = find_slot(metrics, clean);

	if (user->name != NULL || metrics->users_count == GP_METRICS_USERS_MAX) {
		free(clean);
		return user->name != NULL ? user : NULL;
	}
	if (2 * ++metrics->users_count > metrics->users_slots) {
		grow(metrics);
		user = find_slot(metrics, clean);
	}
	*user = (struct gp_metrics_user){ clean, -1, -1, 0 };
	return user;
}

/* --- counting --- */

/* Each process says so by itself: from the first that gets no answer until one of
   them gets one is an outage of the host. */
static void add_store_line(struct gp_metrics *metrics,
			   const struct gp_journal_entry *entry, bool is_back)
{
	struct gp_metrics_host *host = gp_metrics_host(
		metrics, entry->host == NULL ? "-" : entry->host);

	if (host == NULL || entry->time_msecs < 0)
		return;
	if (!is_back && host->since_msecs < 0) {
		host->since_msecs = entry->time_msecs;
		metrics->outages_count++;
	} else if (is_back && host->since_msecs >= 0) {
		if (entry->time_msecs > host->since_msecs)
			metrics->outage_msecs +=
				entry->time_msecs - host->since_msecs;
		host->since_msecs = -1;
	}
}

/* A clock that was wrong must not make a user unforgettable. */
static void add_user(struct gp_metrics *metrics,
		     const struct gp_journal_entry *entry, uint64_t early)
{
	const int64_t msecs = entry->time_msecs < metrics->now_msecs
		? entry->time_msecs : metrics->now_msecs;
	struct gp_metrics_user *user = msecs < metrics->users_since_msecs ? NULL
		: gp_metrics_user(metrics, entry->user);

	if (user == NULL)
		return;
	if (msecs > user->seen_msecs)
		user->seen_msecs = msecs;
	if (early > 0 && msecs > user->early_msecs)
		user->early_msecs = msecs;
	user->early_count += early;
}

static void add_check(struct gp_metrics *metrics, enum gp_report_kind kind,
		      const struct gp_journal_entry *entry, uint64_t count)
{
	uint64_t kinds[GP_KIND_COUNT] = { 0 };

	kinds[kind] = count;
	metrics->checks_count += gp_report_checks(kinds);
	metrics->early_count += gp_report_early(kinds);
	if ((kind == GP_KIND_DELAY || kind == GP_KIND_HOLD) &&
	    entry->wait_secs > 0 && entry->wait_secs < 86400)
		metrics->waited_secs += (uint64_t)entry->wait_secs * count;
	if (entry->user != NULL)
		add_user(metrics, entry, gp_report_early(kinds));
}

void gp_metrics_add(struct gp_metrics *metrics,
		    const struct gp_journal_entry *entry)
{
	/* A damaged count must not drown all others. */
	const uint64_t count = entry->count > 0 && entry->count <= UINT32_MAX
		? (uint64_t)entry->count : 1;
	const struct gp_report_word *action =
		gp_report_words_find(&metrics->words, entry->action);
	const struct gp_report_word *reason =
		gp_report_words_find(&metrics->words, entry->reason);
	uint64_t *decision = gp_metrics_decision(metrics, entry->part,
						 entry->action, entry->reason);
	enum gp_report_kind kind = GP_KIND_NONE;

	metrics->lines_count++;
	if (entry->time_msecs > metrics->last_msecs)
		metrics->last_msecs = entry->time_msecs;
	if (decision == NULL)
		metrics->unknown_count += count;
	else
		*decision += count;
	if (reason->reason == GP_REASON_STORE_UNAVAILABLE ||
	    reason->reason == GP_REASON_STORE_BACK)
		add_store_line(metrics, entry,
			       reason->reason == GP_REASON_STORE_BACK);
	else if (reason->reason == GP_REASON_STREAM_LOST)
		metrics->stream_lost_count += count;
	else if (reason->reason < GP_REASON_STORE_BACK)
		kind = gp_report_words_kind(action, reason, entry);
	if (kind != GP_KIND_NONE)
		add_check(metrics, kind, entry, count);
}
