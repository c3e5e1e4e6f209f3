/* SPDX-License-Identifier: MIT */
/*
 * This module is the one table of the fields of a journal line, in their order:
 * journal.c writes by it, journal-parse.c reads by it.
 */
#ifndef GP_JOURNAL_FIELDS_H
#define GP_JOURNAL_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal.h"

enum gp_journal_type {
	GP_JOURNAL_TIME,
	GP_JOURNAL_TEXT,
	GP_JOURNAL_NUMBER
};

struct gp_journal_field {
	const char *name;
	size_t name_bytes;
	char word[8];           /* NAME=, to be compared at once */
	enum gp_journal_type type;
	size_t offset;          /* in struct gp_journal_entry */
	bool is_optional;       /* left out when not known */
};

enum { GP_JOURNAL_FIELDS_MAX = 32 };

/* *count_r is at most GP_JOURNAL_FIELDS_MAX. */
const struct gp_journal_field *gp_journal_fields(size_t *count_r);

/* Where the entry keeps it: a text, or a time or number. */
static inline const char **gp_journal_text(struct gp_journal_entry *entry,
					   const struct gp_journal_field *field)
{
	return (const char **)((char *)entry + field->offset);
}

static inline int64_t *gp_journal_number(struct gp_journal_entry *entry,
					 const struct gp_journal_field *field)
{
	return (int64_t *)((char *)entry + field->offset);
}

/* What must not stand for itself in a value. */
static inline bool gp_journal_must_escape(unsigned char byte)
{
	return byte <= ' ' || byte >= 0x7f || byte == '"' || byte == '%' ||
		byte == '=' || byte == '\\';
}

#endif
