/* SPDX-License-Identifier: MIT */
/* This module is documented in answer.h. */
#include "answer.h"

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "network-text.h"
#include "program.h"
#include "reply.h"

/* Longer ones are cut (RFC 5321 section 4.5.3.1 allows 254): nobody owns them, and a line
   of syslog has an end. */
enum { ADDRESS_BYTES_MAX = 320 };

/* What was held against the policy, where no other field of the line tells it. */
static const char *detail_of(const struct gp_submit_facts *facts,
			     const struct gp_decision *decision)
{
	switch (decision->reason) {
	case GP_REASON_TLS_VERSION:
		return facts->tls_version;
	case GP_REASON_CIPHER_UNKNOWN:
	case GP_REASON_CIPHER_DENIED:
	case GP_REASON_CIPHER_WEAK:
	case GP_REASON_NO_FORWARD_SECRECY:
		return facts->cipher;
	case GP_REASON_MECHANISM:
	case GP_REASON_PLAINTEXT_LOGIN:
		return facts->mechanism;
	default:
		return decision->detail;
	}
}

static const char *bound_address(const char *address,
				 char buffer[ADDRESS_BYTES_MAX + sizeof("...")])
{
	if (address == NULL || strlen(address) <= ADDRESS_BYTES_MAX)
		return address;
	(void)snprintf(buffer, ADDRESS_BYTES_MAX + sizeof("..."), "%.*s...",
		       ADDRESS_BYTES_MAX, address);
	return buffer;
}

void gp_answer_note(struct gp_journal *journal,
		    const struct gp_session *session,
		    const struct gp_decision *decision)
{
	const struct gp_reply *reply = gp_reason_reply(decision->reason);
	const struct gp_submit_facts *facts = &session->facts;
	char ip[GP_IP_TEXT_BYTES], program[GP_PROGRAM_BYTES], answer[16];
	char limit[GP_REPLY_LIMIT_BYTES], address[ADDRESS_BYTES_MAX + sizeof("...")];
	struct gp_journal_entry entry;

	gp_journal_entry_init(&entry);
	if (reply->code != NULL)
		(void)snprintf(answer, sizeof(answer), "%s/%s", reply->code,
			       reply->status);
	entry.session = session->id;
	entry.part = "milter";
	entry.action = gp_decision_word(decision);
	entry.mode = gp_mode_word(decision->mode);
	entry.reason = gp_reason_word(decision->reason);
	entry.user = facts->identity != NULL ? facts->identity : facts->login;
	entry.program = gp_program_name("smtp", &session->client, NULL, program);
	entry.ip = session->client.is_known
		? gp_ip_format(&session->client, ip) : NULL;
	entry.port = session->port_known ? (int64_t)session->port : -1;
	entry.why = decision->why;
	entry.sender = facts->sender;
	entry.recipient = facts->recipient;
	if (reply->code != NULL && decision->action != GP_ACTION_REWRITE)
		entry.answer = answer;
	entry.detail = detail_of(facts, decision);
	entry.address = bound_address(decision->address, address);
	entry.limit = gp_reply_limit(decision, limit);
	if (decision->wait_msecs > 0)
		entry.wait_secs = (decision->wait_msecs + 999) / 1000;
	gp_journal_write(journal, &entry);
}

sfsistat gp_answer(SMFICTX *context, struct gp_journal *journal,
		   const struct gp_session *session,
		   const struct gp_decision *decision)
{
	const struct gp_reply *reply = gp_reason_reply(decision->reason);
	enum gp_action effect = gp_decision_effect(decision);
	char text[GP_REPLY_BYTES];

	if (decision->action != GP_ACTION_PASS)
		gp_answer_note(journal, session, decision);
	if (effect == GP_ACTION_PASS || effect == GP_ACTION_REWRITE)
		return SMFIS_CONTINUE;
	/* A failure here still refuses: the MTA then uses its own words. */
	if (smfi_setreply(context, (char *)(uintptr_t)reply->code,
			  (char *)(uintptr_t)reply->status,
			  (char *)(uintptr_t)gp_reply_format(decision, text))
	    != MI_SUCCESS)
		gp_log(GP_LOG_ERROR, "the reply %s %s was not taken by libmilter",
		       reply->code, reply->status);
	return effect == GP_ACTION_TEMPFAIL ? SMFIS_TEMPFAIL : SMFIS_REJECT;
}
