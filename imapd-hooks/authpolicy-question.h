/* SPDX-License-Identifier: MIT */
/*
 * This module says of one login that gatepost-authpolicy is asked about whose it is, by
 * which program, and on which terms.  It asks nobody.
 */
#ifndef GP_AUTHPOLICY_QUESTION_H
#define GP_AUTHPOLICY_QUESTION_H

#include <stdbool.h>
#include <stdint.h>

#include "authpolicy-request.h"
#include "policy-terms.h"
#include "program.h"
#include "settings.h"

struct gp_auth_question {
	const struct gp_auth_request *request;
	char named[GP_PROGRAM_BYTES], bare[GP_PROGRAM_BYTES];
	const char *program;            /* one of them: as it is known */
	struct gp_poll_terms terms;     /* that hold for it */
	int64_t interval_msecs;         /* in force */
	int64_t now_msecs;
};

/* Dovecot asks for every service, also for those that send mail. */
bool gp_auth_question_is_ours(const struct gp_auth_request *request);

/* The question as it is about the person behind the login name. */
struct gp_auth_request gp_auth_question_about(const struct gp_settings *settings,
					      const struct gp_auth_request *asked);

/* The program with the name that it gave, and without; the first is taken for known.
   No terms yet.  request must live as long. */
void gp_auth_question_begin(const struct gp_settings *settings,
			    const struct gp_auth_request *request, int64_t now_msecs,
			    struct gp_auth_question *question_r);

/* own: what the userdb said when the user last logged in; by_hand: who is exempt by
   gatepostctl; NULL for nothing. */
void gp_auth_question_find_terms(const struct gp_settings *settings,
				 struct gp_auth_question *question,
				 const struct gp_poll_override *own,
				 const struct gp_exemption_list *by_hand);

#endif
