/* SPDX-License-Identifier: MIT */
/* This module is "gatepostctl forget": all that Redis holds of a user goes. */
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "command.h"
#include "journal.h"
#include "login.h"
#include "pool.h"
#include "pseudonym.h"
#include "settings-parse.h"
#include "show.h"
#include "store-stream.h"
#include "store.h"

/* Whose lines in the stream are to go. */
struct subject {
	const struct gp_settings *settings;
	const char *person, *pseudonym;
};

struct forgotten {
	struct gp_removal history;
	bool was_exempt;
	uint64_t lines;
};

/* --- lines of the journal --- */

static bool is_of(const struct subject *subject, const char *user)
{
	char *person;
	bool is_same;

	if (user == NULL)
		return false;
	if (strcmp(user, subject->pseudonym) == 0)
		return true;
	person = gp_alloc(strlen(user) + 1);
	gp_login_normalise(subject->settings, user, person);
	is_same = strcmp(person, subject->person) == 0;
	free(person);
	return is_same;
}

static bool names_subject(void *context, const char *line, size_t length)
{
	char *copy = gp_alloc(length + 1);
	struct gp_journal_entry entry;
	struct gp_error ignored;
	bool names;

	memcpy(copy, line, length);
	names = gp_journal_read(copy, length, &entry, &ignored) == 1 &&
		is_of(context, entry.user);
	free(copy);
	return names;
}

static int drop_lines(const struct gp_settings *settings, const char *person,
		      uint64_t *lines_r, struct gp_error *err)
{
	struct gp_pseudonyms *pseudonyms;
	char buffer[GP_PSEUDONYM_BYTES];
	struct subject subject = { .settings = settings, .person = person };
	int result;

	if (gp_pseudonyms_open(settings, &pseudonyms, err) < 0)
		return -1;
	if (pseudonyms != NULL)
		gp_pseudonyms_accept(pseudonyms);
	subject.pseudonym = gp_pseudonym(pseudonyms, GP_PSEUDONYM_USER, person,
					 buffer);
	result = gp_stream_drop(settings, names_subject, &subject, lines_r, err);
	gp_pseudonyms_close(&pseudonyms);
	return result;
}

/* --- all of it --- */

/* What is kept of checks and messages goes last: there a session may write. */
static int forget(const struct gp_settings *settings, const char *person,
		  struct forgotten *forgotten_r, struct gp_error *err)
{
	struct gp_store *store = gp_command_store(settings, err);
	int result;

	if (store == NULL)
		return -1;
	result = store->ops->unexempt(store, person, err);
	if (result >= 0) {
		forgotten_r->was_exempt = result > 0;
		result = drop_lines(settings, person, &forgotten_r->lines, err);
	}
	if (result == 0)
		result = store->ops->forget(store, person, &forgotten_r->history,
					    err);
	gp_store_close(&store);
	return result;
}

static void tell_machine(const char *person, const struct forgotten *forgotten)
{
	const struct gp_removal *history = &forgotten->history;

	gp_show_json(json_pack("{s:o, s:b, s:b, s:i, s:b, s:I}",
		"user", gp_show_json_name(person),
		"known", history->was_known || forgotten->was_exempt ||
			forgotten->lines > 0,
		"left", (int)history->is_left,
		"programs", (int)history->programs_count,
		"exempt_by_hand", (int)forgotten->was_exempt,
		"journal_lines", (json_int_t)forgotten->lines));
}

static int tell(const char *person, const struct forgotten *forgotten, bool is_json)
{
	const struct gp_removal *history = &forgotten->history;

	if (is_json)
		tell_machine(person, forgotten);
	if (history->is_left)
		return gp_command_fail(EX_SOFTWARE, "a session of the user wrote to "
				       "Redis meanwhile: end it and try again");
	if (is_json)
		return EX_OK;
	if (!history->was_known && !forgotten->was_exempt && forgotten->lines == 0)
		(void)printf("Redis holds nothing of this user\n");
	else
		(void)printf("removed, programs: %u, exemptions by hand: %d, lines of "
			     "the journal: %" PRIu64 "; Redis holds nothing of this "
			     "user now\n", history->programs_count,
			     forgotten->was_exempt, forgotten->lines);
	return EX_OK;
}

static int run(int argc, char **argv, const char *conf_path)
{
	struct gp_settings *settings;
	struct forgotten forgotten = { .was_exempt = false };
	struct gp_error err;
	bool is_json;
	char *person;
	int code;

	if (!gp_command_parse_json(argc, argv, &is_json))
		return EX_USAGE;
	if (argc - optind != 1)
		return gp_command_fail(EX_USAGE, "forget whom?  Give one user");
	if (gp_settings_load(conf_path, &settings, &err) < 0)
		return gp_command_fail(EX_CONFIG, "%s", err.text);
	person = gp_command_person(settings, argv[optind]);
	if (forget(settings, person, &forgotten, &err) < 0)
		code = gp_command_fail(EX_UNAVAILABLE, "%s", err.text);
	else
		code = tell(person, &forgotten, is_json);
	free(person);
	gp_settings_free(&settings);
	return code;
}

const struct gp_command gp_command_forget = {
	.name = "forget",
	.arguments = "[--json] USER",
	.summary = "Removes all that Redis holds of a user, and proves it",
	.help =
"  -j, --json  for machines\n"
"\n"
"Exit code 0: Redis holds nothing of the user now.  70: a session wrote to it\n"
"meanwhile.  Files of the journal stay as they are.\n",
	.run = run,
};
