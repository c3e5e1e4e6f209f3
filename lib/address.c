/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in address.h.
 *
 * It is a scanner over a slice: each function takes what it knows from the
 * front and says whether it was there.  Nothing is repaired: what is not
 * written as the standard says is not an address.
 */
#include "address.h"

#include <string.h>

struct slice {
	const char *at, *end;
};

static bool is_digit(unsigned char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_letter_or_digit(unsigned char byte)
{
	return is_digit(byte) || (byte >= 'a' && byte <= 'z') ||
		(byte >= 'A' && byte <= 'Z');
}

static unsigned char lower(unsigned char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + 32) : byte;
}

static bool equals_nocase(const char *a, size_t a_length,
			  const char *b, size_t b_length)
{
	if (a_length != b_length)
		return false;
	for (size_t i = 0; i < a_length; i++)
		if (lower((unsigned char)a[i]) != lower((unsigned char)b[i]))
			return false;
	return true;
}

/* The length of one well-formed UTF-8 sequence of more than one byte (RFC 3629
   section 4: nothing overlong, no surrogate, none above U+10FFFF), else 0. */
static size_t utf8_length(const struct slice *text)
{
	const unsigned char *byte = (const unsigned char *)text->at;
	size_t left = (size_t)(text->end - text->at);
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (left < 2 || byte[0] < 0xc2 || byte[0] > 0xf4)
		return 0;
	length = byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
	if (left < length)
		return 0;
	if (byte[0] == 0xe0)
		low = 0xa0;
	else if (byte[0] == 0xed)
		high = 0x9f;
	else if (byte[0] == 0xf0)
		low = 0x90;
	else if (byte[0] == 0xf4)
		high = 0x8f;
	if (byte[1] < low || byte[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (byte[i] < 0x80 || byte[i] > 0xbf)
			return 0;
	return length;
}

static bool take_byte(struct slice *text, char byte)
{
	if (text->at == text->end || *text->at != byte)
		return false;
	text->at++;
	return true;
}

/* RFC 5322 section 3.2.3, with RFC 6532's UTF-8. */
static bool take_atom_character(struct slice *text)
{
	unsigned char byte;
	size_t length;

	if (text->at == text->end)
		return false;
	byte = (unsigned char)*text->at;
	if (is_letter_or_digit(byte) ||
	    (byte < 0x80 && byte != 0 && strchr("!#$%&'*+-/=?^_`{|}~", byte))) {
		text->at++;
		return true;
	}
	length = utf8_length(text);
	text->at += length;
	return length > 0;
}

/* Dots may stand anywhere: "a..b" and "a." are not RFC 5321, but are real
   addresses at some providers, and a dot cannot route. */
static bool take_dot_string(struct slice *text)
{
	const char *start = text->at;

	while (take_byte(text, '.') || take_atom_character(text))
		;
	return text->at > start;
}

/* RFC 5321 section 4.1.2: printable ASCII, UTF-8, quoted pairs of printables. */
static bool take_quoted_string(struct slice *text)
{
	if (!take_byte(text, '"'))
		return false;
	while (text->at < text->end && *text->at != '"') {
		unsigned char byte = (unsigned char)*text->at;
		size_t length;

		if (byte == '\\') {
			text->at++;
			if (text->at == text->end)
				return false;
			byte = (unsigned char)*text->at;
			if (byte < 0x20 || byte > 0x7e)
				return false;
		}
		if (byte >= 0x20 && byte <= 0x7e) {
			text->at++;
			continue;
		}
		length = utf8_length(text);
		if (length == 0)
			return false;
		text->at += length;
	}
	return take_byte(text, '"');
}

/* "[" content "]": an address or "Tag:content" with the dcontent of RFC 5321
   section 4.1.3.  It is compared as it is, so its form does not matter more. */
static bool take_literal(struct slice *text)
{
	const char *start;

	if (!take_byte(text, '['))
		return false;
	start = text->at;
	while (text->at < text->end && *text->at > 0x20 && *text->at < 0x7f &&
	       *text->at != '[' && *text->at != '\\' && *text->at != ']')
		text->at++;
	return text->at > start && take_byte(text, ']');
}

static bool take_label(struct slice *text)
{
	const char *start = text->at;

	while (text->at < text->end) {
		unsigned char byte = (unsigned char)*text->at;
		size_t length;

		if (is_letter_or_digit(byte) || byte == '-' || byte == '_')
			length = 1;
		else
			length = utf8_length(text);
		if (length == 0)
			break;
		text->at += length;
	}
	return text->at > start;
}

/* Labels with single dots between them, or a literal.  One dot at the end is
   taken but is not part of *length_r: "example.test." is the same name. */
static bool take_domain(struct slice *text, size_t *length_r)
{
	const char *start = text->at;

	if (take_literal(text)) {
		*length_r = (size_t)(text->at - start);
		return true;
	}
	text->at = start;
	if (!take_label(text))
		return false;
	*length_r = (size_t)(text->at - start);
	while (take_byte(text, '.')) {
		if (!take_label(text))
			return true;
		*length_r = (size_t)(text->at - start);
	}
	return true;
}

/* "@a,@b:" (RFC 5321 appendix C).  True also when there is no route at all. */
static bool take_route(struct slice *text, bool *has_route_r)
{
	size_t length;

	*has_route_r = text->at < text->end && *text->at == '@';
	if (!*has_route_r)
		return true;
	do {
		if (!take_byte(text, '@') || !take_domain(text, &length))
			return false;
	} while (take_byte(text, ','));
	return take_byte(text, ':');
}

static bool take_mailbox(struct slice *text, struct gp_address *address)
{
	address->local_part = text->at;
	address->local_part_is_quoted = text->at < text->end && *text->at == '"';
	if (address->local_part_is_quoted ? !take_quoted_string(text)
					  : !take_dot_string(text))
		return false;
	address->local_part_length = (size_t)(text->at - address->local_part);
	if (!take_byte(text, '@')) {
		address->kind = GP_ADDRESS_BARE;
		return true;
	}
	address->kind = GP_ADDRESS_MAILBOX;
	address->domain = text->at;
	if (!take_domain(text, &address->domain_length))
		return false;
	address->domain_is_literal = *address->domain == '[';
	return true;
}

static bool parse(struct slice *text, struct gp_address *address)
{
	const bool has_brackets = take_byte(text, '<');

	if (has_brackets) {
		if (text->at == text->end || text->end[-1] != '>')
			return false;
		text->end--;
	}
	if (text->at == text->end) {
		address->kind = GP_ADDRESS_NULL;
		return has_brackets;
	}
	if (!take_route(text, &address->has_route) ||
	    !take_mailbox(text, address) || text->at != text->end)
		return false;
	/* "Postmaster" needs no domain: RFC 5321 section 4.5.1 */
	if (address->kind == GP_ADDRESS_BARE && !address->has_route &&
	    equals_nocase(address->local_part, address->local_part_length,
			  "postmaster", 10))
		address->kind = GP_ADDRESS_POSTMASTER;
	/* a route leads to a mailbox, never to a bare name */
	return address->kind != GP_ADDRESS_BARE || !address->has_route;
}

void gp_address_parse(const char *path, struct gp_address *address_r)
{
	static const struct gp_address invalid;
	struct slice text = { path, path + strlen(path) };
	struct gp_address address = invalid;

	*address_r = parse(&text, &address) ? address : invalid;
}

static void drop_dot(const char *domain, size_t *length)
{
	if (*length > 0 && domain[*length - 1] == '.')
		--*length;
}

static bool domain_matches(const char *item, const char *domain, size_t length)
{
	size_t item_length = strlen(item);

	drop_dot(item, &item_length);
	if (item_length > 0 && item[0] == '.')
		return length > item_length &&
			equals_nocase(domain + length - item_length, item_length,
				      item, item_length);
	return equals_nocase(domain, length, item, item_length);
}

bool gp_domain_list_contains(const struct gp_str_list *domains,
			     const char *domain, size_t length)
{
	drop_dot(domain, &length);
	if (length == 0 || domain[0] == '.')
		return false;
	for (size_t i = 0; i < domains->count; i++)
		if (domain_matches(domains->items[i], domain, length))
			return true;
	return false;
}

/*
 * The local part as an MTA sees it after it removed the quotes, byte by byte;
 * nothing is copied.  False at the end.
 */
static bool next_byte(struct slice *text, bool is_quoted, char *byte_r)
{
	if (text->at == text->end)
		return false;
	if (is_quoted && *text->at == '\\')
		text->at++;
	*byte_r = *text->at++;
	return true;
}

static bool is_separator(char byte)
{
	return byte == '!' || byte == '%' || byte == '@';
}

/* A piece between separators is compared with the domains in place.  It must
   be written as a domain: ".example.test" in the list says nothing about
   "foreign.test,x.example.test", nor about one that holds a quoted pair. */
static bool piece_is_local(struct slice piece, const struct gp_str_list *domains)
{
	struct slice rest = piece;
	size_t length;

	return take_domain(&rest, &length) && rest.at == piece.end &&
		gp_domain_list_contains(domains, piece.at, length);
}

struct pieces {
	bool has_bang, has_percent_or_at, has_colon, has_empty;
	unsigned int count;
	bool all_but_first_local, all_but_last_local;
};

static struct slice unquoted(const struct gp_address *address)
{
	struct slice text = { address->local_part,
			      address->local_part + address->local_part_length };

	if (address->local_part_is_quoted) {
		text.at++;
		text.end--;
	}
	return text;
}

static void add_piece(struct pieces *pieces, struct slice piece, bool is_last,
		      const struct gp_str_list *domains)
{
	bool is_local = piece_is_local(piece, domains);

	if (piece.at == piece.end)
		pieces->has_empty = true;
	if (pieces->count > 0 && !is_local)
		pieces->all_but_first_local = false;
	if (!is_last && !is_local)
		pieces->all_but_last_local = false;
	pieces->count++;
}

static void split_local_part(const struct gp_address *address,
			     const struct gp_str_list *domains,
			     struct pieces *pieces)
{
	struct slice text = unquoted(address), piece = { text.at, text.at };
	char byte;

	*pieces = (struct pieces){ .all_but_first_local = true,
				   .all_but_last_local = true };
	while (next_byte(&text, address->local_part_is_quoted, &byte)) {
		pieces->has_colon |= byte == ':';
		if (!is_separator(byte)) {
			piece.end = text.at;
			continue;
		}
		pieces->has_bang |= byte == '!';
		pieces->has_percent_or_at |= byte != '!';
		add_piece(pieces, piece, false, domains);
		piece.at = piece.end = text.at;
	}
	add_piece(pieces, piece, true, domains);
}

/* "a!b!user" leads to b at a, "user%b%a" and "user@b" to b: an MTA may follow
   any of these.  Which one wins where they are mixed depends on the MTA. */
static enum gp_address_reach reach_of_pieces(const struct pieces *pieces)
{
	if (pieces->has_empty ||
	    (pieces->has_bang && pieces->has_percent_or_at) ||
	    (pieces->has_colon && pieces->has_percent_or_at))
		return GP_REACH_UNKNOWN;
	if (pieces->has_bang ? pieces->all_but_last_local
			     : pieces->all_but_first_local)
		return GP_REACH_LOCAL;
	return GP_REACH_FOREIGN;
}

enum gp_address_reach gp_address_reach(const struct gp_address *address,
				       const struct gp_str_list *domains)
{
	struct pieces pieces;

	if (address->kind == GP_ADDRESS_POSTMASTER)
		return GP_REACH_LOCAL;
	if (address->kind != GP_ADDRESS_MAILBOX &&
	    address->kind != GP_ADDRESS_BARE)
		return GP_REACH_UNKNOWN;
	if (address->kind == GP_ADDRESS_MAILBOX &&
	    !gp_domain_list_contains(domains, address->domain,
				     address->domain_length))
		return GP_REACH_FOREIGN;
	split_local_part(address, domains, &pieces);
	if (pieces.count == 1)
		return pieces.has_empty ? GP_REACH_UNKNOWN
			: address->kind == GP_ADDRESS_BARE
			? GP_REACH_UNQUALIFIED : GP_REACH_LOCAL;
	return reach_of_pieces(&pieces);
}
