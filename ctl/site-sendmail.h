/* SPDX-License-Identifier: MIT */
/*
 * This module knows a Sendmail by its sendmail.cf (the .mc it was made from is
 * not needed): which daemon asks which mail filter, and who may relay.
 */
#ifndef GP_SITE_SENDMAIL_H
#define GP_SITE_SENDMAIL_H

#include "error.h"
#include "site-finding.h"

struct gp_sendmail_filter {             /* Xname, S=..., F=T, T=... */
	const char *name, *address, *flags, *timeouts;
};

struct gp_sendmail_daemon {             /* O DaemonPortOptions=... */
	const char *line, *name, *modifiers;
	const char *filters;            /* its own; NULL: InputMailFilters */
	unsigned int port;
};

struct gp_sendmail {
	const char *path, *text;
	struct gp_sendmail_filter *filters;
	size_t filter_count;
	struct gp_sendmail_daemon *daemons;
	size_t daemon_count;
};

/* Takes a sendmail.cf apart. */
void gp_sendmail_parse(struct gp_pool *pool, const char *text,
		       struct gp_sendmail *sendmail);

/* The last "O name=value"; NULL if there is none. */
const char *gp_sendmail_option(struct gp_pool *pool,
			       const struct gp_sendmail *sendmail,
			       const char *name);

/* Returns 0 and *sendmail_r in the pool, or a code of sysexits.h with *err
   filled. */
int gp_sendmail_read(struct gp_pool *pool, const char *path,
		     struct gp_sendmail *sendmail_r, struct gp_error *err);

void gp_site_check_sendmail(struct gp_site *site,
			    const struct gp_sendmail *sendmail);

#endif
