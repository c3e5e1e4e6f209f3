/* SPDX-License-Identifier: MIT */
/* This module is documented in author.h. */
#include "author.h"

#include <gmime/gmime.h>
#include <pthread.h>
#include <string.h>

#include "idn.h"
#include "mailbox.h"
#include "pattern.h"
#include "shown-text.h"

enum {
	VALUE_BYTES_MAX = 16384,        /* no author needs more */
	LINES_MAX = 8,                  /* of one name */
	ADDRESSES_MAX = 64
};

static const char *const names[GP_AUTHOR_FIELDS] = {
	[GP_AUTHOR_FROM] = "From",
	[GP_AUTHOR_SENDER] = "Sender",
	[GP_AUTHOR_REPLY_TO] = "Reply-To",
	[GP_AUTHOR_RESENT_FROM] = "Resent-From",
	[GP_AUTHOR_RESENT_SENDER] = "Resent-Sender",
};

static pthread_once_t gmime_once = PTHREAD_ONCE_INIT;

static void start_gmime(void)
{
	g_mime_init();
}

bool gp_author_field_from_name(const char *name, enum gp_author_field *field_r)
{
	size_t length;

	/* Most headers are others. */
	if (strchr("FfSsRr", *name) == NULL)
		return false;
	length = strlen(name);
	while (length > 0 && strchr(" \t", name[length - 1]) != NULL)
		length--;
	for (int i = 0; i < GP_AUTHOR_FIELDS; i++) {
		if (gp_text_equals(name, length, names[i], strlen(names[i]))) {
			*field_r = (enum gp_author_field)i;
			return true;
		}
	}
	return false;
}

const char *gp_author_field_name(enum gp_author_field field)
{
	return field < GP_AUTHOR_FIELDS ? names[field] : "?";
}

/* RFC 5322 section 2.2.3: a line break goes where a blank follows it.  NULL for
   a byte that a header cannot have. */
static char *unfold(struct gp_pool *pool, const char *value)
{
	char *text = gp_pool_alloc(pool, strlen(value) + 1), *to = text;

	for (const char *p = value; *p != '\0'; p++) {
		if (*p == '\r' && p[1] == '\n')
			p++;
		if (*p == '\n') {
			if (p[1] != ' ' && p[1] != '\t')
				return NULL;
			continue;
		}
		if ((*p >= 0 && *p < ' ' && *p != '\t') || *p == 0x7f)
			return NULL;
		*to++ = *p;
	}
	while (to > text && (to[-1] == ' ' || to[-1] == '\t'))
		to--;
	*to = '\0';
	return text;
}

/* A copy without the blanks around it. */
static const char *keep(struct gp_pool *pool, struct gp_slice slice)
{
	while (slice.at < slice.end && strchr(" \t", *slice.at) != NULL)
		slice.at++;
	while (slice.at < slice.end && strchr(" \t", slice.end[-1]) != NULL)
		slice.end--;
	return gp_pool_strndup(pool, slice.at, (size_t)(slice.end - slice.at));
}

/* An encoded word is text, never part of an address: RFC 2047 section 5. */
static bool is_encoded(const char *address)
{
	return strstr(address, "=?") != NULL;
}

struct reading {
	const char *addresses[ADDRESSES_MAX];
	const char *texts[2 * ADDRESSES_MAX];   /* names and comments, raw */
	size_t addresses_count, texts_count;
};

static const char *read_strictly(struct gp_pool *pool, const char *text,
				 struct reading *reading)
{
	struct gp_slice rest = { text, text + strlen(text) };
	struct gp_mailbox mailbox;
	const char *fault;

	do {
		if (reading->addresses_count == ADDRESSES_MAX)
			return "too-many";
		fault = gp_mailbox_next(&rest, &mailbox);
		if (fault != NULL)
			return fault;
		reading->addresses[reading->addresses_count] =
			keep(pool, mailbox.address);
		if (is_encoded(reading->addresses[reading->addresses_count++]))
			return "encoded-address";
		reading->texts[reading->texts_count++] =
			keep(pool, mailbox.words);
		reading->texts[reading->texts_count++] = keep(pool, mailbox.rest);
	} while (rest.at < rest.end);
	return NULL;
}

/* GMime shows a domain in Unicode, and on demand in A-labels. */
static bool is_same(InternetAddress *address, const char *wanted)
{
	InternetAddressMailbox *mailbox;
	const char *found;

	if (!INTERNET_ADDRESS_IS_MAILBOX(address))
		return false;
	mailbox = INTERNET_ADDRESS_MAILBOX(address);
	found = internet_address_mailbox_get_addr(mailbox);
	if (found != NULL && strcmp(found, wanted) == 0)
		return true;
	found = internet_address_mailbox_get_idn_addr(mailbox);
	return found != NULL && strcmp(found, wanted) == 0;
}

/* One mailbox of letters, digits and signs that mean nothing but themselves, which
   is what nearly all mail has: no reader takes it for anything else, and GMime
   need not be asked. */
static bool is_plain(const struct reading *reading)
{
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	const char *name = reading->texts[0], *behind = reading->texts[1];
	const char *address = reading->addresses[0];

	return reading->addresses_count == 1 && *behind == '\0' &&
		name[strspn(name, PLAIN " ")] == '\0' &&
		address[strspn(address, PLAIN "+.@")] == '\0';
#undef PLAIN
}

/* GMime must find the same mailboxes. */
static bool gmime_agrees(const char *text, const struct reading *reading)
{
	InternetAddressList *list;
	bool agrees;

	(void)pthread_once(&gmime_once, start_gmime);
	list = internet_address_list_parse(NULL, text);
	agrees = list != NULL && (size_t)internet_address_list_length(list)
		== reading->addresses_count;
	for (size_t i = 0; agrees && i < reading->addresses_count; i++)
		agrees = is_same(internet_address_list_get_address(list, (int)i),
				 reading->addresses[i]);
	if (list != NULL)
		g_object_unref(list);
	return agrees;
}

/* As programs show it: without quotes, and perhaps without comments. */
static const char *unquoted(struct gp_pool *pool, const char *text,
			    bool drops_comments)
{
	char *shown = gp_pool_alloc(pool, strlen(text) + 1), *to = shown;
	bool is_in_quotes = false;
	int depth = 0;

	for (; *text != '\0'; text++) {
		const bool is_pair = *text == '\\' && text[1] != '\0';
		const int before = depth;

		if (is_pair)
			text++;
		else if (*text == '"' && depth == 0)
			is_in_quotes = !is_in_quotes;
		else if (!is_in_quotes)
			depth += (*text == '(') - (*text == ')' && depth > 0);
		if ((is_pair || *text != '"') &&
		    (!drops_comments || (before == 0 && depth == 0)))
			*to++ = *text;
	}
	*to = '\0';
	return shown;
}

/* As it stands there and with its encoded words decoded, within quotes too, as
   some programs do. */
static const char *judge_shown(const char *text, const struct reading *reading)
{
	const char *trouble = gp_shown_text_fault(text, reading->addresses,
						  reading->addresses_count);
	char *decoded;

	if (trouble != NULL || strstr(text, "=?") == NULL)
		return trouble;
	decoded = g_mime_utils_header_decode_text(NULL, text);
	trouble = gp_shown_text_fault(decoded, reading->addresses,
				      reading->addresses_count);
	g_free(decoded);
	return trouble;
}

/* Domains become A-labels.  That makes dots of other scripts' dots too, so what
   comes out is read once more. */
static const char *convert(struct gp_pool *pool, struct reading *reading)
{
	for (size_t i = 0; i < reading->addresses_count; i++) {
		const char *address = gp_idn_address(pool, reading->addresses[i]);
		struct gp_slice rest = { address, NULL };
		struct gp_mailbox mailbox;

		if (address == reading->addresses[i])
			continue;
		rest.end = address + strlen(address);
		if (gp_mailbox_next(&rest, &mailbox) != NULL)
			return "syntax";
		reading->addresses[i] = address;
	}
	return NULL;
}

/* All that people may be shown of a name or comment. */
static const char *judge_text(struct gp_pool *pool, const char *text,
			      const struct reading *reading)
{
	const char *trouble = judge_shown(text, reading);

	if (trouble == NULL && strpbrk(text, "\"\\(") != NULL)
		trouble = judge_shown(unquoted(pool, text, false), reading);
	if (trouble == NULL && strchr(text, '(') != NULL)
		trouble = judge_shown(unquoted(pool, text, true), reading);
	return trouble;
}

static const char *read_value(struct gp_pool *pool, const char *value,
			      struct reading *reading)
{
	const char *text, *fault;

	if (strlen(value) > VALUE_BYTES_MAX)
		return "too-long";
	text = unfold(pool, value);
	if (text == NULL)
		return "control";
	if (!g_utf8_validate(text, -1, NULL))
		return "utf-8";
	fault = read_strictly(pool, text, reading);
	if (fault != NULL)
		return fault;
	if (!is_plain(reading) && !gmime_agrees(text, reading))
		return "disagreement";
	for (size_t i = 0; i < reading->texts_count && fault == NULL; i++)
		fault = judge_text(pool, reading->texts[i], reading);
	return fault == NULL ? convert(pool, reading) : fault;
}

static void append(struct gp_pool *pool, const struct reading *reading,
		   struct gp_author_facts *author)
{
	size_t count = author->addresses_count + reading->addresses_count;
	const char **all = gp_pool_alloc(pool, (count + 1) * sizeof(*all));

	for (size_t i = 0; i < author->addresses_count; i++)
		all[i] = author->addresses[i];
	for (size_t i = 0; i < reading->addresses_count; i++)
		all[author->addresses_count + i] = reading->addresses[i];
	author->addresses = all;
	author->addresses_count = count;
}

void gp_author_add(struct gp_pool *pool, const char *value,
		   struct gp_author_facts *author)
{
	struct reading reading = { .addresses_count = 0 };
	const char *trouble = author->trouble;

	if (author->fields_count++ >= LINES_MAX)
		trouble = "too-many";
	if (trouble == NULL)
		trouble = read_value(pool, value, &reading);
	author->trouble = trouble;
	if (trouble == NULL)
		append(pool, &reading, author);
	if (trouble == NULL && author->name == NULL)
		author->name = reading.texts[0];
}
