/* SPDX-License-Identifier: MIT */
/* This module is documented in plugin-login.h. */
#include "dovecot-compat.h"

#include "plugin-login.h"

const char *const gp_plugin_term_names[] = {
	"interval", "mode", "ladder", "login_ladder", NULL
};

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

const char *gp_plugin_field(const struct mail_user *user, const char *name)
{
	const char *const *field = user->userdb_fields;
	const size_t length = strlen(name);
	const char *value = NULL;

	for (; field != NULL && *field != NULL; field++)
		if (strncmp(*field, name, length) == 0 && (*field)[length] == '=')
			value = *field + length + 1;
	return value;
}

const char *gp_plugin_own_term(const struct mail_user *user, const char *name)
{
	char field[64];

	(void)i_snprintf(field, sizeof(field), "gatepost_%s", name);
	return gp_plugin_field(user, field);
}
