/* SPDX-License-Identifier: MIT */
/* This module is documented in journal-pseudonym.h. */
#include "journal-pseudonym.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "login.h"
#include "pool.h"

/* Somebody who has not logged in yet may have written a name in another way. */
static const char *disguise_user(const struct gp_settings *settings,
				 const struct gp_pseudonyms *pseudonyms,
				 const char *user, char buffer[GP_PSEUDONYM_BYTES])
{
	const char *pseudonym;
	char *person;

	if (user == NULL)
		return NULL;
	person = gp_alloc(strlen(user) + 1);
	gp_login_normalise(settings, user, person);
	pseudonym = gp_pseudonym(pseudonyms, GP_PSEUDONYM_USER, person, buffer);
	free(person);
	return pseudonym == buffer ? buffer : user;     /* "-" */
}

/* "<alice@example.test>"; the sender of bounces, "<>", is nobody. */
static const char *disguise_mail(const struct gp_pseudonyms *pseudonyms,
				 const char *address,
				 char buffer[GP_PSEUDONYM_BYTES + 2])
{
	char pseudonym[GP_PSEUDONYM_BYTES], *copy;
	size_t length;

	if (address == NULL || address[0] == '\0' || strcmp(address, "<>") == 0)
		return address;
	copy = gp_strdup(address[0] == '<' ? address + 1 : address);
	length = strlen(copy);
	if (address[0] == '<' && length > 0 && copy[length - 1] == '>')
		copy[length - 1] = '\0';
	(void)snprintf(buffer, GP_PSEUDONYM_BYTES + 2,
		       address[0] == '<' ? "<%s>" : "%s",
		       gp_pseudonym(pseudonyms, GP_PSEUDONYM_MAIL, copy, pseudonym));
	free(copy);
	return buffer;
}

/* One word of a detail: the user, or something that holds an address. */
static const char *disguise_word(const struct gp_pseudonyms *pseudonyms,
				 const char *user, const char *pseudonym,
				 const char *word,
				 char buffer[GP_PSEUDONYM_BYTES + 2])
{
	if (user != NULL && strcmp(word, user) == 0)
		return pseudonym;
	return strchr(word, '@') != NULL && word[0] != '@'
		? disguise_mail(pseudonyms, word, buffer) : word;
}

static char *disguise_detail(const struct gp_pseudonyms *pseudonyms,
			     const char *user, const char *pseudonym,
			     const char *detail)
{
	char *copy = gp_strdup(detail), *rest = NULL, *text = NULL;
	char buffer[GP_PSEUDONYM_BYTES + 2];
	size_t length;
	FILE *out = open_memstream(&text, &length);

	for (char *word = strtok_r(copy, " ", &rest); out != NULL && word != NULL;
	     word = strtok_r(NULL, " ", &rest))
		(void)fprintf(out, "%s%s", word == copy ? "" : " ",
			      disguise_word(pseudonyms, user, pseudonym, word,
					    buffer));
	if (out != NULL)
		(void)fclose(out);
	free(copy);
	return text;
}

void gp_journal_disguise(const struct gp_settings *settings,
			 const struct gp_pseudonyms *pseudonyms,
			 struct gp_journal_entry *entry,
			 struct gp_journal_disguise *disguise_r)
{
	const char *user = entry->user;

	disguise_r->detail = NULL;
	if (pseudonyms == NULL)
		return;
	entry->user = disguise_user(settings, pseudonyms, user, disguise_r->user);
	entry->ip = gp_pseudonym(pseudonyms, GP_PSEUDONYM_CLIENT, entry->ip,
				 disguise_r->ip);
	entry->program = gp_pseudonym_program(pseudonyms, entry->program,
					      disguise_r->program);
	entry->sender = disguise_mail(pseudonyms, entry->sender,
				      disguise_r->sender);
	entry->recipient = disguise_mail(pseudonyms, entry->recipient,
					 disguise_r->recipient);
	entry->address = disguise_mail(pseudonyms, entry->address,
				       disguise_r->address);
	/* The milter counts its sessions; Dovecot writes the client's address and
	   port into their names (login-common, client_get_session_id()). */
	if (entry->part != NULL && strcmp(entry->part, "milter") != 0)
		entry->session = gp_pseudonym(pseudonyms, GP_PSEUDONYM_SESSION,
					      entry->session, disguise_r->session);
	if (entry->detail != NULL)
		entry->detail = disguise_r->detail = disguise_detail(
			pseudonyms, user, entry->user, entry->detail);
}

void gp_journal_disguise_clear(struct gp_journal_disguise *disguise)
{
	free(disguise->detail);
	disguise->detail = NULL;
}
