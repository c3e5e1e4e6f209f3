/* SPDX-License-Identifier: MIT */
/* This module is documented in settings-rate.h. */
#include "settings-rate.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "login.h"
#include "policy-rate.h"
#include "pool.h"
#include "settings-source.h"
#include "settings-value.h"

enum {
	WEEK_SECS = 7 * 24 * 3600,
	PER_MESSAGE_MAX = 100000,
	TOKEN_BYTES = 64,
	NAME_BYTES_MAX = 255
};

static const char blanks[] = " \t";

/* --- COUNT/TIME --- */

/* False if the text is no window; what it must be is said by the caller. */
static bool read_window(const char *text, struct gp_rate_window *window_r)
{
	const char *slash = strchr(text, '/');
	unsigned long count, secs;
	char digits[16];

	if (slash == NULL || (size_t)(slash - text) >= sizeof(digits))
		return false;
	memcpy(digits, text, (size_t)(slash - text));
	digits[slash - text] = '\0';
	if (!gp_number_read(digits, &count) || count < 1 ||
	    count > GP_RATE_COUNT_MAX ||
	    !gp_duration_read(GP_SETTING_SECS, slash + 1, &secs) || secs < 1 ||
	    secs > WEEK_SECS || count > secs * GP_RATE_TICKS_PER_SEC)
		return false;
	window_r->count = (unsigned int)count;
	window_r->secs = (unsigned int)secs;
	return true;
}

static int add_window(struct gp_rate_limits *limits, const char *text,
		      struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];
	struct gp_rate_window window;

	if (!read_window(text, &window))
		return gp_error_set(err, "'%s' is not a limit; allowed is "
				    "COUNT/TIME such as 30/1m, 300/1h or 1500/1d, "
				    "with COUNT from 1 to %d, TIME from 1s to 7d, "
				    "and not above %d a second",
				    gp_shown(text, shown), GP_RATE_COUNT_MAX,
				    GP_RATE_TICKS_PER_SEC);
	for (size_t i = 0; i < limits->count; i++)
		if (limits->windows[i].secs == window.secs)
			return gp_error_set(err, "'%s' has the time of a limit "
					    "before it; allowed is one limit for "
					    "each time", gp_shown(text, shown));
	if (limits->count == GP_RATE_WINDOWS_MAX)
		return gp_error_set(err, "'%s' is one limit too many; allowed are "
				    "%d", gp_shown(text, shown),
				    GP_RATE_WINDOWS_MAX);
	limits->windows[limits->count++] = window;
	return 0;
}

int gp_rate_limits_store(struct gp_rate_limits *limits, const char *text,
			 size_t index, struct gp_error *err)
{
	struct gp_rate_limits fresh = { 0 };

	if (index > 0)
		fresh = *limits;
	if ((index > 0 || *text != '\0') && add_window(&fresh, text, err) < 0)
		return -1;
	*limits = fresh;
	return 0;
}

const char *gp_rate_window_format(const struct gp_rate_window *window,
				  char buffer[GP_RATE_WINDOW_BYTES])
{
	char time[GP_DURATION_BYTES];

	(void)snprintf(buffer, GP_RATE_WINDOW_BYTES, "%u/%s", window->count,
		       gp_duration_format(GP_SETTING_SECS, window->secs, time));
	return buffer;
}

/* --- WHO: ... --- */

/* Takes the next word, up to a blank or a comma.  False at the end of the part
   or if the word is longer than any that is allowed. */
static bool take_word(const char **text, char word[TOKEN_BYTES])
{
	size_t length;

	*text += strspn(*text, blanks);
	length = strcspn(*text, " \t,");
	if (length == 0 || length >= TOKEN_BYTES)
		return false;
	memcpy(word, *text, length);
	word[length] = '\0';
	*text += length;
	return true;
}

static int read_limits(const char **text, struct gp_rate_limits *limits_r,
		       struct gp_error *err)
{
	char word[TOKEN_BYTES];
	struct gp_rate_limits limits = { 0 };
	bool is_lifted = false, has_word = false;

	while (take_word(text, word)) {
		if (!has_word && strcmp(word, "none") == 0)
			is_lifted = true;
		else if (is_lifted || add_window(&limits, word, err) < 0)
			return is_lifted ? gp_error_set(err, "nothing stands "
							"behind 'none'") : -1;
		has_word = true;
	}
	if (!has_word)
		return gp_error_set(err, "a limit such as 30/1m or 'none' is "
				    "needed behind the name");
	*limits_r = limits;
	return 0;
}

static int read_per_message(const char **text, unsigned int *number_r,
			    struct gp_error *err)
{
	char word[TOKEN_BYTES], shown[GP_SHOWN_BYTES];
	unsigned long number;

	if (!take_word(text, word) || !gp_number_read(word, &number) ||
	    number > PER_MESSAGE_MAX)
		return gp_error_set(err, "recipients_per_message '%s': allowed is "
				    "0 to %d", gp_shown(word, shown),
				    PER_MESSAGE_MAX);
	*number_r = (unsigned int)number;
	return 0;
}

static int read_part(const char **text, struct gp_rate_override *override,
		     struct gp_error *err)
{
	static const char *const kinds[] = {
		[GP_RATE_MESSAGES] = "messages",
		[GP_RATE_RECIPIENTS] = "recipients",
	};
	char word[TOKEN_BYTES] = "", shown[GP_SHOWN_BYTES];

	(void)take_word(text, word);
	for (int kind = 0; kind < GP_RATE_KINDS; kind++) {
		if (strcmp(word, kinds[kind]) == 0 &&
		    !override->names_limits[kind]) {
			override->names_limits[kind] = true;
			return read_limits(text, &override->terms.limits[kind], err);
		}
	}
	if (strcmp(word, "recipients_per_message") == 0) {
		override->names_per_message = true;
		return read_per_message(text, &override->recipients_per_message,
					err);
	}
	return gp_error_set(err, "'%s' cannot stand there; allowed is 'messages', "
			    "'recipients' and 'recipients_per_message', each once",
			    gp_shown(word, shown));
}

static int read_parts(const char *text, struct gp_rate_override *override,
		      struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];

	if (strcmp(text, "none") == 0) {
		memset(override->names_limits, true,
		       sizeof(override->names_limits));
		override->names_per_message = true;
		return 0;
	}
	for (;;) {
		if (read_part(&text, override, err) < 0)
			return -1;
		text += strspn(text, blanks);
		if (*text == '\0')
			return 0;
		if (*text++ != ',')
			return gp_error_set(err, "'%s' cannot stand there; parts "
					    "are separated by commas",
					    gp_shown(text - 1, shown));
	}
}

/* The name before the first ':', without blanks around it; NULL if none. */
static char *take_name(const char **text)
{
	const char *start = *text + strspn(*text, blanks);
	const char *colon = strchr(start, ':');
	size_t length;
	char *name;

	if (colon == NULL)
		return NULL;
	length = (size_t)(colon - start);
	while (length > 0 && strchr(blanks, start[length - 1]) != NULL)
		length--;
	if (length == 0 || length > NAME_BYTES_MAX ||
	    (length == 1 && *start == '@'))
		return NULL;
	name = gp_alloc(length + 1);
	memcpy(name, start, length);
	*text = colon + 1 + strspn(colon + 1, blanks);
	return name;
}

static int read_override(const char *text, struct gp_rate_override *override_r,
			 struct gp_error *err)
{
	struct gp_rate_override override = { 0 };
	char shown[GP_SHOWN_BYTES];
	const char *rest = text;
	struct gp_error inner;

	override.who = take_name(&rest);
	if (override.who == NULL)
		(void)gp_error_set(&inner, "allowed is 'LOGIN: ...' or '@GROUP: "
				   "...'");
	if (override.who == NULL || read_parts(rest, &override, &inner) < 0) {
		free(override.who);
		return gp_error_set(err, "'%s' is not an override, such as "
				    "'alice: messages 100/1h, recipients 1000/1d' "
				    "or '@lists: none': %.300s",
				    gp_shown(text, shown), inner.text);
	}
	*override_r = override;
	return 0;
}

int gp_rate_override_store(struct gp_rate_override_list *overrides,
			   const char *text, size_t index, struct gp_error *err)
{
	struct gp_rate_override override;

	if (index == 0 && *text == '\0') {
		gp_rate_overrides_free(overrides);
		return 0;
	}
	if (read_override(text, &override, err) < 0)
		return -1;
	if (index == 0)
		gp_rate_overrides_free(overrides);
	overrides->items = gp_realloc(overrides->items, (overrides->count + 1) *
				      sizeof(*overrides->items));
	overrides->items[overrides->count++] = override;
	return 0;
}

void gp_rate_overrides_free(struct gp_rate_override_list *overrides)
{
	for (size_t i = 0; i < overrides->count; i++)
		free(overrides->items[i].who);
	free(overrides->items);
	overrides->items = NULL;
	overrides->count = 0;
}

/* --- groups --- */

static struct gp_group *group_named(struct gp_group_list *groups, char *name)
{
	for (size_t i = 0; i < groups->count; i++) {
		if (strcmp(groups->items[i].name, name) == 0) {
			free(name);
			return &groups->items[i];
		}
	}
	groups->items = gp_realloc(groups->items, (groups->count + 1) *
				   sizeof(*groups->items));
	groups->items[groups->count] = (struct gp_group){ .name = name };
	return &groups->items[groups->count++];
}

static void add_member(struct gp_str_list *members, const char *name,
		       size_t length)
{
	char *copy = gp_alloc(length + 1);

	memcpy(copy, name, length);
	/* Room doubles: a group may be a whole university. */
	if ((members->count & (members->count - 1)) == 0)
		members->items = gp_realloc(members->items,
			(members->count == 0 ? 1 : 2 * members->count) *
			sizeof(*members->items));
	members->items[members->count++] = copy;
}

static int read_group(struct gp_group_list *groups, const char *line,
		      struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];
	const char *rest = line;
	struct gp_group *group;
	char *name;

	rest += strspn(rest, " \t\r");
	if (*rest == '\0')
		return 0;
	name = take_name(&rest);
	if (name == NULL || *name == '@') {
		free(name);
		return gp_error_set(err, "'%s' is not a group; allowed is 'GROUP: "
				    "LOGIN, LOGIN'", gp_shown(line, shown));
	}
	group = group_named(groups, name);
	for (;;) {
		size_t length;

		rest += strspn(rest, " \t\r,");
		length = strcspn(rest, " \t\r,");
		if (length == 0)
			return 0;
		add_member(&group->members, rest, length);
		rest += length;
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_group_lines(struct gp_group_list *groups, const char *path,
			    struct gp_source *source, struct gp_error *err)
{
	char *line = source->text, *end = source->text + source->length, *next;
	struct gp_error inner;

	for (int number = 1; line < end; line = next + 1, number++) {
		next = memchr(line, '\n', (size_t)(end - line));
		if (next == NULL)
			next = end;
		*next = '\0';
		if (strlen(line) != (size_t)(next - line))
			return gp_error_set(err, "%s:%d: byte 0x00", path, number);
		line[strcspn(line, "#")] = '\0';
		if (read_group(groups, line, &inner) < 0)
			return gp_error_set(err, "%s:%d: %.300s", path, number,
					    inner.text);
	}
	return 0;
}

int gp_groups_read(const char *path, struct gp_group_list *groups_r,
		   struct gp_error *err)
{
	struct gp_group_list groups = { 0 };
	struct gp_source source;
	int result;

	if (gp_source_read(path, &source, err) < 0)
		return -1;
	result = read_group_lines(&groups, path, &source, err);
	free(source.text);
	if (result < 0)
		gp_groups_free(&groups);
	else
		*groups_r = groups;
	return result;
}

void gp_groups_free(struct gp_group_list *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		struct gp_group *group = &groups->items[i];

		while (group->members.count > 0)
			free(group->members.items[--group->members.count]);
		free(group->members.items);
		free(group->name);
	}
	free(groups->items);
	groups->items = NULL;
	groups->count = 0;
}

/* --- what only shows when all is read --- */

/* In place: a person's name is never longer. */
void gp_rate_normalise_logins(struct gp_settings *settings)
{
	for (size_t i = 0; i < settings->rate.overrides.count; i++) {
		char *who = settings->rate.overrides.items[i].who;

		if (who[0] != '@')
			gp_login_normalise(settings, who, who);
	}
	for (size_t i = 0; i < settings->login.groups.count; i++) {
		struct gp_str_list *members =
			&settings->login.groups.items[i].members;

		for (size_t j = 0; j < members->count; j++)
			gp_login_normalise(settings, members->items[j],
					   members->items[j]);
		if (members->count > 0)
			qsort(members->items, members->count, sizeof(char *),
			      compare_names);
	}
}

/* Redis forgets a user after redis.retention, with what was sent. */
static int check_limits(const struct gp_settings *settings,
			const struct gp_rate_limits *limits,
			struct gp_error *err)
{
	char shown[GP_RATE_WINDOW_BYTES], longest[GP_DURATION_BYTES];

	for (size_t i = 0; i < limits->count; i++)
		if (limits->windows[i].secs > settings->redis.retention_secs)
			return gp_error_set(err, "%s is over a longer time than "
				"redis.retention, which is %s",
				gp_rate_window_format(&limits->windows[i], shown),
				gp_duration_format(GP_SETTING_SECS,
					settings->redis.retention_secs, longest));
	return 0;
}

static int check_override(const struct gp_settings *settings,
			  const struct gp_rate_override *override,
			  struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];

	if (override->who[0] == '@' &&
	    gp_group_find(&settings->login.groups, override->who + 1) == NULL)
		return gp_error_set(err, "'%s' is no group of login.groups_file",
				    gp_shown(override->who, shown));
	for (int kind = 0; kind < GP_RATE_KINDS; kind++)
		if (check_limits(settings, &override->terms.limits[kind], err) < 0)
			return -1;
	return 0;
}

int gp_rate_check(const struct gp_settings *settings, size_t *offset_r,
		  struct gp_error *err)
{
	static const size_t offsets[] = {
		[GP_RATE_MESSAGES] = offsetof(struct gp_settings,
			rate.terms.limits[GP_RATE_MESSAGES]),
		[GP_RATE_RECIPIENTS] = offsetof(struct gp_settings,
			rate.terms.limits[GP_RATE_RECIPIENTS]),
	};

	for (int kind = 0; kind < GP_RATE_KINDS; kind++) {
		*offset_r = offsets[kind];
		if (check_limits(settings, &settings->rate.terms.limits[kind],
				 err) < 0)
			return -1;
	}
	*offset_r = offsetof(struct gp_settings, rate.overrides);
	for (size_t i = 0; i < settings->rate.overrides.count; i++)
		if (check_override(settings, &settings->rate.overrides.items[i],
				   err) < 0)
			return -1;
	return 0;
}
