/* SPDX-License-Identifier: MIT */
/*
 * This module is "gatepostctl exempt": who is not throttled for a time, on all hosts,
 * with a reason and who said so.
 */
#include <getopt.h>
#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "command.h"
#include "exemption.h"
#include "log.h"
#include "network-text.h"
#include "policy-rate.h"
#include "pool.h"
#include "settings-parse.h"
#include "settings-rate.h"
#include "settings-value.h"
#include "show.h"
#include "show-table.h"
#include "store.h"

enum { TIME_BYTES = 32, DAY_SECS = 86400, MOST_SECS = 366 * DAY_SECS,
       TEXT_BYTES_MAX = 200 };

struct request {
	const char *verb;               /* "add", "list", "drop" */
	const char *user, *network, *program;   /* one of them */
	const char *span, *reason, *author;
	bool is_json;
};

/* In the time zone of the reader. */
static const char *format_time(int64_t secs, char text[TIME_BYTES])
{
	const time_t time = (time_t)secs;
	struct tm tm;

	if (localtime_r(&time, &tm) == NULL ||
	    strftime(text, TIME_BYTES, "%Y-%m-%d %H:%M", &tm) == 0)
		(void)strcpy(text, "?");
	return text;
}

/* For machines: RFC 3339, in UTC. */
static json_t *time_json(int64_t secs)
{
	const time_t time = (time_t)secs;
	char text[TIME_BYTES];
	struct tm tm;

	return gmtime_r(&time, &tm) == NULL ||
		strftime(text, TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0
		? json_null() : json_string(text);
}

static json_t *exemption_json(const struct gp_exemption *item, const char *from)
{
	return json_pack("{s:o, s:o, s:s, s:o, s:o}",
			 "who", gp_show_json_name(item->login),
			 "until", time_json(item->until_secs), "from", from,
			 "author", gp_show_json_name(item->author),
			 "reason", gp_show_json_name(item->reason));
}

/* --- what was typed --- */

/* As the settings have it, to be freed; NULL with *err filled. */
static char *find_who(const struct gp_settings *settings,
		      const struct request *request, struct gp_error *err)
{
	struct gp_network network;
	char *who = NULL;

	if (request->program != NULL) {
		if (request->program[0] == '\0' ||
		    asprintf(&who, "program=%s", request->program) < 0)
			(void)gp_error_set(err, "a program is needed, such as "
					   "'imap/*/Thunderbird'");
		return who;
	}
	if (request->network != NULL)
		return gp_network_parse(request->network, &network, err) < 0
			? NULL : gp_strdup(request->network);
	if (request->user[0] == '@') {
		if (gp_group_find(&settings->login.groups, request->user + 1))
			return gp_strdup(request->user);
		(void)gp_error_set(err, "login.groups_file has no group '%s'",
				   request->user + 1);
		return NULL;
	}
	who = gp_command_person(settings, request->user);
	if (!gp_exemption_is_network(who) && strncmp(who, "program=", 8) != 0)
		return who;
	free(who);
	(void)gp_error_set(err, "'%s' is no user; for an address there is "
			   "--network, for a program --program", request->user);
	return NULL;
}

static int read_span(const char *text, int64_t *secs_r, struct gp_error *err)
{
	const char *rest = text;
	unsigned long secs = 0;

	if (gp_number_take(&rest, &secs) && strcmp(rest, "w") == 0)
		secs *= 7 * DAY_SECS;
	else if (rest == text || *rest == '\0' ||
		 !gp_duration_read(GP_SETTING_SECS, text, &secs))
		return gp_error_set(err, "--for %s: this is not a time; allowed is "
				    "30m, 12h, 3d or 2w", text);
	if (secs == 0 || secs > MOST_SECS)
		return gp_error_set(err, "--for %s: allowed is up to a year; "
				    "poll.exemptions is for longer", text);
	*secs_r = (int64_t)secs;
	return 0;
}

/* One line of plain text. */
static int check_text(const char *name, const char *text, struct gp_error *err)
{
	if (text == NULL || *text == '\0')
		return gp_error_set(err, "--%s is needed", name);
	if (strlen(text) > TEXT_BYTES_MAX)
		return gp_error_set(err, "--%s is longer than %d bytes", name,
				    TEXT_BYTES_MAX);
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == '\x7f')
			return gp_error_set(err, "--%s holds a control character",
					    name);
	return 0;
}

static int make_exemption(const struct request *request, char *who,
			  struct gp_exemption *exemption_r, struct gp_error *err)
{
	int64_t secs = 0;

	if (request->span == NULL)
		return gp_error_set(err, "for how long?  Add: --for 2w");
	if (read_span(request->span, &secs, err) < 0 ||
	    check_text("reason", request->reason, err) < 0 ||
	    check_text("author", request->author, err) < 0)
		return -1;
	if (strchr(request->author, ':') != NULL)
		return gp_error_set(err, "--author must not hold ':'");
	*exemption_r = (struct gp_exemption){
		.login = who,
		.until_secs = gp_clock_wall_msecs() / 1000 + secs,
		.author = (char *)(uintptr_t)request->author,
		.reason = (char *)(uintptr_t)request->reason,
	};
	return 0;
}

/* --- doing it --- */

/* For the user's own lines of the journal. */
static const char *user_of(const struct request *request, const char *who)
{
	return request->user != NULL && who[0] != '@' ? who : NULL;
}

static int note(const struct gp_settings *settings, const struct request *request,
		enum gp_reason reason, const char *who, const char *more,
		struct gp_error *err)
{
	char *detail = NULL;
	int result;

	if (asprintf(&detail, "%s %s", who, more) < 0)
		abort();
	result = gp_command_journal(settings, reason, user_of(request, who), detail,
				    err);
	free(detail);
	return result;
}

static void tell_added(const struct request *request,
		       const struct gp_exemption *exemption, const char *ends)
{
	char *clean = gp_show_clean(exemption->login);

	if (request->is_json)
		gp_show_json(exemption_json(exemption, "exempt"));
	else
		(void)printf("%s is exempt until %s\n", clean, ends);
	free(clean);
}

static void tell_dropped(const struct request *request, const char *who,
			 bool is_dropped)
{
	char *clean = gp_show_clean(who);

	if (request->is_json)
		gp_show_json(json_pack("{s:o, s:b}", "who", gp_show_json_name(who),
				       "dropped", (int)is_dropped));
	else if (is_dropped)
		(void)printf("%s is not exempt any more\n", clean);
	else
		(void)fprintf(stderr, "gatepostctl: %s is not exempt by hand; see: "
			      "gatepostctl exempt list\n", clean);
	free(clean);
}

static int add(const struct gp_settings *settings, struct gp_store *store,
	       const struct request *request, char *who)
{
	char ends[TIME_BYTES], *more = NULL;
	struct gp_exemption exemption;
	struct gp_error err;
	int result;

	if (make_exemption(request, who, &exemption, &err) < 0)
		return gp_command_fail(EX_USAGE, "%s", err.text);
	if (store->ops->exempt(store, &exemption, &err) < 0)
		return gp_command_fail(EX_UNAVAILABLE, "%s", err.text);
	if (asprintf(&more, "until %s by %s: %s",
		     format_time(exemption.until_secs, ends),
		     request->author, request->reason) < 0)
		abort();
	result = note(settings, request, GP_REASON_EXEMPTION_ADDED, who, more, &err);
	tell_added(request, &exemption, ends);
	free(more);
	return result == 0 ? EX_OK : gp_command_fail(
		EX_CANTCREAT, "but not in the journal: %s", err.text);
}

static int drop(const struct gp_settings *settings, struct gp_store *store,
		const struct request *request, char *who)
{
	struct gp_error err;
	char *by = NULL;
	int result = store->ops->unexempt(store, who, &err);

	if (result < 0)
		return gp_command_fail(EX_UNAVAILABLE, "%s", err.text);
	tell_dropped(request, who, result > 0);
	if (result == 0)
		return EX_DATAERR;
	if (asprintf(&by, "by %s", request->author) < 0)
		abort();
	result = note(settings, request, GP_REASON_EXEMPTION_DROPPED, who, by, &err);
	free(by);
	return result == 0 ? EX_OK : gp_command_fail(
		EX_CANTCREAT, "but not in the journal: %s", err.text);
}

/* --- the list --- */

static void add_line(struct libscols_table *table,
		     const struct gp_exemption *item, const char *from)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char ends[TIME_BYTES], *who = gp_show_clean(item->login),
		*author = gp_show_clean(item->author),
		*reason = gp_show_clean(item->reason);

	(void)scols_line_set_data(line, 0, who);
	(void)scols_line_set_data(line, 1, format_time(item->until_secs,
						       ends));
	(void)scols_line_set_data(line, 2, from);
	(void)scols_line_set_data(line, 3, author);
	(void)scols_line_set_data(line, 4, reason);
	free(who);
	free(author);
	free(reason);
}

/* Those that have not ended, of one of the two lists. */
static void add_all(struct libscols_table *table, json_t *array,
		    const struct gp_exemption_list *list, const char *from)
{
	const int64_t now_secs = gp_clock_wall_msecs() / 1000;

	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].until_secs <= now_secs)
			continue;
		if (array != NULL)
			(void)json_array_append_new(array, exemption_json(
				&list->items[i], from));
		else
			add_line(table, &list->items[i], from);
	}
}

static int show_list(const struct gp_settings *settings, struct gp_store *store,
		     bool is_json)
{
	static const struct gp_column columns[] = {
		{ "WHO", SCOLS_FL_TRUNC | GP_COLUMN_LEAST(18) }, { "UNTIL", 0 },
		{ "FROM", GP_COLUMN_SPARE(1) }, { "BY", SCOLS_FL_TRUNC },
		{ "REASON", SCOLS_FL_WRAP },
	};
	const struct gp_exemption_list *by_hand;
	struct libscols_table *table;
	struct gp_error err;
	json_t *array = NULL;

	if (store->ops->exemptions(store, NULL, gp_clock_monotonic_msecs(),
				   &by_hand, &err) < 0)
		return gp_command_fail(EX_UNAVAILABLE, "%s", err.text);
	table = gp_table_create(columns, sizeof(columns) / sizeof(columns[0]));
	if (is_json)
		array = json_array();
	add_all(table, array, &settings->poll.exemptions, "settings");
	add_all(table, array, by_hand, "exempt");
	if (is_json)
		gp_show_json(array);
	else if (scols_table_get_nlines(table) == 0)
		(void)printf("nobody is exempt\n");
	if (!is_json && scols_table_get_nlines(table) > 0)
		gp_table_print(table, stdout);
	else
		scols_unref_table(table);
	return EX_OK;
}

/* --- the command --- */

static int parse_options(int argc, char **argv, struct request *request)
{
	static const struct option names[] = {
		{ "author", required_argument, NULL, 'a' },
		{ "for", required_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "network", required_argument, NULL, 'n' },
		{ "program", required_argument, NULL, 'p' },
		{ "reason", required_argument, NULL, 'r' },
		{ "user", required_argument, NULL, 'u' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "a:f:jn:p:r:u:", names,
				     NULL)) != -1) {
		switch (option) {
		case 'a': request->author = optarg; break;
		case 'f': request->span = optarg; break;
		case 'j': request->is_json = true; break;
		case 'n': request->network = optarg; break;
		case 'p': request->program = optarg; break;
		case 'r': request->reason = optarg; break;
		case 'u': request->user = optarg; break;
		default: return EX_USAGE;
		}
	}
	return EX_OK;
}

/* The words that are no options: a verb, a user. */
static int parse_words(int count, char **words, struct request *request)
{
	int i = 0, named;

	if (count > 0 && (strcmp(words[0], "list") == 0 ||
			  strcmp(words[0], "drop") == 0))
		request->verb = words[i++];
	if (i < count && request->user == NULL)
		request->user = words[i++];
	if (i < count)
		return gp_command_fail(EX_USAGE, "'%s' is one word too many",
				       words[i]);
	named = (request->user != NULL) + (request->network != NULL) +
		(request->program != NULL);
	if (strcmp(request->verb, "list") == 0)
		return named == 0 ? EX_OK : gp_command_fail(
			EX_USAGE, "\"exempt list\" lists all");
	return named == 1 ? EX_OK : gp_command_fail(
		EX_USAGE, "whom?  Give a user, --network or --program; see: "
		"gatepostctl exempt --help");
}

static int carry_out(const struct gp_settings *settings,
		     const struct request *request)
{
	struct gp_error err;
	struct gp_store *store = gp_command_store(settings, &err);
	char *who;
	int code;

	if (store == NULL)
		return gp_command_fail(EX_UNAVAILABLE, "%s", err.text);
	if (strcmp(request->verb, "list") == 0) {
		code = show_list(settings, store, request->is_json);
	} else if ((who = find_who(settings, request, &err)) == NULL) {
		code = gp_command_fail(EX_USAGE, "%s", err.text);
	} else {
		code = strcmp(request->verb, "drop") == 0
			? drop(settings, store, request, who)
			: add(settings, store, request, who);
		free(who);
	}
	gp_store_close(&store);
	return code;
}

static int run(int argc, char **argv, const char *conf_path)
{
	struct request request = { .verb = "add",
				   .author = gp_command_author() };
	struct gp_settings *settings;
	struct gp_error err;
	int code = parse_options(argc, argv, &request);

	if (code == EX_OK)
		code = parse_words(argc - optind, argv + optind, &request);
	if (code != EX_OK)
		return code;
	if (gp_settings_load(conf_path, &settings, &err) < 0)
		return gp_command_fail(EX_CONFIG, "%s", err.text);
	(void)setlocale(LC_CTYPE, "");
	code = carry_out(settings, &request);
	gp_settings_free(&settings);
	return code;
}

const struct gp_command gp_command_exempt = {
	.name = "exempt",
	.arguments = "USER | @GROUP | --network NET |\n"
		"         --program PATTERN --for TIME --reason TEXT [--author NAME] [--json]\n"
		"   or: gatepostctl exempt list [--json]\n"
		"   or: gatepostctl exempt drop USER | @GROUP | --network NET |\n"
		"         --program PATTERN [--json]",
	.summary = "Lets somebody check for mail as often as they like, for a time",
	.help =
"  -f, --for TIME      how long: 30m, 12h, 3d, 2w; up to a year\n"
"  -r, --reason TEXT   why, for those who look at it later\n"
"  -a, --author NAME   who says so, if it is not you\n"
"  -n, --network NET   all from an address or network: a webmail, 192.0.2.80\n"
"  -p, --program NAME  programs of that name, as \"who\" shows it; * for any rest:\n"
"                      'imap/*/Thunderbird'\n"
"  -u, --user NAME     a user whose name is \"list\" or \"drop\"\n"
"  -j, --json          for machines\n"
"\n"
"It holds on all hosts that share the Redis, for new sessions at once, for those\n"
"that were told to wait when that time is over.  The journal has a line of it.\n"
"What is to hold for good belongs into poll.exemptions.\n"
"Exit code 65: drop found nobody of that name.\n",
	.run = run,
};
