/* SPDX-License-Identifier: MIT */
/* This module is documented in plugin-dovecot.h. */
#include "dovecot-compat.h"

#include "plugin-dovecot.h"

#include "plugin-login.h"

bool gp_plugin_find_access(const struct mail_user *user, enum gp_protocol protocol,
			   struct gp_access_facts *facts_r)
{
	*facts_r = (struct gp_access_facts){
		.protocol = protocol,
		.tls_known = true,
		.has_tls = gp_dovecot_has_tls(user),
		.mechanism = user->auth_mech,
		.port = gp_dovecot_local_port(user),
	};
	gp_plugin_find_address(user, &facts_r->client);
	return facts_r->client.is_known && !gp_dovecot_is_restored(user);
}

void gp_plugin_own_terms(const struct mail_user *user,
			 struct gp_poll_session *session)
{
	for (const char *const *name = gp_plugin_term_names; *name != NULL; name++) {
		const char *value = gp_plugin_own_term(user, *name);

		if (value != NULL)
			gp_poll_session_own_terms(session, *name, value);
	}
}

/* --- the journal's stream --- */

enum { BRING_MSECS = 100 };

static struct timeout *bring_timeout;

static void bring(struct gp_journal *journal)
{
	timeout_remove(&bring_timeout);
	gp_journal_bring(journal);
}

static void bring_soon(struct gp_journal *journal)
{
	if (bring_timeout == NULL)
		bring_timeout = timeout_add_short(BRING_MSECS, bring, journal);
}

void gp_plugin_bring_begin(struct gp_journal *journal)
{
	if (journal != NULL)
		gp_journal_set_waker(journal, bring_soon);
}

void gp_plugin_bring_end(void)
{
	timeout_remove(&bring_timeout);
}

void gp_plugin_log(enum gp_log_level level, const char *text)
{
	switch (level) {
	case GP_LOG_ERROR:
		i_error("gatepost: %s", text);
		break;
	case GP_LOG_WARNING:
		i_warning("gatepost: %s", text);
		break;
	case GP_LOG_INFO:
		i_info("gatepost: %s", text);
		break;
	default:
		i_debug("gatepost: %s", text);
		break;
	}
}
