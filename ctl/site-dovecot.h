/* SPDX-License-Identifier: MIT */
/*
 * This module knows a Dovecot (2.3 and 2.4) by what doveconf says of it, and
 * finds what is dangerous in that: passwords in the clear, and a plugin that is
 * not loaded, or that would make every login fail.
 */
#ifndef GP_SITE_DOVECOT_H
#define GP_SITE_DOVECOT_H

#include "error.h"
#include "site-finding.h"

/* One line "name = value".  Blocks around it are joined by " > ":
   "protocol imap", "remote 127.0.0.0/8 > protocol pop3", "" for none. */
struct gp_dovecot_entry {
	const char *block, *name, *value;
};

struct gp_dovecot {
	const char *path;
	const char *version;            /* of its plugins' ABI; NULL: not known */
	struct gp_dovecot_entry *entries;
	size_t count;
};

/* Takes apart what doveconf printed; values lose their quotes. */
void gp_dovecot_parse(struct gp_pool *pool, const char *text,
		      struct gp_dovecot *dovecot);

/* Returns 0 and *dovecot_r in the pool, or a code of sysexits.h with *err
   filled. */
int gp_dovecot_read(struct gp_pool *pool, const char *path,
		    struct gp_dovecot *dovecot_r, struct gp_error *err);

/* The last value of a name in a block; NULL if it is not there. */
const char *gp_dovecot_get(const struct gp_dovecot *dovecot, const char *block,
			   const char *name);

void gp_site_check_dovecot(struct gp_site *site,
			   const struct gp_dovecot *dovecot);
void gp_site_check_dovecot_plugin(struct gp_site *site,
				  const struct gp_dovecot *dovecot);

/* Dovecot's questions to gatepost-authpolicy; has_plugin: a plugin of gatepost counts
   logins, too. */
void gp_site_check_dovecot_policy(struct gp_site *site,
				  const struct gp_dovecot *dovecot, bool has_plugin);

/* Whether the plugin for IMAP hears what programs call themselves. */
void gp_site_check_dovecot_names(struct gp_site *site,
				 const struct gp_dovecot *dovecot);

#endif
