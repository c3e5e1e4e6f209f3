/* SPDX-License-Identifier: MIT */
/* This module is documented in edit.h. */
#include "edit.h"

#include <stdint.h>
#include <string.h>

#include "address.h"
#include "author.h"
#include "authres.h"

enum { NAME_BYTES_MAX = 500 };  /* a line has 998: RFC 5322 section 2.1.1 */

unsigned long gp_edit_actions(const struct gp_settings *settings)
{
	return settings->identity.header == GP_HEADER_REWRITE ||
		settings->headers.authentication_results
		? SMFIF_ADDHDRS | SMFIF_CHGHDRS : 0;
}

/* libmilter's prototypes lack const. */
static char *unconst(const char *text)
{
	return (char *)(uintptr_t)text;
}

static int change_header(SMFICTX *context, const char *name,
			 unsigned int number, const char *value)
{
	return smfi_chgheader(context, unconst(name), (int)number,
			      unconst(value)) == MI_SUCCESS ? 0 : -1;
}

static int insert_header(SMFICTX *context, const char *name, const char *value)
{
	return smfi_insheader(context, 0, unconst(name), unconst(value)) ==
		MI_SUCCESS ? 0 : -1;
}

/* Removes those from the last to the one with this number. */
static int remove_headers(SMFICTX *context, const char *name,
			  unsigned int count, unsigned int first)
{
	for (; count >= first; count--)
		if (change_header(context, name, count, NULL) < 0)
			return -1;
	return 0;
}

/* "Name <address>", the name as it was written if it is good in front of this
   address too: what was the old address must not be shown beside the new one. */
static const char *new_from(const struct gp_session *session)
{
	const struct gp_author_facts *from =
		&session->facts.authors[GP_AUTHOR_FROM];
	struct gp_author_facts fresh = { 0 };
	const char *value;

	if (from->fields_count != 1 || from->name == NULL ||
	    strlen(from->name) > NAME_BYTES_MAX ||
	    from->name[0] == '\0')
		return session->facts.primary;
	value = gp_pool_printf(session->message_pool, "%s <%s>", from->name,
			       session->facts.primary);
	gp_author_add(session->message_pool, value, &fresh);
	return fresh.trouble == NULL ? value : session->facts.primary;
}

/* Answers go where they would have gone, if that was one plain address. */
static bool can_reply_to_old(const struct gp_submit_facts *facts)
{
	const struct gp_author_facts *from = &facts->authors[GP_AUTHOR_FROM];

	return facts->authors[GP_AUTHOR_REPLY_TO].fields_count == 0 &&
		from->fields_count == 1 && from->trouble == NULL &&
		from->addresses_count == 1;
}

int gp_edit_author(SMFICTX *context, const struct gp_session *session)
{
	const struct gp_submit_facts *facts = &session->facts;
	const struct gp_author_facts *authors = facts->authors;

	if (remove_headers(context, "From",
			   authors[GP_AUTHOR_FROM].fields_count, 2) < 0 ||
	    remove_headers(context, "Sender",
			   authors[GP_AUTHOR_SENDER].fields_count, 1) < 0)
		return -1;
	if (session->headers.raw_sender != NULL &&
	    insert_header(context, "X-Gatepost-Original-Sender",
			  session->headers.raw_sender) < 0)
		return -1;
	if (session->headers.raw_from != NULL &&
	    insert_header(context, "X-Gatepost-Original-From",
			  session->headers.raw_from) < 0)
		return -1;
	if (can_reply_to_old(facts) &&
	    insert_header(context, "Reply-To",
			  authors[GP_AUTHOR_FROM].addresses[0]) < 0)
		return -1;
	/* Changed and not made anew: Sendmail puts a From of its own where there
	   is none, which it shows to no milter but which this changes; Postfix
	   adds one where there is none to change. */
	return change_header(context, "From", 1, new_from(session));
}

/* The envelope sender without its brackets; NULL for the null sender. */
static const char *mailfrom(const struct gp_session *session)
{
	struct gp_address sender;

	gp_address_parse(session->facts.sender, &sender);
	if (sender.kind != GP_ADDRESS_MAILBOX)
		return NULL;
	return gp_pool_printf(session->message_pool, "%.*s@%.*s",
			      (int)sender.local_part_length, sender.local_part,
			      (int)sender.domain_length, sender.domain);
}

int gp_edit_authres(SMFICTX *context, const struct gp_session *session)
{
	const struct gp_headers *headers = &session->headers;

	for (size_t i = headers->forged_count; i > 0; i--)
		if (change_header(context, "Authentication-Results",
				  headers->forged[i - 1], NULL) < 0)
			return -1;
	if (session->facts.identity == NULL)
		return 0;
	return insert_header(context, "Authentication-Results",
			     gp_authres_of_login(session->message_pool,
				gp_session_authserv_id(session), session->facts.identity,
				mailfrom(session)));
}
