/* SPDX-License-Identifier: MIT */
/* This module is documented in authpolicy-question.h. */
#include "authpolicy-question.h"

#include <string.h>

#include "load.h"
#include "log.h"
#include "login.h"
#include "policy-poll.h"

enum { MSECS = 1000 };

bool gp_auth_question_is_ours(const struct gp_auth_request *request)
{
	return request->login[0] != '\0' && request->ip.is_known &&
		(strcmp(request->protocol, "imap") == 0 ||
		 strcmp(request->protocol, "pop3") == 0);
}

struct gp_auth_request gp_auth_question_about(const struct gp_settings *settings,
					      const struct gp_auth_request *asked)
{
	struct gp_auth_request request = *asked;

	gp_login_normalise(settings, asked->login, request.login);
	return request;
}

void gp_auth_question_begin(const struct gp_settings *settings,
			    const struct gp_auth_request *request, int64_t now_msecs,
			    struct gp_auth_question *question_r)
{
	const enum gp_program_key key = settings->poll.program;

	*question_r = (struct gp_auth_question){ .request = request, .now_msecs = now_msecs };
	question_r->program = gp_program_key(key, request->protocol, &request->ip,
					     request->name, question_r->named);
	(void)gp_program_key(key, request->protocol, &request->ip, NULL,
			     question_r->bare);
}

void gp_auth_question_find_terms(const struct gp_settings *settings,
				 struct gp_auth_question *question,
				 const struct gp_poll_override *own,
				 const struct gp_exemption_list *by_hand)
{
	const struct gp_poll_subject subject = {
		.user = question->request->login,
		.ip = question->request->ip,
		.program = question->program,
		.own = own,
		.now_secs = gp_clock_wall_msecs() / MSECS,
		.by_hand = by_hand,
	};

	gp_poll_terms_find(settings, &subject, &question->terms);
	question->interval_msecs = (int64_t)MSECS * gp_policy_poll_interval(
		settings, &question->terms, gp_load_percent(question->now_msecs));
}
