/* SPDX-License-Identifier: MIT */
/* This module is a part of explain-rules.h: the rules of a login to read mail. */
#include <string.h>

#include "explain-rules.h"
#include "login.h"
#include "network-text.h"
#include "policy-access.h"
#include "settings-place.h"

struct listener {
	const struct gp_settings *settings;
	const struct gp_typed_facts *facts;
	const struct gp_access_facts *access;
	struct gp_rules *rules;
	enum gp_reason reasons[8];      /* of the rules, in their order */
};

static const char *compared(const struct listener *listener, enum gp_reason reason)
{
	const struct gp_access_facts *access = listener->access;
	char ip[GP_IP_TEXT_BYTES];

	switch (reason) {
	case GP_REASON_EXEMPT:
		return gp_pool_printf(listener->rules->pool, "%s, login %s",
				      gp_ip_format(&access->client, ip),
				      *access->user == '\0' ? "-" : access->user);
	case GP_REASON_TLS_REQUIRED:
		return gp_pool_printf(listener->rules->pool, "%s, %s",
				      !access->tls_known ? "not known"
				      : access->has_tls ? "TLS" : "no TLS",
				      gp_ip_format(&access->client, ip));
	case GP_REASON_MECHANISM:
		return access->mechanism != NULL ? access->mechanism : "not known";
	default:
		return gp_protocol_word(access->protocol);
	}
}

static const char *result_of(enum gp_reason reason, enum gp_mode mode, bool applies)
{
	if (reason == GP_REASON_EXEMPT)
		return applies ? "passes" : "no";
	if (!applies)
		return reason == GP_REASON_PROTOCOL_RETIRING ? "no" : "kept";
	if (mode == GP_MODE_OFF)
		return "off";
	if (reason == GP_REASON_PROTOCOL_RETIRING)
		return mode == GP_MODE_ENFORCE ? "tells" : "would tell";
	return mode == GP_MODE_ENFORCE ? "refuses" : "would refuse";
}

static void hear(void *context, const char *why, const char *about,
		 enum gp_reason reason, enum gp_mode mode, bool applies)
{
	struct listener *listener = context;
	const struct gp_settings *settings = listener->settings;
	const struct gp_exemption *exemption = reason == GP_REASON_EXEMPT
		? gp_policy_access_exemption(settings, listener->access) : NULL;

	(void)about;
	listener->reasons[listener->rules->count] = reason;
	(void)gp_rules_add(listener->rules, why, exemption == NULL
			   ? GP_PLACE_WHOLE
			   : (size_t)(exemption - settings->access.exemptions.items),
			   reason == GP_REASON_EXEMPT ? "-" : gp_mode_word(mode),
			   compared(listener, reason),
			   result_of(reason, mode, applies));
}

static void mark_decisive(struct listener *listener)
{
	struct gp_rules *rules = listener->rules;

	for (size_t i = 0; i < rules->count; i++)
		rules->items[i].is_decisive =
			listener->reasons[i] == rules->decision.reason;
}

/* Whose login it is, as the plugin would know. */
static const char *find_user(const struct gp_settings *settings,
			     const struct gp_typed_facts *facts)
{
	const char *user = facts->user != NULL ? facts->user
					       : facts->submit.login;
	char *person;

	if (user == NULL)
		return "";
	person = gp_pool_alloc(facts->pool, strlen(user) + 1);
	gp_login_normalise(settings, user, person);
	return person;
}

void gp_rules_access(const struct gp_settings *settings,
		     struct gp_typed_facts *facts, struct gp_rules *rules)
{
	const struct gp_submit_facts *login = &facts->submit;
	struct gp_access_facts access = {
		.protocol = facts->poll.place == GP_PLACE_LOGIN
			? GP_PROTOCOL_POP3 : GP_PROTOCOL_IMAP,
		.user = find_user(settings, facts),
		.client = login->client,
		.program = facts->program != NULL ? facts->program : "",
		.tls_known = facts->tls_given,
		.has_tls = login->tls_version != NULL,
		.mechanism = login->mechanism,
		.port = login->port,
		.now_secs = facts->now_secs,
	};
	struct listener listener = {
		.settings = settings, .facts = facts, .access = &access,
		.rules = rules,
	};
	const struct gp_witness witness = { hear, &listener };

	access.witness = &witness;
	gp_policy_access(settings, &access, &rules->decision);
	if (rules->decision.gives_notice &&
	    rules->decision.action == GP_ACTION_PASS)
		gp_policy_access_notice(settings, access.protocol,
					&rules->decision);
	mark_decisive(&listener);
}
