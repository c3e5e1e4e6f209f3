/* SPDX-License-Identifier: MIT */
/*
 * This module looks whether Dovecot loads gatepost's plugins where it should,
 * and whether it can: if not, every login of that protocol fails.
 */
#include <ctype.h>
#include <dirent.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>

#include "policy-terms.h"
#include "site-abi.h"
#include "site-dovecot.h"
#include "site-run.h"

static const struct plugin {
	const char *protocol, *name, *block;
	bool is_optional;
} plugins[] = {
	{ "imap", "imap_gatepost", "protocol imap", false },
	{ "pop3", "pop3_gatepost", "protocol pop3", true },
};

enum { PLUGIN_COUNT = sizeof(plugins) / sizeof(plugins[0]) };

static const char *get(const struct gp_dovecot *dovecot, const char *block,
		       const char *name)
{
	const char *value = gp_dovecot_get(dovecot, block, name);

	return value == NULL ? "" : value;
}

static bool has_word(struct gp_pool *pool, const char *list, const char *wanted)
{
	const char *word;

	while ((word = gp_site_next_word(pool, &list)) != NULL)
		if (strcasecmp(word, wanted) == 0)
			return true;
	return false;
}

/* The block in which an entry loads the plugin, NULL if it does not.  2.3:
   mail_plugins = a b.  2.4: also mail_plugins { a = yes }. */
static const char *loading_block(struct gp_pool *pool,
				 const struct gp_dovecot_entry *entry,
				 const char *plugin)
{
	static const char list[] = "mail_plugins", inner[] = " > mail_plugins";
	size_t length = strlen(entry->block);

	if (strcmp(entry->name, list) == 0)
		return has_word(pool, entry->value, plugin) ? entry->block : NULL;
	if (strcmp(entry->name, plugin) != 0 ||
	    strcasecmp(entry->value, "yes") != 0)
		return NULL;
	if (strcmp(entry->block, list) == 0)
		return "";
	if (length < sizeof(inner) ||
	    strcmp(entry->block + length - (sizeof(inner) - 1), inner) != 0)
		return NULL;
	return gp_pool_strndup(pool, entry->block, length - (sizeof(inner) - 1));
}

static void report(struct gp_site *site, const struct gp_dovecot *dovecot,
		   const struct gp_site_finding *finding)
{
	struct gp_site_finding copy = *finding;

	if (copy.file == NULL)
		copy.file = dovecot->path;
	gp_site_report(site, &copy);
}

/* 2.4 has blocks where 2.3 has lists. */
static bool is_23(const struct gp_dovecot *dovecot)
{
	return dovecot->version == NULL ||
	       strncmp(dovecot->version, "2.3.", 4) == 0;
}

/* The lines that load it, in the words of this Dovecot's version. */
static const char *loading_lines(struct gp_pool *pool,
				 const struct gp_dovecot *dovecot,
				 const struct plugin *plugin)
{
	return gp_pool_printf(pool, is_23(dovecot)
		? "protocol %s {\n  mail_plugins = $mail_plugins %s\n}"
		: "protocol %s {\n  mail_plugins {\n    %s = yes\n  }\n}",
		plugin->protocol, plugin->name);
}

static void report_elsewhere(struct gp_site *site,
			     const struct gp_dovecot *dovecot,
			     const struct plugin *plugin, const char *block)
{
	const struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "plugin-elsewhere",
		.place = *block == '\0' ? NULL : block,
		.setting = "mail_plugins",
		.value = get(dovecot, block, "mail_plugins"),
		.why = gp_pool_printf(site->pool, "%s is for %s alone: other "
			"programs (POP3, LMTP, doveadm) cannot load it and then "
			"cannot start.", plugin->name, plugin->protocol),
		.remedy = gp_pool_printf(site->pool,
			"take %s out here, and write:\n%s", plugin->name,
			loading_lines(site->pool, dovecot, plugin)),
	};

	report(site, dovecot, &finding);
}

static void report_not_loaded(struct gp_site *site,
			      const struct gp_dovecot *dovecot,
			      const struct plugin *plugin)
{
	bool is_danger = !plugin->is_optional &&
			 gp_poll_has_rules(site->settings);
	const struct gp_site_finding finding = {
		.level = is_danger ? GP_SITE_DANGER : GP_SITE_ADVICE,
		.name = "plugin-missing", .place = plugin->block,
		.setting = "mail_plugins",
		.value = get(dovecot, plugin->block, "mail_plugins"),
		.why = gp_pool_printf(site->pool, "%s is not loaded: nothing "
			"limits how often mail programs check by %s.",
			plugin->name, plugin->protocol),
		.remedy = loading_lines(site->pool, dovecot, plugin),
	};

	report(site, dovecot, &finding);
}

/* --- the file */

/* lib95_imap_gatepost_plugin.so: the number gives the order of loading. */
static const char *find_file(struct gp_pool *pool, const char *folder,
			     const char *name)
{
	const char *wanted = gp_pool_printf(pool, "_%s_plugin.so", name);
	DIR *entries = opendir(folder);
	const struct dirent *entry;
	const char *found = NULL;

	while (entries != NULL && found == NULL &&
	       (entry = readdir(entries)) != NULL) {
		const char *rest = entry->d_name;

		if (strncmp(rest, "lib", 3) != 0)
			continue;
		for (rest += 3; isdigit((unsigned char)*rest); rest++)
			;
		if (strcmp(rest, wanted) == 0)
			found = gp_pool_printf(pool, "%s/%s", folder,
					       entry->d_name);
	}
	if (entries != NULL)
		(void)closedir(entries);
	return found;
}

static void check_mode(struct gp_site *site, const struct gp_dovecot *dovecot,
		       const char *path)
{
	struct stat status;
	struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .file = path, .setting = "mode",
	};

	if (stat(path, &status) < 0)
		return;
	finding.value = gp_pool_printf(site->pool, "%04o",
				       (unsigned int)status.st_mode & 07777);
	finding.remedy = gp_pool_printf(site->pool, "chmod 755 %s", path);
	if ((status.st_mode & S_IROTH) == 0) {
		finding.name = "plugin-unreadable";
		finding.why = "Mail users cannot read the plugin: every login fails.";
		report(site, dovecot, &finding);
	}
	if ((status.st_mode & (S_IWOTH | S_IWGRP)) != 0) {
		finding.name = "plugin-writable";
		finding.why = "Whoever may write this file runs code in everybody's "
			      "mail session.";
		report(site, dovecot, &finding);
	}
}

static void check_abi(struct gp_site *site, const struct gp_dovecot *dovecot,
		      const struct plugin *plugin, const char *path)
{
	const char *abi = gp_site_abi_of_file(site->pool, path);
	const char *symbol = gp_pool_printf(site->pool, "%s_plugin_version",
					    plugin->name);
	struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "plugin-abi", .file = path,
		.setting = symbol, .value = abi,
		.remedy = "build gatepost again with this Dovecot's headers: "
			  "./configure && make && make install",
	};

	if (abi == NULL || !gp_site_file_has_name(path, symbol)) {
		finding.why = "The file does not say for which Dovecot it was built, "
			      "so Dovecot loads it into any, to whatever end.";
		report(site, dovecot, &finding);
	} else if (dovecot->version != NULL &&
		   !gp_site_abi_is_same(abi, dovecot->version)) {
		finding.why = gp_pool_printf(site->pool, "This Dovecot is %s and "
			"refuses the plugin: every login fails.",
			dovecot->version);
		report(site, dovecot, &finding);
	}
}

/* What a plugin loads when it needs it lies beside it. */
static void check_library(struct gp_site *site, const struct gp_dovecot *dovecot,
			  const char *folder, const char *name, const char *what)
{
	const char *path = gp_pool_printf(site->pool, "%s/%s", folder, name);
	const struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "plugin-library",
		.setting = "mail_plugin_dir", .value = folder,
		.why = gp_pool_printf(site->pool, "There is no %s: %s", name, what),
		.remedy = "make install",
	};
	struct stat status;

	if (stat(path, &status) < 0)
		report(site, dovecot, &finding);
	else
		check_mode(site, dovecot, path);
}

static void check_libraries(struct gp_site *site, const struct gp_dovecot *dovecot,
			    const struct plugin *plugin, const char *folder)
{
	check_library(site, dovecot, folder, "libgatepost_confuse.so",
		      "unless gatepost.conf is compiled, the plugins cannot read it, "
		      "and judge nobody.");
	check_library(site, dovecot, folder,
		      gp_pool_printf(site->pool, "libgatepost_%s.so", plugin->protocol),
		      gp_pool_printf(site->pool, "nobody is judged who reads mail by %s.",
				     plugin->protocol));
}

static void check_file(struct gp_site *site, const struct gp_dovecot *dovecot,
		       const struct plugin *plugin)
{
	const char *folder = get(dovecot, "", "mail_plugin_dir");
	const char *path = find_file(site->pool, folder, plugin->name);
	const struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "plugin-file",
		.setting = "mail_plugin_dir", .value = folder,
		.why = gp_pool_printf(site->pool, "There is no "
			"lib95_%s_plugin.so: every login fails.", plugin->name),
		.remedy = "make install, or take the plugin out of mail_plugins",
	};

	if (path == NULL) {
		report(site, dovecot, &finding);
		return;
	}
	check_mode(site, dovecot, path);
	check_abi(site, dovecot, plugin, path);
	check_libraries(site, dovecot, plugin, folder);
}

/* --- where it finds settings and history */

static const char *imported_conf(struct gp_pool *pool,
				 const struct gp_dovecot *dovecot)
{
	const char *list = get(dovecot, "", "import_environment"), *word;
	const char *value = gp_dovecot_get(dovecot, "import_environment",
					   "GATEPOST_CONF");

	while (value == NULL && (word = gp_site_next_word(pool, &list)) != NULL)
		if (strncmp(word, "GATEPOST_CONF=", 14) == 0)
			value = word + 14;
	return value;
}

static bool is_same_file(const char *left, const char *right)
{
	struct stat a, b;

	return strcmp(left, right) == 0 ||
	       (stat(left, &a) == 0 && stat(right, &b) == 0 &&
		a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

static void check_conf(struct gp_site *site, const struct gp_dovecot *dovecot)
{
	const char *imported = imported_conf(site->pool, dovecot);
	const char *used = imported == NULL
		? GP_SYSCONFDIR "/gatepost/gatepost.conf" : imported;
	const struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "plugin-settings",
		.setting = "import_environment",
		.value = get(dovecot, "", "import_environment"),
		.why = gp_pool_printf(site->pool, "The plugin reads %s, not %s.",
				      used, site->conf_path),
		.remedy = gp_pool_printf(site->pool, is_23(dovecot)
			? "import_environment = $import_environment "
			  "GATEPOST_CONF=%s"
			: "import_environment {\n  GATEPOST_CONF = %s\n}",
			site->conf_path),
	};

	if (!is_same_file(used, site->conf_path))
		report(site, dovecot, &finding);
}

/* An imap process is the owner of the mail, with the groups that are named. */
static void check_redis(struct gp_site *site, const struct gp_dovecot *dovecot)
{
	const char *server = site->settings->redis.server;
	const char *groups = gp_pool_printf(site->pool, "%s %s",
		get(dovecot, "service imap", "extra_groups"),
		get(dovecot, "", "mail_access_groups"));
	struct stat status;
	const struct group *owner;
	struct gp_site_finding finding = {
		.level = GP_SITE_ADVICE, .name = "redis-group",
		.place = "service imap", .setting = "extra_groups",
		.value = get(dovecot, "service imap", "extra_groups"),
	};

	if (strncmp(server, "unix:", 5) != 0 || stat(server + 5, &status) < 0 ||
	    (status.st_mode & S_IWOTH) != 0)
		return;
	owner = getgrgid(status.st_gid);
	if (owner == NULL || has_word(site->pool, groups, owner->gr_name))
		return;
	finding.why = gp_pool_printf(site->pool, "Redis's socket %s belongs to "
		"group %s, which imap processes do not have: the plugin may find "
		"no history, and then slows nobody down.", server + 5,
		owner->gr_name);
	finding.remedy = gp_pool_printf(site->pool,
		"service imap {\n  extra_groups = %s\n}", owner->gr_name);
	report(site, dovecot, &finding);
}

/* Is it loaded anywhere?  Elsewhere than in its protocol it does harm. */
static bool check_blocks(struct gp_site *site, const struct gp_dovecot *dovecot,
			 const struct plugin *plugin)
{
	bool is_loaded = false;

	for (size_t i = 0; i < dovecot->count; i++) {
		const char *block = loading_block(site->pool,
						  &dovecot->entries[i],
						  plugin->name);

		if (block == NULL)
			continue;
		is_loaded = true;
		if (strcmp(block, plugin->block) != 0)
			report_elsewhere(site, dovecot, plugin, block);
	}
	return is_loaded;
}

void gp_site_check_dovecot_plugin(struct gp_site *site,
				  const struct gp_dovecot *dovecot)
{
	const char *folder = get(dovecot, "", "mail_plugin_dir");
	bool is_any_loaded = false;

	for (size_t i = 0; i < PLUGIN_COUNT; i++) {
		const struct plugin *plugin = &plugins[i];
		bool is_served = has_word(site->pool,
					  get(dovecot, "", "protocols"),
					  plugin->protocol);

		if (check_blocks(site, dovecot, plugin)) {
			is_any_loaded = true;
			if (!plugin->is_optional)
				gp_site_check_dovecot_names(site, dovecot);
			check_file(site, dovecot, plugin);
		} else if (is_served && (!plugin->is_optional ||
			   find_file(site->pool, folder, plugin->name) != NULL)) {
			report_not_loaded(site, dovecot, plugin);
		}
	}
	gp_site_check_dovecot_policy(site, dovecot, is_any_loaded);
	if (!is_any_loaded)
		return;
	check_conf(site, dovecot);
	check_redis(site, dovecot);
}
