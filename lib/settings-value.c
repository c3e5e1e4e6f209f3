/* SPDX-License-Identifier: MIT */
/* This module is documented in settings-value.h. */
#include "settings-value.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "exemption.h"
#include "network-text.h"
#include "pool.h"
#include "settings-rate.h"
#include "socket-text.h"

enum { DELAY_SECS_MIN = 1, DELAY_SECS_MAX = 60 };

struct unit {
	const char *suffix;
	unsigned long factor;
};

/* The first row is what a number without a unit means; the rest falls. */
static const struct unit secs_units[] = {
	{ "", 1 }, { "d", 86400 }, { "h", 3600 }, { "m", 60 }, { "s", 1 },
	{ NULL, 0 }
};
static const struct unit msecs_units[] = {
	{ "", 1 }, { "s", 1000 }, { "ms", 1 }, { NULL, 0 }
};

static const struct facility {
	const char *word;
	int value;
} facilities[] = {
	{ "mail", LOG_MAIL },     { "daemon", LOG_DAEMON },
	{ "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 },
	{ "local2", LOG_LOCAL2 }, { "local3", LOG_LOCAL3 },
	{ "local4", LOG_LOCAL4 }, { "local5", LOG_LOCAL5 },
	{ "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 },
	{ NULL, 0 }
};

const char *gp_shown(const char *text, char buffer[GP_SHOWN_BYTES])
{
	size_t i;

	for (i = 0; text[i] != '\0' && i < GP_SHOWN_BYTES - 4; i++)
		buffer[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	memcpy(buffer + i, text[i] != '\0' ? "..." : "",
	       text[i] != '\0' ? sizeof("...") : sizeof(""));
	return buffer;
}

/* Reads digits; false if there are none or too many for any setting. */
static bool take_number(const char **text, unsigned long *number_r)
{
	const char *p = *text;
	unsigned long number = 0;

	while (*p >= '0' && *p <= '9') {
		number = number * 10 + (unsigned long)(*p++ - '0');
		if (p - *text > 9)
			return false;
	}
	if (p == *text)
		return false;
	*text = p;
	*number_r = number;
	return true;
}

bool gp_number_read(const char *text, unsigned long *number_r)
{
	unsigned long number;

	if (!take_number(&text, &number) || *text != '\0')
		return false;
	*number_r = number;
	return true;
}

static bool is_in_range(const struct gp_setting *row, unsigned long number)
{
	return number >= (unsigned long)row->min &&
	       number <= (unsigned long)row->max;
}

static int parse_uint(const struct gp_setting *row, const char *text,
		      unsigned int *value_r, struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];
	const char *p = text;
	unsigned long number;

	if (!take_number(&p, &number) || *p != '\0')
		return gp_error_set(err, "'%s' is not a number; allowed is %ld to "
				    "%ld", gp_shown(text, shown), row->min,
				    row->max);
	if (!is_in_range(row, number))
		return gp_error_set(err, "%s is out of range; allowed is %ld to "
				    "%ld", text, row->min, row->max);
	*value_r = (unsigned int)number;
	return 0;
}

const char *gp_duration_format(enum gp_setting_type type, unsigned long value,
			       char buffer[GP_DURATION_BYTES])
{
	const struct unit *unit = type == GP_SETTING_MSECS ? msecs_units
							   : secs_units;

	/* The largest unit that leaves no rest; zero in the smallest. */
	for (unit++; unit[1].suffix != NULL; unit++)
		if (value != 0 && value % unit->factor == 0)
			break;
	(void)snprintf(buffer, GP_DURATION_BYTES, "%lu%s", value / unit->factor,
		       unit->suffix);
	return buffer;
}

bool gp_duration_read(enum gp_setting_type type, const char *text,
		      unsigned long *value_r)
{
	const struct unit *unit = type == GP_SETTING_MSECS ? msecs_units
							   : secs_units;
	unsigned long number;

	if (!take_number(&text, &number))
		return false;
	while (unit->suffix != NULL && strcmp(unit->suffix, text) != 0)
		unit++;
	if (unit->suffix == NULL)
		return false;
	*value_r = number * unit->factor;
	return true;
}

static int parse_duration(const struct gp_setting *row, const char *text,
			  unsigned int *value_r, struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];
	char least[GP_DURATION_BYTES], most[GP_DURATION_BYTES];
	const char *examples = row->type == GP_SETTING_MSECS
		? "50ms or 1s" : "90s, 5m or 2h";
	unsigned long value;

	gp_duration_format(row->type, (unsigned long)row->min, least);
	gp_duration_format(row->type, (unsigned long)row->max, most);
	if (!gp_duration_read(row->type, text, &value))
		return gp_error_set(err, "'%s' is not a duration; allowed is %s "
				    "to %s, such as %s", gp_shown(text, shown),
				    least, most, examples);
	if (!is_in_range(row, value))
		return gp_error_set(err, "%s is out of range; allowed is %s to %s",
				    text, least, most);
	*value_r = (unsigned int)value;
	return 0;
}

static int parse_mode(const char *text, enum gp_mode *mode_r,
		      struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];

	if (!gp_mode_from_word(text, mode_r))
		return gp_error_set(err, "'%s' is not a mode; allowed is enforce, "
				    "observe or off", gp_shown(text, shown));
	return 0;
}

static int parse_bool(const char *text, bool *value_r, struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];

	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return gp_error_set(err, "'%s' is neither yes nor no",
				    gp_shown(text, shown));
	*value_r = text[0] == 'y';
	return 0;
}

static int parse_choice(const struct gp_setting *row, const char *text,
			unsigned int *value_r, struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES], words[128] = "";

	for (unsigned int i = 0; row->words[i] != NULL; i++) {
		if (strcmp(text, row->words[i]) == 0) {
			*value_r = i;
			return 0;
		}
		(void)snprintf(words + strlen(words),
			       sizeof(words) - strlen(words), "%s%s",
			       i == 0 ? "" : row->words[i + 1] == NULL
			       ? " or " : ", ", row->words[i]);
	}
	return gp_error_set(err, "'%s' is not possible; allowed is %s",
			    gp_shown(text, shown), words);
}

static int parse_facility(const char *text, int *facility_r,
			  struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];

	for (const struct facility *row = facilities; row->word != NULL; row++) {
		if (strcmp(row->word, text) == 0) {
			*facility_r = row->value;
			return 0;
		}
	}
	return gp_error_set(err, "'%s' is not a syslog facility; allowed is mail, "
			    "daemon or local0 to local7", gp_shown(text, shown));
}

/* Dovecot's HTTP client knows no unix sockets, and asks a server near by. */
static int check_listen(const char *text, struct gp_error *err)
{
	struct gp_socket server;
	char shown[GP_SHOWN_BYTES];

	if (gp_server_parse(text, &server, err) < 0)
		return -1;
	if (server.kind == GP_SOCKET_UNIX || !server.host_is_literal)
		return gp_error_set(err, "'%s' is not ADDRESS:PORT; allowed is "
				    "127.0.0.1:10045 or [::1]:10045",
				    gp_shown(text, shown));
	return 0;
}

static int check_text(const struct gp_setting *row, const char *text,
		      struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];
	struct gp_socket unused;
	size_t length = strlen(text);

	gp_shown(text, shown);
	if (length < (size_t)row->min)
		return gp_error_set(err, "a value is needed, '' is not enough");
	if (length > (size_t)row->max)
		return gp_error_set(err, "'%s' has %zu bytes; allowed are %ld",
				    shown, length, row->max);
	if (row->type == GP_SETTING_PATH && length > 0 && text[0] != '/')
		return gp_error_set(err, "'%s' is not a path that begins with '/'",
				    shown);
	if (row->type == GP_SETTING_PATH && length > 0 && text[length - 1] == '/')
		return gp_error_set(err, "'%s' is a folder; allowed is the path "
				    "of a file", shown);
	if (row->offset == offsetof(struct gp_settings, milter.socket))
		return gp_socket_parse(text, &unused, err);
	if (row->offset == offsetof(struct gp_settings, redis.server) &&
	    length > 0)
		return gp_server_parse(text, &unused, err);
	if (row->offset == offsetof(struct gp_settings, authpolicy.listen))
		return check_listen(text, err);
	return 0;
}

static int store_text(const struct gp_setting *row, const char *text,
		      char **value, struct gp_error *err)
{
	if (check_text(row, text, err) < 0)
		return -1;
	free(*value);
	*value = gp_strdup(text);
	return 0;
}

/* --- lists ------------------------------------------------------------- */

/* Room for one more item.  A list doubles when its count is a power of two: a
   file of 100,000 domains would else be copied as many times. */
static void *make_room(void *items, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return items;
	return gp_realloc(items, (count == 0 ? 1 : 2 * count) * size);
}

static void clear_strings(struct gp_str_list *list)
{
	while (list->count > 0)
		free(list->items[--list->count]);
}

static void add_string(struct gp_str_list *list, const char *text)
{
	list->items = make_room(list->items, list->count,
				sizeof(*list->items));
	list->items[list->count++] = gp_strdup(text);
}

static int check_domain(const char *text, struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];

	/* ".example.test" stands for every name below it. */
	if (gp_host_name_is_valid(text[0] == '.' ? text + 1 : text))
		return 0;
	return gp_error_set(err, "'%s' is not a domain; allowed is example.com, "
			    ".example.com for all names below it, or xn--... for "
			    "a name with other letters", gp_shown(text, shown));
}

int gp_settings_add_domain(struct gp_str_list *domains, const char *text,
			   struct gp_error *err)
{
	if (check_domain(text, err) < 0)
		return -1;
	add_string(domains, text);
	return 0;
}

/* RFC 4422 section 3.1, with "*" for the rest of a name and "PORT:" before it. */
static int check_mechanism(const char *text, struct gp_error *err)
{
	const char *name = strchr(text, ':'), *p = text;
	char shown[GP_SHOWN_BYTES];
	unsigned long port = 1;
	size_t length;

	name = name != NULL ? name + 1 : text;
	length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*");
	if (length > 0 && length <= 20 && name[length] == '\0' &&
	    (name == text || (take_number(&p, &port) && p + 1 == name &&
			      port > 0 && port <= 65535)))
		return 0;
	return gp_error_set(err, "'%s' is not a mechanism; allowed is PLAIN, "
			    "\"SCRAM-*\" or, for one port, \"465:GSSAPI\"",
			    gp_shown(text, shown));
}

static int check_certificate(const char *text, struct gp_error *err)
{
	const char *equals = strstr(text, " = ");
	char shown[GP_SHOWN_BYTES];

	if (equals != NULL && equals != text && equals[3] != '\0' &&
	    strcspn(text, " ") == (size_t)(equals - text))
		return 0;
	return gp_error_set(err, "'%s' is not a certificate; allowed is \"LOGIN = "
			    "SUBJECT\", with the subject as the MTA shows it",
			    gp_shown(text, shown));
}

static int check_item(const struct gp_setting *row, const char *text,
		      struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];

	if (row->type == GP_SETTING_DOMAIN_LIST)
		return check_domain(text, err);
	if (text[0] == '\0' || strlen(text) > (size_t)row->max)
		return gp_error_set(err, "'%s' is not possible; an item has 1 to "
				    "%ld bytes", gp_shown(text, shown), row->max);
	if (row->type == GP_SETTING_MECHANISM_LIST)
		return check_mechanism(text, err);
	return row->type == GP_SETTING_CERTIFICATE_LIST
		? check_certificate(text, err) : 0;
}

static int store_string(const struct gp_setting *row, const char *text,
			size_t index, struct gp_str_list *list,
			struct gp_error *err)
{
	const bool is_empty = index == 0 && text[0] == '\0';

	if (!is_empty && check_item(row, text, err) < 0)
		return -1;
	if (index == 0)
		clear_strings(list);
	if (!is_empty)
		add_string(list, text);
	return 0;
}

static int store_network(const char *text, size_t index,
			 struct gp_network_list *list, struct gp_error *err)
{
	const bool is_empty = index == 0 && text[0] == '\0';
	struct gp_network network;

	if (!is_empty && gp_network_parse(text, &network, err) < 0)
		return -1;
	if (index == 0)
		list->count = 0;
	if (is_empty)
		return 0;
	list->items = make_room(list->items, list->count,
				sizeof(*list->items));
	list->items[list->count++] = network;
	return 0;
}

static int store_exemption(const char *text, size_t index,
			   struct gp_exemption_list *list, struct gp_error *err)
{
	const bool is_empty = index == 0 && text[0] == '\0';
	struct gp_exemption exemption;

	if (!is_empty && gp_exemption_parse(text, &exemption, err) < 0)
		return -1;
	for (size_t i = 0; index == 0 && i < list->count; i++)
		gp_exemption_free(&list->items[i]);
	if (index == 0)
		list->count = 0;
	if (is_empty)
		return 0;
	list->items = make_room(list->items, list->count,
				sizeof(*list->items));
	list->items[list->count++] = exemption;
	return 0;
}

static int store_uint(const struct gp_setting *row, const char *text,
		      size_t index, struct gp_uint_list *list,
		      struct gp_error *err)
{
	unsigned int value;

	if (index == 0 && text[0] == '\0')
		return gp_error_set(err, "the list is empty; at least one number "
				    "is needed");
	if (parse_uint(row, text, &value, err) < 0)
		return -1;
	if (index == 0)
		list->count = 0;
	list->items = make_room(list->items, list->count,
				sizeof(*list->items));
	list->items[list->count++] = value;
	return 0;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* The part behind "after N:".  False if it is no action of the ladder. */
static bool read_action(const struct gp_setting *row, const char *text,
			struct gp_ladder_step *step)
{
	const bool is_login = row->type == GP_SETTING_LOGIN_LADDER;
	size_t length = strcspn(text, " \t");
	const char *rest = skip_blanks(text + length);
	unsigned long secs;
	char word[16];

	if (length >= sizeof(word))
		return false;
	memcpy(word, text, length);
	word[length] = '\0';
	if (!gp_action_from_word(word, &step->action))
		return false;
	if (step->action == GP_ACTION_NOTE || step->action == GP_ACTION_REFUSE ||
	    (step->action == GP_ACTION_ABSORB && !is_login))
		return *rest == '\0';
	if (step->action != (is_login ? GP_ACTION_HOLD : GP_ACTION_DELAY) ||
	    !gp_duration_read(GP_SETTING_SECS, rest, &secs) ||
	    secs < DELAY_SECS_MIN || secs > DELAY_SECS_MAX)
		return false;
	step->secs = (unsigned int)secs;
	return true;
}

/* "after N: note", "after N: absorb" or "after N: delay SECS", and so on. */
static bool read_step(const struct gp_setting *row, const char *text,
		      struct gp_ladder_step *step)
{
	unsigned long count;

	if (strncmp(text, "after", 5) != 0 || strspn(text + 5, " \t") == 0)
		return false;
	text = skip_blanks(text + 5);
	if (!take_number(&text, &count) || !is_in_range(row, count))
		return false;
	text = skip_blanks(text);
	if (*text++ != ':')
		return false;
	step->after_count = (unsigned int)count;
	return read_action(row, skip_blanks(text), step);
}

static int store_step(const struct gp_setting *row, const char *text,
		      size_t index, struct gp_ladder *ladder,
		      struct gp_error *err)
{
	struct gp_ladder_step step = { 0 };
	char shown[GP_SHOWN_BYTES];

	if (index == 0 && text[0] == '\0')
		return gp_error_set(err, "the ladder is empty; to do nothing, "
				    "write {\"after 0: note\"}");
	if (!read_step(row, text, &step))
		return gp_error_set(err, "'%s' is not a step; allowed is 'after N: "
				    "note', %s or 'after N: refuse', with N from "
				    "%ld to %ld and SECS from %ds to %ds",
				    gp_shown(text, shown),
				    row->type == GP_SETTING_LOGIN_LADDER
				    ? "'after N: hold SECS'"
				    : "'after N: absorb', 'after N: delay SECS'",
				    row->min, row->max, DELAY_SECS_MIN,
				    DELAY_SECS_MAX);
	if (index >= GP_LADDER_STEPS_MAX)
		return gp_error_set(err, "'%s' is one step too many; allowed are "
				    "%d", gp_shown(text, shown),
				    GP_LADDER_STEPS_MAX);
	if (index > 0 && step.after_count <= ladder->steps[index - 1].after_count)
		return gp_error_set(err, "'%s' does not come after %u; the "
				    "numbers must rise", gp_shown(text, shown),
				    ladder->steps[index - 1].after_count);
	ladder->steps[index] = step;
	ladder->count = index + 1;
	return 0;
}

int gp_settings_store(struct gp_settings *settings,
		      const struct gp_setting *row, const char *text,
		      size_t index, struct gp_error *err)
{
	void *value = (char *)settings + row->offset;

	switch (row->type) {
	case GP_SETTING_MODE:
		return parse_mode(text, value, err);
	case GP_SETTING_BOOL:
		return parse_bool(text, value, err);
	case GP_SETTING_CHOICE:
		return parse_choice(row, text, value, err);
	case GP_SETTING_UINT:
		return parse_uint(row, text, value, err);
	case GP_SETTING_SECS:
	case GP_SETTING_MSECS:
		return parse_duration(row, text, value, err);
	case GP_SETTING_TEXT:
	case GP_SETTING_PATH:
		return store_text(row, text, value, err);
	case GP_SETTING_FACILITY:
		return parse_facility(text, value, err);
	case GP_SETTING_RATE_LIST:
		return gp_rate_limits_store(value, text, index, err);
	case GP_SETTING_RATE_OVERRIDE_LIST:
		return gp_rate_override_store(value, text, index, err);
	case GP_SETTING_LADDER:
	case GP_SETTING_LOGIN_LADDER:
		return store_step(row, text, index, value, err);
	case GP_SETTING_UINT_LIST:
		return store_uint(row, text, index, value, err);
	case GP_SETTING_EXEMPTION_LIST:
		return store_exemption(text, index, value, err);
	case GP_SETTING_DOMAIN_LIST:
	case GP_SETTING_TEXT_LIST:
	case GP_SETTING_MECHANISM_LIST:
	case GP_SETTING_CERTIFICATE_LIST:
		return store_string(row, text, index, value, err);
	case GP_SETTING_NETWORK_LIST:
		return store_network(text, index, value, err);
	}
	return gp_error_set(err, "the table gives no type");
}
