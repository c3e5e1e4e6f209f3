/* SPDX-License-Identifier: MIT */
/* This module is documented in report-now.h. */
#include "report-now.h"

#include <string.h>

#include "who.h"

static void take(const struct gp_report_user *user,
		 const struct gp_program_row *found)
{
	for (size_t i = 0; i < user->rows_count; i++) {
		struct gp_report_row *row = user->rows[i];

		if (strcmp(row->program, found->program) != 0)
			continue;
		row->now_state = found->state;
		row->now_left_msecs = strcmp(found->state, "exempt") != 0 &&
			found->record.wait_msecs > 0
			? found->record.wait_msecs : 0;
	}
}

static int ask(const struct gp_report *report, struct gp_store *store,
	       const struct gp_report_user *user)
{
	struct gp_program_rows rows = {
		.settings = report->settings, .by_hand = report->by_hand,
	};
	struct gp_error unused;
	const int result = store->ops->list(
		store, user->user,
		(int64_t)report->settings->poll.ladder_window_secs * 1000,
		gp_program_rows_add, &rows, &unused);

	for (size_t i = 0; result == 0 && i < rows.count; i++)
		take(user, &rows.items[i]);
	gp_program_rows_clear(&rows);
	return result;
}

void gp_report_now_ask(struct gp_report *report, struct gp_store *store,
		       size_t users_max)
{
	for (size_t i = 0; i < report->users_listed && i < users_max &&
	     i < GP_REPORT_NOW_MAX; i++)
		if (ask(report, store, &report->users[i]) < 0)
			return;
}
