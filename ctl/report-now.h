/* SPDX-License-Identifier: MIT */
/* This module asks the store what is true of a report's programs now: the journal knows
   only what was when it last heard of them. */
#ifndef GP_REPORT_NOW_H
#define GP_REPORT_NOW_H

#include "report.h"
#include "store.h"

enum { GP_REPORT_NOW_MAX = 500 };

/* Asks for the first users_max users, and no more than GP_REPORT_NOW_MAX: it is a question
   for each.  The first that has no answer is the last.  store finds users by the names
   that the journal has, be they pseudonyms. */
void gp_report_now_ask(struct gp_report *report, struct gp_store *store,
		       size_t users_max);

#endif
