/* SPDX-License-Identifier: MIT */
/*
 * This module names what the two halves of "gatepostctl who" share: who-programs.c
 * shows who checks for mail, who-sending.c who sends.
 */
#ifndef GP_WHO_H
#define GP_WHO_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "error.h"
#include "policy-rate.h"
#include "settings.h"
#include "store.h"

struct gp_who {
	const char *user;               /* a person; NULL: all */
	bool only_early, only_throttled, is_json;
	bool is_watched;                /* JSON in one line each time */
	const char *sort;               /* a column, perhaps with '-' before it, which
	                                   turns the order; NULL: the usual */
	size_t top;                     /* 0: all */
};

/* Is there such a column?  Else *err says which there are. */
int gp_who_programs_check(const char *sort, struct gp_error *err);
int gp_who_sending_check(const char *sort, struct gp_error *err);

/* Shows them on out; 0, or -1 with *err when there is no history to be had. */
int gp_who_programs(const struct gp_settings *settings, const struct gp_who *who,
		    FILE *out, struct gp_error *err);
int gp_who_sending(const struct gp_settings *settings, const struct gp_who *who,
		   FILE *out, struct gp_error *err);

/* --- the programs, for others too --- */

struct gp_program_row {
	char *user, *program;
	struct gp_poll_record record;
	const char *state;              /* what the next check gets */
	bool is_throttled;              /* it would be held, absorbed or refused now */
	unsigned int interval_secs;
	const char *why;                /* poll.overrides ..., "exempt" for one made by
	                                   hand; NULL: nothing special, poll.interval */
	size_t item;                    /* of that setting */
};

struct gp_program_rows {
	const struct gp_settings *settings;
	const struct gp_exemption_list *by_hand;        /* of the store; or NULL */
	struct gp_program_row *items;
	size_t count;
};

/* A gp_store_visit; context is struct gp_program_rows. */
void gp_program_rows_add(void *context, const struct gp_poll_record *record);
/* Asks the store for those made by hand; before rows are added, and good until the store
   is closed.  What it does not tell is left out. */
struct gp_store;
void gp_program_rows_know(struct gp_program_rows *rows, struct gp_store *store,
			  const char *user);
/* Who checks most often comes first. */
void gp_program_rows_sort(struct gp_program_rows *rows);
void gp_program_rows_clear(struct gp_program_rows *rows);
/* What who and user say of a program in JSON: a new object, the caller's. */
json_t *gp_program_row_json(const struct gp_program_row *row);
/* The setting that decides, with its line where that is known. */
enum { GP_PROGRAM_WHY_BYTES = 96 };
const char *gp_program_row_why(const struct gp_settings *settings,
			       const struct gp_program_row *row,
			       char text[GP_PROGRAM_WHY_BYTES]);

/* --- what a user has sent --- */

/* How much of a window is in use. */
unsigned int gp_sender_used(const struct gp_sender_record *record,
			    enum gp_rate_kind kind,
			    const struct gp_rate_window *window);

/* Until one more message may go. */
int64_t gp_sender_wait_msecs(const struct gp_sender_record *record,
			     const struct gp_rate_policy *policy);

#endif
