/* SPDX-License-Identifier: MIT */
/*
 * This module is "gatepostctl replay": what a policy would have done, by the logs of the
 * last weeks.
 */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "journal-files.h"
#include "journal-source.h"
#include "log.h"
#include "pool.h"
#include "replay.h"
#include "replay-show.h"
#include "settings-parse.h"
#include "settings-value.h"
#include "store.h"

enum { TOP = 20, TOP_MAX = 1000000, SHARE_PERCENT = 5 };

struct wishes {
	const char *policy_path;
	unsigned int intervals_secs[GP_REPLAY_INTERVALS_MAX];
	size_t intervals_count;
	struct gp_replay_view view;
	bool is_json;
};

/* One log that is being read, and its next event. */
struct log {
	const char *path;
	struct gp_source *source;       /* NULL when it has no more */
	struct gp_event_clock clock;
	struct gp_event event;
};

static void open_log(struct log *log)
{
	struct stat status;
	const bool is_file = strcmp(log->path, "-") != 0 &&
		stat(log->path, &status) == 0;

	gp_event_clock_init(&log->clock, is_file ? (int64_t)status.st_mtime
						 : (int64_t)time(NULL));
	log->source = gp_source_create(&log->path, 1);
}

static void close_log(struct gp_replay *replay, struct log *log)
{
	struct gp_source_progress progress;

	gp_source_progress(log->source, &progress);
	replay->broken_count += progress.too_long_count;
	gp_source_free(&log->source);
}

/* Goes on to the next event, or to the end. */
static int advance(struct gp_replay *replay, struct log *log)
{
	struct gp_error err;
	int result, code = EX_OK;
	size_t length;
	char *line;

	while ((result = gp_source_next(log->source, &line, &length, &err)) != 0) {
		if (result < 0) {
			code = gp_command_fail(EX_NOINPUT, "%s", err.text);
			continue;
		}
		replay->lines_count++;
		result = gp_event_read(&log->clock, line, length, &log->event);
		if (result > 0)
			return code;
		replay->broken_count += result < 0;
	}
	close_log(replay, log);
	return code;
}

static struct log *find_earliest(struct log *logs, int count)
{
	struct log *earliest = NULL;

	for (int i = 0; i < count; i++)
		if (logs[i].source != NULL && (earliest == NULL ||
		    logs[i].event.msecs < earliest->event.msecs))
			earliest = &logs[i];
	return earliest;
}

/* All together in the order of time: what is in the journal too is known by then, and
   a shell may name them in any order. */
static int read_logs(struct gp_replay *replay, char **paths, int count)
{
	struct log *logs = gp_alloc((size_t)count * sizeof(*logs)), *next;
	int code = EX_OK;

	for (int i = 0; i < count; i++) {
		logs[i].path = paths[i];
		open_log(&logs[i]);
		if (advance(replay, &logs[i]) != EX_OK)
			code = EX_NOINPUT;
	}
	while ((next = find_earliest(logs, count)) != NULL) {
		gp_replay_add(replay, &next->event);
		if (advance(replay, next) != EX_OK)
			code = EX_NOINPUT;
	}
	gp_replay_finish(replay);
	free(logs);
	return code;
}

/* A site that has deployed nothing yet has no settings. */
static bool is_deployed(const char *conf_path)
{
	return getenv("GATEPOST_CONF") != NULL ||
		strcmp(conf_path, gp_settings_default_path()) != 0 ||
		access(conf_path, F_OK) == 0 || errno != ENOENT;
}

/* Without any it is the defaults. */
static int load_policy(const struct wishes *wishes, const char *conf_path,
		       struct gp_settings **settings_r, struct gp_error *err)
{
	if (wishes->policy_path != NULL)
		return gp_settings_load(wishes->policy_path, settings_r, err);
	if (!is_deployed(conf_path)) {
		*settings_r = gp_settings_defaults();
		return 0;
	}
	return gp_settings_load(conf_path, settings_r, err);
}

static void take_files(const struct gp_settings *settings,
		       struct gp_journal_files *all, struct gp_error *err)
{
	struct gp_journal_files found;

	if (gp_journal_files_find(settings, 0, &found, err) < 0)
		return;
	all->paths = gp_realloc(all->paths, (all->count + found.count) *
				sizeof(*all->paths));
	memcpy(all->paths + all->count, found.paths,
	       found.count * sizeof(*found.paths));
	all->count += found.count;
	free(found.paths);
}

/* Those of syslog, and our own journal where it is a file of its own. */
static int find_usual(const struct gp_settings *settings,
		      struct gp_journal_files *files_r, struct gp_error *err)
{
	struct gp_settings syslog = *settings;
	char no_file[] = "";

	*files_r = (struct gp_journal_files){ 0 };
	syslog.journal.file = no_file;
	take_files(&syslog, files_r, err);
	if (settings->journal.file[0] != '\0')
		take_files(settings, files_r, err);
	return files_r->count > 0 ? 0 : -1;
}

/* Who is exempt by hand is asked where gatepost runs, whatever policy is tried. */
struct in_force {
	struct gp_settings *settings;
	struct gp_store *store;
	struct gp_error err;
};

static int find_by_hand(struct in_force *in_force, const char *conf_path,
			const struct gp_exemption_list **list_r)
{
	struct gp_error *err = &in_force->err;

	if (gp_settings_load(conf_path, &in_force->settings, err) < 0)
		return -1;
	if (in_force->settings->privacy.pseudonyms)
		return gp_error_set(err, "Redis knows them by pseudonyms alone");
	in_force->store = gp_command_store(in_force->settings, err);
	return in_force->store == NULL ? -1
		: in_force->store->ops->exemptions(in_force->store, NULL,
						   gp_clock_monotonic_msecs(),
						   list_r, err);
}

static void ask_by_hand(struct in_force *in_force, const char *conf_path,
			struct gp_replay *replay)
{
	*in_force = (struct in_force){ .settings = NULL };
	if (is_deployed(conf_path) &&
	    find_by_hand(in_force, conf_path, &replay->by_hand) < 0) {
		replay->by_hand = NULL;
		replay->by_hand_unknown = in_force->err.text;
	}
}

static void leave(struct in_force *in_force)
{
	gp_store_close(&in_force->store);
	gp_settings_free(&in_force->settings);
}

static int look(const struct wishes *wishes, const char *conf_path, char **paths,
		int count)
{
	struct gp_settings *settings;
	struct gp_journal_files usual = { 0 };
	struct gp_replay *replay;
	struct in_force in_force;
	struct gp_error err;
	int code;

	if (load_policy(wishes, conf_path, &settings, &err) < 0)
		return gp_command_fail(EX_CONFIG, "%s", err.text);
	if (count == 0 && find_usual(settings, &usual, &err) < 0) {
		gp_settings_free(&settings);
		return gp_command_fail(EX_NOINPUT, "which logs?  %s", err.text);
	}
	(void)setlocale(LC_CTYPE, "");
	replay = gp_replay_create(settings, wishes->intervals_secs,
				  wishes->intervals_count);
	ask_by_hand(&in_force, conf_path, replay);
	code = count > 0 ? read_logs(replay, paths, count)
		: read_logs(replay, usual.paths, (int)usual.count);
	if (wishes->is_json)
		gp_replay_show_json(replay, &wishes->view);
	else
		gp_replay_show(replay, &wishes->view);
	gp_replay_free(&replay);
	leave(&in_force);
	(void)gp_journal_files_free(&usual, &err);
	gp_settings_free(&settings);
	return code;
}

/* --- options --- */

static int add_interval(struct wishes *wishes, const char *text)
{
	unsigned long secs;
	size_t at = wishes->intervals_count;

	if (!gp_duration_read(GP_SETTING_SECS, text, &secs) || secs < 2 ||
	    secs > 86400)
		return gp_command_fail(EX_USAGE, "--interval '%s' is not a time "
				       "from 2s to 1d", text);
	if (at == GP_REPLAY_INTERVALS_MAX)
		return gp_command_fail(EX_USAGE, "at most %d intervals can be tried",
				       GP_REPLAY_INTERVALS_MAX);
	/* Rising, whatever the order in which they were named. */
	for (; at > 0 && wishes->intervals_secs[at - 1] > secs; at--)
		wishes->intervals_secs[at] = wishes->intervals_secs[at - 1];
	wishes->intervals_secs[at] = (unsigned int)secs;
	wishes->intervals_count++;
	return 0;
}

static int take_number(const char *option, const char *text, unsigned long most,
		       unsigned long *number_r)
{
	char *end;
	const unsigned long number = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || number > most)
		return gp_command_fail(EX_USAGE, "--%s '%s' is not a number from 0 "
				       "to %lu", option, text, most);
	*number_r = number;
	return 0;
}

static int parse_option(struct wishes *wishes, int option)
{
	unsigned long number = 0;
	int code = 0;

	switch (option) {
	case 'i':
		return add_interval(wishes, optarg);
	case 'j':
		wishes->is_json = true;
		return 0;
	case 'n':
		code = take_number("top", optarg, TOP_MAX, &number);
		wishes->view.top = number;
		return code;
	case 'p':
		wishes->policy_path = optarg;
		return 0;
	case 's':
		code = take_number("share", optarg, 100, &number);
		wishes->view.share_percent = (double)number;
		return code;
	default:
		return EX_USAGE;
	}
}

static int run(int argc, char **argv, const char *conf_path)
{
	static const struct option names[] = {
		{ "interval", required_argument, NULL, 'i' },
		{ "json", no_argument, NULL, 'j' },
		{ "policy", required_argument, NULL, 'p' },
		{ "share", required_argument, NULL, 's' },
		{ "top", required_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	static const char *const usual[] = {
		"60s", "2m", "5m", "10m", "15m", "20m", "30m", "1h",
	};
	struct wishes wishes = {
		.view = { .top = TOP, .share_percent = SHARE_PERCENT },
	};
	int option, code = 0;

	while (code == 0 && (option = getopt_long(argc, argv, "i:jn:p:s:", names,
						  NULL)) != -1)
		code = parse_option(&wishes, option);
	if (code != 0)
		return code;
	for (size_t i = 0; wishes.intervals_count <= i &&
	     i < sizeof(usual) / sizeof(usual[0]); i++)
		(void)add_interval(&wishes, usual[i]);
	return look(&wishes, conf_path, argv + optind, argc - optind);
}

const struct gp_command gp_command_replay = {
	.name = "replay",
	.arguments = "[--policy FILE] [--interval TIME]...\n"
		"         [--share PERCENT] [--top N] [--json] [LOG...]",
	.summary = "Tells what a policy would have done, by old logs",
	.help =
"  -p, --policy FILE    settings to try; without it those in force, or the\n"
"                       defaults where there are none\n"
"  -i, --interval TIME  another interval to try, such as 10m; up to 8.  Without\n"
"                       it 60s, 2m, 5m, 10m, 15m, 20m, 30m and 1h\n"
"  -s, --share PERCENT  so many users may be touched by the interval that is\n"
"                       suggested: 5 if it is not given\n"
"  -n, --top N          the first N users in the tables: 20; 0 for all\n"
"  -j, --json           for machines\n"
"\n"
"LOG is a log with Dovecot's logins (\"imap-login: Login: user=...\"), with\n"
"Postfix's messages (\"sasl_username=\"), or our own journal; of syslog, of\n"
"Dovecot itself, or from journalctl; also packed, - for standard input.  They\n"
"are read in the order of time.  Without LOG it is the mail log of syslog, with\n"
"what was rotated, and journal.file.  A user is touched who would have been held,\n"
"absorbed or refused at least once.\n",
	.run = run,
};
