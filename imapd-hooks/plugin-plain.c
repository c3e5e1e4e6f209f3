/* SPDX-License-Identifier: MIT */
/* This module is documented in plugin-plain.h. */
#include "dovecot-compat.h"

#include "plugin-plain.h"

#include "plugin-library.h"
#include "plugin-login.h"

static bool has_own_terms(const struct mail_user *user)
{
	const char *const *name = gp_plugin_term_names;

	while (*name != NULL && gp_plugin_own_term(user, *name) == NULL)
		name++;
	return *name != NULL;
}

int gp_plugin_ask_if_plain(const struct mail_user *user, enum gp_protocol protocol)
{
	const char *id = gp_plugin_field(user, GP_PLUGIN_ID_FIELD);
	struct gp_plain_login login = {
		.protocol = protocol,
		.login = user->username,
		.id = id != NULL ? id : "",
		.mechanism = user->auth_mech != NULL ? user->auth_mech : "",
		.port = gp_dovecot_local_port(user),
		.has_tls = gp_dovecot_has_tls(user),
	};

	gp_plugin_find_address(user, &login.ip);
	if (!login.ip.is_known || gp_dovecot_is_restored(user) ||
	    has_own_terms(user))
		return -1;
	return gp_plain_login_ask(&login);
}

const void *gp_plugin_load_judge(const char *library, const char *symbol)
{
	const char *why, *const *version = gp_plugin_library_load(library, symbol, &why);

	if (version != NULL && strcmp(*version, GP_PLUGIN_VERSION) == 0)
		return version;
	if (version != NULL)
		why = "it is of another version of gatepost";
	i_error("gatepost: %s: %s; run make install; neither logins nor checks for mail "
		"are judged", library, why);
	return NULL;
}
