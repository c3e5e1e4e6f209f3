/* SPDX-License-Identifier: MIT */
/* This module is documented in person.h. */
#include "person.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "command.h"
#include "journal-input.h"
#include "journal-source.h"
#include "login.h"
#include "pool.h"
#include "pseudonym.h"

/* Without a good secret there is none; Redis tells why. */
static char *find_pseudonym(const struct gp_settings *settings, const char *name)
{
	struct gp_pseudonyms *pseudonyms;
	char buffer[GP_PSEUDONYM_BYTES], *pseudonym;
	struct gp_error unused;

	if (gp_pseudonyms_open(settings, &pseudonyms, &unused) < 0 ||
	    pseudonyms == NULL)
		return NULL;
	gp_pseudonyms_accept(pseudonyms);
	pseudonym = gp_strdup(gp_pseudonym(pseudonyms, GP_PSEUDONYM_USER, name,
					   buffer));
	gp_pseudonyms_close(&pseudonyms);
	return pseudonym;
}

void gp_person_init(const struct gp_settings *settings, const char *login,
		    struct gp_person *person_r)
{
	char *name = gp_command_person(settings, login);
	const struct gp_poll_subject subject = {
		.user = name, .program = "", .now_secs = (int64_t)time(NULL),
	};

	*person_r = (struct gp_person){
		.settings = settings, .name = name,
		.pseudonym = find_pseudonym(settings, name),
		.programs = { .settings = settings },
		.human_age_msecs = -1, .since_msecs = -1,
	};
	gp_poll_terms_find(settings, &subject, &person_r->terms);
	gp_policy_rate_find(settings, name, &person_r->rate);
}

/* --- Redis --- */

static void add_program(void *context, const struct gp_poll_record *record)
{
	struct gp_person *person = context;

	gp_program_rows_add(&person->programs, record);
}

static void note_sent(void *context, const struct gp_sender_record *record)
{
	struct gp_person *person = context;

	person->sent = *record;
	person->sent.user = person->name;
	person->has_sent = true;
}

static void note_human(void *context, int64_t age_msecs)
{
	struct gp_person *person = context;

	person->human_age_msecs = age_msecs;
}

/* An exemption that gatepostctl has made, whatever the program. */
static void find_by_hand(struct gp_person *person)
{
	const struct gp_poll_subject subject = {
		.user = person->name, .program = "",
		.now_secs = (int64_t)time(NULL), .by_hand = person->programs.by_hand,
	};
	const struct gp_exemption *found = subject.by_hand == NULL ? NULL
		: gp_exemption_find(person->settings, subject.by_hand, &subject);
	char until[32] = "";
	struct tm tm;
	time_t secs;

	gp_poll_terms_find(person->settings, &subject, &person->terms);
	if (found == NULL)
		return;
	secs = (time_t)found->until_secs;
	if (localtime_r(&secs, &tm) != NULL)
		(void)strftime(until, sizeof(until), "%Y-%m-%d %H:%M", &tm);
	if (asprintf(&person->exempt_by_hand, "until %s by %s: %s", until,
		     found->author != NULL ? found->author : "-",
		     found->reason != NULL ? found->reason : "-") < 0)
		person->exempt_by_hand = NULL;
}

int gp_person_look_up(struct gp_person *person, struct gp_error *err)
{
	const struct gp_settings *settings = person->settings;
	const struct gp_store_visitors visitors = {
		.program = add_program, .sender = note_sent, .human = note_human,
		.context = person,
	};
	struct gp_store *store = gp_command_store(settings, err);
	int result;

	if (store == NULL)
		return -1;
	gp_program_rows_know(&person->programs, store, person->name);
	result = store->ops->look_up(store, person->name, (int64_t)1000 *
				     settings->poll.ladder_window_secs, &visitors,
				     err);
	if (result == 0)
		find_by_hand(person);
	person->programs.by_hand = NULL;        /* it goes with the store */
	gp_store_close(&store);
	if (result < 0)
		return -1;
	person->is_looked_up = true;
	gp_program_rows_sort(&person->programs);
	return 0;
}

/* --- the journal --- */

/* The milter writes persons, but who tried to log in wrote another name. */
static bool is_about(const struct gp_person *person,
		     const struct gp_journal_entry *entry)
{
	char *name;
	bool is_same;

	if (entry->user == NULL)
		return false;
	if (strcmp(entry->user, person->name) == 0 ||
	    (person->pseudonym != NULL &&
	     strcmp(entry->user, person->pseudonym) == 0))
		return true;
	name = gp_command_person(person->settings, entry->user);
	is_same = strcmp(name, person->name) == 0;
	free(name);
	return is_same;
}

/* Words that we do not know share one place: anybody could invent some. */
static void count_action(struct gp_person *person,
			 const struct gp_journal_entry *entry)
{
	const char *word = entry->action != NULL &&
		strlen(entry->action) < sizeof(person->actions[0].word)
		? entry->action : "-";
	size_t i = 0;

	while (i < person->actions_count &&
	       strcmp(person->actions[i].word, word) != 0)
		i++;
	if (i == GP_PERSON_WORDS)
		return;
	if (i == person->actions_count) {
		(void)strcpy(person->actions[i].word, word);
		person->actions_count++;
	}
	person->actions[i].count += entry->count > 0 ? (uint64_t)entry->count : 1;
}

/* A ring until all is read: next is where the oldest stands. */
struct last {
	char **lines;
	size_t max, next, count;
};

static void keep_line(struct last *last, const struct gp_journal_entry *entry)
{
	if (last->max == 0)
		return;
	free(last->lines[last->next]);
	last->lines[last->next] = gp_journal_format(entry);
	last->next = (last->next + 1) % last->max;
	last->count += last->count < last->max;
}

static void take_last(struct gp_person *person, struct last *last)
{
	const size_t first = last->count < last->max ? 0 : last->next;

	person->lines = gp_alloc((last->count + 1) * sizeof(*person->lines));
	for (size_t i = 0; i < last->count; i++)
		person->lines[i] = last->lines[(first + i) % last->max];
	person->lines_count = last->count;
	free(last->lines);
}

int gp_person_read(struct gp_person *person, const char *const *paths,
		   size_t count, const struct gp_filter *filter,
		   size_t lines_max)
{
	struct last last = {
		.lines = gp_alloc((lines_max + 1) * sizeof(*last.lines)),
		.max = lines_max,
	};
	struct gp_source *source = gp_source_create(paths, count);
	struct gp_source_progress progress;
	struct gp_journal_entry entry;
	struct gp_input input;
	struct gp_error err;
	size_t length;
	char *line;
	int result, code = 0;

	gp_input_init(&input, filter);
	while ((result = gp_source_next(source, &line, &length, &err)) != 0) {
		if (result < 0) {
			(void)gp_command_fail(EX_NOINPUT, "%s", err.text);
			code = -1;
		} else if (gp_input_take(&input, line, length, &entry) &&
			   is_about(person, &entry)) {
			if (person->since_msecs < 0)
				person->since_msecs = entry.time_msecs;
			count_action(person, &entry);
			gp_seen_add(&person->seen, &entry);
			keep_line(&last, &entry);
		}
	}
	take_last(person, &last);
	gp_source_progress(source, &progress);
	gp_input_complain(&input, progress.too_long_count);
	gp_source_free(&source);
	return code;
}

void gp_person_clear(struct gp_person *person)
{
	gp_program_rows_clear(&person->programs);
	gp_seen_clear(&person->seen);
	for (size_t i = 0; i < person->lines_count; i++)
		free(person->lines[i]);
	free(person->lines);
	free(person->exempt_by_hand);
	free(person->name);
	free(person->pseudonym);
}
