/* SPDX-License-Identifier: MIT */
/* This module reads sendmail.cf (Sendmail's operations guide, section 5). */
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "site-run.h"
#include "site-sendmail.h"

/* The value of a key such as "S" in "S=inet:1@h, F=T"; of a key with a longer
   name the first letter counts, as in "Name=MTA".  NULL if it is not there. */
static const char *field(struct gp_pool *pool, const char *line, char key)
{
	while (*line != '\0') {
		size_t length;
		const char *value;

		line += strspn(line, " \t,");
		length = strcspn(line, ",");
		value = memchr(line, '=', length);
		if (value != NULL &&
		    toupper((unsigned char)*line) == toupper((unsigned char)key)) {
			size_t rest = length - (size_t)(value + 1 - line);
			size_t blanks = strspn(value + 1, " \t");

			if (blanks > rest)
				blanks = rest;
			value += 1 + blanks;
			rest -= blanks;
			while (rest > 0 && isspace((unsigned char)value[rest - 1]))
				rest--;
			return gp_pool_strndup(pool, value, rest);
		}
		line += length;
	}
	return NULL;
}

static const char *field_or(struct gp_pool *pool, const char *line, char key,
			    const char *otherwise)
{
	const char *value = field(pool, line, key);

	return value == NULL ? otherwise : value;
}

static unsigned int port_number(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	struct servent *entry;

	if (end != text && *end == '\0')
		return number <= 65535 ? (unsigned int)number : 0;
	if (strcasecmp(text, "smtps") == 0 || strcasecmp(text, "submissions") == 0)
		return 465;
	entry = getservbyname(text, "tcp");
	return entry == NULL ? 0 : ntohs((uint16_t)entry->s_port);
}

static void add_filter(struct gp_pool *pool, const char *line,
		       struct gp_sendmail *sendmail)
{
	struct gp_sendmail_filter *filter =
		&sendmail->filters[sendmail->filter_count++];
	size_t length = strcspn(line + 1, ", \t");

	filter->name = gp_pool_strndup(pool, line + 1, length);
	line += 1 + length;
	filter->address = field_or(pool, line, 'S', "");
	filter->flags = field_or(pool, line, 'F', "");
	filter->timeouts = field_or(pool, line, 'T', "");
}

static void add_daemon(struct gp_pool *pool, const char *value,
		       struct gp_sendmail *sendmail)
{
	struct gp_sendmail_daemon *daemon =
		&sendmail->daemons[sendmail->daemon_count++];

	daemon->line = gp_pool_strdup(pool, value);
	daemon->name = field_or(pool, value, 'N', "MTA");
	daemon->modifiers = field_or(pool, value, 'M', "");
	daemon->filters = field(pool, value, 'I');
	daemon->port = port_number(field_or(pool, value, 'P', "25"));
}

/* "O Name=value" or "O Name = value" */
static const char *option_value(const char *line, const char *name)
{
	size_t length = strlen(name);

	if (line[0] != 'O' || line[1] != ' ')
		return NULL;
	line += 1 + strspn(line + 1, " \t");
	if (strncasecmp(line, name, length) != 0)
		return NULL;
	line += length + strspn(line + length, " \t");
	if (*line != '=')
		return NULL;
	line++;
	return line + strspn(line, " \t");
}

/* The next line, without its end.  Lines that begin with a blank continue the
   one before. */
static const char *next_line(struct gp_pool *pool, const char **text)
{
	const char *start = *text, *end = start;
	char *line, *out;

	if (*start == '\0')
		return NULL;
	do {
		end += strcspn(end, "\n");
		end += *end == '\n';
	} while (*start != '#' && *start != '\n' && (*end == ' ' || *end == '\t'));
	*text = end;
	line = out = gp_pool_strndup(pool, start, (size_t)(end - start));
	for (const char *in = line; *in != '\0'; in++)
		if (*in != '\n' && *in != '\r')
			*out++ = *in;
	*out = '\0';
	return line;
}

void gp_sendmail_parse(struct gp_pool *pool, const char *text,
		       struct gp_sendmail *sendmail)
{
	size_t lines = 1;
	const char *line, *value;

	for (const char *byte = text; *byte != '\0'; byte++)
		lines += *byte == '\n';
	sendmail->text = text;
	sendmail->filters = gp_pool_alloc(pool,
					  lines * sizeof(*sendmail->filters));
	sendmail->daemons = gp_pool_alloc(pool,
					  lines * sizeof(*sendmail->daemons));
	sendmail->filter_count = sendmail->daemon_count = 0;
	while ((line = next_line(pool, &text)) != NULL) {
		value = option_value(line, "DaemonPortOptions");
		if (value != NULL)
			add_daemon(pool, value, sendmail);
		else if (line[0] == 'X')
			add_filter(pool, line, sendmail);
	}
	if (sendmail->daemon_count == 0)        /* Sendmail's own default */
		add_daemon(pool, "Name=MTA", sendmail);
}

const char *gp_sendmail_option(struct gp_pool *pool,
			       const struct gp_sendmail *sendmail,
			       const char *name)
{
	const char *text = sendmail->text, *line, *found = NULL;

	while ((line = next_line(pool, &text)) != NULL) {
		const char *value = option_value(line, name);

		if (value != NULL)
			found = value;
	}
	return found;
}

int gp_sendmail_read(struct gp_pool *pool, const char *path,
		     struct gp_sendmail *sendmail_r, struct gp_error *err)
{
	struct gp_sendmail sendmail = { .path = path };
	const char *text = gp_site_read_file(pool, path);

	if (text == NULL) {
		(void)gp_error_set(err, "%s: %s", path, strerror(errno));
		return EX_NOINPUT;
	}
	gp_sendmail_parse(pool, text, &sendmail);
	*sendmail_r = sendmail;
	return 0;
}
