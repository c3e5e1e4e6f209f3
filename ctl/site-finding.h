/* SPDX-License-Identifier: MIT */
/*
 * This module collects what "gatepostctl check-site" found and shows it, to
 * people and to machines.  What is dangerous, and why, is said by the site-*
 * modules of the MTAs and of Dovecot.
 */
#ifndef GP_SITE_FINDING_H
#define GP_SITE_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "pool.h"
#include "settings.h"

enum gp_site_level {
	GP_SITE_ADVICE,
	GP_SITE_DANGER
};

struct gp_site_finding {
	enum gp_site_level level;
	const char *name;       /* stable word, as in gatepostctl(8) */
	const char *file;
	const char *place;      /* service or block in it; NULL: all of it */
	const char *setting;
	const char *value;      /* as it is in force; NULL: not set */
	const char *why;        /* a sentence */
	const char *remedy;     /* the line to write, or what to do */
};

/* What is looked at, and what was found so far. */
struct gp_site {
	struct gp_pool *pool;                   /* of all strings below */
	const struct gp_settings *settings;
	const char *conf_path;
	struct gp_site_row *rows;
	size_t count;
	const char *seen[4];                    /* "Postfix 3.7.11 in DIR" */
	size_t seen_count;
};

/* Copies the finding.  What differs from an earlier one in its place alone
   joins it: 30 services with one mistake are one finding. */
void gp_site_report(struct gp_site *site, const struct gp_site_finding *finding);

/* Ports on which users hand in mail must be those of submission.ports.  mta is
   its name; place may be NULL. */
void gp_site_check_port(struct gp_site *site, const char *mta,
			const char *place, unsigned int port);
/* The reverse: advice about a port that is listed but not served. */
void gp_site_report_unserved_port(struct gp_site *site, const char *mta,
				  unsigned int port);

/* How many findings of a level there are. */
size_t gp_site_count(const struct gp_site *site, enum gp_site_level level);

/* Writes them to standard output, dangers first; colours on a terminal only,
   and never when NO_COLOR is set. */
void gp_site_print(const struct gp_site *site);
void gp_site_print_json(const struct gp_site *site);

/* Frees the rows, not what the pool holds. */
void gp_site_free_rows(struct gp_site *site);

#endif
