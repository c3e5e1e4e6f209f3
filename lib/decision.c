/* SPDX-License-Identifier: MIT */
/*
 * This module holds the words.  A row added here must be explained in
 * gatepost-journal(5); check-docs compares.
 */
#include "decision.h"

#include <string.h>

#include "facts.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *const mode_words[] = {
	[GP_MODE_OFF] = "off",
	[GP_MODE_OBSERVE] = "observe",
	[GP_MODE_ENFORCE] = "enforce",
};

struct action_row {
	const char *word, *would;
};

static const struct action_row actions[GP_ACTION_COUNT] = {
	[GP_ACTION_PASS] = { "pass", "pass" },
	[GP_ACTION_REJECT] = { "reject", "would-reject" },
	[GP_ACTION_TEMPFAIL] = { "tempfail", "would-tempfail" },
	[GP_ACTION_REWRITE] = { "rewrite", "would-rewrite" },
	[GP_ACTION_NOTE] = { "note", "would-note" },
	[GP_ACTION_ABSORB] = { "absorb", "would-absorb" },
	[GP_ACTION_DELAY] = { "delay", "would-delay" },
	[GP_ACTION_HOLD] = { "hold", "would-hold" },
	[GP_ACTION_REFUSE] = { "refuse", "would-refuse" },
	[GP_ACTION_DISCONNECT] = { "disconnect", "would-disconnect" },
	[GP_ACTION_NOTICE] = { "notice", "would-notice" },
};

struct reason_row {
	const char *word;
	const char *text;
	struct gp_reply reply;
};

static const struct reason_row reasons[GP_REASON_COUNT] = {
	[GP_REASON_PUBLIC_PORT] = { "public-port",
		"the port is not a submission port; mail for local users needs no TLS and no login", { 0 } },
	[GP_REASON_AUTHENTICATED] = { "authenticated",
		"the client has logged in", { 0 } },
	[GP_REASON_TRUSTED_NETWORK] = { "trusted-network",
		"the client's address may relay without a login", { 0 } },
	[GP_REASON_LOCAL_SUBMISSION] = { "local-submission",
		"the message was handed in on the server itself, without a network", { 0 } },
	[GP_REASON_LOCAL_RECIPIENT] = { "local-recipient",
		"the recipient is in one of our domains", { 0 } },
	[GP_REASON_RULE_OFF] = { "rule-off",
		"the rule is switched off", { 0 } },
	[GP_REASON_EXEMPT] = { "exempt",
		"an exemption names the client or the login", { 0 } },
	[GP_REASON_OWNED] = { "owned",
		"the addresses in the header are the login's own", { 0 } },
	[GP_REASON_TLS_REQUIRED] = { "tls-required",
		"mail was offered on a submission port, or read, without TLS",
		{ "530", "5.7.0", "Must issue a STARTTLS command first", "RFC 3207 section 4" } },
	[GP_REASON_TLS_VERSION] = { "tls-version",
		"the session's version of TLS is older than policy allows",
		{ "554", "5.7.0", "TLS version too old, a newer one is needed", "RFC 3207 section 4.1, RFC 9325 section 3.1" } },
	[GP_REASON_CIPHER_UNKNOWN] = { "cipher-unknown",
		"the MTA named no cipher, or one that nobody knows, so its strength is not proven",
		{ "554", "5.7.0", "TLS cipher not known, its strength is not proven", "RFC 3207 section 4.1" } },
	[GP_REASON_CIPHER_DENIED] = { "cipher-denied",
		"the session's cipher is among those that are denied",
		{ "554", "5.7.0", "TLS cipher not allowed, a stronger one is needed", "RFC 3207 section 4.1, RFC 9325 section 4.1" } },
	[GP_REASON_CIPHER_WEAK] = { "cipher-weak",
		"the session's cipher has fewer bits than policy asks for",
		{ "554", "5.7.0", "TLS cipher too weak, a stronger one is needed", "RFC 3207 section 4.1, RFC 9325 section 4.1" } },
	[GP_REASON_NO_FORWARD_SECRECY] = { "no-forward-secrecy",
		"the session's keys would fall with the server's key",
		{ "554", "5.7.0", "TLS cipher without forward secrecy, an ECDHE or DHE one is needed", "RFC 3207 section 4.1, RFC 9325 section 4.1" } },
	[GP_REASON_AUTH_REQUIRED] = { "auth-required",
		"mail was offered on a submission port without a login",
		{ "530", "5.7.0", "Authentication required", "RFC 4954 section 6" } },
	[GP_REASON_MECHANISM] = { "mechanism-not-allowed",
		"the client has logged in by a mechanism that policy does not allow",
		{ "534", "5.7.9", "Authentication mechanism not allowed, use PLAIN inside TLS", "RFC 4954 section 6" } },
	[GP_REASON_PLAINTEXT_LOGIN] = { "plaintext-login",
		"the client has sent its password without TLS",
		{ "534", "5.7.9", "Authentication without TLS not allowed, use STARTTLS first", "RFC 4954 section 4" } },
	[GP_REASON_AUTHOR_MISMATCH] = { "author-mismatch",
		"the client has logged in as one person and hands in mail as another",
		{ "550", "5.7.1", "AUTH= names somebody else than who has logged in", "RFC 4954 section 5" } },
	[GP_REASON_SENDER_NOT_OWNED] = { "sender-not-owned",
		"the envelope sender is not an address of who has logged in",
		{ "550", "5.7.1", "Sender address is not one of yours", "RFC 6409 section 6.1" } },
	[GP_REASON_FROM_MISSING] = { "from-missing",
		"the message has no From header that can be read",
		{ "550", "5.7.1", "Header From is missing", "RFC 5322 section 3.6, RFC 6409 section 6.3" } },
	[GP_REASON_FROM_NOT_OWNED] = { "from-not-owned",
		"an address in the From header is not one of who has logged in",
		{ "550", "5.7.1", "Header From holds an address that is not one of yours", "RFC 6409 section 6.3" } },
	[GP_REASON_SENDER_HEADER_NOT_OWNED] = { "sender-header-not-owned",
		"an address in the Sender header is not one of who has logged in",
		{ "550", "5.7.1", "Header Sender holds an address that is not one of yours", "RFC 6409 section 6.3" } },
	[GP_REASON_REPLY_TO_NOT_OWNED] = { "reply-to-not-owned",
		"an address in the Reply-To header is not one of who has logged in",
		{ "550", "5.7.1", "Header Reply-To holds an address that is not one of yours", "RFC 6409 section 6.3" } },
	[GP_REASON_RESENT_NOT_OWNED] = { "resent-not-owned",
		"an address in Resent-From or Resent-Sender is not one of who has logged in",
		{ "550", "5.7.1", "Header Resent-From or Resent-Sender holds an address that is not one of yours", "RFC 6409 section 6.3" } },
	[GP_REASON_HEADER_AMBIGUOUS] = { "header-ambiguous",
		"an author header could be read in more than one way",
		{ "550", "5.7.1", "Header From, Sender, Reply-To or Resent is not one plain address", "RFC 5322 section 3.6.2, RFC 6409 section 6.3" } },
	[GP_REASON_HEADER_UNKNOWN] = { "header-unknown",
		"the MTA was not asked for headers when this session began; a new session will do",
		{ "451", "4.3.2", "Settings have changed, try again shortly", "RFC 3463 section 3.4" } },
	[GP_REASON_INBOUND_IDENTITY] = { "inbound-identity",
		"mail that claims to be from one of our own users came without a login",
		{ "550", "5.7.1", "Mail from this domain needs a login, on the submission port", "RFC 6409 section 6.1" } },
	[GP_REASON_RELAY_DENIED] = { "relay-denied",
		"the client has not logged in and the recipient is not ours",
		{ "550", "5.7.1", "Relaying denied", "RFC 5321 section 7.9" } },
	[GP_REASON_RECIPIENT_SYNTAX] = { "recipient-syntax",
		"the client has not logged in and the recipient could mean a foreign address",
		{ "550", "5.7.1", "Relaying denied: recipient address is not plain user@domain", "RFC 5321 section 7.9" } },
	[GP_REASON_PORT_UNKNOWN] = { "port-unknown",
		"the MTA did not say on which port the client came, so no rule can be chosen",
		{ "451", "4.3.5", "Server configuration problem, try again later", "RFC 3463 section 3.4" } },
	[GP_REASON_STOPPING] = { "stopping",
		"the milter is about to stop and takes no new message",
		{ "451", "4.3.2", "Service restarting, try again shortly", "RFC 3463 section 3.4" } },
	[GP_REASON_RATE_MESSAGES] = { "rate-messages",
		"the user has sent as many messages as policy allows for now",
		{ "450", "4.7.1", "Too many messages", "RFC 5321 section 4.2.2" } },
	[GP_REASON_RATE_RECIPIENTS] = { "rate-recipients",
		"the user has sent to as many recipients as policy allows for now",
		{ "450", "4.7.1", "Too many recipients", "RFC 5321 section 4.2.2" } },
	[GP_REASON_RECIPIENTS_PER_MESSAGE] = { "recipients-per-message",
		"the message has more recipients than policy allows for one message",
		{ "452", "4.5.3", "Too many recipients in one message", "RFC 5321 section 4.5.3.1.10" } },
	[GP_REASON_RATE_STORE_FAILURE] = { "rate-store-failure",
		"Redis does not answer, and rate.on_store_failure is defer",
		{ "451", "4.3.0", "Sending is not possible at the moment, try again later", "RFC 3463 section 3.4" } },
	[GP_REASON_PROTOCOL_DENIED] = { "protocol-denied",
		"mail may not be read by this protocol", { 0 } },
	[GP_REASON_PROTOCOL_RETIRING] = { "protocol-retiring",
		"mail may still be read by this protocol, but not for long", { 0 } },
	[GP_REASON_ADMITTED] = { "admitted",
		"the interval has passed; a new round begins", { 0 } },
	[GP_REASON_GRACE] = { "grace",
		"the user has just done something only a person does", { 0 } },
	[GP_REASON_IN_ROUND] = { "in-round",
		"the check belongs to a round that was admitted", { 0 } },
	[GP_REASON_EARLY] = { "early",
		"the program checks more often than policy allows", { 0 } },
	[GP_REASON_REPEATED] = { "repeated",
		"the check was answered in this round already, and the program checks too often", { 0 } },
	[GP_REASON_EARLY_SERVED] = { "early-served",
		"the check is early, but only the mailbox itself can answer it", { 0 } },
	[GP_REASON_HELD_MAX] = { "held-max",
		"the check or login is early, but as many are held as may be", { 0 } },
	[GP_REASON_STORE_UNAVAILABLE] = { "store-unavailable",
		"Redis does not answer; what passes until it does is policy", { 0 } },
	[GP_REASON_STORE_BACK] = { "store-back",
		"Redis answers again", { 0 } },
	[GP_REASON_STORE_MEMORY] = { "store-memory",
		"without Redis the milter counts by itself, from nothing and until it ends", { 0 } },
	[GP_REASON_STREAM_LOST] = { "stream-lost",
		"lines of the journal did not get to the stream in Redis", { 0 } },
	[GP_REASON_EXEMPTION_ADDED] = { "exemption-added",
		"an administrator has made somebody exempt", { 0 } },
	[GP_REASON_EXEMPTION_DROPPED] = { "exemption-dropped",
		"an administrator has ended an exemption", { 0 } },
	[GP_REASON_HISTORY_RESET] = { "history-reset",
		"an administrator has let a user begin anew", { 0 } },
};

static const char *const check_words[GP_CHECK_COUNT] = {
	[GP_CHECK_LOGIN] = "login",
	[GP_CHECK_NOOP] = "noop",
	[GP_CHECK_CHECK] = "check",
	[GP_CHECK_STATUS] = "status",
	[GP_CHECK_SELECT] = "select",
	[GP_CHECK_EXAMINE] = "examine",
	[GP_CHECK_LIST_STATUS] = "list-status",
};

static const char *const protocol_words[GP_PROTOCOLS] = {
	[GP_PROTOCOL_IMAP] = "imap",
	[GP_PROTOCOL_POP3] = "pop3",
};

static const char *const verdict_words[] = {
	[GP_VERDICT_ADMITTED] = "admitted",
	[GP_VERDICT_IN_ROUND] = "in-round",
	[GP_VERDICT_EARLY] = "early",
	[GP_VERDICT_FREE] = "free",
};

static bool find_word(const char *const *words, size_t count, const char *word,
		      size_t *index_r)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(words[i], word) == 0) {
			*index_r = i;
			return true;
		}
	}
	return false;
}

const char *gp_mode_word(enum gp_mode mode)
{
	return (size_t)mode < COUNT_OF(mode_words) ? mode_words[mode] : "?";
}

bool gp_mode_from_word(const char *word, enum gp_mode *mode_r)
{
	size_t i;

	if (!find_word(mode_words, COUNT_OF(mode_words), word, &i))
		return false;
	*mode_r = (enum gp_mode)i;
	return true;
}

const char *gp_action_word(enum gp_action action)
{
	return action < GP_ACTION_COUNT ? actions[action].word : "?";
}

bool gp_action_from_word(const char *word, enum gp_action *action_r)
{
	for (size_t i = 0; i < GP_ACTION_COUNT; i++) {
		if (strcmp(actions[i].word, word) == 0) {
			*action_r = (enum gp_action)i;
			return true;
		}
	}
	return false;
}

const char *gp_reason_word(enum gp_reason reason)
{
	return reason < GP_REASON_COUNT ? reasons[reason].word : "?";
}

bool gp_reason_from_word(const char *word, enum gp_reason *reason_r)
{
	for (size_t i = 0; i < GP_REASON_COUNT; i++) {
		if (strcmp(reasons[i].word, word) == 0) {
			*reason_r = (enum gp_reason)i;
			return true;
		}
	}
	return false;
}

const char *gp_reason_text(enum gp_reason reason)
{
	return reason < GP_REASON_COUNT ? reasons[reason].text : "?";
}

const struct gp_reply *gp_reason_reply(enum gp_reason reason)
{
	static const struct gp_reply none = { 0 };

	return reason < GP_REASON_COUNT ? &reasons[reason].reply : &none;
}

void gp_decision_consider(struct gp_decision *decision,
			  const struct gp_witness *witness, bool is_broken,
			  enum gp_action action, enum gp_reason reason,
			  enum gp_mode mode, const char *why)
{
	const bool is_decided = decision->action != GP_ACTION_PASS &&
		decision->mode == GP_MODE_ENFORCE;

	gp_witness_hear(witness, why, NULL, reason, mode, is_broken);
	if (!is_broken || mode == GP_MODE_OFF || is_decided)
		return;
	if (mode == GP_MODE_ENFORCE || decision->action == GP_ACTION_PASS)
		*decision = (struct gp_decision){ .action = action,
						  .reason = reason,
						  .mode = mode, .why = why };
}

enum gp_action gp_decision_effect(const struct gp_decision *decision)
{
	return decision->mode == GP_MODE_ENFORCE ? decision->action
						 : GP_ACTION_PASS;
}

const char *gp_decision_word(const struct gp_decision *decision)
{
	if (decision->action >= GP_ACTION_COUNT)
		return "?";
	return decision->mode == GP_MODE_OBSERVE
		? actions[decision->action].would
		: actions[decision->action].word;
}

const char *gp_check_word(enum gp_check check)
{
	return check < GP_CHECK_COUNT ? check_words[check] : "?";
}

bool gp_check_from_word(const char *word, enum gp_check *check_r)
{
	size_t i;

	if (!find_word(check_words, COUNT_OF(check_words), word, &i))
		return false;
	*check_r = (enum gp_check)i;
	return true;
}

const char *gp_protocol_word(enum gp_protocol protocol)
{
	return protocol < GP_PROTOCOLS ? protocol_words[protocol] : "?";
}

bool gp_protocol_from_word(const char *word, enum gp_protocol *protocol_r)
{
	size_t i;

	if (!find_word(protocol_words, COUNT_OF(protocol_words), word, &i))
		return false;
	*protocol_r = (enum gp_protocol)i;
	return true;
}

const char *gp_verdict_word(enum gp_verdict verdict)
{
	return (size_t)verdict < COUNT_OF(verdict_words)
		? verdict_words[verdict] : "?";
}

bool gp_verdict_from_word(const char *word, enum gp_verdict *verdict_r)
{
	size_t i;

	if (!find_word(verdict_words, COUNT_OF(verdict_words), word, &i))
		return false;
	*verdict_r = (enum gp_verdict)i;
	return true;
}
