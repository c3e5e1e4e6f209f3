/* SPDX-License-Identifier: MIT */
/*
 * This module counts the journal by part, action, mode and reason, and writes that and
 * what is known of the parts in Prometheus's text format.  The series are bounded by the
 * words of the journal; users only come in as the first few, when somebody asks for it.
 * What it has counted can be kept (metrics-state.h), so that no counter ever falls.
 */
#ifndef GP_METRICS_H
#define GP_METRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "journal.h"
#include "report-words.h"
#include "status.h"

enum {
	GP_METRICS_PARTS = 6,           /* milter, imap, pop3, auth, ctl, and any other */
	GP_METRICS_HOSTS = 64,          /* whose outages are told apart */
	GP_METRICS_USERS_MAX = 1000000
};

/* Is Redis silent for that host, and since when? */
struct gp_metrics_host {
	char *name;
	int64_t since_msecs;            /* -1: it answers */
};

struct gp_metrics_user {
	char *name;                     /* fit to be shown; NULL: a free slot */
	int64_t seen_msecs;
	int64_t early_msecs;            /* the last early check; -1: none */
	uint64_t early_count;
};

struct gp_metrics {
	/* what was done, and the same where it was only observed */
	uint64_t decisions[GP_METRICS_PARTS][2][GP_ACTION_COUNT][GP_REASON_COUNT];
	uint64_t unknown_count;         /* words of another version */
	uint64_t lines_count, damaged_count;
	uint64_t checks_count, early_count, waited_secs;
	uint64_t stream_lost_count;     /* lines that Redis did not get */
	uint64_t outages_count;
	int64_t outage_msecs;           /* of those that are over */
	int64_t outage_shown_msecs;     /* never less than was written once */
	int64_t last_msecs;             /* of the newest line; -1: none */
	struct gp_metrics_host hosts[GP_METRICS_HOSTS];
	size_t hosts_count;
	struct gp_metrics_user *users;  /* a hash table */
	size_t users_slots, users_count;
	int64_t now_msecs;              /* no line is newer */
	int64_t users_since_msecs;      /* who was seen before is not counted */
	struct gp_report_words words;
};

struct gp_metrics *gp_metrics_create(int64_t now_msecs, int64_t users_since_msecs);

/* Accepts NULL, leaves NULL. */
void gp_metrics_free(struct gp_metrics **metrics);

void gp_metrics_add(struct gp_metrics *metrics,
		    const struct gp_journal_entry *entry);

/* The host's row, the user's row, made if need be; NULL when there is no room. */
struct gp_metrics_host *gp_metrics_host(struct gp_metrics *metrics,
					const char *name);
struct gp_metrics_user *gp_metrics_user(struct gp_metrics *metrics,
					const char *name);

/* The counter of these words, NULL when one is not known. */
uint64_t *gp_metrics_decision(struct gp_metrics *metrics, const char *part,
			      const char *action, const char *reason);

const char *gp_metrics_part_word(int part);

/* The top users with most early checks are named.  status may be NULL: nothing was
   asked. */
void gp_metrics_write(struct gp_metrics *metrics, size_t top,
		      const struct gp_status *status, FILE *out);

/* The same as JSON: {"figures": [{"name", "labels", "value"}]}, null for a value that
   is infinite.  text is what gp_metrics_write() wrote, and is used up.  0 or -1. */
int gp_metrics_write_json(char *text, FILE *out);

#endif
