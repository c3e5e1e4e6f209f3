/* SPDX-License-Identifier: MIT */
/*
 * This module finds out which terms hold for one mail program: those of section
 * "poll", or what poll.overrides, poll.exemptions and Dovecot's userdb say of its
 * user, group, network or name.  Core.
 */
#ifndef GP_POLICY_TERMS_H
#define GP_POLICY_TERMS_H

#include <stdbool.h>
#include <stdint.h>

#include "network.h"
#include "settings.h"

/* Pointers lead into the settings or into the userdb's override. */
struct gp_poll_terms {
	enum gp_mode mode;
	unsigned int interval_secs;
	unsigned int interval_max_secs; /* at high load */
	unsigned int away_interval_secs;
	const struct gp_ladder *ladder, *login_ladder;
	bool is_exempt;
	const char *why;                /* what has changed them; NULL: nothing */
	/* The items of the settings that did; NULL: none. */
	const struct gp_poll_override *override;
	const struct gp_exemption *exemption;
};

/* Whom the terms are for. */
struct gp_poll_subject {
	const char *user;               /* a person: gp_login_normalise() */
	struct gp_ip ip;
	const char *program;            /* gp_program_name() */
	const struct gp_poll_override *own;     /* of the userdb; NULL: none */
	int64_t now_secs;               /* Unix time, for exemptions that end */
	const struct gp_exemption_list *by_hand;        /* of gatepostctl; or NULL */
};

/* The first of the exemptions that names them at that time; NULL if none does. */
const struct gp_exemption *
gp_exemption_find(const struct gp_settings *settings,
		  const struct gp_exemption_list *list,
		  const struct gp_poll_subject *subject);

/* The first of the overrides that fits counts; what the userdb says comes before
   it, and an exemption before both. */
void gp_poll_terms_find(const struct gp_settings *settings,
			const struct gp_poll_subject *subject,
			struct gp_poll_terms *terms_r);

/* The times of their own that steps of the ladders count in, the shortest first; 0
   where there are no more.  Returns how many there would be with room for all: those
   too many count in poll.ladder_window. */
size_t gp_poll_terms_windows(const struct gp_poll_terms *terms,
			     unsigned int secs_r[GP_LADDER_WINDOWS_MAX]);

/* Whether the checks of anybody are judged: by poll.mode, or because an override names
   another. */
bool gp_poll_has_rules(const struct gp_settings *settings);

/* As section "poll" has them. */
void gp_poll_terms_default(const struct gp_settings *settings,
			   struct gp_poll_terms *terms_r);

#endif
