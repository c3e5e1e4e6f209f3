/* SPDX-License-Identifier: MIT */
/* This module is documented in poll-lines.h. */
#include "poll-lines.h"

#include "network-text.h"

static int64_t seconds(int64_t msecs)
{
	return (msecs + 999) / 1000;
}

static int64_t interval_msecs(const struct gp_poll_lines *lines)
{
	return (int64_t)lines->settings->journal.interval_secs * 1000;
}

static void write_line(const struct gp_poll_lines *lines,
		       const struct gp_poll_speaker *speaker,
		       struct gp_journal_entry *entry)
{
	char ip_text[GP_IP_TEXT_BYTES];

	if (lines->journal == NULL)
		return;
	entry->part = speaker->part;
	entry->session = speaker->session_id;
	entry->user = speaker->user;
	entry->program = speaker->program;
	entry->ip = gp_ip_format(speaker->ip, ip_text);
	entry->port = speaker->local_port > 0 ? (int64_t)speaker->local_port : -1;
	if (entry->mode == NULL)
		entry->mode = gp_mode_word(speaker->mode);
	entry->policy_secs = speaker->policy_secs;
	entry->idle = speaker->has_idled ? "yes" : NULL;
	entry->client = speaker->client[0] != '\0' ? speaker->client : NULL;
	gp_journal_write(lines->journal, entry);
}

static void write_note(struct gp_poll_lines *lines,
		       const struct gp_poll_speaker *speaker, int64_t now_msecs)
{
	const struct gp_poll_note *note = &lines->note;
	struct gp_journal_entry entry;

	gp_journal_entry_init(&entry);
	entry.action = gp_decision_word(&note->decision);
	entry.reason = gp_reason_word(note->decision.reason);
	entry.why = note->decision.why;
	entry.check = gp_check_word(note->check);
	if (note->history.every_msecs > 0)
		entry.every_secs = seconds(note->history.every_msecs);
	entry.early = note->history.early_count;
	entry.wait_secs = seconds(note->decision.wait_msecs);
	entry.count = lines->unwritten_count;
	write_line(lines, speaker, &entry);

	lines->unwritten_count = 0;
	lines->line_is_due = false;
	lines->last_line_at_msecs = now_msecs;
}

/* What was admitted and what belonged to its round, in one line. */
static void write_served(struct gp_poll_lines *lines,
			 const struct gp_poll_speaker *speaker)
{
	const struct gp_poll_note *note = &lines->served;
	struct gp_journal_entry entry;

	gp_journal_entry_init(&entry);
	entry.action = gp_action_word(GP_ACTION_PASS);
	entry.reason = gp_reason_word(GP_REASON_ADMITTED);
	entry.why = note->decision.why;
	entry.check = gp_check_word(note->check);
	if (note->history.every_msecs > 0)
		entry.every_secs = seconds(note->history.every_msecs);
	entry.early = note->history.early_count;
	entry.count = lines->served_count;
	write_line(lines, speaker, &entry);
	lines->served_count = 0;
}

static void note_served(struct gp_poll_lines *lines,
			const struct gp_poll_speaker *speaker,
			enum gp_check check,
			const struct gp_poll_history *history,
			const struct gp_decision *decision, int64_t now_msecs)
{
	if (!lines->settings->journal.all_checks)
		return;
	if (lines->served_count++ == 0)
		lines->served_since_msecs = now_msecs;
	lines->served = (struct gp_poll_note){ check, *history, *decision };
	if (now_msecs - lines->served_since_msecs >=
	    interval_msecs(lines))
		write_served(lines, speaker);
}

void gp_poll_lines_store(const struct gp_poll_lines *lines,
			 const struct gp_poll_speaker *speaker,
			 enum gp_check check, enum gp_reason reason)
{
	struct gp_journal_entry entry;

	gp_journal_entry_init(&entry);
	entry.action = gp_action_word(GP_ACTION_PASS);
	entry.reason = gp_reason_word(reason);
	entry.why = "redis.server";
	entry.check = check < GP_CHECK_COUNT ? gp_check_word(check) : NULL;
	write_line(lines, speaker, &entry);
}

static bool line_is_due(const struct gp_poll_lines *lines,
			int64_t now_msecs)
{
	if (lines->line_is_due)
		return true;
	return lines->last_line_at_msecs >= 0 &&
		now_msecs - lines->last_line_at_msecs >= interval_msecs(lines);
}

/* How far up the ladder.  An early check that is served because only the
   mailbox can answer it stands on the step of absorb; one for which there is no step
   yet, below all. */
static enum gp_action severity(const struct gp_decision *decision)
{
	return decision->action == GP_ACTION_PASS &&
		decision->reason != GP_REASON_EARLY ? GP_ACTION_ABSORB
						    : decision->action;
}

/* Was it simply served?  Early checks for which the ladder has no step yet are told
   only where all are. */
static bool is_served(const struct gp_poll_lines *lines,
		      const struct gp_decision *decision)
{
	if (decision->action != GP_ACTION_PASS)
		return false;
	if (decision->reason == GP_REASON_EARLY)
		return !lines->settings->journal.all_checks;
	return decision->reason != GP_REASON_EARLY_SERVED &&
		decision->reason != GP_REASON_HELD_MAX;
}

/* A line of its own: it is rare. */
void gp_poll_lines_notice(const struct gp_poll_lines *lines,
			  const struct gp_poll_speaker *speaker,
			  enum gp_check check,
			  const struct gp_poll_history *history,
			  const struct gp_decision *decision)
{
	const struct gp_decision notice = {
		.action = GP_ACTION_NOTICE, .mode = decision->mode,
	};
	struct gp_journal_entry entry;

	gp_journal_entry_init(&entry);
	entry.action = gp_decision_word(&notice);
	entry.reason = gp_reason_word(GP_REASON_EARLY);
	entry.why = "poll.notice_after";
	entry.check = gp_check_word(check);
	if (history->every_msecs > 0)
		entry.every_secs = seconds(history->every_msecs);
	entry.early = history->early_count;
	write_line(lines, speaker, &entry);
}

bool gp_poll_lines_decision(struct gp_poll_lines *lines,
			    const struct gp_poll_speaker *speaker,
			    enum gp_check check,
			    const struct gp_poll_history *history,
			    const struct gp_decision *decision,
			    int64_t now_msecs)
{
	bool is_worse, has_written = false;

	if (decision->gives_notice)
		gp_poll_lines_notice(lines, speaker, check, history, decision);

	if (is_served(lines, decision)) {
		note_served(lines, speaker, check, history, decision, now_msecs);
		return false;
	}
	/* The journal shows each step up the ladder when it is taken; what was on
	   the step below does not count for the new one. */
	is_worse = lines->has_worst_action &&
		severity(decision) > lines->worst_action;
	if (is_worse && lines->unwritten_count > 0) {
		write_note(lines, speaker, now_msecs);
		has_written = true;
	}
	lines->note.check = check;
	lines->note.history = *history;
	lines->note.decision = *decision;
	lines->unwritten_count++;
	if (is_worse || line_is_due(lines, now_msecs)) {
		lines->worst_action = severity(decision);
		write_note(lines, speaker, now_msecs);
		has_written = true;
	} else if (!lines->has_worst_action) {
		lines->worst_action = severity(decision);
	}
	lines->has_worst_action = true;
	return has_written;
}

bool gp_poll_lines_finish(struct gp_poll_lines *lines,
			  const struct gp_poll_speaker *speaker,
			  int64_t now_msecs)
{
	const bool is_last = lines->unwritten_count > 0 &&
		(line_is_due(lines, now_msecs) || lines->settings->journal.all_checks);

	if (is_last)
		write_note(lines, speaker, now_msecs);
	if (lines->served_count > 0)
		write_served(lines, speaker);
	return is_last;
}

void gp_poll_lines_access(const struct gp_poll_lines *lines,
			  const struct gp_poll_speaker *speaker,
			  const struct gp_decision *decision, const char *detail)
{
	struct gp_journal_entry entry;

	gp_journal_entry_init(&entry);
	entry.action = gp_decision_word(decision);
	entry.mode = gp_mode_word(decision->mode);
	entry.reason = gp_reason_word(decision->reason);
	entry.why = decision->why;
	entry.check = gp_check_word(GP_CHECK_LOGIN);
	entry.detail = detail;
	write_line(lines, speaker, &entry);
}

void gp_poll_lines_forget(struct gp_poll_lines *lines)
{
	lines->line_is_due = false;
	lines->last_line_at_msecs = -1;
	lines->has_worst_action = false;
	lines->unwritten_count = 0;
	lines->served_count = 0;
}

void gp_poll_lines_init(struct gp_poll_lines *lines,
			const struct gp_settings *settings,
			struct gp_journal *journal)
{
	*lines = (struct gp_poll_lines){
		.settings = settings, .journal = journal,
	};
	gp_poll_lines_forget(lines);
}
