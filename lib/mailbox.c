/* SPDX-License-Identifier: MIT */
/* This module is documented in mailbox.h. */
#include "mailbox.h"

#include <stdbool.h>
#include <string.h>

enum { COMMENT_DEPTH_MAX = 8 };

static bool at_end(const struct gp_slice *text)
{
	return text->at == text->end;
}

static bool take(struct gp_slice *text, char byte)
{
	if (at_end(text) || *text->at != byte)
		return false;
	text->at++;
	return true;
}

/* UTF-8 (RFC 6532) was checked before; here it is text like letters. */
static bool is_atom_byte(char byte)
{
	return (unsigned char)byte >= 0x80 ||
		(byte > ' ' && byte != 0x7f &&
		 strchr("()<>[]:;@\\,.\"", byte) == NULL);
}

static bool take_atom(struct gp_slice *text)
{
	const char *start = text->at;

	while (!at_end(text) && is_atom_byte(*text->at))
		text->at++;
	return text->at > start;
}

/* A backslash and what it quotes; never the end. */
static bool take_pair(struct gp_slice *text)
{
	if (!take(text, '\\') || at_end(text))
		return false;
	text->at++;
	return true;
}

static bool take_quoted(struct gp_slice *text)
{
	struct gp_slice rest = *text;

	if (!take(&rest, '"'))
		return false;
	while (!at_end(&rest) && *rest.at != '"')
		if (*rest.at != '\\')
			rest.at++;
		else if (!take_pair(&rest))
			return false;
	if (!take(&rest, '"'))
		return false;
	*text = rest;
	return true;
}

static bool take_comment(struct gp_slice *text)
{
	struct gp_slice rest = *text;
	int depth = 0;

	do {
		if (at_end(&rest))
			return false;
		if (take(&rest, '(')) {
			if (++depth > COMMENT_DEPTH_MAX)
				return false;
		} else if (take(&rest, ')')) {
			depth--;
		} else if (*rest.at == '\\') {
			if (!take_pair(&rest))
				return false;
		} else {
			rest.at++;
		}
	} while (depth > 0);
	*text = rest;
	return true;
}

/* Blanks and comments.  False if a comment does not end. */
static bool skip_between(struct gp_slice *text)
{
	for (;;) {
		while (take(text, ' ') || take(text, '\t'))
			;
		if (at_end(text) || *text->at != '(')
			return true;
		if (!take_comment(text))
			return false;
	}
}

/* A dot-atom or a quoted string, with nothing between its parts. */
static bool take_local_part(struct gp_slice *text)
{
	if (!at_end(text) && *text->at == '"')
		return take_quoted(text);
	do {
		if (!take_atom(text))
			return false;
	} while (take(text, '.'));
	return true;
}

/* RFC 5321 section 4.1.3: addresses and tags are made of these; '@' or letters
   of other scripts would lead some reader elsewhere. */
static bool is_literal_byte(char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
		(byte >= 'A' && byte <= 'Z') || byte == '.' || byte == ':' ||
		byte == '-';
}

static bool take_literal(struct gp_slice *text)
{
	const char *start = text->at;

	while (!at_end(text) && is_literal_byte(*text->at))
		text->at++;
	return text->at > start && take(text, ']');
}

static bool take_domain(struct gp_slice *text)
{
	if (take(text, '['))
		return take_literal(text);
	do {
		if (!take_atom(text))
			return false;
	} while (take(text, '.'));
	return true;
}

static bool take_address(struct gp_slice *text, struct gp_slice *address_r)
{
	struct gp_slice rest = *text;

	if (!take_local_part(&rest) || !take(&rest, '@') || !take_domain(&rest))
		return false;
	*address_r = (struct gp_slice){ text->at, rest.at };
	*text = rest;
	return true;
}

/* Words of a display name.  Dots among them ("John Q. Public") are obsolete and
   everywhere, and can mislead nobody. */
static bool take_words(struct gp_slice *text)
{
	while (take_atom(text) || take(text, '.') || take_quoted(text))
		if (!skip_between(text))
			return false;
	return true;
}

/* Why it is no mailbox, by the byte that does not fit. */
static const char *fault_at(const struct gp_slice *text)
{
	if (at_end(text) || *text->at == ',')
		return "bare";
	return *text->at == ':' || *text->at == ';' ? "group" : "syntax";
}

/* [name] <address> */
static const char *take_named(struct gp_slice *text,
			      struct gp_mailbox *mailbox)
{
	mailbox->words.at = text->at;
	if (!skip_between(text) || !take_words(text))
		return "syntax";
	mailbox->words.end = text->at;
	if (!take(text, '<'))
		return fault_at(text);
	if (!at_end(text) && (*text->at == '@' || *text->at == ','))
		return "route";
	if (!at_end(text) && *text->at == '>')
		return "empty";
	return take_address(text, &mailbox->address) && take(text, '>')
		? NULL : "syntax";
}

/* The end of one mailbox: another one must follow a comma. */
static const char *take_rest(struct gp_slice *text, struct gp_mailbox *mailbox)
{
	struct gp_slice next;

	mailbox->rest.at = text->at;
	if (!skip_between(text))
		return "syntax";
	mailbox->rest.end = text->at;
	if (at_end(text))
		return NULL;
	if (!take(text, ','))
		return *text->at == ';' ? "group" : "syntax";
	next = *text;
	return skip_between(&next) && !at_end(&next) && *next.at != ','
		? NULL : "empty";
}

const char *gp_mailbox_next(struct gp_slice *text, struct gp_mailbox *mailbox_r)
{
	struct gp_slice rest = *text;
	const char *fault = NULL;

	*mailbox_r = (struct gp_mailbox){
		.words = { text->at, text->at }, .rest = { text->at, text->at }
	};
	if (!skip_between(&rest))
		return "syntax";
	if (at_end(&rest) || *rest.at == ',')
		return "empty";
	mailbox_r->words.end = rest.at;
	/* address alone, or name and <address> */
	if (!take_address(&rest, &mailbox_r->address)) {
		rest = *text;
		fault = take_named(&rest, mailbox_r);
	}
	if (fault == NULL)
		fault = take_rest(&rest, mailbox_r);
	if (fault == NULL)
		*text = rest;
	return fault;
}
