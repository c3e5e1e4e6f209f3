/* SPDX-License-Identifier: MIT */
/* This module is documented in plugin-site.h. */
#include "plugin-site.h"

#include <stddef.h>

#include "log.h"
#include "policy-access.h"
#include "policy-terms.h"
#include "settings-parse.h"
#include "store-pseudonym.h"

static void open_once(struct gp_plugin_site *site, enum gp_protocol protocol)
{
	struct gp_error err;

	if (gp_settings_load_for_polling(gp_settings_default_path(),
					 &site->settings, &err) < 0) {
		gp_log(GP_LOG_ERROR, "%s; neither logins nor checks for mail are "
		       "judged", err.text);
		return;
	}
	site->has_work = gp_policy_access_has_rules(site->settings, protocol) ||
		(gp_poll_has_rules(site->settings) &&
		 site->settings->redis.server[0] != '\0');
	if (!site->has_work)
		return;
	site->journal = gp_journal_open(site->settings, &err);
	if (site->journal == NULL)
		gp_log(GP_LOG_ERROR, "%s", err.text);
	/* Without a server there is no history, and the administrator said so. */
	if (site->settings->redis.server[0] == '\0')
		return;
	site->breaker = gp_breaker_share(site->settings);
	if (site->journal != NULL)
		gp_journal_heed(site->journal, site->breaker,
				gp_protocol_word(protocol));
	site->store = gp_store_open_shared(site->settings, site->breaker, &err);
	if (site->store == NULL)
		gp_log(GP_LOG_ERROR, "%s; checks for mail are not limited",
		       err.text);
}

bool gp_plugin_site_open(struct gp_plugin_site *site, enum gp_protocol protocol)
{
	if (!site->was_tried) {
		site->was_tried = true;
		open_once(site, protocol);
	}
	return site->has_work;
}

void gp_plugin_site_close(struct gp_plugin_site *site)
{
	gp_journal_close(&site->journal);       /* heeds the breaker */
	gp_store_close(&site->store);
	gp_breaker_free(&site->breaker);
	gp_settings_free(&site->settings);
	site->was_tried = site->has_work = false;
}
