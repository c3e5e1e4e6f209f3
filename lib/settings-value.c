/* SPDX-License-Identifier: MIT */
/* This module is documented in settings-value.h. */
#include "settings-value.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "pool.h"
#include "settings-ladder.h"
#include "settings-list.h"
#include "settings-poll.h"
#include "settings-rate.h"
#include "redis-address.h"
#include "socket-text.h"

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

bool gp_number_take(const char **text, unsigned long *number_r)
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

	if (!gp_number_take(&text, &number) || *text != '\0')
		return false;
	*number_r = number;
	return true;
}

bool gp_setting_allows(const struct gp_setting *row, unsigned long number)
{
	return number >= (unsigned long)row->min &&
	       number <= (unsigned long)row->max;
}

int gp_uint_parse(const struct gp_setting *row, const char *text,
		  unsigned int *value_r, struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];
	const char *p = text;
	unsigned long number;

	if (!gp_number_take(&p, &number) || *p != '\0')
		return gp_error_set(err, "'%s' is not a number; allowed is %ld to "
				    "%ld", gp_shown(text, shown), row->min,
				    row->max);
	if (!gp_setting_allows(row, number))
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

	if (!gp_number_take(&text, &number))
		return false;
	while (unit->suffix != NULL && strcmp(unit->suffix, text) != 0)
		unit++;
	if (unit->suffix == NULL)
		return false;
	*value_r = number * unit->factor;
	return true;
}

static int fail_duration(const struct gp_setting *row, const char *text,
			 bool is_duration, struct gp_error *err)
{
	char shown[GP_SHOWN_BYTES];
	char least[GP_DURATION_BYTES], most[GP_DURATION_BYTES];

	gp_duration_format(row->type, (unsigned long)row->min, least);
	gp_duration_format(row->type, (unsigned long)row->max, most);
	if (is_duration)
		return gp_error_set(err, "%s is out of range; allowed is %s to %s",
				    text, least, most);
	return gp_error_set(err, "'%s' is not a duration; allowed is %s to %s, such "
			    "as %s", gp_shown(text, shown), least, most,
			    row->type == GP_SETTING_MSECS ? "50ms or 1s"
							  : "90s, 5m or 2h");
}

static int parse_duration(const struct gp_setting *row, const char *text,
			  unsigned int *value_r, struct gp_error *err)
{
	unsigned long value;

	if (!gp_duration_read(row->type, text, &value))
		return fail_duration(row, text, false, err);
	if (!gp_setting_allows(row, value))
		return fail_duration(row, text, true, err);
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
		return gp_redis_servers_parse(text, NULL, err) < 0 ? -1 : 0;
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
		return gp_uint_parse(row, text, value, err);
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
	case GP_SETTING_POLL_OVERRIDE_LIST:
		return gp_poll_override_store(value, text, index, err);
	case GP_SETTING_LADDER:
	case GP_SETTING_LOGIN_LADDER:
		return gp_ladder_store(row, text, index, value, err);
	case GP_SETTING_UINT_LIST:
		return gp_list_store_uint(row, text, index, value, err);
	case GP_SETTING_EXEMPTION_LIST:
		return gp_list_store_exemption(text, index, value, err);
	case GP_SETTING_DOMAIN_LIST:
	case GP_SETTING_TEXT_LIST:
	case GP_SETTING_MECHANISM_LIST:
	case GP_SETTING_CERTIFICATE_LIST:
		return gp_list_store_string(row, text, index, value, err);
	case GP_SETTING_NETWORK_LIST:
		return gp_list_store_network(text, index, value, err);
	}
	return gp_error_set(err, "the table gives no type");
}
