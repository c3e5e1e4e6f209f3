/* SPDX-License-Identifier: MIT */
/* This module is documented in replay.h. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "command.h"
#include "network-text.h"
#include "policy-poll.h"
#include "policy-rate.h"
#include "policy-terms.h"
#include "pool.h"
#include "program.h"
#include "report-rows.h"

enum {
	SLOTS = 1 << 18,                /* users: half of it at most */
	PROGRAMS_MAX = 120000,          /* of all; about 1 KiB each */
	PROGRAMS_OF_USER = 32,          /* as the store remembers */
	EVENTS_OF_LINE = 1000,          /* of one line of the journal */
	QUEUE_MSECS = 3600000
};

struct gp_replay *gp_replay_create(const struct gp_settings *settings,
				   const unsigned int *intervals_secs,
				   size_t count)
{
	struct gp_replay *replay = gp_alloc(sizeof(*replay));

	replay->settings = settings;
	replay->runs[0].interval_secs = settings->poll.interval_secs;
	for (size_t i = 0; i < count; i++)
		replay->runs[1 + i].interval_secs = intervals_secs[i];
	replay->runs_count = 1 + count;
	replay->slots_count = SLOTS;
	replay->slots = gp_alloc(SLOTS * sizeof(struct gp_replay_user *));
	replay->first_msecs = replay->last_msecs = -1;
	if (getrandom(&replay->seed, sizeof(replay->seed), GRND_NONBLOCK) < 0)
		replay->seed = (uint64_t)(uintptr_t)replay;
	return replay;
}

/* --- the tables --- */

/* NULL when there are too many. */
static struct gp_replay_user *find_user(struct gp_replay *replay,
					const char *login)
{
	char *name = gp_command_person(replay->settings, login);
	const uint64_t hash = gp_report_hash(name, strlen(name), replay->seed);
	size_t i = hash & (replay->slots_count - 1);
	struct gp_replay_user *user;

	for (; (user = replay->slots[i]) != NULL;
	     i = (i + 1) & (replay->slots_count - 1)) {
		if (user->hash == hash && strcmp(user->name, name) == 0) {
			free(name);
			return user;
		}
	}
	if (replay->users_count >= replay->slots_count / 2) {
		free(name);
		return NULL;
	}
	user = gp_alloc(sizeof(*user));
	user->hash = hash;
	user->name = name;
	user->sent_at_msecs = -1;
	replay->slots[i] = user;
	replay->users_count++;
	return user;
}

/* What is kept of the programs of one run stands together. */
static void make_room(const struct gp_replay *replay, struct gp_replay_user *user)
{
	const unsigned int room = user->programs_room == 0
		? 1 : 2 * user->programs_room;
	struct gp_poll_program *kept = gp_alloc(replay->runs_count * room *
						sizeof(*kept));

	for (size_t run = 0; run < replay->runs_count; run++)
		if (user->programs_count > 0)
			memcpy(kept + run * room,
			       user->kept + run * user->programs_room,
			       user->programs_count * sizeof(*kept));
	free(user->kept);
	user->kept = kept;
	user->programs = gp_realloc(user->programs,
				    room * sizeof(*user->programs));
	user->programs_room = room;
}

/* The place of the one that was not heard of for longest. */
static unsigned int drop_oldest(const struct gp_replay *replay,
				struct gp_replay_user *user)
{
	unsigned int oldest = 0;

	for (unsigned int i = 1; i < user->programs_count; i++)
		if (user->programs[i].last_msecs <
		    user->programs[oldest].last_msecs)
			oldest = i;
	for (size_t run = 0; run < replay->runs_count; run++)
		user->kept[run * user->programs_room + oldest] =
			(struct gp_poll_program){ .is_known = false };
	free(user->programs[oldest].name);
	return oldest;
}

/* -1 when there are too many. */
static int find_program(struct gp_replay *replay, struct gp_replay_user *user,
			const char *name, int64_t msecs)
{
	unsigned int i = 0;

	while (i < user->programs_count &&
	       strcmp(user->programs[i].name, name) != 0)
		i++;
	if (i < user->programs_count)
		return (int)i;
	if (i == PROGRAMS_OF_USER) {
		i = drop_oldest(replay, user);
	} else {
		if (replay->programs_count >= PROGRAMS_MAX)
			return -1;
		if (i == user->programs_room)
			make_room(replay, user);
		user->programs_count++;
		replay->programs_count++;
	}
	user->programs[i] = (struct gp_replay_program){
		.name = gp_strdup(name), .first_msecs = msecs, .last_msecs = -1,
	};
	return (int)i;
}

/* --- checks --- */

struct check {
	struct gp_replay_user *user;
	unsigned int number;            /* of the program */
	int64_t msecs;
	enum gp_check check;
	enum gp_poll_place place;
	struct gp_poll_terms terms;
};

static unsigned int round_of(const struct gp_settings *settings,
			     unsigned int interval_secs)
{
	const unsigned int tenth = interval_secs >= 20 ? interval_secs / 10 : 1;

	return settings->poll.round_secs < interval_secs
		? settings->poll.round_secs : tenth;
}

static void fill_query(const struct gp_replay *replay, const struct check *check,
		       unsigned int interval_secs, struct gp_poll_query *query_r)
{
	const struct gp_settings *settings = replay->settings;
	const struct gp_replay_program *program =
		&check->user->programs[check->number];
	const int64_t interval_msecs = (int64_t)interval_secs * 1000;

	*query_r = (struct gp_poll_query){
		.interval_msecs = interval_msecs,
		.tolerance_msecs = interval_msecs *
			settings->poll.tolerance_percent / 100,
		.round_msecs = (int64_t)round_of(settings, interval_secs) * 1000,
		.window_msecs =
			(int64_t)settings->poll.ladder_window_secs * 1000,
		.journal_msecs = 1000,
		.bursts = program->last_msecs < 0 ||
			check->msecs - program->last_msecs >= GP_POLL_BURST_MSECS,
		.early_age_msecs = -1, .journal_age_msecs = -1,
		.grace_msecs = (int64_t)settings->poll.grace_secs * 1000,
		.programs_max = settings->poll.programs_max,
		.notice_after = -1,
		.had_human = check->user->sent_at_msecs >= 0 &&
			check->user->sent_at_msecs <= check->msecs,
		.human_age_msecs = check->msecs - check->user->sent_at_msecs,
	};
}

/* A login is held before there is a mail process, or its first check refused. */
static enum gp_action decide(const struct gp_replay *replay,
			     const struct check *check,
			     const struct gp_poll_terms *terms,
			     const struct gp_poll_history *history)
{
	struct gp_poll_facts facts = {
		.place = check->place, .check = check->check, .terms = terms,
		.history_known = true, .history = *history,
		.can_absorb = check->place == GP_PLACE_SESSION &&
			check->check != GP_CHECK_LOGIN,
	};
	struct gp_decision decision;

	gp_policy_poll(replay->settings, &facts, &decision);
	if (check->place == GP_PLACE_BEFORE_LOGIN &&
	    gp_decision_effect(&decision) == GP_ACTION_PASS) {
		facts.place = GP_PLACE_SESSION;
		gp_policy_poll(replay->settings, &facts, &decision);
	}
	return gp_decision_effect(&decision);
}

static bool is_touch(enum gp_action action)
{
	return action != GP_ACTION_PASS && action != GP_ACTION_NOTE &&
		action != GP_ACTION_NOTICE;
}

static void count_touch(struct gp_replay *replay, const struct check *check,
			size_t run)
{
	struct gp_replay_program *program = &check->user->programs[check->number];
	const unsigned int bit = 1u << run;

	replay->runs[run].touched_count++;
	if ((program->touched_runs & bit) == 0)
		replay->runs[run].programs_touched++;
	if ((check->user->touched_runs & bit) == 0)
		replay->runs[run].users_touched++;
	program->touched_runs |= bit;
	check->user->touched_runs |= bit;
}

static void count_for_policy(struct gp_replay_program *program,
			     const struct gp_poll_history *history,
			     enum gp_action action)
{
	program->every_msecs = history->every_msecs;
	program->early_count += history->verdict == GP_VERDICT_EARLY;
	program->absorbed_count += action == GP_ACTION_ABSORB;
	program->held_count += action == GP_ACTION_DELAY ||
		action == GP_ACTION_HOLD;
	program->refused_count += action == GP_ACTION_REFUSE ||
		action == GP_ACTION_DISCONNECT;
}

static void check_in_run(struct gp_replay *replay, const struct check *check,
			 size_t run)
{
	struct gp_replay_user *user = check->user;
	struct gp_poll_person *person = &user->persons[run];
	struct gp_poll_terms terms = check->terms;
	struct gp_poll_history history;
	struct gp_poll_query query;
	enum gp_action action;

	if (run > 0 && (terms.override == NULL || !terms.override->names_interval))
		terms.interval_secs = replay->runs[run].interval_secs;
	fill_query(replay, check, terms.interval_secs, &query);
	(void)gp_poll_terms_windows(&terms, query.within_secs);
	person->programs = user->kept + run * user->programs_room;
	person->programs_count = user->programs_count;
	history = gp_poll_model_check(person, check->number, &query, (int64_t)1000 *
				      replay->settings->redis.retention_secs,
				      check->msecs);
	action = decide(replay, check, &terms, &history);
	replay->runs[run].early_count += history.verdict == GP_VERDICT_EARLY;
	if (is_touch(action))
		count_touch(replay, check, run);
	if (run == 0)
		count_for_policy(&user->programs[check->number], &history, action);
}

static void note_time(struct gp_replay *replay, int64_t msecs)
{
	if (replay->first_msecs < 0 || msecs < replay->first_msecs)
		replay->first_msecs = msecs;
	if (msecs > replay->last_msecs)
		replay->last_msecs = msecs;
}

/* Would-be actions count as if they were done. */
static void find_terms(const struct gp_replay *replay, struct check *check)
{
	const struct gp_replay_program *program =
		&check->user->programs[check->number];
	const struct gp_poll_subject subject = {
		.user = check->user->name,
		.ip = gp_program_ip(program->name),
		.program = program->name,
		.now_secs = check->msecs / 1000,
		.by_hand = replay->by_hand,
	};

	gp_poll_terms_find(replay->settings, &subject, &check->terms);
	if (check->terms.mode == GP_MODE_OBSERVE ||
	    (check->terms.mode == GP_MODE_OFF && check->terms.why == NULL))
		check->terms.mode = GP_MODE_ENFORCE;
}

static void run_check(struct gp_replay *replay, struct check *check)
{
	struct gp_replay_program *program = &check->user->programs[check->number];

	if (check->msecs < program->last_msecs)
		check->msecs = program->last_msecs;
	for (size_t run = 0; run < replay->runs_count; run++)
		check_in_run(replay, check, run);
	program->checks_count++;
	program->last_msecs = check->msecs;
	note_time(replay, check->msecs);
}

/* The journal knows a program by more than its address: then the login is in it. */
static bool is_known_to_journal(const struct gp_replay_user *user, const char *name)
{
	const size_t length = strlen(name);

	for (unsigned int i = 0; i < user->programs_count; i++)
		if (user->programs[i].is_of_journal &&
		    strncmp(user->programs[i].name, name, length) == 0 &&
		    strchr("/", user->programs[i].name[length]) != NULL)
			return true;
	return false;
}

static void add_login(struct gp_replay *replay, const struct gp_event *event)
{
	const bool is_pop3 = event->kind == GP_EVENT_POP3_LOGIN;
	struct check check = {
		.user = find_user(replay, event->user), .msecs = event->msecs,
		.check = GP_CHECK_LOGIN,
		.place = is_pop3 ? GP_PLACE_LOGIN : GP_PLACE_BEFORE_LOGIN,
	};
	char name[GP_PROGRAM_BYTES];
	struct gp_error unused;
	struct gp_ip ip;
	int number;

	if (gp_ip_parse(event->ip, &ip, &unused) < 0) {
		replay->broken_count++;
		return;
	}
	(void)gp_program_name(is_pop3 ? "pop3" : "imap", &ip, NULL, name);
	replay->imap_count += !is_pop3;
	replay->pop3_count += is_pop3;
	if (check.user != NULL && is_known_to_journal(check.user, name))
		return;
	number = check.user == NULL ? -1
		: find_program(replay, check.user, name, event->msecs);
	if (number < 0) {
		replay->dropped_count++;
		return;
	}
	check.number = (unsigned int)number;
	find_terms(replay, &check);
	run_check(replay, &check);
}

/* --- the journal --- */

/* A login that was held has the line of the auth policy alone; any other is told by who
   served it. */
static bool is_of_checks(const struct gp_journal_entry *entry)
{
	return strcmp(entry->part, "imap") == 0 ||
		strcmp(entry->part, "pop3") == 0 ||
		(strcmp(entry->part, "auth") == 0 &&
		 strcmp(entry->action, "hold") == 0);
}

static bool is_check(const struct gp_journal_entry *entry)
{
	enum gp_reason reason;

	if (entry->part == NULL || entry->user == NULL || entry->program == NULL ||
	    entry->reason == NULL || entry->action == NULL ||
	    !is_of_checks(entry))
		return false;
	return strstr(entry->action, "notice") == NULL &&
		gp_reason_from_word(entry->reason, &reason) &&
		(reason == GP_REASON_ADMITTED || reason == GP_REASON_GRACE ||
		 reason == GP_REASON_IN_ROUND || reason == GP_REASON_EARLY ||
		 reason == GP_REASON_REPEATED ||
		 reason == GP_REASON_EARLY_SERVED);
}

/* An early check tells when the round before it began, which may be in no line: those
   that were served are written later, or not at all.  The wait of what was held tells
   nothing. */
static int64_t round_before(const struct gp_journal_entry *entry)
{
	const bool is_early = strncmp(entry->reason, "early", 5) == 0;

	return !is_early || strstr(entry->action, "delay") != NULL ||
		strstr(entry->action, "hold") != NULL || entry->wait_secs < 0 ||
		entry->policy_secs < entry->wait_secs ? -1
		: entry->time_msecs -
		  (entry->policy_secs - entry->wait_secs) * 1000;
}

/* A line stands for several checks, the last of which was when it was written; the
   others were as far apart as was measured. */
static void add_journal(struct gp_replay *replay, const struct gp_event *event)
{
	const struct gp_journal_entry *entry = &event->entry;
	struct check check = { .check = GP_CHECK_NOOP };
	int64_t count = entry->count > 1 ? entry->count : 1, step_msecs;
	struct gp_replay_program *program;
	int number;

	if (!is_check(entry))
		return;
	replay->journal_count++;
	replay->admitted_count += strcmp(entry->reason, "admitted") == 0;
	check.user = find_user(replay, entry->user);
	number = check.user == NULL ? -1
		: find_program(replay, check.user, entry->program, event->msecs);
	if (number < 0) {
		replay->dropped_count++;
		return;
	}
	check.number = (unsigned int)number;
	program = &check.user->programs[check.number];
	program->is_of_journal = true;
	check.place = strncmp(entry->program, "pop3/", 5) == 0 ? GP_PLACE_LOGIN
		: strcmp(entry->part, "auth") == 0 ? GP_PLACE_BEFORE_LOGIN
						   : GP_PLACE_SESSION;
	if (entry->check != NULL)
		(void)gp_check_from_word(entry->check, &check.check);
	find_terms(replay, &check);
	count = count > EVENTS_OF_LINE ? EVENTS_OF_LINE : count;
	step_msecs = entry->every_secs > 0 ? entry->every_secs * 1000 : 1000;
	check.msecs = round_before(entry);
	if (check.msecs > program->last_msecs)
		run_check(replay, &check);
	for (int64_t i = count - 1; i >= 0; i--) {
		check.msecs = event->msecs - i * step_msecs;
		if (check.msecs > program->last_msecs || i == 0)
			run_check(replay, &check);
	}
}

/* --- sending --- */

static void charge(struct gp_replay *replay, struct gp_replay_user *user,
		   unsigned int recipients, int64_t msecs)
{
	struct gp_rate_policy policy;
	struct gp_rate_verdict verdict;

	gp_policy_rate_find(replay->settings, user->name, &policy);
	gp_rate_charge(&policy.terms, &user->rate, recipients,
		       msecs * GP_RATE_TICKS_PER_MSEC, &verdict);
	replay->messages_count++;
	user->messages_count++;
	user->messages_refused_count += !verdict.is_admitted ||
		(policy.recipients_per_message > 0 &&
		 recipients > policy.recipients_per_message);
	if (verdict.is_admitted && msecs > user->sent_at_msecs)
		user->sent_at_msecs = msecs;
	note_time(replay, msecs);
}

static size_t queue_place(const struct gp_replay *replay, const char *id)
{
	return gp_report_hash(id, strlen(id), replay->seed) % GP_REPLAY_QUEUE;
}

/* Where its place is taken the older one goes; in logs that tell of queues it never
   came there. */
static void add_client(struct gp_replay *replay, const struct gp_event *event)
{
	const size_t place = queue_place(replay, event->queue_id);
	struct gp_replay_user *user = find_user(replay, event->user);

	if (user == NULL || strlen(event->queue_id) >= GP_REPLAY_ID_BYTES) {
		replay->dropped_count++;
		return;
	}
	if (replay->queue[place].user != NULL && !replay->has_queue_lines)
		charge(replay, replay->queue[place].user, 1,
		       replay->queue[place].msecs);
	(void)strcpy(replay->queue[place].id, event->queue_id);
	replay->queue[place].user = user;
	replay->queue[place].msecs = event->msecs;
}

/* A message is queued again when it could not be delivered: only once it counts. */
static void add_queued(struct gp_replay *replay, const struct gp_event *event)
{
	const size_t place = queue_place(replay, event->queue_id);
	struct gp_replay_user *user = replay->queue[place].user;

	replay->has_queue_lines = true;
	if (user == NULL || strcmp(replay->queue[place].id, event->queue_id) != 0 ||
	    event->msecs - replay->queue[place].msecs > QUEUE_MSECS)
		return;
	charge(replay, user, event->recipients, event->msecs);
	replay->queue[place].user = NULL;
}

void gp_replay_add(struct gp_replay *replay, const struct gp_event *event)
{
	switch (event->kind) {
	case GP_EVENT_IMAP_LOGIN:
	case GP_EVENT_POP3_LOGIN:
		add_login(replay, event);
		break;
	case GP_EVENT_CLIENT:
		add_client(replay, event);
		break;
	case GP_EVENT_QUEUED:
		add_queued(replay, event);
		break;
	case GP_EVENT_JOURNAL:
		add_journal(replay, event);
		break;
	}
}

void gp_replay_finish(struct gp_replay *replay)
{
	for (size_t i = 0; i < GP_REPLAY_QUEUE && !replay->has_queue_lines; i++) {
		if (replay->queue[i].user != NULL)
			charge(replay, replay->queue[i].user, 1,
			       replay->queue[i].msecs);
		replay->queue[i].user = NULL;
	}
}

bool gp_replay_is_partial(const struct gp_replay *replay)
{
	return replay->journal_count > 0 && replay->admitted_count == 0;
}

unsigned int gp_replay_suggest(const struct gp_replay *replay,
			       double share_percent)
{
	unsigned int found = 0;

	if (replay->users_count == 0 || replay->runs_count < 2)
		return 0;
	for (size_t run = 1; run < replay->runs_count; run++)
		if (100.0 * (double)replay->runs[run].users_touched <=
		    share_percent * (double)replay->users_count)
			found = replay->runs[run].interval_secs;
	return found;
}

static void free_user(struct gp_replay_user *user)
{
	if (user == NULL)
		return;
	for (unsigned int i = 0; i < user->programs_count; i++)
		free(user->programs[i].name);
	free(user->programs);
	free(user->kept);
	free(user->name);
	free(user);
}

void gp_replay_free(struct gp_replay **replay)
{
	if (*replay == NULL)
		return;
	for (size_t i = 0; i < (*replay)->slots_count; i++)
		free_user((*replay)->slots[i]);
	free((*replay)->slots);
	free(*replay);
	*replay = NULL;
}
