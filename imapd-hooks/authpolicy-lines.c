/* SPDX-License-Identifier: MIT */
/* This module is documented in authpolicy-lines.h. */
#include "authpolicy-lines.h"

#include "hash.h"
#include "log.h"
#include "network-text.h"

enum { MSECS = 1000 };

void gp_auth_lines_use(struct gp_auth_lines *lines, const struct gp_settings *settings,
		       struct gp_journal *journal)
{
	lines->settings = settings;
	lines->journal = journal;
}

/* The number of decisions that a line now stands for; 0: no line is due. */
static unsigned int count_for_line(struct gp_auth_lines *lines, uint64_t hash,
				   int64_t now_msecs)
{
	const int64_t interval =
		(int64_t)lines->settings->journal.interval_secs * MSECS;
	struct gp_auth_line *line = &lines->lines[hash % GP_AUTH_LINES];
	unsigned int count;

	if (line->program != hash)
		*line = (struct gp_auth_line){
			.program = hash, .at_msecs = now_msecs - interval
		};
	line->count++;
	if (now_msecs - line->at_msecs < interval)
		return 0;
	count = line->count;
	line->count = 0;
	line->at_msecs = now_msecs;
	return count;
}

static void write_line(const struct gp_auth_lines *lines,
		       const struct gp_auth_question *question,
		       struct gp_journal_entry *entry)
{
	const struct gp_auth_request *request = question->request;
	char ip_text[GP_IP_TEXT_BYTES];

	entry->part = "auth";
	entry->session = request->session[0] != '\0' ? request->session : NULL;
	entry->user = request->login;
	entry->program = question->program;
	entry->ip = gp_ip_format(&request->ip, ip_text);
	entry->port = request->port > 0 ? (int64_t)request->port : -1;
	entry->mode = gp_mode_word(question->terms.mode);
	entry->check = gp_check_word(GP_CHECK_LOGIN);
	entry->policy_secs = question->interval_msecs / MSECS;
	gp_journal_write(lines->journal, entry);
}

void gp_auth_lines_decision(struct gp_auth_lines *lines,
			    const struct gp_auth_question *question,
			    const struct gp_poll_history *history,
			    const struct gp_decision *decision)
{
	const bool is_full = decision->reason == GP_REASON_HELD_MAX;
	/* An overload is one line, not one for each program. */
	const char *const whose[] = {
		is_full ? "held-max" : gp_action_word(decision->action),
		is_full ? "" : question->request->login,
		is_full ? "" : question->program,
	};
	struct gp_journal_entry entry;
	unsigned int count;

	if (decision->action != GP_ACTION_HOLD &&
	    decision->action != GP_ACTION_NOTE && !is_full)
		return;
	count = count_for_line(lines, gp_hash_texts(whose, 3), question->now_msecs);
	if (count == 0)
		return;
	gp_journal_entry_init(&entry);
	entry.action = gp_decision_word(decision);
	entry.reason = gp_reason_word(decision->reason);
	entry.why = decision->why;
	if (history->every_msecs > 0)
		entry.every_secs = (history->every_msecs + MSECS - 1) / MSECS;
	entry.early = history->early_count;
	entry.wait_secs = (decision->wait_msecs + MSECS - 1) / MSECS;
	entry.count = count;
	write_line(lines, question, &entry);
}

void gp_auth_lines_store(const struct gp_auth_lines *lines,
			 const struct gp_auth_question *question,
			 struct gp_breaker *breaker, const struct gp_error *err)
{
	const enum gp_breaker_news news = gp_breaker_news(breaker);
	struct gp_journal_entry entry;

	if (news == GP_BREAKER_NO_NEWS)
		return;
	if (news == GP_BREAKER_WENT && err != NULL)
		gp_log(GP_LOG_WARNING, "%s", err->text);
	gp_journal_entry_init(&entry);
	entry.action = gp_action_word(GP_ACTION_PASS);
	entry.reason = gp_reason_word(news == GP_BREAKER_WENT
				      ? GP_REASON_STORE_UNAVAILABLE
				      : GP_REASON_STORE_BACK);
	entry.why = "redis.server";
	write_line(lines, question, &entry);
}
