/* SPDX-License-Identifier: MIT */
/* This module is documented in metrics.h. */
#include "metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"

static const char *const parts[GP_METRICS_PARTS] = {
	"milter", "imap", "pop3", "auth", "ctl", "other"
};

/* --- counting --- */

static size_t part_of(const char *name)
{
	size_t i = 0;

	while (i < GP_METRICS_PARTS - 1 &&
	       (name == NULL || strcmp(parts[i], name) != 0))
		i++;
	return i;
}

/* "would-absorb" is "absorb", observed. */
static bool read_action(const char *word, enum gp_action *action_r, int *observed_r)
{
	static const char would[] = "would-";

	if (word == NULL)
		return false;
	*observed_r = strncmp(word, would, sizeof(would) - 1) == 0;
	return gp_action_from_word(*observed_r ? word + sizeof(would) - 1 : word,
				   action_r);
}

void gp_metrics_add(struct gp_metrics *metrics,
		    const struct gp_journal_entry *entry)
{
	/* A damaged count must not drown all others. */
	const uint64_t count = entry->count > 0 && entry->count <= UINT32_MAX
		? (uint64_t)entry->count : 1;
	enum gp_action action;
	enum gp_reason reason;
	int observed;

	if (entry->time_msecs > metrics->last_msecs)
		metrics->last_msecs = entry->time_msecs;
	if (!read_action(entry->action, &action, &observed) ||
	    entry->reason == NULL ||
	    !gp_reason_from_word(entry->reason, &reason)) {
		metrics->unknown_count += count;
		return;
	}
	metrics->decisions[part_of(entry->part)][observed][action][reason] += count;
}

/* --- writing --- */

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

/* The value of a label: UTF-8, with backslash, quote and line feed escaped. */
static void put_label(FILE *out, const char *text)
{
	char *clean = gp_show_clean(text);

	for (const char *p = clean; *p != '\0'; p++) {
		if (*p == '\\' || *p == '"')
			(void)fputc('\\', out);
		(void)fputc(*p, out);
	}
	free(clean);
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
						parts[part], gp_action_word(
							(enum gp_action)action),
						gp_reason_word(
							(enum gp_reason)reason),
						observed ? "observe" : "enforce",
						count);
				}
}

static void put_journal(const struct gp_metrics *metrics,
			const struct gp_report *report, FILE *out)
{
	put_head(out, "gatepost_journal_lines_total", "counter",
		 "Lines that were read, by what they are.");
	(void)fprintf(out, "gatepost_journal_lines_total{kind=\"journal\"} %" PRIu64
		      "\ngatepost_journal_lines_total{kind=\"damaged\"} %" PRIu64
		      "\n", report->entries_count, report->broken_count);
	put_number(out, "gatepost_unknown_words_total", "counter",
		   "Decisions of another version, whose words are not known.",
		   metrics->unknown_count);
	if (metrics->last_msecs < 0)
		return;
	put_head(out, "gatepost_journal_last_timestamp_seconds", "gauge",
		 "When the newest line was written.");
	(void)fprintf(out, "gatepost_journal_last_timestamp_seconds %" PRId64
		      ".%03" PRId64 "\n", metrics->last_msecs / 1000,
		      metrics->last_msecs % 1000);
}

static void put_sums(const struct gp_report *report, FILE *out)
{
	put_number(out, "gatepost_checks_total", "counter",
		   "Checks for mail that the journal knows of.",
		   gp_report_checks(report->kinds));
	put_number(out, "gatepost_early_checks_total", "counter",
		   "Checks for mail before their time, observed ones too.",
		   gp_report_early(report->kinds));
	put_number(out, "gatepost_waited_seconds_total", "counter",
		   "How long answers and logins were held.",
		   (uint64_t)report->waited_secs);
	put_number(out, "gatepost_users", "gauge",
		   "Users that the journal names.", report->users_count);
	put_number(out, "gatepost_early_users", "gauge",
		   "Of these, those whose programs check too often.",
		   report->violators_count);
	put_number(out, "gatepost_store_outages_total", "counter",
		   "Times that Redis did not answer.", report->outages_count);
	put_head(out, "gatepost_store_outage_seconds_total", "counter",
		 "How long Redis did not answer.");
	(void)fprintf(out, "gatepost_store_outage_seconds_total %" PRId64 ".%03"
		      PRId64 "\n", report->outage_msecs / 1000,
		      report->outage_msecs % 1000);
}

static void put_users(const struct gp_report *report, size_t top, FILE *out)
{
	if (top == 0)
		return;
	put_head(out, "gatepost_user_early_checks", "gauge",
		 "Early checks of those who have most of them.");
	for (size_t i = 0; i < report->users_listed && i < top; i++) {
		const struct gp_report_user *user = &report->users[i];

		if (user->early_count == 0)
			continue;
		(void)fputs("gatepost_user_early_checks{user=\"", out);
		put_label(out, user->user);
		(void)fprintf(out, "\"} %" PRIu64 "\n", user->early_count);
	}
}

/* What is off has no series: it can be neither up nor down. */
static bool is_asked(const struct gp_part *part)
{
	return part->state != GP_PART_OFF && part->state != GP_PART_UNKNOWN &&
		part->state != GP_PART_QUIET;
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
	put_number(out, "gatepost_settings_valid", "gauge",
		   "Whether the settings can be read and are good.",
		   !status->is_misconfigured);
}

void gp_metrics_write(const struct gp_metrics *metrics,
		      const struct gp_report *report, size_t top,
		      const struct gp_status *status, FILE *out)
{
	put_decisions(metrics, out);
	put_sums(report, out);
	put_journal(metrics, report, out);
	put_users(report, top, out);
	if (status != NULL)
		put_status(status, out);
}
