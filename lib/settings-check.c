/* SPDX-License-Identifier: MIT */
/* This module is documented in settings-check.h. */
#include "settings-check.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "login.h"
#include "owners-file.h"
#include "pool.h"
#include "settings-files.h"
#include "settings-list.h"
#include "settings-poll.h"
#include "settings-rate.h"
#include "settings-redis.h"
#include "settings-source.h"
#include "settings-value.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Durations that must stand in this order. */
static const struct rule {
	size_t less, more;
	bool may_be_equal;
} rules[] = {
	{ offsetof(struct gp_settings, poll.interval_secs),
	  offsetof(struct gp_settings, poll.advised_secs), true },
	{ offsetof(struct gp_settings, poll.round_secs),
	  offsetof(struct gp_settings, poll.interval_secs), false },
	{ offsetof(struct gp_settings, poll.interval_secs),
	  offsetof(struct gp_settings, poll.interval_max_secs), true },
	{ offsetof(struct gp_settings, poll.interval_secs),
	  offsetof(struct gp_settings, poll.away_interval_secs), true },
	{ offsetof(struct gp_settings, poll.interval_secs),
	  offsetof(struct gp_settings, redis.retention_secs), true },
	{ offsetof(struct gp_settings, poll.interval_max_secs),
	  offsetof(struct gp_settings, redis.retention_secs), true },
	{ offsetof(struct gp_settings, poll.away_interval_secs),
	  offsetof(struct gp_settings, redis.retention_secs), true },
	{ offsetof(struct gp_settings, poll.away_after_secs),
	  offsetof(struct gp_settings, redis.retention_secs), true },
	{ offsetof(struct gp_settings, poll.ladder_window_secs),
	  offsetof(struct gp_settings, redis.retention_secs), true },
};

/* What is checked: the parameters of gp_settings_check(). */
struct whole {
	struct gp_settings *settings;
	const struct gp_origin *origins;
	struct gp_error *err;
};

static const struct gp_setting *row_at(size_t offset)
{
	const struct gp_setting *row = gp_settings_table;

	while (row->offset != offset)
		row++;
	return row;
}

static const struct gp_origin *origin_of(const struct whole *whole,
					 const struct gp_setting *row)
{
	return &whole->origins[row - gp_settings_table];
}

static int fail_value(const struct whole *whole, const struct gp_setting *row,
		      const char *text)
{
	const struct gp_origin *origin = origin_of(whole, row);

	return gp_error_set(whole->err, "%s:%d: %s.%s: %s", origin->path,
			    origin->line, row->section, row->name, text);
}

static unsigned int secs_at(const struct whole *whole, size_t offset)
{
	return *(const unsigned int *)((const char *)whole->settings + offset);
}

static int check_rule(const struct whole *whole, const struct rule *rule)
{
	const struct gp_setting *less = row_at(rule->less);
	const struct gp_setting *more = row_at(rule->more);
	/* The one that was written last has broken it. */
	const bool is_less_wrong = origin_of(whole, less)->order >
		origin_of(whole, more)->order;
	const struct gp_setting *wrong = is_less_wrong ? less : more;
	const struct gp_setting *other = is_less_wrong ? more : less;
	const char *relation = rule->may_be_equal ? "at least" : "above";
	char wrong_text[GP_DURATION_BYTES], other_text[GP_DURATION_BYTES];
	const unsigned int less_secs = secs_at(whole, rule->less);
	const unsigned int more_secs = secs_at(whole, rule->more);
	char text[256];

	if (less_secs < more_secs ||
	    (rule->may_be_equal && less_secs == more_secs))
		return 0;
	if (is_less_wrong)
		relation = rule->may_be_equal ? "at most" : "below";
	gp_duration_format(wrong->type, secs_at(whole, wrong->offset), wrong_text);
	gp_duration_format(other->type, secs_at(whole, other->offset), other_text);
	(void)snprintf(text, sizeof(text), "%s must be %s %s.%s, which is %s%s",
		       wrong_text, relation, other->section, other->name,
		       other_text, origin_of(whole, other)->path == NULL
		       ? " unless it is set too" : "");
	return fail_value(whole, wrong, text);
}

static bool is_written(const struct whole *whole, const struct gp_setting *row)
{
	return origin_of(whole, row)->path != NULL;
}

/* Dovecot has a process for each session, so nobody's memory knows them all. */
static int check_poll_in_memory(const struct whole *whole)
{
	for (const struct gp_setting *row = gp_settings_table;
	     row->section != NULL; row++)
		if (strcmp(row->section, "poll") == 0 && is_written(whole, row) &&
		    whole->settings->poll.mode != GP_MODE_OFF)
			return fail_value(whole, row, "checks for mail are not "
				"limited with store.kind = memory, since Dovecot "
				"has a process for each session; set poll.mode = "
				"off, or store.kind = redis");
	return 0;
}

/* Whoever says "memory" has no server; the default one is not meant then. */
static int check_store(const struct whole *whole)
{
	struct gp_settings *settings = whole->settings;
	const struct gp_setting *kind =
		row_at(offsetof(struct gp_settings, store.kind));
	const struct gp_setting *server =
		row_at(offsetof(struct gp_settings, redis.server));
	const bool has_server = settings->redis.server[0] != '\0';

	if (settings->store.kind == GP_STORE_REDIS && !has_server)
		return fail_value(whole, kind, "redis needs a redis.server, such as "
				  "unix:/run/redis/redis-server.sock; or set memory");
	if (settings->store.kind != GP_STORE_MEMORY)
		return 0;
	if (has_server && is_written(whole, server))
		return fail_value(whole, server, "there is no server with store.kind "
				  "= memory; take this out, or set store.kind = "
				  "redis");
	free(settings->redis.server);
	settings->redis.server = gp_strdup("");
	return check_poll_in_memory(whole);
}

static int check_redis(const struct whole *whole)
{
	struct gp_error err;
	size_t offset;

	return gp_redis_check(whole->settings, &offset, &err) == 0 ? 0
		: fail_value(whole, row_at(offset), err.text);
}

static int check_privacy(const struct whole *whole)
{
	const size_t offset = offsetof(struct gp_settings, privacy.pseudonyms);

	return !whole->settings->privacy.pseudonyms ||
		whole->settings->privacy.secret_file[0] != '\0' ? 0
		: fail_value(whole, row_at(offset), "pseudonyms need "
			     "privacy.secret_file as well; make the file with: "
			     "openssl rand -hex 32");
}

/* The line without comment and blanks around it; empty if nothing is left. */
static char *trim_line(char *line)
{
	size_t length;

	line[strcspn(line, "#")] = '\0';
	line += strspn(line, " \t");
	length = strlen(line);
	while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
		line[--length] = '\0';
	return line;
}

static int add_domain_lines(const struct whole *whole, const char *path,
			    struct gp_source *source)
{
	char *line = source->text, *end = source->text + source->length;
	struct gp_error err;
	int number = 1;

	for (char *next; line < end; line = next + 1, number++) {
		const char *domain;

		next = memchr(line, '\n', (size_t)(end - line));
		if (next == NULL)
			next = end;
		*next = '\0';
		if (strlen(line) != (size_t)(next - line))
			return gp_error_set(whole->err, "%s:%d: %s", path, number,
					    "byte 0x00");
		domain = trim_line(line);
		if (*domain != '\0' &&
		    gp_settings_add_domain(&whole->settings->relay.local_domains,
					   domain, &err) < 0)
			return gp_error_set(whole->err, "%s:%d: %s", path, number,
					    err.text);
	}
	return 0;
}

/* The file that a setting names, to be freed; 1, 0 if it names none, or -1. */
static int take_file(const struct whole *whole, size_t offset, const char *path,
		     struct gp_source *source_r)
{
	struct gp_error err;

	if (path[0] == '\0')
		return 0;
	if (gp_source_read(path, source_r, &err) < 0)
		return fail_value(whole, row_at(offset), err.text);
	return 1;
}

static int read_domains_file(const struct whole *whole)
{
	const char *path = whole->settings->relay.local_domains_file;
	struct gp_source source;
	int result = take_file(whole, offsetof(struct gp_settings,
					       relay.local_domains_file),
			       path, &source);

	if (result <= 0)
		return result;
	result = add_domain_lines(whole, path, &source);
	free(source.text);
	return result;
}

static int read_alias_file(const struct whole *whole)
{
	const char *path = whole->settings->identity.alias_file;
	struct gp_source source;
	int result = take_file(whole, offsetof(struct gp_settings,
					       identity.alias_file),
			       path, &source);

	if (result <= 0)
		return result;
	result = gp_owners_read(whole->settings, path, source.text,
				source.length, whole->err);
	free(source.text);
	return result;
}

/* Logins are compared as persons.  In place: a person's name is never longer. */
static void normalise_logins(const struct whole *whole)
{
	struct gp_settings *settings = whole->settings;
	struct gp_str_list *anyone = &settings->identity.send_as_anyone;
	struct gp_exemption_list *exempt = &settings->submission.exemptions;

	for (size_t i = 0; i < anyone->count; i++)
		gp_login_normalise(settings, anyone->items[i], anyone->items[i]);
	for (size_t i = 0; i < exempt->count; i++)
		gp_login_normalise(settings, exempt->items[i].login,
				   exempt->items[i].login);
}

static int read_groups_file(const struct whole *whole)
{
	const struct gp_setting *row =
		row_at(offsetof(struct gp_settings, login.groups_file));
	struct gp_settings *settings = whole->settings;
	struct gp_error err;

	if (settings->login.groups_file[0] == '\0' ||
	    gp_groups_read(settings->login.groups_file, &settings->login.groups,
			   &err) == 0)
		return 0;
	return fail_value(whole, row, err.text);
}

static int check_rates(const struct whole *whole)
{
	const struct gp_setting *row;
	struct gp_error err;
	size_t offset;

	gp_rate_normalise_logins(whole->settings);
	if (gp_rate_check(whole->settings, &offset, &err) == 0)
		return 0;
	row = row_at(offset);
	return fail_value(whole, row, err.text);
}

/* Groups and programs are words of poll.exemptions and access.exemptions alone. */
static int check_exempt_logins(const struct whole *whole)
{
	const struct gp_exemption_list *list =
		&whole->settings->submission.exemptions;

	for (size_t i = 0; i < list->count; i++)
		if (!list->items[i].is_network &&
		    (list->items[i].login[0] == '@' ||
		     strchr(list->items[i].login, '=') != NULL))
			return fail_value(whole, row_at(offsetof(
				struct gp_settings, submission.exemptions)),
				"only an address, a network or a login can be "
				"exempt here");
	return 0;
}

/* RFC 9051 section 9: a line of text, in ASCII. */
static int check_notice(const struct whole *whole, size_t offset,
			const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return fail_value(whole, row_at(offset), "only printable "
					  "ASCII can be shown to every program");
	return 0;
}

static int check_notices(const struct whole *whole)
{
	const struct gp_settings *settings = whole->settings;

	return check_notice(whole, offsetof(struct gp_settings, poll.notice),
			    settings->poll.notice) < 0 ||
		check_notice(whole, offsetof(struct gp_settings, poll.idle_notice),
			     settings->poll.idle_notice) < 0 ? -1 : 0;
}

static int check_poll(const struct whole *whole)
{
	struct gp_error err;
	size_t offset;

	return gp_poll_check(whole->settings, &offset, &err) == 0 ? 0
		: fail_value(whole, row_at(offset), err.text);
}

static bool is_set(const struct whole *whole, size_t offset)
{
	return is_written(whole, row_at(offset));
}

/* Who sets only the interval means it: the times that depend on it follow. */
static void follow_interval(const struct whole *whole)
{
	struct gp_settings *settings = whole->settings;
	const unsigned int interval_secs = settings->poll.interval_secs;
	const unsigned int tenth_secs = interval_secs >= 20 ? interval_secs / 10
		: interval_secs > 1;

	if (!is_set(whole, offsetof(struct gp_settings, poll.round_secs)) &&
	    settings->poll.round_secs > tenth_secs)
		settings->poll.round_secs = tenth_secs;
	if (!is_set(whole, offsetof(struct gp_settings, poll.advised_secs)) &&
	    settings->poll.advised_secs < interval_secs)
		settings->poll.advised_secs = interval_secs;
	if (!is_set(whole, offsetof(struct gp_settings, poll.away_interval_secs)) &&
	    settings->poll.away_interval_secs < interval_secs)
		settings->poll.away_interval_secs = interval_secs;
	if (!is_set(whole, offsetof(struct gp_settings, poll.away_after_secs)) &&
	    settings->poll.away_after_secs > settings->redis.retention_secs)
		settings->poll.away_after_secs = settings->redis.retention_secs;
	if (settings->poll.interval_max_secs == 0)
		settings->poll.interval_max_secs = interval_secs;
}

static int check_load(const struct whole *whole)
{
	const struct gp_setting *high =
		row_at(offsetof(struct gp_settings, poll.load_high_percent));
	const struct gp_setting *low =
		row_at(offsetof(struct gp_settings, poll.load_low_percent));
	const bool is_low_wrong = origin_of(whole, low)->order >
		origin_of(whole, high)->order;

	if (whole->settings->poll.load_low_percent <
	    whole->settings->poll.load_high_percent)
		return 0;
	return fail_value(whole, is_low_wrong ? low : high,
			  "poll.load_low must be below poll.load_high");
}

int gp_settings_check(struct gp_settings *settings,
		      const struct gp_origin *origins,
		      enum gp_settings_lists lists, struct gp_error *err)
{
	const struct whole checked = {
		.settings = settings, .origins = origins, .err = err
	};
	const struct whole *whole = &checked;

	follow_interval(whole);
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		if (check_rule(whole, &rules[i]) < 0)
			return -1;
	}
	normalise_logins(whole);
	gp_settings_files_note_lists(settings);
	return check_load(whole) < 0 || check_store(whole) < 0 ||
		check_redis(whole) < 0 ||
		check_privacy(whole) < 0 ||
		(lists == GP_LISTS_ALL && (read_domains_file(whole) < 0 ||
					   read_alias_file(whole) < 0)) ||
		read_groups_file(whole) < 0 ||
		check_rates(whole) < 0 || check_poll(whole) < 0 ||
		check_exempt_logins(whole) < 0 ||
		check_notices(whole) < 0 ? -1 : 0;
}
