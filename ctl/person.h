/* SPDX-License-Identifier: MIT */
/*
 * This module gathers all that is known of one person: from Redis, from the settings,
 * and from the journal.
 */
#ifndef GP_PERSON_H
#define GP_PERSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal-filter.h"
#include "person-seen.h"
#include "policy-rate.h"
#include "policy-terms.h"
#include "settings.h"
#include "who.h"

enum { GP_PERSON_WORDS = 2 * GP_ACTION_COUNT };

struct gp_person {
	const struct gp_settings *settings;
	char *name;                     /* gp_login_normalise() */
	char *pseudonym;                /* in Redis and journal; NULL: none */

	/* of the settings, for no program in particular */
	struct gp_poll_terms terms;
	struct gp_rate_policy rate;

	/* of Redis; the first is false if it was not to be had */
	bool is_looked_up;
	char *exempt_by_hand;           /* in words; NULL: no */
	struct gp_program_rows programs;
	int64_t human_age_msecs;        /* -1: never */
	bool has_sent;
	struct gp_sender_record sent;

	/* of the journal */
	struct {
		char word[32];
		uint64_t count;
	} actions[GP_PERSON_WORDS];
	size_t actions_count;
	int64_t since_msecs;            /* the oldest line; -1: none */
	struct gp_seen seen;
	char **lines;                   /* as they stand there, the oldest first */
	size_t lines_count;
};

/* Takes a login name of the person. */
void gp_person_init(const struct gp_settings *settings, const char *login,
		    struct gp_person *person_r);

/* 0, or -1 with *err. */
int gp_person_look_up(struct gp_person *person, struct gp_error *err);

/* Reads files, keeps the last so many lines, and counts what was done.  A file that
   cannot be read is said on standard error; then -1. */
int gp_person_read(struct gp_person *person, const char *const *paths,
		   size_t count, const struct gp_filter *filter,
		   size_t lines_max);

void gp_person_clear(struct gp_person *person);

#endif
