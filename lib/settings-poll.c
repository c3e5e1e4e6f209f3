/* SPDX-License-Identifier: MIT */
/* This module is documented in settings-poll.h. */
#include "settings-poll.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decision.h"
#include "exemption.h"
#include "login.h"
#include "network-text.h"
#include "policy-rate.h"
#include "policy-terms.h"
#include "pool.h"
#include "settings-ladder.h"
#include "settings-value.h"

enum { PART_BYTES = 512, INTERVAL_SECS_MAX = 24 * 3600 };

static const struct gp_setting *row_of(const char *name)
{
	const struct gp_setting *row = gp_settings_table;

	while (strcmp(row->section, "poll") != 0 || strcmp(row->name, name) != 0)
		row++;
	return row;
}

/* --- values --- */

static int set_interval(struct gp_poll_override *override, const char *value,
			struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];
	unsigned long secs;

	if (!gp_duration_read(GP_SETTING_SECS, value, &secs) || secs < 1 ||
	    secs > INTERVAL_SECS_MAX)
		return gp_error_set(err, "interval '%s': allowed is 1s to 1d, such "
				    "as 15m", gp_shown(value, shown));
	override->interval_secs = (unsigned int)secs;
	override->names_interval = true;
	return 0;
}

static int set_mode(struct gp_poll_override *override, const char *value,
		    struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];

	if (!gp_mode_from_word(value, &override->mode))
		return gp_error_set(err, "mode '%s': allowed is enforce, observe or "
				    "off", gp_shown(value, shown));
	override->names_mode = true;
	return 0;
}

/* Steps as in poll.ladder, with semicolons between them. */
static int read_ladder(const char *name, const char *value,
		       struct gp_ladder *ladder_r, struct gp_error *err)
{
	struct gp_ladder ladder = { 0 };
	char step[PART_BYTES], shown[GP_SHOWN_BYTES];
	size_t index = 0, length;

	for (;; value += length + 1) {
		value += strspn(value, " \t");
		length = strcspn(value, ";");
		if (length >= sizeof(step))
			return gp_error_set(err, "%s '%s': too long", name,
					    gp_shown(value, shown));
		memcpy(step, value, length);
		step[length] = '\0';
		for (size_t end = length; end > 0 && step[end - 1] == ' '; end--)
			step[end - 1] = '\0';
		if (gp_ladder_store(row_of(name), step, index++, &ladder, err) < 0)
			return -1;
		if (value[length] == '\0')
			break;
	}
	*ladder_r = ladder;
	return 0;
}

int gp_poll_override_set(struct gp_poll_override *override, const char *name,
			 const char *value, struct gp_error *err)
{
	const bool is_login = strcmp(name, "login_ladder") == 0;
	char shown[GP_SHOWN_BYTES];

	if (strcmp(name, "interval") == 0)
		return set_interval(override, value, err);
	if (strcmp(name, "mode") == 0)
		return set_mode(override, value, err);
	if (!is_login && strcmp(name, "ladder") != 0)
		return gp_error_set(err, "'%s' cannot stand there; allowed is "
				    "interval, mode, ladder and login_ladder",
				    gp_shown(name, shown));
	if (read_ladder(name, value, is_login ? &override->login_ladder
					      : &override->ladder, err) < 0)
		return -1;
	*(is_login ? &override->names_login_ladder
		   : &override->names_ladder) = true;
	return 0;
}

/* --- WHO: ... --- */

/* "NAME VALUE" up to the next comma. */
static int read_part(struct gp_poll_override *override, const char *text,
		     size_t length, struct gp_error *err)
{
	char part[PART_BYTES], *value;

	if (length >= sizeof(part))
		return gp_error_set(err, "a part is too long");
	memcpy(part, text, length);
	part[length] = '\0';
	while (length > 0 && part[length - 1] == ' ')
		part[--length] = '\0';
	value = part + strcspn(part, " \t");
	if (*value != '\0')
		*value++ = '\0';
	return gp_poll_override_set(override, part, value + strspn(value, " \t"),
				    err);
}

static int read_parts(struct gp_poll_override *override, const char *text,
		      struct gp_error *err)
{
	text += strspn(text, " \t");
	if (strcmp(text, "none") == 0) {
		override->is_lifted = true;
		return 0;
	}
	for (;;) {
		const size_t length = strcspn(text, ",");

		if (read_part(override, text, length, err) < 0)
			return -1;
		if (text[length] == '\0')
			return 0;
		text += length + 1;
		text += strspn(text, " \t");
	}
}

/* The colon that ends WHO is followed by a blank: an IPv6 network has others. */
static int read_who(struct gp_poll_override *override, const char **text,
		    struct gp_error *err)
{
	const char *end = strstr(*text, ": ");
	size_t length = end == NULL ? 0 : (size_t)(end - *text);
	char *who;

	if (length == 0 || length >= PART_BYTES)
		return gp_error_set(err, "WHO and a colon must come first");
	who = gp_alloc(length + 1);
	memcpy(who, *text, length);
	override->who = who;
	*text = end + 2;
	override->is_network = gp_exemption_is_network(who);
	return override->is_network
		? gp_network_parse(who, &override->network, err) : 0;
}

static int read_override(const char *text, struct gp_poll_override *override_r,
			 struct gp_error *err)
{
	struct gp_poll_override override = { 0 };
	char shown[GP_SHOWN_BYTES];
	const char *rest = text;
	struct gp_error inner;

	if (read_who(&override, &rest, &inner) < 0 ||
	    read_parts(&override, rest, &inner) < 0) {
		free(override.who);
		return gp_error_set(err, "'%s' is not an override, such as 'alice: "
				    "interval 15m, mode observe', '@lab: ladder "
				    "after 0: note; after 9: delay 20s' or "
				    "'192.0.2.9: none': %.300s",
				    gp_shown(text, shown), inner.text);
	}
	*override_r = override;
	return 0;
}

int gp_poll_override_store(struct gp_poll_override_list *overrides,
			   const char *text, size_t index, struct gp_error *err)
{
	struct gp_poll_override override;
	const bool is_empty = index == 0 && *text == '\0';

	if (!is_empty && read_override(text, &override, err) < 0)
		return -1;
	if (index == 0)
		gp_poll_overrides_free(overrides);
	if (is_empty)
		return 0;
	overrides->items = gp_realloc(overrides->items, (overrides->count + 1) *
				      sizeof(*overrides->items));
	overrides->items[overrides->count++] = override;
	return 0;
}

void gp_poll_overrides_free(struct gp_poll_override_list *overrides)
{
	for (size_t i = 0; i < overrides->count; i++)
		free(overrides->items[i].who);
	free(overrides->items);
	overrides->items = NULL;
	overrides->count = 0;
}

/* --- what only shows when all is read --- */

static int check_who(struct gp_settings *settings, char *who,
		     struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];

	if (strncmp(who, "program=", 8) == 0)
		return 0;
	if (who[0] != '@') {
		gp_login_normalise(settings, who, who);
		return 0;
	}
	if (gp_group_find(&settings->login.groups, who + 1) != NULL)
		return 0;
	return gp_error_set(err, "'%s': login.groups_file has no such group",
			    gp_shown(who, shown));
}

static int check_exemptions(struct gp_settings *settings,
			    struct gp_exemption_list *list, struct gp_error *err)
{
	for (size_t i = 0; i < list->count; i++)
		if (!list->items[i].is_network &&
		    check_who(settings, list->items[i].login, err) < 0)
			return -1;
	return 0;
}

/* The times of their own that steps of both ladders count in. */
static int check_windows(const struct gp_settings *settings,
			 const struct gp_poll_override *override,
			 struct gp_error *err)
{
	unsigned int windows[GP_LADDER_WINDOWS_MAX];
	struct gp_poll_terms terms;
	size_t count;

	gp_poll_terms_default(settings, &terms);
	if (override != NULL && override->names_ladder)
		terms.ladder = &override->ladder;
	if (override != NULL && override->names_login_ladder)
		terms.login_ladder = &override->login_ladder;
	count = gp_poll_terms_windows(&terms, windows);
	if (count <= GP_LADDER_WINDOWS_MAX)
		return 0;
	return gp_error_set(err, "poll.ladder and poll.login_ladder count within "
			    "%zu different times; allowed are %d", count,
			    GP_LADDER_WINDOWS_MAX);
}

static int check_all_windows(const struct gp_settings *settings, size_t *offset_r,
			     struct gp_error *err)
{
	const struct gp_poll_override_list *overrides = &settings->poll.overrides;

	*offset_r = offsetof(struct gp_settings, poll.ladder);
	if (check_windows(settings, NULL, err) < 0)
		return -1;
	*offset_r = offsetof(struct gp_settings, poll.overrides);
	for (size_t i = 0; i < overrides->count; i++)
		if (check_windows(settings, &overrides->items[i], err) < 0)
			return -1;
	return 0;
}

/* That somebody was told a notice is kept in Redis. */
static int check_notices(const struct gp_settings *settings, size_t *offset_r,
			 struct gp_error *err)
{
	for (size_t i = 0; i < GP_PROTOCOLS; i++) {
		*offset_r = offsetof(struct gp_settings, access.protocols) +
			i * sizeof(settings->access.protocols[0]);
		if (settings->access.protocols[i] == GP_ACCESS_NOTICE &&
		    settings->redis.server[0] == '\0')
			return gp_error_set(err, "'notice' is not possible without "
					    "redis.server, which knows who was told "
					    "already; allowed is allow or deny");
	}
	return 0;
}

int gp_poll_check(struct gp_settings *settings, size_t *offset_r,
		  struct gp_error *err)
{
	struct gp_poll_override_list *overrides = &settings->poll.overrides;

	*offset_r = offsetof(struct gp_settings, poll.overrides);
	for (size_t i = 0; i < overrides->count; i++)
		if (!overrides->items[i].is_network &&
		    check_who(settings, overrides->items[i].who, err) < 0)
			return -1;
	*offset_r = offsetof(struct gp_settings, poll.exemptions);
	if (check_exemptions(settings, &settings->poll.exemptions, err) < 0)
		return -1;
	*offset_r = offsetof(struct gp_settings, access.exemptions);
	if (check_exemptions(settings, &settings->access.exemptions, err) < 0)
		return -1;
	if (check_all_windows(settings, offset_r, err) < 0)
		return -1;
	return check_notices(settings, offset_r, err);
}
