/* SPDX-License-Identifier: MIT */
/*
 * This module adds up the journal in one pass and in bounded memory: head figures,
 * hours, intervals, programs by name, and a row for each user and program.
 *
 * The head figures are exact.  The table of rows holds a fixed number of them; when
 * it is full, the half with the fewest decisions is dropped, and undercount_most says
 * by how much a row that came back may be too small.
 */
#ifndef GP_REPORT_H
#define GP_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decision.h"
#include "facts.h"
#include "journal.h"
#include "report-sketch.h"
#include "settings.h"
#include "when.h"

/* What became of a check or of a message. */
enum gp_report_kind {
	GP_KIND_ADMITTED,       /* only where the journal has them */
	GP_KIND_SERVED,         /* early, but served in full */
	GP_KIND_NOTE,
	GP_KIND_ABSORB,
	GP_KIND_DELAY,
	GP_KIND_HOLD,
	GP_KIND_REFUSE,
	GP_KIND_WOULD_CHECK,    /* any of these, only observed */
	GP_KIND_REJECT,         /* from here on: mail that is handed in */
	GP_KIND_TEMPFAIL,
	GP_KIND_REWRITE,
	GP_KIND_WOULD_MAIL,
	GP_KIND_COUNT,
	GP_KIND_NONE = GP_KIND_COUNT
};

enum {
	GP_REPORT_ROWS_MAX = 50000,
	GP_REPORT_USERS_MAX = 2000000,
	GP_REPORT_HOURS_MAX = 20000,    /* of the timeline: two years */
	GP_REPORT_NAMES_MAX = 1000,     /* of programs */
	GP_REPORT_WEEK_HOURS = 7 * 24,
	GP_REPORT_LATELY = 9            /* lines by which an outcome is told */
};

struct gp_report_row {
	const char *user;               /* "-" for all who did not log in */
	const char *program;            /* both behind the row itself */
	uint64_t kinds[GP_KIND_COUNT];
	uint64_t checks[GP_CHECK_COUNT];
	uint64_t idle_count;            /* decisions in sessions that used IDLE */
	uint64_t total;
	uint32_t *week;                 /* by local hour, Monday 00:00 first */
	struct gp_sketch intervals;
	int64_t first_msecs, last_msecs;
	int64_t first_every_secs;       /* when first acted upon; -1 */
	/* Intervals of the latest lines since then, without what we held; a ring. */
	int32_t lately[GP_REPORT_LATELY];
	unsigned int lately_count;      /* all that were */
	int64_t policy_secs;            /* the latest; -1 */
	int64_t waited_secs;
	int64_t last_wait_secs;
	enum gp_report_kind last_kind;
	int reason;                     /* the latest of a refusal; -1 */
	const char *why;                /* the latest; NULL */
	bool user_is_counted, user_was_early;
	/* What Redis says of it now; NULL: not known. */
	const char *now_state;
	int64_t now_left_msecs;         /* until a new round; 0: at once */
};

struct gp_report_hour {
	int64_t hour;                   /* since 1970; -1: free */
	uint64_t kinds[GP_KIND_COUNT];
};

/* Programs by what they call themselves. */
struct gp_report_name {
	char *name;                     /* "imap Thunderbird", "pop3" */
	uint64_t rows_count;
	uint64_t kinds[GP_KIND_COUNT];
	struct gp_sketch intervals;
};

struct gp_report_user {
	const char *user;
	struct gp_report_row **rows;    /* into the report's list */
	size_t rows_count;
	uint64_t kinds[GP_KIND_COUNT];
	uint64_t early_count, mail_count, total;
};

struct gp_report {
	const struct gp_settings *settings;
	bool has_settings;              /* false: they are the defaults */
	/* Of gatepostctl exempt; NULL: not known.  Read when it is shown. */
	const struct gp_exemption_list *by_hand;
	struct gp_period period;
	uint64_t lines_count, entries_count, broken_count;
	int64_t first_msecs, last_msecs;        /* -1: none */
	uint64_t users_count, violators_count;
	bool users_are_more;            /* than could be counted */
	uint64_t kinds[GP_KIND_COUNT];
	uint64_t idle_count;
	uint64_t reasons[GP_REASON_COUNT];
	uint64_t week[GP_REPORT_WEEK_HOURS];
	struct gp_sketch intervals;
	int64_t waited_secs;
	int64_t policy_secs;            /* the latest of all lines; -1 */
	uint64_t outages_count;
	int64_t outage_msecs;
	uint64_t rows_dropped, undercount_most;
	uint64_t untimed_count;         /* not in the timeline */

	/* After gp_report_finish(): */
	struct gp_report_hour *hours;           /* by time */
	size_t hours_count;
	struct gp_report_name *names;           /* most early ones first */
	size_t names_count;
	struct gp_report_user *users;           /* most early ones first */
	size_t users_listed;

	struct gp_report_parts *parts;          /* of report.c alone */
};

/* settings and has_settings are read for the advice and the policy alone.  rows_max:
   GP_REPORT_ROWS_MAX, or less in tests. */
struct gp_report *gp_report_create(const struct gp_settings *settings,
				   size_t rows_max);

/* The same, one by one or together, which is faster. */
void gp_report_add(struct gp_report *report,
		   const struct gp_journal_entry *entry);
void gp_report_add_all(struct gp_report *report,
		       const struct gp_journal_entry *entries, size_t count);

/* Sorts what was added up; nothing may be added any more. */
void gp_report_finish(struct gp_report *report);

/* Accepts NULL, leaves NULL. */
void gp_report_free(struct gp_report **report);

/* Sums of kinds: checks of mailboxes, those that were early (observed ones too),
   and mail that was not simply taken. */
uint64_t gp_report_checks(const uint64_t kinds[GP_KIND_COUNT]);
uint64_t gp_report_early(const uint64_t kinds[GP_KIND_COUNT]);
uint64_t gp_report_mail(const uint64_t kinds[GP_KIND_COUNT]);

/* Does the journal have the checks that were in time?  Without journal.all_checks it
   has not, and who was never early is not in it either. */
bool gp_report_has_admitted(const struct gp_report *report);

/* "absorb" … as in the journal; "admitted", "served", "would" */
const char *gp_report_kind_word(enum gp_report_kind kind);

#endif
