/* SPDX-License-Identifier: MIT */
/* This module sorts a report's rows by user, and sums them up by the names of
   programs; documented in report.h and report-rows.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "report-rows.h"

static const char *const kind_words[GP_KIND_COUNT + 1] = {
	[GP_KIND_ADMITTED] = "admitted",
	[GP_KIND_SERVED] = "served",
	[GP_KIND_NOTE] = "note",
	[GP_KIND_ABSORB] = "absorb",
	[GP_KIND_DELAY] = "delay",
	[GP_KIND_HOLD] = "hold",
	[GP_KIND_REFUSE] = "refuse",
	[GP_KIND_WOULD_CHECK] = "would",
	[GP_KIND_REJECT] = "reject",
	[GP_KIND_TEMPFAIL] = "tempfail",
	[GP_KIND_REWRITE] = "rewrite",
	[GP_KIND_WOULD_MAIL] = "would-mail",
	[GP_KIND_NONE] = "-",
};

const char *gp_report_kind_word(enum gp_report_kind kind)
{
	return kind_words[kind <= GP_KIND_NONE ? kind : GP_KIND_NONE];
}

static uint64_t sum(const uint64_t kinds[GP_KIND_COUNT], int from, int to)
{
	uint64_t total = 0;

	for (int i = from; i <= to; i++)
		total += kinds[i];
	return total;
}

uint64_t gp_report_checks(const uint64_t kinds[GP_KIND_COUNT])
{
	return sum(kinds, GP_KIND_ADMITTED, GP_KIND_WOULD_CHECK);
}

uint64_t gp_report_early(const uint64_t kinds[GP_KIND_COUNT])
{
	return sum(kinds, GP_KIND_SERVED, GP_KIND_WOULD_CHECK);
}

uint64_t gp_report_mail(const uint64_t kinds[GP_KIND_COUNT])
{
	return sum(kinds, GP_KIND_REJECT, GP_KIND_WOULD_MAIL);
}

bool gp_report_has_admitted(const struct gp_report *report)
{
	return report->kinds[GP_KIND_ADMITTED] > 0 ||
		(report->has_settings && report->settings->journal.all_checks);
}

static int compare_counts(uint64_t a, uint64_t b)
{
	return a > b ? -1 : a < b;
}

static int compare_rows(const void *left, const void *right)
{
	const struct gp_report_row *a = *(struct gp_report_row *const *)left;
	const struct gp_report_row *b = *(struct gp_report_row *const *)right;
	int order = strcmp(a->user, b->user);

	if (order == 0)
		order = compare_counts(gp_report_early(a->kinds),
				       gp_report_early(b->kinds));
	if (order == 0)
		order = compare_counts(a->total, b->total);
	return order != 0 ? order : strcmp(a->program, b->program);
}

/* Those who did not log in are nobody that could be told, so they come last. */
static int compare_users(const void *left, const void *right)
{
	const struct gp_report_user *a = left, *b = right;
	int order = (strcmp(a->user, "-") == 0) - (strcmp(b->user, "-") == 0);

	if (order == 0)
		order = compare_counts(a->early_count, b->early_count);
	if (order == 0)
		order = compare_counts(a->mail_count, b->mail_count);
	if (order == 0)
		order = compare_counts(a->total, b->total);
	return order != 0 ? order : strcmp(a->user, b->user);
}

static int compare_names(const void *left, const void *right)
{
	const struct gp_report_name *a = left, *b = right;
	int order = compare_counts(gp_report_early(a->kinds),
				   gp_report_early(b->kinds));

	if (order == 0)
		order = compare_counts(a->rows_count, b->rows_count);
	return order != 0 ? order : strcmp(a->name, b->name);
}

static void add_kinds(uint64_t into[GP_KIND_COUNT],
		      const uint64_t from[GP_KIND_COUNT])
{
	for (int i = 0; i < GP_KIND_COUNT; i++)
		into[i] += from[i];
}

static void add_to_user(struct gp_report_user *user, struct gp_report_row *row)
{
	add_kinds(user->kinds, row->kinds);
	user->early_count += gp_report_early(row->kinds);
	user->mail_count += gp_report_mail(row->kinds);
	user->total += row->total;
	user->rows_count++;
}

/* The list is sorted by user. */
static void group_users(struct gp_report *report, struct gp_report_row **list,
			size_t count)
{
	struct gp_report_user *user = NULL;

	report->users = gp_alloc(count * sizeof(*report->users));
	for (size_t i = 0; i < count; i++) {
		if (user == NULL || strcmp(user->user, list[i]->user) != 0) {
			user = &report->users[report->users_listed++];
			user->user = list[i]->user;
			user->rows = &list[i];
		}
		add_to_user(user, list[i]);
	}
	qsort(report->users, report->users_listed, sizeof(*report->users),
	      compare_users);
}

/* "imap Thunderbird" of "imap/192.0.2.7/Thunderbird", "pop3" of
   "pop3/2001:db8:1:2::/64": an IPv6 network brings a slash of its own. */
static char *name_of(const char *program)
{
	const char *address = strchr(program, '/'), *name;
	int protocol = (int)strcspn(program, "/");
	char *text = NULL;

	name = address == NULL ? NULL : strchr(address + 1, '/');
	if (name != NULL && memchr(address, ':', (size_t)(name - address)) != NULL)
		name = strchr(name + 1, '/');
	if (asprintf(&text, "%.*s%s%s", protocol, program,
		     name != NULL ? " " : "", name != NULL ? name + 1 : "") < 0)
		return gp_strdup("-");
	return text;
}

struct named {
	char *name;
	struct gp_report_row *row;
};

static int compare_named(const void *left, const void *right)
{
	const struct named *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static void add_to_name(struct gp_report_name *name,
			const struct gp_report_row *row)
{
	name->rows_count++;
	add_kinds(name->kinds, row->kinds);
	gp_sketch_merge(&name->intervals, &row->intervals);
}

/* Names beyond the most that are kept share the last one. */
static void sum_names(struct gp_report *report, struct named *named,
		      size_t count)
{
	struct gp_report_name *name = NULL;

	for (size_t i = 0; i < count; i++) {
		if (name == NULL || (strcmp(name->name, named[i].name) != 0 &&
				     report->names_count < GP_REPORT_NAMES_MAX)) {
			name = &report->names[report->names_count++];
			name->name = report->names_count == GP_REPORT_NAMES_MAX
				? gp_strdup("(others)")
				: gp_strdup(named[i].name);
		}
		add_to_name(name, named[i].row);
	}
}

static void group_names(struct gp_report *report, struct gp_report_row **list,
			size_t count)
{
	struct named *named = gp_alloc(count * sizeof(*named));

	for (size_t i = 0; i < count; i++)
		named[i] = (struct named){ name_of(list[i]->program), list[i] };
	qsort(named, count, sizeof(*named), compare_named);
	report->names = gp_alloc(GP_REPORT_NAMES_MAX * sizeof(*report->names));
	sum_names(report, named, count);
	qsort(report->names, report->names_count, sizeof(*report->names),
	      compare_names);
	for (size_t i = 0; i < count; i++)
		free(named[i].name);
	free(named);
}

struct gp_report_row **gp_report_group(struct gp_report *report,
				       const struct gp_report_rows *rows)
{
	struct gp_report_row **list = gp_alloc((rows->count + 1) *
					       sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; i < rows->slots_count; i++)
		if (rows->slots[i].row != NULL)
			list[count++] = rows->slots[i].row;
	qsort(list, count, sizeof(*list), compare_rows);
	group_users(report, list, count);
	group_names(report, list, count);
	return list;
}

void gp_report_ungroup(struct gp_report *report)
{
	for (size_t i = 0; i < report->names_count; i++) {
		gp_sketch_free(&report->names[i].intervals);
		free(report->names[i].name);
	}
	free(report->users);
	free(report->names);
	report->users = NULL;
	report->names = NULL;
}
