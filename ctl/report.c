/* SPDX-License-Identifier: MIT */
/* This module is documented in report.h. */
#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pool.h"
#include "report-rows.h"
#include "report-words.h"

enum { HOSTS_MAX = 64, WEEK_CACHE_SECS = 900 };

/* Is Redis silent for that host, and since when? */
struct outage {
	char *host;
	int64_t since_msecs;            /* -1: it answers */
};

/* A set of hashes of users; the lowest bit says whether one was early. */
struct users {
	uint64_t *slots;                /* 0: free */
	size_t slots_count, count;
};

struct gp_report_parts {
	struct gp_report_rows rows;
	struct users users;
	struct gp_report_words words;
	struct gp_report_hour *hours;
	size_t hours_slots;
	struct outage outages[HOSTS_MAX];
	size_t outages_count;
	/* the hour of the week of the time that was asked last */
	int64_t week_quarter;
	unsigned int week_hour;
	struct gp_report_row **list;    /* after the finish */
};

struct gp_report *gp_report_create(const struct gp_settings *settings,
				   size_t rows_max)
{
	struct gp_report *report = gp_alloc(sizeof(*report));
	struct gp_report_parts *parts = gp_alloc(sizeof(*parts));

	report->settings = settings;
	report->parts = parts;
	report->first_msecs = report->last_msecs = report->policy_secs = -1;
	gp_period_init(&report->period);
	gp_report_rows_init(&parts->rows, rows_max);
	gp_report_words_init(&parts->words);
	parts->users.slots_count = 1024;
	parts->users.slots = gp_alloc(1024 * sizeof(uint64_t));
	parts->hours_slots = 32768;
	parts->hours = gp_alloc(parts->hours_slots * sizeof(*parts->hours));
	for (size_t i = 0; i < parts->hours_slots; i++)
		parts->hours[i].hour = -1;
	parts->week_quarter = -1;
	return report;
}

/* --- users --- */

static uint64_t *find_user(struct users *users, uint64_t hash)
{
	size_t mask = users->slots_count - 1;
	size_t i = (hash >> 2) & mask;

	while (users->slots[i] != 0 && (users->slots[i] | 1) != hash)
		i = (i + 1) & mask;
	return &users->slots[i];
}

static void grow_users(struct users *users)
{
	uint64_t *old = users->slots;
	size_t old_count = users->slots_count;

	users->slots_count *= 2;
	users->slots = gp_alloc(users->slots_count * sizeof(*users->slots));
	for (size_t i = 0; i < old_count; i++)
		if (old[i] != 0)
			*find_user(users, old[i] | 1) = old[i];
	free(old);
}

/* The slot holds the hash without its lowest bit while the user was never early; two
   is never a hash, so zero stays free. */
static void count_user(struct gp_report *report, struct gp_report_row *row,
		       bool is_early)
{
	struct users *users = &report->parts->users;
	uint64_t hash, *slot;

	if (row->user_was_early || (row->user_is_counted && !is_early))
		return;
	row->user_is_counted = true;
	row->user_was_early = is_early;
	hash = gp_report_hash(row->user, strlen(row->user),
			      report->parts->rows.seed) | 3;
	slot = find_user(users, hash);
	if (*slot == 0) {
		if (users->count == GP_REPORT_USERS_MAX) {
			report->users_are_more = true;
			return;
		}
		*slot = hash & ~UINT64_C(1);
		users->count++;
		report->users_count++;
	}
	if (is_early && (*slot & 1) == 0) {
		*slot |= 1;
		report->violators_count++;
	}
	if (users->count * 2 > users->slots_count)
		grow_users(users);
}

/* --- times --- */

/* Clocks are changed on the hour, zones differ by quarters at least. */
static unsigned int week_hour_of(struct gp_report_parts *parts, int64_t msecs)
{
	int64_t quarter = msecs / 1000 / WEEK_CACHE_SECS;
	time_t secs = (time_t)(msecs / 1000);
	struct tm tm;

	if (quarter != parts->week_quarter && localtime_r(&secs, &tm) != NULL) {
		parts->week_quarter = quarter;
		parts->week_hour = (unsigned int)((tm.tm_wday + 6) % 7 * 24 +
						  tm.tm_hour);
	}
	return parts->week_hour;
}

static struct gp_report_hour *hour_of(struct gp_report *report, int64_t msecs)
{
	struct gp_report_parts *parts = report->parts;
	const int64_t hour = msecs / 3600000;
	size_t mask = parts->hours_slots - 1, i = (size_t)hour & mask;

	while (parts->hours[i].hour != -1 && parts->hours[i].hour != hour)
		i = (i + 1) & mask;
	if (parts->hours[i].hour == -1) {
		if (report->hours_count == GP_REPORT_HOURS_MAX)
			return NULL;
		report->hours_count++;
		parts->hours[i].hour = hour;
	}
	return &parts->hours[i];
}

static void add_time(struct gp_report *report, struct gp_report_row *row,
		     enum gp_report_kind kind, int64_t msecs, uint64_t count)
{
	struct gp_report_hour *hour = hour_of(report, msecs);
	unsigned int week_hour = week_hour_of(report->parts, msecs);

	if (hour == NULL)
		report->untimed_count += count;
	else
		hour->kinds[kind] += count;
	if (row->week == NULL)
		row->week = gp_alloc(GP_REPORT_WEEK_HOURS * sizeof(*row->week));
	row->week[week_hour] += (uint32_t)count;
	report->week[week_hour] += count;
	if (row->first_msecs < 0 || msecs < row->first_msecs)
		row->first_msecs = msecs;
}

/* --- Redis --- */

static struct outage *outage_of(struct gp_report_parts *parts, const char *host)
{
	for (size_t i = 0; i < parts->outages_count; i++)
		if (strcmp(parts->outages[i].host, host) == 0)
			return &parts->outages[i];
	if (parts->outages_count == HOSTS_MAX)
		return NULL;
	parts->outages[parts->outages_count] =
		(struct outage){ gp_strdup(host), -1 };
	return &parts->outages[parts->outages_count++];
}

/* Each process says so by itself: from the first that gets no answer until one of
   them gets one is an outage of the host. */
static void add_store_line(struct gp_report *report,
			   const struct gp_journal_entry *entry, bool is_back)
{
	struct outage *outage = outage_of(report->parts, entry->host == NULL
					  ? "-" : entry->host);

	if (outage == NULL || entry->time_msecs < 0)
		return;
	if (!is_back && outage->since_msecs < 0) {
		outage->since_msecs = entry->time_msecs;
		report->outages_count++;
	} else if (is_back && outage->since_msecs >= 0) {
		if (entry->time_msecs > outage->since_msecs)
			report->outage_msecs +=
				entry->time_msecs - outage->since_msecs;
		outage->since_msecs = -1;
	}
}

/* --- rows --- */

static bool is_acted_upon(enum gp_report_kind kind)
{
	return kind >= GP_KIND_ABSORB && kind <= GP_KIND_REFUSE;
}

static void add_interval(struct gp_report *report, struct gp_report_row *row,
			 enum gp_report_kind kind,
			 const struct gp_journal_entry *entry, uint64_t count)
{
	const int64_t every_secs = entry->every_secs;
	int64_t own_secs = every_secs;


	gp_sketch_add(&row->intervals, every_secs, count);
	gp_sketch_add(&report->intervals, every_secs, count);
	if (row->first_every_secs < 0) {
		if (is_acted_upon(kind))
			row->first_every_secs = every_secs;
		return;
	}
	/* A program that waits for our answer before it waits by itself has not
	   slowed down by what we held. */
	if ((kind == GP_KIND_DELAY || kind == GP_KIND_HOLD) && entry->wait_secs > 0)
		own_secs -= entry->wait_secs;
	row->lately[row->lately_count++ % GP_REPORT_LATELY] = (int32_t)
		(own_secs < 1 ? 1 : own_secs > INT32_MAX ? INT32_MAX : own_secs);
}

/* What was true at the end is that of the latest line. */
static void add_latest(struct gp_report *report, struct gp_report_row *row,
		       enum gp_report_kind kind, int reason,
		       const struct gp_journal_entry *entry)
{
	if (entry->policy_secs >= 0)
		row->policy_secs = report->policy_secs = entry->policy_secs;
	if (entry->why != NULL)
		row->why = gp_report_words_keep(&report->parts->words,
						entry->why);
	if (kind >= GP_KIND_REJECT || kind == GP_KIND_REFUSE)
		row->reason = reason;
	row->last_kind = kind;
	row->last_wait_secs = entry->wait_secs > 0 ? entry->wait_secs : 0;
	if (entry->time_msecs > row->last_msecs)
		row->last_msecs = entry->time_msecs;
}

static void add_period(struct gp_report *report, int64_t msecs)
{
	if (msecs < 0)
		return;
	if (report->first_msecs < 0 || msecs < report->first_msecs)
		report->first_msecs = msecs;
	if (msecs > report->last_msecs)
		report->last_msecs = msecs;
}

static void add_counts(struct gp_report *report, struct gp_report_row *row,
		       enum gp_report_kind kind, uint64_t count,
		       const struct gp_journal_entry *entry)
{
	enum gp_check check = GP_CHECK_COUNT;
	int64_t waited_secs = 0;

	row->kinds[kind] += count;
	row->total += count;
	if (entry->idle != NULL && strcmp(entry->idle, "yes") == 0) {
		row->idle_count += count;
		report->idle_count += count;
	}
	report->kinds[kind] += count;
	if (entry->check != NULL && gp_check_from_word(entry->check, &check))
		row->checks[check] += count;
	if (kind == GP_KIND_DELAY || kind == GP_KIND_HOLD)
		waited_secs = entry->wait_secs > 0 && entry->wait_secs < 86400
			? entry->wait_secs * (int64_t)count : 0;
	row->waited_secs += waited_secs;
	report->waited_secs += waited_secs;
}

static void add_entry(struct gp_report *report, const struct gp_report_key *key,
		      const struct gp_journal_entry *entry)
{
	const struct gp_report_word *action =
		gp_report_words_find(&report->parts->words, entry->action);
	const struct gp_report_word *reason =
		gp_report_words_find(&report->parts->words, entry->reason);
	/* A damaged count must not drown all others. */
	uint64_t count = entry->count > 0 && entry->count <= UINT32_MAX
		? (uint64_t)entry->count : 1;
	enum gp_report_kind kind;
	struct gp_report_row *row;

	report->entries_count++;
	add_period(report, entry->time_msecs);
	if (reason->reason >= 0)
		report->reasons[reason->reason] += count;
	if (reason->reason == GP_REASON_STORE_UNAVAILABLE ||
	    reason->reason == GP_REASON_STORE_BACK) {
		add_store_line(report, entry,
			       reason->reason == GP_REASON_STORE_BACK);
		return;
	}
	if (reason->reason > GP_REASON_STORE_BACK)
		return;         /* an event; somebody has used gatepostctl */
	kind = gp_report_words_kind(action, reason, entry);
	if (kind == GP_KIND_NONE)
		return;
	row = gp_report_rows_get(&report->parts->rows, key);
	add_counts(report, row, kind, count, entry);
	add_latest(report, row, kind, reason->reason, entry);
	if (entry->time_msecs >= 0)
		add_time(report, row, kind, entry->time_msecs, count);
	if (entry->every_secs > 0)
		add_interval(report, row, kind, entry, count);
	if (entry->user != NULL)
		count_user(report, row, kind != GP_KIND_ADMITTED);
}

void gp_report_add_all(struct gp_report *report,
		       const struct gp_journal_entry *entries, size_t count)
{
	enum { TOGETHER = 64 };
	const struct gp_report_rows *rows = &report->parts->rows;
	struct gp_report_key keys[TOGETHER];

	for (size_t done = 0; done < count; done += TOGETHER) {
		size_t more = count - done < TOGETHER ? count - done : TOGETHER;

		for (size_t i = 0; i < more; i++) {
			gp_report_rows_key(rows, &entries[done + i], &keys[i]);
			gp_report_rows_expect(rows, &keys[i]);
		}
		for (size_t i = 0; i < more; i++)
			gp_report_rows_expect_more(rows, &keys[i]);
		for (size_t i = 0; i < more; i++)
			add_entry(report, &keys[i], &entries[done + i]);
	}
}

void gp_report_add(struct gp_report *report,
		   const struct gp_journal_entry *entry)
{
	gp_report_add_all(report, entry, 1);
}

/* --- the end --- */

static int compare_hours(const void *left, const void *right)
{
	const struct gp_report_hour *a = left, *b = right;

	return a->hour < b->hour ? -1 : a->hour > b->hour;
}

static void finish_hours(struct gp_report *report)
{
	struct gp_report_parts *parts = report->parts;
	size_t count = 0;

	for (size_t i = 0; i < parts->hours_slots; i++)
		if (parts->hours[i].hour != -1)
			parts->hours[count++] = parts->hours[i];
	qsort(parts->hours, count, sizeof(*parts->hours), compare_hours);
	report->hours = parts->hours;
	report->hours_count = count;
}

/* An outage that has not ended lasts until the last line. */
static void finish_outages(struct gp_report *report)
{
	for (size_t i = 0; i < report->parts->outages_count; i++) {
		const struct outage *outage = &report->parts->outages[i];

		if (outage->since_msecs >= 0 &&
		    report->last_msecs > outage->since_msecs)
			report->outage_msecs +=
				report->last_msecs - outage->since_msecs;
	}
}

void gp_report_finish(struct gp_report *report)
{
	struct gp_report_parts *parts = report->parts;

	report->rows_dropped = parts->rows.dropped_count;
	report->undercount_most = parts->rows.undercount_most;
	finish_hours(report);
	finish_outages(report);
	parts->list = gp_report_group(report, &parts->rows);
}

void gp_report_free(struct gp_report **report)
{
	struct gp_report_parts *parts;

	if (*report == NULL)
		return;
	parts = (*report)->parts;
	gp_report_ungroup(*report);
	gp_report_rows_free(&parts->rows);
	gp_report_words_free(&parts->words);
	for (size_t i = 0; i < parts->outages_count; i++)
		free(parts->outages[i].host);
	gp_sketch_free(&(*report)->intervals);
	free(parts->users.slots);
	free(parts->hours);
	free(parts->list);
	free(parts);
	free(*report);
	*report = NULL;
}
