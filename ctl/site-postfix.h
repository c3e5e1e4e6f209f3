/* SPDX-License-Identifier: MIT */
/*
 * This module knows a Postfix by what postconf says of it: each service of
 * master.cf that takes mail, with the settings in force there, its "-o" lines
 * and the "$name"s resolved by Postfix itself.
 *
 * What is dangerous in it is said by site-postfix-milter.c, -tls.c and -relay.c.
 */
#ifndef GP_SITE_POSTFIX_H
#define GP_SITE_POSTFIX_H

#include "error.h"
#include "site-finding.h"
#include "site-run.h"

enum gp_postfix_daemon {
	GP_POSTFIX_OTHER,
	GP_POSTFIX_SMTPD,
	GP_POSTFIX_CLEANUP,
	GP_POSTFIX_PICKUP
};

struct gp_postfix_service {
	const char *place;              /* "submission/inet" */
	const char *name, *type;
	enum gp_postfix_daemon daemon;
	unsigned int port;              /* 0: not known, or no inet service */
	bool is_chrooted;
	bool is_on_loopback;            /* nobody else can connect */
	struct gp_site_map options;     /* the "-o" lines alone, as written */
	struct gp_site_map settings;    /* all in force */
};

struct gp_postfix {
	const char *folder, *main_cf, *master_cf;
	struct gp_site_map settings;    /* of main.cf with the defaults */
	struct gp_site_map explicit;    /* of main.cf alone */
	struct gp_postfix_service *services;
	size_t count;
};

/* folder NULL: where postconf itself would look.  Returns 0 and *postfix_r in
   the pool, or a code of sysexits.h with *err filled. */
int gp_postfix_read(struct gp_pool *pool, const char *folder,
		    struct gp_postfix *postfix_r, struct gp_error *err);

/* In force for the service; "" when it is empty or this Postfix has no such
   setting. */
const char *gp_postfix_get(const struct gp_postfix_service *service,
			   const char *setting);
bool gp_postfix_is_yes(const struct gp_postfix_service *service,
		       const char *setting);

/* Users hand in mail here: 587, 465, TLS from the start, or "-o" for logins. */
bool gp_postfix_takes_users(const struct gp_postfix_service *service);
/* A content filter gives mail back here: loopback, for loopback clients only. */
bool gp_postfix_is_reinjection(struct gp_pool *pool,
			       const struct gp_postfix_service *service);

/*
 * Reports a setting of a service: in master.cf if an "-o" line gave it, else in
 * main.cf.  remedy is the value it should have; NULL: the finding's own remedy.
 */
void gp_postfix_report(struct gp_site *site, const struct gp_postfix *postfix,
		       const struct gp_postfix_service *service,
		       const struct gp_site_finding *finding,
		       const char *good_value);

/* Time values as Postfix writes them ("30s", "1h"), in seconds. */
unsigned long gp_postfix_secs(const char *text);

void gp_site_check_postfix(struct gp_site *site,
			   const struct gp_postfix *postfix);
void gp_site_check_postfix_milter(struct gp_site *site,
				  const struct gp_postfix *postfix,
				  const struct gp_postfix_service *service);
void gp_site_check_postfix_tls(struct gp_site *site,
			       const struct gp_postfix *postfix,
			       const struct gp_postfix_service *service);
void gp_site_check_postfix_relay(struct gp_site *site,
				 const struct gp_postfix *postfix,
				 const struct gp_postfix_service *service);
/* May Postfix connect to the milter's unix socket, if it is there? */
void gp_site_check_postfix_socket(struct gp_site *site,
				  const struct gp_postfix *postfix);
/* Domains of main.cf that gatepost.conf does not know as local. */
void gp_site_check_postfix_domains(struct gp_site *site,
				   const struct gp_postfix *postfix);

#endif
