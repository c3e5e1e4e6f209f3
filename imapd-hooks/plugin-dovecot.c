/* SPDX-License-Identifier: MIT */
/* This module is documented in plugin-dovecot.h. */
#include "dovecot-compat.h"

#include "plugin-dovecot.h"

void gp_plugin_find_address(const struct mail_user *user, struct gp_ip *ip_r)
{
	const struct ip_addr *ip = gp_dovecot_remote_ip(user);

	i_zero(ip_r);
	if (ip == NULL)
		return;
	if (ip->family == AF_INET) {
		ip_r->is_known = true;
		ip_r->bytes[10] = ip_r->bytes[11] = 0xff;
		memcpy(ip_r->bytes + 12, &ip->u.ip4, 4);
	} else if (ip->family == AF_INET6) {
		ip_r->is_known = true;
		memcpy(ip_r->bytes, &ip->u.ip6, 16);
	}
}

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
	static const char *const names[] = {
		"interval", "mode", "ladder", "login_ladder"
	};
	const char *const *field = user->userdb_fields;

	for (; field != NULL && *field != NULL; field++) {
		for (size_t i = 0; i < N_ELEMENTS(names); i++) {
			const char *start = t_strdup_printf("gatepost_%s=", names[i]);

			if (gp_dovecot_str_begins(*field, start))
				gp_poll_session_own_terms(session, names[i],
							  *field + strlen(start));
		}
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
