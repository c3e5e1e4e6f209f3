/* SPDX-License-Identifier: MIT */
/* This module is documented in explain-show.h. */
#include "explain-show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access-words.h"
#include "refusal.h"
#include "reply.h"
#include "settings-place.h"
#include "show.h"
#include "show-entry.h"
#include "show-table.h"

/* Longer defaults make the table too wide. */
enum { SHORT_BYTES = 16 };

/* --- the answer --- */

static const char *refusal(struct gp_pool *pool, const char *part,
			   const struct gp_decision *decision,
			   int64_t interval_secs)
{
	char words[GP_REFUSAL_BYTES];
	const char *before = strcmp(part, "pop3") == 0 ? "-ERR [LOGIN-DELAY] "
		: decision->action == GP_ACTION_DISCONNECT ? "* BYE "
		: "NO [LIMIT] ";

	return gp_pool_printf(pool, "%s%s", before, gp_refusal_text(
		interval_secs * 1000, decision, words));
}

/* A reason that milter and plugins share has an SMTP reply for the milter alone. */
static const struct gp_reply *smtp_reply(const struct gp_decision *decision)
{
	return gp_reason_reply(decision->action == GP_ACTION_REFUSE
			       ? GP_REASON_COUNT : decision->reason);
}

static const char *access_refusal(const struct gp_settings *settings,
				  struct gp_pool *pool, const char *part,
				  const struct gp_decision *decision)
{
	const enum gp_protocol protocol = strcmp(part, "pop3") == 0
		? GP_PROTOCOL_POP3 : GP_PROTOCOL_IMAP;
	char words[GP_ACCESS_BYTES];

	return gp_pool_printf(pool, "%s [%s] %s", protocol == GP_PROTOCOL_POP3
			      ? "-ERR" : "NO", gp_access_code(protocol, decision),
			      gp_access_refusal_text(settings, protocol, decision,
						     words));
}

static bool is_about_access(const struct gp_decision *decision)
{
	return decision->reason == GP_REASON_PROTOCOL_DENIED ||
		decision->reason == GP_REASON_TLS_REQUIRED ||
		decision->reason == GP_REASON_MECHANISM;
}

const char *gp_explain_answer(const struct gp_settings *settings,
			      struct gp_pool *pool, const char *part,
			      const struct gp_decision *decision,
			      int64_t interval_secs)
{
	const struct gp_reply *reply = smtp_reply(decision);
	const int64_t wait_secs = (decision->wait_msecs + 999) / 1000;
	char text[GP_REPLY_BYTES];

	switch (gp_decision_effect(decision)) {
	case GP_ACTION_REJECT:
	case GP_ACTION_TEMPFAIL:
		return gp_pool_printf(pool, "%s %s %s", reply->code,
				      reply->status,
				      gp_reply_format(decision, text));
	case GP_ACTION_REWRITE:
		return "taken, with its headers From and Sender corrected";
	case GP_ACTION_ABSORB:
		return "OK, from what the session was last told";
	case GP_ACTION_DELAY:
		return gp_pool_printf(pool, "held for %" PRId64 " s, then OK",
				      wait_secs);
	case GP_ACTION_HOLD:
		return gp_pool_printf(pool, "the login is held for %" PRId64
				      " s, then served", wait_secs);
	case GP_ACTION_REFUSE:
	case GP_ACTION_DISCONNECT:
		return is_about_access(decision)
			? access_refusal(settings, pool, part, decision)
			: refusal(pool, part, decision, interval_secs);
	case GP_ACTION_NOTICE:
		return strcmp(part, "pop3") == 0 ? NULL
			: decision->reason == GP_REASON_PROTOCOL_RETIRING
			? "* OK [ALERT] with the words of access.notice"
			: "* OK [ALERT] with the words of poll.notice";
	case GP_ACTION_PASS:
	case GP_ACTION_NOTE:
	case GP_ACTION_COUNT:
		break;
	}
	return NULL;
}

/* --- a setting's place --- */

static const char *place_in_words(struct gp_pool *pool,
				  const struct gp_settings *settings,
				  const char *setting, size_t item, bool is_short)
{
	struct gp_setting_place place;
	const char *name, *slash;

	if (!gp_settings_place(settings, setting, item, &place))
		return strcmp(setting, "userdb") == 0
			? "the userdb of Dovecot"
			: strcmp(setting, "by hand") == 0 ? "gatepostctl exempt"
			: "-";
	if (place.path == NULL)
		return place.text_length == 0 ||
			(is_short && place.text_length > SHORT_BYTES)
			? "default" : gp_pool_printf(
				pool, "default %.*s", (int)place.text_length,
				place.text);
	slash = strrchr(place.path, '/');
	name = is_short && slash != NULL ? slash + 1 : place.path;
	return is_short ? gp_pool_printf(pool, "%s:%d", name, place.line)
		: gp_pool_printf(pool, "%s:%d: %.*s", name, place.line,
				 (int)place.text_length, place.text);
}

static json_t *place_json(const struct gp_settings *settings, const char *setting,
			  size_t item)
{
	struct gp_setting_place place;
	char *text;
	json_t *object;

	if (!gp_settings_place(settings, setting, item, &place))
		return json_pack("{s:s}", "setting", setting);
	text = strndup(place.text, place.text_length);
	object = json_pack("{s:s, s:o, s:o, s:o}", "setting", setting,
			   "file", place.path == NULL ? json_null()
			   : gp_show_json_name(place.path),
			   "line", place.path == NULL ? json_null()
			   : json_integer(place.line),
			   "text", gp_show_json_name(text == NULL ? "" : text));
	free(text);
	return object;
}

/* --- for people --- */

static void put(const char *label, const char *text)
{
	char *clean = gp_show_clean(text);

	(void)printf("%-9s %s\n", label, clean);
	free(clean);
}

static void put_decision(const char *label, const struct gp_decision *decision)
{
	(void)printf("%-9s %s\n", label, gp_decision_word(decision));
	(void)printf("reason    %s: %s\n", gp_reason_word(decision->reason),
		     gp_reason_text(decision->reason));
	if (decision->detail != NULL)
		put("detail", decision->detail);
	if (decision->address != NULL)
		put("address", decision->address);
}

/* An early check has two: the interval and the step of the ladder. */
static void put_places(const struct gp_settings *settings,
		       const struct gp_rules *rules)
{
	size_t found = 0;

	for (size_t i = 0; i < rules->count; i++) {
		if (!rules->items[i].is_decisive)
			continue;
		found++;
		put("setting", place_in_words(rules->pool, settings,
					      rules->items[i].setting,
					      rules->items[i].item, false));
	}
	if (found == 0)
		put("setting", place_in_words(rules->pool, settings,
					      rules->decision.why,
					      GP_PLACE_WHOLE, false));
}

static const char *rule_in_words(struct gp_pool *pool, const struct gp_rule *rule)
{
	return rule->about == NULL ? rule->setting
		: gp_pool_printf(pool, "%s %s", rule->setting, rule->about);
}

static void put_table(const struct gp_settings *settings,
		      const struct gp_rules *rules)
{
	static const struct gp_column columns[] = {
		{ "", 0 }, { "RULE", 0 }, { "MODE", 0 }, { "COMPARED", SCOLS_FL_WRAP },
		{ "RESULT", 0 }, { "SETTING", SCOLS_FL_WRAP },
	};
	struct libscols_table *table =
		gp_table_create(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < rules->count; i++) {
		const struct gp_rule *rule = &rules->items[i];
		struct libscols_line *line = scols_table_new_line(table, NULL);
		(void)scols_line_set_data(line, 0, rule->is_decisive ? ">" : "");
		(void)scols_line_set_data(line, 1, rule_in_words(rules->pool,
								 rule));
		(void)scols_line_set_data(line, 2, rule->mode);
		gp_table_set_name(line, 3, rule->compared);
		(void)scols_line_set_data(line, 4, rule->result);
		gp_table_set_name(line, 5, place_in_words(
			rules->pool, settings, rule->setting, rule->item, true));
		if (rule->is_decisive)
			(void)scols_line_set_color(line, "bold");
	}
	(void)putchar('\n');
	gp_table_print(table, stdout);
}

void gp_explain_show(const struct gp_settings *settings, const char *part,
		     const struct gp_rules *rules, bool has_table)
{
	const struct gp_decision *decision = &rules->decision;
	const struct gp_reply *reply = smtp_reply(decision);
	const char *answer = gp_explain_answer(settings, rules->pool, part, decision,
					       rules->interval_secs);

	put_decision("decision", decision);
	(void)printf("rule      %s (mode %s)\n", decision->why,
		     gp_mode_word(decision->mode));
	put_places(settings, rules);
	if (answer != NULL && reply->code != NULL)
		(void)printf("answer    %s  (%s)\n", answer, reply->source);
	else if (answer != NULL)
		(void)printf("answer    %s\n", answer);
	if (decision->wait_msecs > 0)
		(void)printf("wait      %" PRId64 " s\n",
			     (decision->wait_msecs + 999) / 1000);
	if (has_table)
		put_table(settings, rules);
}

static bool is_same(const struct gp_decision *a, const struct gp_decision *b)
{
	return a->action == b->action && a->reason == b->reason &&
		a->mode == b->mode;
}

static void put_now(const struct gp_settings *settings, const char *part,
		    const struct gp_decision *then, const struct gp_rules *rules)
{
	const struct gp_decision *now = &rules->decision;
	const char *answer = gp_explain_answer(settings, rules->pool, part, now,
					       rules->interval_secs);

	if (is_same(then, now)) {
		(void)printf("now       the same\n");
	} else {
		put_decision("now", now);
		(void)printf("rule      %s (mode %s)\n", now->why,
			     gp_mode_word(now->mode));
		put("answer", answer != NULL ? answer : "served");
	}
	put_places(settings, rules);
	put_table(settings, rules);
}

void gp_explain_show_line(const struct gp_settings *settings,
			  const struct gp_journal_entry *entry,
			  const struct gp_decision *then,
			  const struct gp_rules *rules)
{
	char *text = gp_show_entry(entry, GP_ENTRY_TEXT, false);
	struct gp_pool *pool = gp_pool_create();
	const char *answer = gp_explain_answer(settings, pool, entry->part, then,
					       entry->policy_secs);

	(void)printf("line      %s\n", text);
	free(text);
	put_decision("then", then);
	put("rule", gp_pool_printf(pool, "%s (mode %s)", then->why,
				   gp_mode_word(then->mode)));
	put("answer", answer != NULL ? answer : "served");
	if (rules != NULL)
		put_now(settings, entry->part, then, rules);
	else
		(void)printf("now       this tells of an event: there is nothing "
			     "to decide\n");
	gp_pool_free(&pool);
}

/* --- for machines --- */

static json_t *rules_json(const struct gp_settings *settings,
			  const struct gp_rules *rules)
{
	json_t *array = json_array();

	for (size_t i = 0; i < rules->count; i++) {
		const struct gp_rule *rule = &rules->items[i];

		(void)json_array_append_new(array, json_pack(
			"{s:s?, s:s, s:o, s:s, s:b, s:o}",
			"about", rule->about,
			"mode", rule->mode,
			"compared", gp_show_json_name(rule->compared),
			"result", rule->result,
			"decisive", (int)rule->is_decisive,
			"rule", place_json(settings, rule->setting,
					   rule->item)));
	}
	return array;
}

static json_t *decision_json(const struct gp_settings *settings,
			     const char *part, struct gp_pool *pool,
			     const struct gp_decision *decision,
			     int64_t interval_secs)
{
	const char *answer = gp_explain_answer(settings, pool, part, decision,
					       interval_secs);
	const struct gp_reply *reply = smtp_reply(decision);
	char text[GP_REPLY_BYTES];
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:o, s:I}",
		"action", gp_decision_word(decision),
		"mode", gp_mode_word(decision->mode),
		"reason", gp_reason_word(decision->reason),
		"text", gp_reason_text(decision->reason),
		"rule", gp_show_json_name(decision->why),
		"wait_secs", (json_int_t)((decision->wait_msecs + 999) / 1000));

	if (reply->code != NULL)
		(void)json_object_set_new(object, "answer", json_sprintf(
			"%s %s %s", reply->code, reply->status,
			gp_reply_format(decision, text)));
	else if (answer != NULL)
		(void)json_object_set_new(object, "answer", json_string(answer));
	if (decision->detail != NULL)
		(void)json_object_set_new(object, "detail",
					  gp_show_json_name(decision->detail));
	if (decision->address != NULL)
		(void)json_object_set_new(object, "address",
					  gp_show_json_name(decision->address));
	return object;
}

json_t *gp_explain_json(const struct gp_settings *settings, const char *part,
			const struct gp_rules *rules, bool has_table)
{
	json_t *object = decision_json(settings, part, rules->pool, &rules->decision,
				       rules->interval_secs);
	json_t *places = json_array();

	for (size_t i = 0; i < rules->count; i++)
		if (rules->items[i].is_decisive)
			(void)json_array_append_new(places, place_json(
				settings, rules->items[i].setting,
				rules->items[i].item));
	if (json_array_size(places) == 0)
		(void)json_array_append_new(places, place_json(
			settings, rules->decision.why, GP_PLACE_WHOLE));
	(void)json_object_set_new(object, "settings", places);
	if (has_table)
		(void)json_object_set_new(object, "rules",
					  rules_json(settings, rules));
	return object;
}

json_t *gp_explain_line_json(const struct gp_settings *settings,
			     const struct gp_journal_entry *entry,
			     const struct gp_decision *then,
			     const struct gp_rules *rules)
{
	struct gp_pool *pool = gp_pool_create();
	json_t *object = json_pack(
		"{s:o, s:o, s:o, s:b}",
		"line", gp_show_entry_json(entry),
		"then", decision_json(settings, entry->part, pool, then,
				      entry->policy_secs),
		"now", rules == NULL ? json_null()
		: gp_explain_json(settings, entry->part, rules, true),
		"same", (int)(rules != NULL && is_same(then, &rules->decision)));

	gp_pool_free(&pool);
	return object;
}
