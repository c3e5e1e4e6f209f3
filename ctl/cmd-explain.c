/* SPDX-License-Identifier: MIT */
/*
 * This module is "gatepostctl explain": the core that the milter and the plugin
 * run, on facts that somebody types, or on those of a line of the journal.
 */
#include <getopt.h>
#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "command.h"
#include "explain-facts.h"
#include "explain-line.h"
#include "explain-rules.h"
#include "explain-show.h"
#include "journal.h"
#include "log.h"
#include "pool.h"
#include "settings-parse.h"
#include "show.h"
#include "store.h"

struct question {
	bool is_json, has_rules;
	const char *line;               /* of the journal; NULL: typed facts */
	char **words;
	int words_count;
};

static const char *part_of(const struct gp_typed_facts *facts)
{
	return !facts->is_poll ? "milter"
		: facts->poll.place == GP_PLACE_LOGIN ? "pop3"
		: facts->poll.place == GP_PLACE_BEFORE_LOGIN ? "auth" : "imap";
}

/* What a line holds may come from anybody. */
static int fail_line(const char *text)
{
	char *clean = gp_show_clean(text);

	(void)gp_command_fail(EX_DATAERR, "%s", clean);
	free(clean);
	return EX_DATAERR;
}

/* Of Redis, for a check.  *store_r is to be closed when nothing of the facts is needed
   any more. */
static void ask_by_hand(const struct gp_settings *settings,
			struct gp_typed_facts *facts, struct gp_store **store_r)
{
	struct gp_error err;
	char *person;

	*store_r = NULL;
	if (!facts->is_poll)
		return;
	person = gp_command_person(settings, facts->user);
	*store_r = gp_command_store(settings, &err);
	if (*store_r == NULL ||
	    (*store_r)->ops->exemptions(*store_r, person,
					gp_clock_monotonic_msecs(),
					&facts->by_hand, &err) < 0) {
		facts->by_hand = NULL;
		facts->by_hand_unknown = gp_pool_strdup(facts->pool, err.text);
	}
	free(person);
}

static int explain_facts(const struct question *question,
			 const struct gp_settings *settings,
			 struct gp_pool *pool)
{
	struct gp_typed_facts facts;
	struct gp_store *store;
	struct gp_rules rules;
	struct gp_error err;

	if (gp_typed_facts_parse(question->words, question->words_count, pool,
				 &facts, &err) < 0)
		return gp_command_fail(EX_USAGE, "%s", err.text);
	ask_by_hand(settings, &facts, &store);
	gp_rules_find(settings, pool, &facts, &rules);
	if (question->is_json)
		gp_show_json(gp_explain_json(settings, part_of(&facts), &rules,
					     question->has_rules));
	else
		gp_explain_show(settings, part_of(&facts), &rules,
				question->has_rules);
	gp_rules_clear(&rules);
	gp_store_close(&store);
	return EX_OK;
}

static int explain_entry(const struct question *question,
			 const struct gp_settings *settings,
			 const struct gp_journal_entry *entry,
			 struct gp_pool *pool)
{
	struct gp_typed_facts facts;
	struct gp_store *store = NULL;
	struct gp_decision then;
	struct gp_rules rules = { 0 };
	struct gp_error err;
	int found;

	if (gp_line_decision(entry, &then, &err) < 0)
		return fail_line(err.text);
	found = gp_line_facts(entry, settings, pool, &facts, &err);
	if (found < 0)
		return fail_line(err.text);
	if (found > 0) {
		ask_by_hand(settings, &facts, &store);
		gp_rules_find(settings, pool, &facts, &rules);
	}
	if (question->is_json)
		gp_show_json(gp_explain_line_json(settings, entry, &then,
						  found > 0 ? &rules : NULL));
	else
		gp_explain_show_line(settings, entry, &then,
				     found > 0 ? &rules : NULL);
	gp_rules_clear(&rules);
	gp_store_close(&store);
	return EX_OK;
}

/* The first line of the journal on standard input. */
static int read_line(struct gp_journal_entry *entry_r, char **memory_r,
		     struct gp_error *err)
{
	char *line = NULL;
	size_t size = 0;
	int found = 0;

	while (found == 0 && getline(&line, &size, stdin) > 0)
		found = gp_journal_parse(line, entry_r, memory_r, err);
	free(line);
	return found;
}

static int explain_line(const struct question *question,
			const struct gp_settings *settings, struct gp_pool *pool)
{
	struct gp_journal_entry entry;
	struct gp_error err;
	char *memory;
	int code, found = strcmp(question->line, "-") == 0
		? read_line(&entry, &memory, &err)
		: gp_journal_parse(question->line, &entry, &memory, &err);

	if (found < 0)
		return fail_line(err.text);
	if (found == 0)
		return gp_command_fail(EX_DATAERR, "this is no line of the "
				       "journal; gatepostctl log --raw shows them");
	code = explain_entry(question, settings, &entry, pool);
	free(memory);
	return code;
}

static int explain(const struct question *question, const char *conf_path)
{
	struct gp_settings *settings;
	struct gp_pool *pool;
	struct gp_error err;
	int code;

	if (gp_settings_load(conf_path, &settings, &err) < 0)
		return gp_command_fail(EX_CONFIG, "%s", err.text);
	(void)setlocale(LC_CTYPE, "");
	pool = gp_pool_create();
	code = question->line != NULL ? explain_line(question, settings, pool)
				      : explain_facts(question, settings, pool);
	gp_pool_free(&pool);
	gp_settings_free(&settings);
	return code;
}

static int run(int argc, char **argv, const char *conf_path)
{
	static const struct option names[] = {
		{ "journal", required_argument, NULL, 'J' },
		{ "json", no_argument, NULL, 'j' },
		{ "rules", no_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	struct question question = { .line = NULL };
	int option;

	while ((option = getopt_long(argc, argv, "J:jr", names, NULL)) != -1) {
		if (option == 'J')
			question.line = optarg;
		else if (option == 'j')
			question.is_json = true;
		else if (option == 'r')
			question.has_rules = true;
		else
			return EX_USAGE;
	}
	question.words = argv + optind;
	question.words_count = argc - optind;
	if (question.line != NULL && question.words_count > 0)
		return gp_command_fail(EX_USAGE, "a line has its own facts: quote "
				       "it as one word, and type no other");
	if (question.line == NULL && question.words_count == 0)
		return gp_command_fail(EX_USAGE, "explain which facts?  Try: "
				       "gatepostctl explain --help");
	return explain(&question, conf_path);
}

const struct gp_command gp_command_explain = {
	.name = "explain",
	.arguments = "[--json] [--rules] FACT=VALUE... |\n"
		"         --journal LINE",
	.summary = "Tells what the policy does with given facts, and why",
	.help =
"  -J, --journal LINE  what the policy in force makes of a line of the journal:\n"
"                      what was done then, and now; \"-\" reads it from standard\n"
"                      input.  What the line does not tell is taken as good\n"
"  -r, --rules         also for facts: each rule considered\n"
"  -j, --json          for machines\n"
"\n"
GP_TYPED_FACTS_HELP,
	.run = run,
};
