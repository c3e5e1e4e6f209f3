/* SPDX-License-Identifier: MIT */
/* This module is documented in poll-model.h; what the numbers mean stands at the
   head of store-poll.lua. */
#include "poll-model.h"

#include <math.h>
#include <string.h>

enum { MAX3 = 16777215, MAX2 = 65535, HELD_SLACK = 1000, HELD_VALID = 30000,
       CLOCK_SLACK = 1000, PARTS = 32, DAY = 86400000 };

/* One check while it is judged. */
struct check {
	const struct gp_poll_query *query;
	struct gp_poll_person *user;
	struct gp_poll_program *program;
	double now, retention;
	double interval, tolerance;             /* in force */
	double human, crowd_tat, crowd_early, crowd_held;
	bool person_is_changed, is_free, is_away, is_new, has_waited;
	double at, tat, last, early_start, journal_due, every, checks;
	double early, early_before, number, crowd_wait;
	double heard, early_news;
	struct gp_poll_within within[GP_LADDER_WINDOWS_MAX];
};

static double least(double value, double top)
{
	return fmax(0, fmin(floor(value), top));
}

static void look_whether_held(struct check *check)
{
	struct gp_poll_program *program = check->program;
	const double crowd_held = check->user->crowd_held * 10;

	if (check->query->is_report)
		return;
	if (program->held_until > 0 &&
	    check->now >= program->held_until - HELD_SLACK) {
		check->has_waited = check->now < program->held_until + HELD_VALID;
		program->held_until = 0;
	}
	if (crowd_held > 0 && check->now >= crowd_held - HELD_SLACK &&
	    check->now < crowd_held + HELD_VALID)
		check->has_waited = true;
}

static void judge_person(struct check *check)
{
	const struct gp_poll_query *query = check->query;
	const double away_after = (double)query->away_after_msecs;
	const double away_interval = (double)query->away_interval_msecs;
	const double age = query->had_human ? (double)query->human_age_msecs : -1;

	check->human = check->user->human;
	check->crowd_tat = check->user->crowd_tat * 10;
	check->crowd_early = check->user->crowd_early;
	check->crowd_held = check->user->crowd_held;
	if (age >= 0 && check->now - age - check->human >= 1000) {
		check->human = check->now - age;
		check->crowd_tat = 0;
		check->person_is_changed = true;
	} else if (check->human == 0 && away_after > 0 && !query->is_report) {
		check->human = fmax(0, check->now - (double)query->grace_msecs -
				    1000);
		check->person_is_changed = true;
	} else if (check->human > check->now) {
		check->human = check->now;
		check->person_is_changed = true;
	}
	check->is_free = check->human > 0 &&
		check->now - check->human < (double)query->grace_msecs;
	check->is_away = away_after > 0 &&
		check->now - check->human >= away_after &&
		away_interval > check->interval;
	if (check->is_away) {
		check->tolerance = check->tolerance * away_interval /
			check->interval;
		check->interval = away_interval;
	}
	if (check->crowd_tat <= check->now || check->crowd_tat > check->now +
	    check->interval + check->tolerance + CLOCK_SLACK)
		check->crowd_tat = check->crowd_early = check->crowd_held = 0;
}

static void read_record(struct check *check)
{
	const struct gp_poll_program *program = check->program;
	const double at = program->at * 10;

	check->is_new = !program->is_known || at > check->now;
	if (program->is_known) {
		check->early = program->early;
		check->early_before = program->early_before;
		memcpy(check->within, program->within, sizeof(check->within));
	}
	if (check->is_new) {
		check->early = check->early_before = 0;
		memset(check->within, 0, sizeof(check->within));
		return;
	}
	check->at = at;
	check->tat = fmin(at + program->ahead * 10,
			  at + check->interval + check->tolerance);
	check->last = at + program->last * 100;
	if (program->early_start > 0)
		check->early_start = at + program->early_start * 100;
	if (program->journal_due > 0)
		check->journal_due = at + program->journal_due * 1000;
	check->every = program->every;
	check->checks = program->checks;
}

static void turn_window(struct check *check)
{
	const int64_t kept = check->program->is_known
		? (int64_t)check->program->window_number : 0;
	int64_t distance;

	check->number = floor(check->now / (double)check->query->window_msecs);
	distance = ((int64_t)check->number - kept) & 0xff;
	if (check->now - check->last >= 2 * (double)check->query->window_msecs)
		distance = 2;
	if (distance == 0)
		return;
	check->early_before = distance == 1 ? check->early : 0;
	check->early = 0;
}

static void add_what_was_seen(struct check *check)
{
	const struct gp_poll_query *query = check->query;
	const double elapsed = check->now - check->last;

	check->heard = check->last;
	check->early_news = query->early_rounds;
	check->checks += query->checks;
	if (query->early_rounds > 0) {
		check->early += query->early_rounds;
		check->early_start = fmax(check->early_start, check->now -
					  (double)query->early_age_msecs);
	}
	if (query->journal_age_msecs >= 0)
		check->journal_due = fmax(check->journal_due, check->now -
			(double)query->journal_age_msecs +
			(double)query->journal_msecs);
	if (query->bursts == 0)
		return;
	if (check->last > 0 && elapsed >= 0 &&
	    elapsed <= 12 * fmax(check->every, check->interval)) {
		const double sample = elapsed / query->bursts;

		check->every = check->every == 0 ? sample
			: (3 * check->every + sample) / 4;
	}
	check->last = check->now;
}

static unsigned int count_programs(const struct check *check)
{
	unsigned int count = !check->program->is_known;

	for (unsigned int i = 0; i < check->user->programs_count; i++)
		count += check->user->programs[i].is_known;
	return count;
}

static bool is_next_early_round(const struct check *check)
{
	return check->early_start == 0 || check->now >= check->early_start +
		(double)check->query->round_msecs;
}

static void judge_all_programs(struct check *check)
{
	const unsigned int programs_max = check->query->programs_max;
	double tat_more;

	if (check->query->is_report || check->is_free || programs_max == 0 ||
	    check->now < check->tat - check->tolerance ||
	    count_programs(check) <= programs_max)
		return;
	tat_more = fmax(check->crowd_tat, check->now) +
		check->interval / programs_max;
	check->crowd_wait = ceil(fmax(0, tat_more - check->now -
				     check->interval - check->tolerance));
	if (check->crowd_wait == 0) {
		check->crowd_tat = tat_more;
		check->person_is_changed = true;
	} else if (is_next_early_round(check)) {
		check->crowd_early++;
		check->person_is_changed = true;
	}
}

static void count_early(struct check *check, bool journal_is_due)
{
	if (is_next_early_round(check)) {
		check->early_news++;
		check->early = fmax(check->early + 1, check->crowd_wait > 0
				    ? check->crowd_early : 0);
		check->early_start = check->now;
	}
	if (journal_is_due)
		check->journal_due = check->now +
			(double)check->query->journal_msecs;
}

static enum gp_verdict judge(struct check *check, bool journal_is_due)
{
	if (check->is_new)
		check->at = floor(check->now / 10) * 10 -
			(double)check->query->round_msecs - 10;
	if (check->query->is_report)
		return GP_VERDICT_EARLY;
	check->checks++;
	if (check->is_free) {
		return GP_VERDICT_FREE;
	}
	if (check->crowd_wait > 0) {
		check->tat = check->now + check->crowd_wait + check->tolerance;
		count_early(check, journal_is_due);
		return GP_VERDICT_EARLY;
	}
	if (check->now >= check->tat - check->tolerance) {
		check->at = check->now - fmod(check->now, 10);
		check->early_start = 0;
		check->tat = fmax(check->at, check->tat) + check->interval;
		return GP_VERDICT_ADMITTED;
	}
	if (check->now < check->at + (double)check->query->round_msecs)
		return GP_VERDICT_IN_ROUND;
	count_early(check, journal_is_due);
	return GP_VERDICT_EARLY;
}

/* Early rounds in a time of its own that steps of the ladder count in. */
static unsigned int count_within(struct check *check, int i)
{
	const double span = (double)check->query->within_secs[i] * 1000;
	struct gp_poll_within *within = &check->within[i];
	int64_t number, distance;

	if (span == 0) {
		memset(within, 0, sizeof(*within));
		return 0;
	}
	number = (int64_t)floor(check->now / span) & 0xff;
	distance = (number - within->number) & 0xff;
	if (distance > 1 || check->now - check->heard >= 2 * span) {
		within->before = within->early = 0;
	} else if (distance == 1) {
		within->before = within->early;
		within->early = 0;
	}
	within->number = (unsigned char)number;
	within->early = (unsigned char)fmin(within->early + check->early_news,
					    GP_WITHIN_COUNT_MAX);
	return (unsigned int)fmin(within->early + floor(within->before *
		(1 - fmod(check->now, span) / span)), GP_WITHIN_COUNT_MAX);
}

/* From the last round, in 10 ms: as exact as it is kept. */
static double ahead_kept(const struct check *check)
{
	return least((check->tat - check->at) / 10 + 0.5, MAX3);
}

static double tat_kept(const struct check *check)
{
	return check->at + ahead_kept(check) * 10;
}

static void keep_record(struct check *check)
{
	struct gp_poll_program *program = check->program;
	const double at = check->at;

	*program = (struct gp_poll_program){
		.is_known = true,
		.held_until = floor(program->held_until / 10) * 10,
		.told = floor(program->told / 1000) * 1000,
		.at = floor(at / 10),
		.ahead = ahead_kept(check),
		.last = least((check->last - at) / 100, MAX3),
		.early_start = check->early_start > 0
			? fmax(1, least((check->early_start - at) / 100, MAX3)) : 0,
		.journal_due = check->journal_due > at
			? fmax(1, least((check->journal_due - at) / 1000 + 0.5,
					MAX2)) : 0,
		.every = least(check->every, MAX3),
		.checks = least(check->checks, MAX3),
		.early = least(check->early, MAX2),
		.early_before = least(check->early_before, MAX2),
		.window_number = (double)((int64_t)check->number & 0xff),
	};
	memcpy(program->within, check->within, sizeof(program->within));
}

/* What nobody has heard of for half the retention goes. */
static void sweep(struct gp_poll_person *user, double now, double retention)
{
	for (unsigned int i = 0; i < user->programs_count; i++) {
		struct gp_poll_program *program = &user->programs[i];

		if (program->is_known && fmin(program->at * 10 + program->last * 100,
					      now) < now - retention / 2)
			*program = (struct gp_poll_program){ .is_known = false };
	}
	if (user->human > 0)
		user->human = floor(fmax(user->human, now - retention) / 1000) *
			1000;
}

/* is_kept: the program. */
static void keep(struct check *check, bool is_kept)
{
	struct gp_poll_person *user = check->user;
	const int touched = (int)fmod(floor(check->now / (check->retention / PARTS)),
				      PARTS);

	if (is_kept)
		keep_record(check);
	if (!user->is_known && !is_kept && !check->person_is_changed)
		return;
	user->human = floor(check->human / 1000) * 1000;
	user->crowd_tat = floor(check->crowd_tat / 10);
	user->crowd_early = check->crowd_tat > 0
		? least(check->crowd_early, MAX2) : 0;
	user->crowd_held = check->crowd_tat > 0 ? check->crowd_held : 0;
	if (!user->is_known || user->touched != touched)
		sweep(user, check->now, check->retention);
	user->is_known = true;
	user->touched = touched;
}

static double early_lately(const struct check *check)
{
	const double window = (double)check->query->window_msecs;

	return check->early + floor(check->early_before *
				    (1 - fmod(check->now, window) / window));
}

static bool give_notice(struct check *check)
{
	const int64_t after = check->query->notice_after;
	const bool is_due = after == GP_NOTICE_ANYWAY ||
		(!check->query->is_report && !check->is_free && after >= 0 &&
		 early_lately(check) > (double)after);

	if (!is_due || (check->program->told > 0 &&
			check->now - check->program->told < DAY))
		return false;
	check->program->told = check->now;
	return true;
}

struct gp_poll_history
gp_poll_model_check(struct gp_poll_person *user, unsigned int number,
		    const struct gp_poll_query *query,
		    int64_t retention_msecs, int64_t now_msecs)
{
	struct check check = {
		.query = query, .user = user, .program = &user->programs[number],
		.now = (double)now_msecs, .retention = (double)retention_msecs,
		.interval = (double)query->interval_msecs,
		.tolerance = (double)query->tolerance_msecs,
	};
	const bool was_known = check.program->is_known;
	unsigned int within_counts[GP_LADDER_WINDOWS_MAX];
	struct gp_poll_history history;
	bool journal_is_due, notice_is_due;
	enum gp_verdict verdict;
	double round_left;

	look_whether_held(&check);
	judge_person(&check);
	read_record(&check);
	turn_window(&check);
	add_what_was_seen(&check);
	judge_all_programs(&check);
	journal_is_due = check.now >= check.journal_due;
	verdict = judge(&check, journal_is_due);
	notice_is_due = give_notice(&check);
	for (int i = 0; i < GP_LADDER_WINDOWS_MAX; i++)
		within_counts[i] = count_within(&check, i);
	keep(&check, was_known || !query->is_report || notice_is_due);
	round_left = check.is_free
		? check.human + (double)query->grace_msecs - check.now
		: check.at + (double)query->round_msecs - check.now;
	history = (struct gp_poll_history){
		.verdict = verdict,
		.wait_msecs = (int64_t)fmax(0, floor(tat_kept(&check) -
						     check.tolerance - check.now)),
		.round_left_msecs = (int64_t)fmax(0, floor(round_left)),
		.early_count = (unsigned int)early_lately(&check),
		.checks_count = (unsigned int)fmin(check.checks, MAX3),
		.every_msecs = (int64_t)fmin(check.every, MAX3),
		.journal_due = journal_is_due, .has_waited = check.has_waited,
		.is_away = check.is_away, .is_crowded = check.crowd_wait > 0,
		.notice_due = notice_is_due, .within_known = true,
	};
	memcpy(history.within_counts, within_counts, sizeof(within_counts));
	return history;
}
