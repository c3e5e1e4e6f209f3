/* SPDX-License-Identifier: MIT */
/*
 * This module chooses lines of the journal by the options that "log" and "report"
 * share.  An option may stand more than once: one of its values must fit, and each
 * option must.
 */
#ifndef GP_JOURNAL_FILTER_H
#define GP_JOURNAL_FILTER_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "journal.h"
#include "network.h"
#include "when.h"

/* For the table of getopt_long(); their values are not those of any letter. */
enum gp_filter_option {
	GP_FILTER_USER = 256,
	GP_FILTER_DOMAIN,
	GP_FILTER_NETWORK,
	GP_FILTER_PROGRAM,
	GP_FILTER_ACTION,
	GP_FILTER_REASON,
	GP_FILTER_PART,
	GP_FILTER_WHY,
	GP_FILTER_SINCE,
	GP_FILTER_UNTIL,
	GP_FILTER_END
};

#define GP_FILTER_OPTIONS \
	{ "user", required_argument, NULL, GP_FILTER_USER }, \
	{ "domain", required_argument, NULL, GP_FILTER_DOMAIN }, \
	{ "network", required_argument, NULL, GP_FILTER_NETWORK }, \
	{ "program", required_argument, NULL, GP_FILTER_PROGRAM }, \
	{ "action", required_argument, NULL, GP_FILTER_ACTION }, \
	{ "reason", required_argument, NULL, GP_FILTER_REASON }, \
	{ "part", required_argument, NULL, GP_FILTER_PART }, \
	{ "why", required_argument, NULL, GP_FILTER_WHY }, \
	{ "since", required_argument, NULL, GP_FILTER_SINCE }, \
	{ "until", required_argument, NULL, GP_FILTER_UNTIL }

#define GP_FILTER_ARGUMENTS \
	"[--since WHEN] [--until WHEN] [--user NAME]\n" \
	"         [--domain NAME] [--network ADDRESS[/BITS]] [--program TEXT]\n" \
	"         [--action WORD] [--reason WORD] [--part WORD]\n" \
	"         [--why RULE]"

#define GP_FILTER_HELP \
"  --since WHEN       yesterday, 2h, monday, 2026-11-01, '2026-11-01 13:30';\n" \
"                     2026-11-01..2026-11-07 is a begin and an end\n" \
"  --until WHEN       a day ends when it is over\n" \
"  --user NAME        login name; without an @, whatever its domain\n" \
"  --domain NAME      of the login or of the sender\n" \
"  --network NET      address or network of the client, such as 192.0.2.0/24\n" \
"  --program TEXT     somewhere in the program, such as thunderbird or pop3/\n" \
"  --action WORD      such as delay, reject, 'would-*'\n" \
"  --reason WORD      such as early, relay-denied, 'tls-*'\n" \
"  --part WORD        milter, imap, pop3, auth or ctl\n" \
"  --why RULE         the setting that decided, such as poll.overrides, 'tls.*'\n" \
"An option that stands more than once needs one of its values.  * in NAME,\n" \
"WORD and RULE stands for anything; letters may be big or small.\n"

struct gp_filter_values {
	const char **items;
	size_t count;
};

struct gp_filter {
	struct gp_filter_values values[GP_FILTER_END - GP_FILTER_USER];
	struct gp_network_list networks;
	struct gp_period period;
	char **pseudonyms;              /* among the users; ours */
	size_t pseudonyms_count;
};

void gp_filter_init(struct gp_filter *filter_r);
void gp_filter_free(struct gp_filter *filter);

/* One of the options; argument must live as long as the filter.  now_secs: since
   1970.  0, or -1 with *err. */
int gp_filter_add(struct gp_filter *filter, int option, const char *argument,
		  int64_t now_secs, struct gp_error *err);

/* The journal may have users under the pseudonyms that the settings give them.  0, or
   -1 with *err when the secret cannot be used. */
int gp_filter_find_pseudonyms(struct gp_filter *filter,
			      const struct gp_settings *settings,
			      struct gp_error *err);

bool gp_filter_matches(const struct gp_filter *filter,
		       const struct gp_journal_entry *entry);

#endif
