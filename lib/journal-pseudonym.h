/* SPDX-License-Identifier: MIT */
/* This module puts pseudonyms into a journal entry, before it is written. */
#ifndef GP_JOURNAL_PSEUDONYM_H
#define GP_JOURNAL_PSEUDONYM_H

#include "journal.h"
#include "pseudonym.h"

/* The texts of an entry that were replaced. */
struct gp_journal_disguise {
	char user[GP_PSEUDONYM_BYTES], ip[GP_PSEUDONYM_BYTES];
	char session[GP_PSEUDONYM_BYTES];
	char sender[GP_PSEUDONYM_BYTES + 2], recipient[GP_PSEUDONYM_BYTES + 2];
	char address[GP_PSEUDONYM_BYTES + 2];
	char program[GP_PROGRAM_BYTES];
	char *detail;
};

/* Replaces what is personal in the entry, whose texts are disguise's then; it is to be
   cleared when the entry has been written.  The user name is that of a person or
   any login name of theirs. */
void gp_journal_disguise(const struct gp_settings *settings,
			 const struct gp_pseudonyms *pseudonyms,
			 struct gp_journal_entry *entry,
			 struct gp_journal_disguise *disguise_r);
void gp_journal_disguise_clear(struct gp_journal_disguise *disguise);

#endif
