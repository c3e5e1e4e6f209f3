/* SPDX-License-Identifier: MIT */
/* This module is documented in metrics.h: Prometheus's text format. */
#include "metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

static void put_head(FILE *out, const char *name, const char *type,
		     const char *help)
{
	(void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_number(FILE *out, const char *name, const char *type,
		       const char *help, uint64_t value)
{
	put_head(out, name, type, help);
	(void)fprintf(out, "%s %" PRIu64 "\n", name, value);
}

/* The value of a label: backslash and quote are escaped, the rest is clean. */
static void put_label(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\\' || *text == '"')
			(void)fputc('\\', out);
		(void)fputc(*text, out);
	}
}

static void put_decisions(const struct gp_metrics *metrics, FILE *out)
{
	static const char name[] = "gatepost_decisions_total";

	put_head(out, name, "counter", "Decisions in the journal.");
	for (int part = 0; part < GP_METRICS_PARTS; part++)
		for (int observed = 0; observed < 2; observed++)
			for (int action = 0; action < GP_ACTION_COUNT; action++)
				for (int reason = 0; reason < GP_REASON_COUNT;
				     reason++) {
					uint64_t count = metrics->decisions[part]
						[observed][action][reason];

					if (count == 0)
						continue;
					(void)fprintf(out, "%s{part=\"%s\","
						"action=\"%s\",reason=\"%s\","
						"mode=\"%s\"} %" PRIu64 "\n", name,
						gp_metrics_part_word(part),
						gp_action_word(
							(enum gp_action)action),
						gp_reason_word(
							(enum gp_reason)reason),
						observed ? "observe" : "enforce",
						count);
				}
}

static void put_msecs(FILE *out, const char *name, const char *type,
		      const char *help, int64_t msecs)
{
	put_head(out, name, type, help);
	(void)fprintf(out, "%s %" PRId64 ".%03" PRId64 "\n", name, msecs / 1000,
		      msecs % 1000);
}

static void put_journal(const struct gp_metrics *metrics, FILE *out)
{
	put_head(out, "gatepost_journal_lines_total", "counter",
		 "Lines that were read, by what they are.");
	(void)fprintf(out, "gatepost_journal_lines_total{kind=\"journal\"} %" PRIu64
		      "\ngatepost_journal_lines_total{kind=\"damaged\"} %" PRIu64
		      "\n", metrics->lines_count, metrics->damaged_count);
	put_number(out, "gatepost_journal_stream_lost_total", "counter",
		   "Lines that did not get to the stream in Redis.",
		   metrics->stream_lost_count);
	put_number(out, "gatepost_unknown_words_total", "counter",
		   "Decisions of another version, whose words are not known.",
		   metrics->unknown_count);
	if (metrics->last_msecs >= 0)
		put_msecs(out, "gatepost_journal_last_timestamp_seconds", "gauge",
			  "When the newest line was written.",
			  metrics->last_msecs);
}

/* An outage that has not ended lasts until the last line.  Hosts that write into one
   file do so in no order: what was shown once stands. */
static int64_t outage_msecs(struct gp_metrics *metrics)
{
	int64_t msecs = metrics->outage_msecs;

	for (size_t i = 0; i < metrics->hosts_count; i++) {
		const int64_t since_msecs = metrics->hosts[i].since_msecs;

		if (since_msecs >= 0 && metrics->last_msecs > since_msecs)
			msecs += metrics->last_msecs - since_msecs;
	}
	if (msecs > metrics->outage_shown_msecs)
		metrics->outage_shown_msecs = msecs;
	return metrics->outage_shown_msecs;
}

static void put_sums(struct gp_metrics *metrics, FILE *out)
{
	put_number(out, "gatepost_checks_total", "counter",
		   "Checks for mail that the journal knows of.",
		   metrics->checks_count);
	put_number(out, "gatepost_early_checks_total", "counter",
		   "Checks for mail before their time, observed ones too.",
		   metrics->early_count);
	put_number(out, "gatepost_waited_seconds_total", "counter",
		   "How long answers and logins were held.",
		   metrics->waited_secs);
	put_number(out, "gatepost_store_outages_total", "counter",
		   "Times that Redis did not answer.", metrics->outages_count);
	put_msecs(out, "gatepost_store_outage_seconds_total", "counter",
		  "How long Redis did not answer.", outage_msecs(metrics));
}

/* --- users --- */

static bool was_seen(const struct gp_metrics *metrics,
		     const struct gp_metrics_user *user)
{
	return user->name != NULL &&
		user->seen_msecs >= metrics->users_since_msecs;
}

static bool was_early(const struct gp_metrics *metrics,
		      const struct gp_metrics_user *user)
{
	return user->name != NULL && user->early_count > 0 &&
		user->early_msecs >= metrics->users_since_msecs;
}

static void put_users(const struct gp_metrics *metrics, FILE *out)
{
	uint64_t users = 0, early_users = 0;

	for (size_t i = 0; i < metrics->users_slots; i++) {
		users += was_seen(metrics, &metrics->users[i]);
		early_users += was_early(metrics, &metrics->users[i]);
	}
	put_number(out, "gatepost_users", "gauge",
		   "Users with a check or refused mail in the last 24 hours.", users);
	put_number(out, "gatepost_early_users", "gauge",
		   "Of these, those whose programs have checked too early.",
		   early_users);
}

static int compare_users(const void *left, const void *right)
{
	const struct gp_metrics_user *a = *(struct gp_metrics_user *const *)left;
	const struct gp_metrics_user *b = *(struct gp_metrics_user *const *)right;

	if (a->early_count != b->early_count)
		return a->early_count > b->early_count ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void put_top(const struct gp_metrics *metrics, size_t top, FILE *out)
{
	const struct gp_metrics_user **users;
	size_t count = 0;

	if (top == 0)
		return;
	users = gp_alloc((metrics->users_count + 1) * sizeof(*users));
	for (size_t i = 0; i < metrics->users_slots; i++)
		if (was_early(metrics, &metrics->users[i]))
			users[count++] = &metrics->users[i];
	qsort(users, count, sizeof(const struct gp_metrics_user *), compare_users);
	put_head(out, "gatepost_user_early_checks", "gauge",
		 "Early checks of those who have most of them, until 24 hours pass "
		 "without one.");
	for (size_t i = 0; i < count && i < top; i++) {
		(void)fputs("gatepost_user_early_checks{user=\"", out);
		put_label(out, users[i]->name);
		(void)fprintf(out, "\"} %" PRIu64 "\n", users[i]->early_count);
	}
	free(users);
}

/* --- parts --- */

/* What is off has no series: it can be neither up nor down. */
static bool is_asked(const struct gp_part *part)
{
	return part->state != GP_PART_OFF && part->state != GP_PART_UNKNOWN &&
		part->state != GP_PART_QUIET;
}

/* Who leaves Redis alone after a failure, by the part of the status that says so. */
static void put_breakers(const struct gp_status *status, FILE *out)
{
	static const char *const breakers[][2] = {
		{ "breaker", "milter" }, { "poll-breaker", "checks" },
	};

	put_head(out, "gatepost_breaker_open", "gauge",
		 "Whether the milter, or what counts checks, leaves Redis alone "
		 "after a failure.");
	for (size_t i = 0; i < status->count; i++)
		for (size_t j = 0; j < sizeof(breakers) / sizeof(breakers[0]); j++) {
			const struct gp_part *part = &status->parts[i];

			if (strcmp(part->name, breakers[j][0]) != 0 ||
			    part->state == GP_PART_OFF ||
			    part->state == GP_PART_UNKNOWN)
				continue;
			(void)fprintf(out, "gatepost_breaker_open{of=\"%s\"} %d\n",
				      breakers[j][1], part->state != GP_PART_OK);
		}
}

/* Where they never were, it is as long ago as can be. */
static void put_plugins(const struct gp_status *status, FILE *out)
{
	for (size_t i = 0; i < status->count; i++) {
		const struct gp_part *part = &status->parts[i];

		if (strcmp(part->name, "plugins") != 0 ||
		    (part->age_secs < 0 && part->state != GP_PART_QUIET))
			continue;
		put_head(out, "gatepost_plugins_last_heard_seconds", "gauge",
			 "How long ago a mail program was heard of; +Inf: never, or "
			 "it was forgotten.");
		if (part->age_secs < 0)
			(void)fputs("gatepost_plugins_last_heard_seconds +Inf\n",
				    out);
		else
			(void)fprintf(out, "gatepost_plugins_last_heard_seconds %"
				      PRId64 "\n", part->age_secs);
	}
}

static void put_status(const struct gp_status *status, FILE *out)
{
	put_head(out, "gatepost_part_up", "gauge",
		 "Whether a part answers, and is what is installed.");
	for (size_t i = 0; i < status->count; i++)
		if (is_asked(&status->parts[i]))
			(void)fprintf(out, "gatepost_part_up{part=\"%s\"} %d\n",
				      status->parts[i].name,
				      status->parts[i].state == GP_PART_OK);
	put_head(out, "gatepost_part_round_trip_seconds", "gauge",
		 "How long a part took to answer.");
	for (size_t i = 0; i < status->count; i++)
		if (status->parts[i].usecs >= 0)
			(void)fprintf(out, "gatepost_part_round_trip_seconds{"
				      "part=\"%s\"} %" PRId64 ".%06" PRId64 "\n",
				      status->parts[i].name,
				      status->parts[i].usecs / 1000000,
				      status->parts[i].usecs % 1000000);
	put_breakers(status, out);
	put_plugins(status, out);
	put_number(out, "gatepost_settings_valid", "gauge",
		   "Whether the settings can be read and are good.",
		   !status->is_misconfigured);
}

void gp_metrics_write(struct gp_metrics *metrics, size_t top,
		      const struct gp_status *status, FILE *out)
{
	put_decisions(metrics, out);
	put_sums(metrics, out);
	put_journal(metrics, out);
	put_users(metrics, out);
	put_top(metrics, top, out);
	if (status != NULL)
		put_status(status, out);
}
