/* SPDX-License-Identifier: MIT */
/*
 * This module looks at what Dovecot tells of a login: its questions to
 * gatepost-authpolicy, and the names that mail programs give (IMAP ID).
 */
#include <string.h>

#include "site-dovecot.h"
#include "site-run.h"

/* As doveconf shows it; "" if this Dovecot does not know it.  2.4 shows what is set of
   the policy in a block, and at the top what would hold without. */
static const char *get(const struct gp_dovecot *dovecot, const char *name)
{
	static const char block[] = "auth_policy", start[] = "auth_policy_";
	const char *value = strncmp(name, start, sizeof(start) - 1) != 0 ? NULL
		: gp_dovecot_get(dovecot, block, name + sizeof(start) - 1);

	if (value == NULL)
		value = gp_dovecot_get(dovecot, "", name);
	return value == NULL ? "" : value;
}

static void report(struct gp_site *site, const struct gp_dovecot *dovecot,
		   const struct gp_site_finding *finding)
{
	struct gp_site_finding copy = *finding;

	copy.file = dovecot->path;
	copy.value = get(dovecot, finding->setting);
	gp_site_report(site, &copy);
}

void gp_site_check_dovecot_policy(struct gp_site *site,
				  const struct gp_dovecot *dovecot, bool has_plugin)
{
	static const struct gp_site_finding findings[] = {
		{ .level = GP_SITE_DANGER, .name = "policy-asked-twice",
		  .setting = "auth_policy_check_after_auth",
		  .why = "Each login is asked about once more after its password was "
			 "found good, and then waits twice.",
		  .remedy = "auth_policy_check_after_auth = no" },
		{ .level = GP_SITE_DANGER, .name = "policy-refuses",
		  .setting = "auth_policy_reject_on_fail",
		  .why = "While gatepost-authpolicy does not answer nobody can log in.",
		  .remedy = "auth_policy_reject_on_fail = no" },
		{ .level = GP_SITE_ADVICE, .name = "policy-reported",
		  .setting = "auth_policy_report_after_auth",
		  .why = "The plugins count logins already: with Dovecot's reports each "
			 "counts twice.",
		  .remedy = "auth_policy_report_after_auth = no" },
	};

	if (get(dovecot, "auth_policy_server_url")[0] == '\0')
		return;
	for (size_t i = 0; i < sizeof(findings) / sizeof(findings[0]); i++)
		if (strcasecmp(get(dovecot, findings[i].setting), "yes") == 0 &&
		    (has_plugin || strcmp(findings[i].name, "policy-reported") != 0))
			report(site, dovecot, &findings[i]);
}

/* --- what programs call themselves */

static bool is_23(const struct gp_dovecot *dovecot)
{
	return dovecot->version == NULL ||
	       strncmp(dovecot->version, "2.3.", 4) == 0;
}

/* The fields of such a userdb are said elsewhere, in 2.3 even those of a database. */
static bool is_unseen(const struct gp_dovecot *dovecot,
		      const struct gp_dovecot_entry *entry)
{
	static const char *const elsewhere[] = { "lua", "checkpassword" };
	static const char *const of_23[] = { "sql", "ldap", "dict" };

	if (strncmp(entry->block, "userdb", 6) != 0 ||
	    strcmp(entry->name, is_23(dovecot) ? "driver" : "userdb_driver") != 0)
		return false;
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		if (strcmp(entry->value, elsewhere[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(of_23) / sizeof(of_23[0]); i++)
		if (is_23(dovecot) && strcmp(entry->value, of_23[i]) == 0)
			return true;
	return false;
}

/* The field, or a query that may name it. */
static bool may_hand_name_on(const struct gp_dovecot *dovecot)
{
	for (size_t i = 0; i < dovecot->count; i++) {
		const struct gp_dovecot_entry *entry = &dovecot->entries[i];

		if (strstr(entry->name, "gatepost_client_id") != NULL ||
		    strstr(entry->value, "gatepost_client_id") != NULL ||
		    is_unseen(dovecot, entry))
			return true;
	}
	return false;
}

void gp_site_check_dovecot_names(struct gp_site *site,
				 const struct gp_dovecot *dovecot)
{
	struct gp_site_finding finding = {
		.level = GP_SITE_ADVICE, .name = "program-names",
		.setting = "imap_id_retain",
		.why = "The name that a program gives before the login does not reach "
		       "the plugin: all of a user's programs behind one address share "
		       "one interval.",
		.remedy = "imap_id_retain = yes",
	};

	if (site->settings->poll.program == GP_PROGRAM_ADDRESS)
		return;
	if (strcasecmp(get(dovecot, "imap_id_retain"), "yes") != 0) {
		report(site, dovecot, &finding);
		return;
	}
	if (may_hand_name_on(dovecot))
		return;
	finding.setting = "gatepost_client_id";
	finding.remedy = is_23(dovecot)
		? "userdb {\n  default_fields = gatepost_client_id=%{client_id}\n}"
		: "userdb ... {\n  fields {\n    gatepost_client_id = "
		  "%{client_id}\n  }\n}";
	report(site, dovecot, &finding);
}
