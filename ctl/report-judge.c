/* SPDX-License-Identifier: MIT */
/* This module is documented in report-judge.h. */
#include "report-judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "policy-terms.h"
#include "program.h"
#include "show.h"

enum { DAY_MSECS = 86400 * 1000, DAY_HOURS = 24 };

static bool is_quiet(const struct gp_report *report,
		     const struct gp_report_row *row)
{
	int64_t silence = report->last_msecs - row->last_msecs;

	return row->last_msecs >= 0 && silence >= DAY_MSECS &&
		silence >= row->policy_secs * 1000 * 12;
}

static int compare_secs(const void *left, const void *right)
{
	const int32_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

int64_t gp_report_interval_after(const struct gp_report_row *row)
{
	enum { LEAST = 3 };
	int32_t secs[GP_REPORT_LATELY];
	const size_t count = row->lately_count < GP_REPORT_LATELY
		? row->lately_count : GP_REPORT_LATELY;

	if (count < LEAST)
		return -1;
	memcpy(secs, row->lately, sizeof(secs));
	qsort(secs, count, sizeof(*secs), compare_secs);
	return secs[(count - 1) / 2];
}

const char *gp_report_outcome(const struct gp_report *report,
			      const struct gp_report_row *row)
{
	const int64_t first = row->first_every_secs;
	const int64_t last = gp_report_interval_after(row);

	if (first < 0)
		return "-";
	if (is_quiet(report, row))
		return "quiet";
	if (last < 0)
		return "-";
	/* A tenth is the tolerance of the policy itself. */
	if (row->policy_secs > 0 && last * 10 >= row->policy_secs * 9)
		return "obeys";
	if (last * 2 >= first * 3)
		return "slower";
	return last * 3 <= first * 2 ? "faster" : "same";
}

double gp_report_idle_share(const struct gp_report_row *row)
{
	const uint64_t checks = gp_report_checks(row->kinds);

	return checks == 0 ? 0 : (double)row->idle_count / (double)checks;
}

const struct gp_exemption *gp_report_exemption(const struct gp_report *report,
					       const struct gp_report_row *row)
{
	const struct gp_poll_subject subject = {
		.user = row->user, .program = row->program,
		.ip = gp_program_ip(row->program),
		.now_secs = (int64_t)time(NULL),
	};
	const struct gp_exemption *found = NULL;

	if (report->has_settings)
		found = gp_exemption_find(report->settings,
					  &report->settings->poll.exemptions,
					  &subject);
	return found != NULL || report->by_hand == NULL ? found
		: gp_exemption_find(report->settings, report->by_hand, &subject);
}

const char *gp_report_state(const struct gp_report *report,
			    const struct gp_report_row *row)
{
	return is_quiet(report, row) ? "quiet"
				     : gp_report_kind_word(row->last_kind);
}

/* The shortest run of hours of the day that holds nine of ten decisions. */
static bool find_hours(const struct gp_report_row *row, int *from_r, int *to_r)
{
	uint64_t hours[DAY_HOURS] = { 0 }, total = 0;

	if (row->week == NULL)
		return false;
	for (int i = 0; i < GP_REPORT_WEEK_HOURS; i++) {
		hours[i % DAY_HOURS] += row->week[i];
		total += row->week[i];
	}
	for (int length = 1; length <= 12; length++)
		for (int from = 0; from < DAY_HOURS; from++) {
			uint64_t inside = 0;

			for (int i = 0; i < length; i++)
				inside += hours[(from + i) % DAY_HOURS];
			if (inside * 10 >= total * 9) {
				*from_r = from;
				*to_r = (from + length) % DAY_HOURS;
				return true;
			}
		}
	return false;
}

const char *gp_report_habit(const struct gp_report_row *row, char *text,
			    size_t size)
{
	int64_t low = gp_sketch_quantile(&row->intervals, 0.1);
	int64_t middle = gp_sketch_quantile(&row->intervals, 0.5);
	int64_t high = gp_sketch_quantile(&row->intervals, 0.9);
	char every[32];
	int from, to, used;

	text[0] = '\0';
	/* A few lines make no habit. */
	if (middle <= 0 || row->intervals.total < 10 ||
	    (high - low) * 5 > middle)
		return text;
	gp_show_time(middle * 1000, every, sizeof(every));
	used = snprintf(text, size, "every %s, within %" PRId64 "s", every,
			(high - low + 1) / 2 > 0 ? (high - low + 1) / 2 : 1);
	if (find_hours(row, &from, &to) && used > 0 && (size_t)used < size)
		(void)snprintf(text + used, size - (size_t)used,
			       ", %02d:00-%02d:00", from, to);
	return text;
}

/* --- advice --- */

static const struct gp_advice none = { "none", "" };

struct mail_advice {
	enum gp_reason from, to;        /* as they stand in decision.h */
	struct gp_advice advice;
};

static const struct mail_advice mail_advices[] = {
	{ GP_REASON_TLS_REQUIRED, GP_REASON_TLS_REQUIRED, { "starttls",
		"Set the security of outgoing mail to STARTTLS on port 587, or to SSL/TLS on port 465." } },
	{ GP_REASON_TLS_VERSION, GP_REASON_NO_FORWARD_SECRECY, { "update",
		"Update the mail program or the system it runs on: its encryption is too old." } },
	{ GP_REASON_AUTH_REQUIRED, GP_REASON_AUTH_REQUIRED, { "login",
		"Switch on the login for outgoing mail, with the same name and password as for reading it." } },
	{ GP_REASON_MECHANISM, GP_REASON_MECHANISM, { "normal-password",
		"Set the login for outgoing mail to 'normal password', not to secure password authentication." } },
	{ GP_REASON_PLAINTEXT_LOGIN, GP_REASON_PLAINTEXT_LOGIN, { "starttls",
		"Set the security of outgoing mail to STARTTLS on port 587, or to SSL/TLS on port 465." } },
	{ GP_REASON_AUTHOR_MISMATCH, GP_REASON_RESENT_NOT_OWNED, { "own-address",
		"Send with an address of your own; ask for an alias if you need another one." } },
	{ GP_REASON_HEADER_AMBIGUOUS, GP_REASON_HEADER_AMBIGUOUS, { "one-address",
		"Put one plain address into From." } },
	{ GP_REASON_INBOUND_IDENTITY, GP_REASON_RECIPIENT_SYNTAX, { "login",
		"Switch on the login for outgoing mail, with the same name and password as for reading it." } },
	{ GP_REASON_RATE_MESSAGES, GP_REASON_RECIPIENTS_PER_MESSAGE, { "mailing-list",
		"Send to many people by a mailing list, or spread the messages over the day." } },
};

static const struct gp_advice stay_connected = { "stay-connected",
	"Let the mail program stay connected with IMAP and be told of new mail (push, IDLE) instead of logging in for each check." };
static const struct gp_advice pop3_interval = { "pop3-interval",
	"Set the interval of checking to ten minutes or more, or use IMAP with push, which tells of new mail at once." };

/* What to change where, by what programs call themselves. */
static const struct {
	const char *name;
	struct gp_advice advice;
} programs[] = {
	{ "thunderbird", { "thunderbird",
		"Thunderbird: Account Settings, Server Settings: set 'Check for new messages every' to 10 minutes or more, and leave 'Allow immediate server notifications' on, which tells of new mail at once." } },
	{ "outlook", { "outlook",
		"Outlook: Send/Receive Groups: set 'Schedule an automatic send/receive' to 10 minutes or more." } },
	{ "iphone", { "apple-fetch",
		"iPhone and iPad: Settings, Mail, Accounts, Fetch New Data: choose every 15 minutes or more." } },
	{ "mac os x mail", { "apple-mail",
		"Apple Mail: Settings, General: set 'Check for new messages' to Automatically, or to 15 minutes." } },
	{ "k-9", { "k-9",
		"K-9 Mail: account settings, Fetching mail: choose push folders, or an interval of 15 minutes or more." } },
	{ "fetchmail", { "fetchmail",
		"fetchmail: set 'daemon 600' or more in .fetchmailrc, or use 'idle'." } },
	{ "offlineimap", { "offlineimap",
		"OfflineIMAP: set 'autorefresh = 10' or more, and 'idlefolders' for folders that matter." } },
	{ "mutt", { "mutt",
		"mutt: set mail_check to 600 or more, or 'set imap_idle'." } },
};

static const struct gp_advice push = { "push",
	"Switch on push (IDLE) in the mail program, which tells of new mail at once, and set the interval of checking to ten minutes or more." };

static const struct gp_advice *mail_advice(int reason)
{
	for (size_t i = 0; i < sizeof(mail_advices) / sizeof(mail_advices[0]); i++)
		if (reason >= (int)mail_advices[i].from &&
		    reason <= (int)mail_advices[i].to)
			return &mail_advices[i].advice;
	return &none;
}

static const struct gp_advice *check_advice(const struct gp_report_row *row)
{
	uint64_t logins = row->checks[GP_CHECK_LOGIN];
	uint64_t early = gp_report_early(row->kinds);

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		const char *found = strcasestr(row->program, programs[i].name);

		if (found != NULL && found > row->program && found[-1] == '/')
			return &programs[i].advice;
	}
	if (strncmp(row->program, "pop3/", 5) == 0)
		return &pop3_interval;
	return logins * 2 > early ? &stay_connected : &push;
}

const struct gp_advice *gp_report_advice(const struct gp_report_row *row)
{
	uint64_t early = gp_report_early(row->kinds);
	uint64_t mail = gp_report_mail(row->kinds);

	if (mail > 0 && mail >= early && strcmp(row->user, "-") != 0)
		return mail_advice(row->reason);
	return early > 0 ? check_advice(row) : &none;
}

/* Of the first program that there is something to say about: rows are sorted. */
const struct gp_advice *gp_report_user_advice(const struct gp_report_user *user)
{
	for (size_t i = 0; i < user->rows_count; i++) {
		const struct gp_advice *advice = gp_report_advice(user->rows[i]);

		if (advice != &none)
			return advice;
	}
	return &none;
}

void gp_report_user_intervals(const struct gp_report_user *user,
			      struct gp_sketch *sketch_r)
{
	*sketch_r = (struct gp_sketch){ NULL, 0 };
	for (size_t i = 0; i < user->rows_count; i++)
		gp_sketch_merge(sketch_r, &user->rows[i]->intervals);
}

const char *gp_report_user_outcome(const struct gp_report *report,
				   const struct gp_report_user *user)
{
	return gp_report_outcome(report, user->rows[0]);
}
