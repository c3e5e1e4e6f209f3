/* SPDX-License-Identifier: MIT */
/*
 * This module finds ways around the milter: services that do not ask it, ask
 * somewhere else, or let mail pass when it does not answer.
 */
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "site-postfix.h"
#include "socket-text.h"

enum {
	COMMAND_TIMEOUT_SECS = 30,      /* Postfix's default */
	GROUPS_MOST = 256
};

struct entry {
	const char *address;
	const char *default_action;     /* its own; NULL: the setting's */
	const char *command_timeout;
};

struct place {
	struct gp_site *site;
	const struct gp_postfix *postfix;
	const struct gp_postfix_service *service;
	const char *setting;            /* smtpd_milters or non_smtpd_milters */
	const char *address;            /* gatepost's, as Postfix writes it */
};

static void report(const struct place *place, const struct gp_site_finding *finding,
		   const char *good_value)
{
	gp_postfix_report(place->site, place->postfix, place->service, finding,
			  good_value);
}

/* "inet:host:port" or "{ inet:host:port, default_action = accept }" */
static struct entry parse_entry(struct gp_pool *pool, const char *word)
{
	struct entry entry = { .address = word };
	struct gp_site_map options;
	char *inner;

	if (*word != '{')
		return entry;
	inner = gp_pool_strdup(pool, word + 1);
	inner[strcspn(inner, "}")] = '\0';
	word = inner;
	entry.address = gp_site_next_word(pool, &word);
	if (entry.address == NULL)
		entry.address = "";
	/* Blanks around "=" are allowed; make them what the map understands. */
	inner = gp_pool_alloc(pool, 3 * strlen(word) + 1);
	for (char *end = inner; *word != '\0'; word++) {
		if (*word == ',')
			*end++ = '\n';
		else if (*word == '=')
			end = stpcpy(end, " = ");
		else if (*word != ' ' && *word != '\t')
			*end++ = *word;
	}
	gp_site_map_parse(pool, inner, &options);
	entry.default_action = gp_site_map_get(&options, "default_action");
	entry.command_timeout = gp_site_map_get(&options, "command_timeout");
	return entry;
}

static bool is_same_file(const char *left, const char *right)
{
	struct stat a, b;

	return strcmp(left, right) == 0 ||
	       (stat(left, &a) == 0 && stat(right, &b) == 0 &&
		a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/* Where a service finds the path: relative ones in the queue directory, and a
   chrooted service everything. */
static const char *path_seen(const struct place *place, const char *path)
{
	if (*path == '/' && !place->service->is_chrooted)
		return path;
	return gp_pool_printf(place->site->pool, "%s%s%s",
			      gp_postfix_get(place->service, "queue_directory"),
			      *path == '/' ? "" : "/", path);
}

static bool is_same_host(const struct gp_socket *ours, const char *theirs)
{
	static const char *const any[] = { "0.0.0.0", "::", NULL };
	static const char *const local[] = { "127.0.0.1", "::1", "localhost", NULL };
	bool ours_is_local = false, theirs_is_local = false;

	for (int i = 0; any[i] != NULL; i++)
		if (strcmp(ours->host, any[i]) == 0)
			return true;
	for (int i = 0; local[i] != NULL; i++) {
		ours_is_local |= strcmp(ours->host, local[i]) == 0;
		theirs_is_local |= strcmp(theirs, local[i]) == 0;
	}
	return strcasecmp(ours->host, theirs) == 0 ||
	       (ours_is_local && theirs_is_local);
}

static bool is_ours(const struct place *place, const char *address)
{
	struct gp_socket ours, theirs;

	if (gp_socket_parse(place->site->settings->milter.socket, &ours,
			    NULL) < 0)
		return false;
	if (ours.kind == GP_SOCKET_FD)
		return true;    /* somebody else opened it: nothing to compare */
	if (strncmp(address, "unix:", 5) == 0)
		return ours.kind == GP_SOCKET_UNIX &&
		       is_same_file(path_seen(place, address + 5), ours.path);
	if (gp_socket_parse(address, &theirs, NULL) < 0)
		return false;
	return ours.kind != GP_SOCKET_UNIX && theirs.kind != GP_SOCKET_UNIX &&
	       ours.port == theirs.port && is_same_host(&ours, theirs.host);
}

/* gatepost's address in the spelling of Postfix. */
static const char *wanted_address(const struct gp_site *site)
{
	struct gp_socket ours;

	if (gp_socket_parse(site->settings->milter.socket, &ours, NULL) < 0 ||
	    ours.kind == GP_SOCKET_FD)
		return "unix:/run/gatepost/milter.sock";
	if (ours.kind == GP_SOCKET_UNIX)
		return gp_pool_printf(site->pool, "unix:%s", ours.path);
	return gp_pool_printf(site->pool, strchr(ours.host, ':') != NULL
			      ? "inet:[%s]:%u" : "inet:%s:%u", ours.host,
			      ours.port);
}

static void report_missing(const struct place *place)
{
	bool is_reinjection = gp_postfix_is_reinjection(place->site->pool,
							place->service);
	const struct gp_site_finding finding = {
		.level = is_reinjection ? GP_SITE_ADVICE : GP_SITE_DANGER,
		.name = "milter-missing", .setting = place->setting,
		.why = is_reinjection
			? "Mail that a content filter on this host gives back does "
			  "not pass gatepost again; that is right as long as only "
			  "the filter can connect here."
			: place->service->daemon == GP_POSTFIX_SMTPD
			? "Mail that comes in here is never shown to gatepost: no "
			  "rule about TLS, login or relaying holds."
			: "Mail of programs on this host (sendmail(1)) is never "
			  "shown to gatepost: smtpd_milters does not cover it.",
	};
	report(place, &finding, place->address);
}

static bool would_match_without_chroot(const struct place *place,
				       const char *address)
{
	struct gp_postfix_service free_service = *place->service;
	struct place free_place = *place;

	free_service.is_chrooted = false;
	free_place.service = &free_service;
	return place->service->is_chrooted && is_ours(&free_place, address);
}

static void report_foreign(const struct place *place, const char *address)
{
	struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "milter-address",
		.setting = place->setting,
		.why = gp_pool_printf(place->site->pool,
			"None of these is where gatepost listens (milter.socket in "
			"%s).", place->site->conf_path),
	};

	if (would_match_without_chroot(place, address)) {
		finding.name = "milter-chroot";
		finding.why = gp_pool_printf(place->site->pool,
			"This service is chrooted (\"y\" in column 5 of master.cf), "
			"so it looks for %s, where gatepost does not listen.",
			path_seen(place, strchr(address, ':') + 1));
		finding.remedy = gp_pool_printf(place->site->pool,
			"in %s write \"n\" in column 5 of this service",
			place->postfix->master_cf);
		report(place, &finding, NULL);
		return;
	}
	report(place, &finding, place->address);
}

static void check_action(const struct place *place, const struct entry *entry)
{
	const char *action = entry->default_action != NULL ? entry->default_action
		: gp_postfix_get(place->service, "milter_default_action");
	bool is_accept = strcasecmp(action, "accept") == 0;
	const struct gp_site_finding finding = {
		.level = is_accept ? GP_SITE_DANGER : GP_SITE_ADVICE,
		.name = "milter-action",
		.setting = entry->default_action != NULL ? place->setting
							 : "milter_default_action",
		.why = is_accept
			? "When gatepost is stopped, restarted or slow, all mail "
			  "passes unseen."
			: "When gatepost is stopped, mail piles up in the hold queue "
			  "instead of waiting at its sender.",
	};

	if (is_accept || strcasecmp(action, "quarantine") == 0)
		report(place, &finding, entry->default_action == NULL ? "tempfail"
			: gp_pool_printf(place->site->pool,
				"{ %s, default_action = tempfail }", entry->address));
}

static void check_timeout(const struct place *place, const struct entry *entry)
{
	const char *timeout = entry->command_timeout != NULL
		? entry->command_timeout
		: gp_postfix_get(place->service, "milter_command_timeout");
	const struct gp_site_finding finding = {
		.level = GP_SITE_ADVICE, .name = "milter-timeout",
		.setting = entry->command_timeout != NULL ? place->setting
							  : "milter_command_timeout",
		.why = "gatepost answers in milliseconds; with so long a wait, a "
		       "milter that hangs ties up every connection.",
	};

	if (gp_postfix_secs(timeout) > COMMAND_TIMEOUT_SECS)
		report(place, &finding, entry->command_timeout == NULL ? "10s"
			: gp_pool_printf(place->site->pool,
				"{ %s, command_timeout = 10s }", entry->address));
}

static void check_list(const struct place *place)
{
	const char *list = gp_postfix_get(place->service, place->setting);
	const char *word, *first = NULL;

	while ((word = gp_site_next_word(place->site->pool, &list)) != NULL) {
		struct entry entry = parse_entry(place->site->pool, word);

		if (first == NULL)
			first = entry.address;
		if (would_match_without_chroot(place, entry.address))
			first = entry.address;
		if (!is_ours(place, entry.address))
			continue;
		check_action(place, &entry);
		check_timeout(place, &entry);
		return;
	}
	if (first == NULL)
		report_missing(place);
	else
		report_foreign(place, first);
}

/* A table that is asked for each client, and may answer DISABLE. */
static void check_maps(const struct place *place)
{
	const struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "milter-maps",
		.setting = "smtpd_milter_maps",
		.why = "This table can switch milters off, or replace them, for some "
		       "clients.  Clients that may do more than others are named in "
		       "gatepost.conf (relay.trusted_networks).",
	};

	if (gp_postfix_get(place->service, finding.setting)[0] != '\0')
		report(place, &finding, "");
}

static void check_override(const struct place *place)
{
	bool is_reinjection = gp_postfix_is_reinjection(place->site->pool,
							place->service);
	const struct gp_site_finding finding = {
		.level = is_reinjection ? GP_SITE_ADVICE : GP_SITE_DANGER,
		.name = "milter-override", .setting = "receive_override_options",
		.why = is_reinjection
			? "no_milters on a way back from a content filter is right "
			  "as long as only the filter can connect here."
			: "no_milters: mail that comes in here is never shown to "
			  "gatepost.",
		.remedy = "take no_milters out of receive_override_options",
	};

	if (strstr(gp_postfix_get(place->service, finding.setting),
		   "no_milters") != NULL)
		report(place, &finding, NULL);
}

void gp_site_check_postfix_milter(struct gp_site *site,
				  const struct gp_postfix *postfix,
				  const struct gp_postfix_service *service)
{
	struct place place = {
		.site = site, .postfix = postfix, .service = service,
		.setting = "smtpd_milters", .address = wanted_address(site),
	};

	if (service->daemon != GP_POSTFIX_CLEANUP)
		check_override(&place);
	if (service->daemon == GP_POSTFIX_CLEANUP)
		place.setting = "non_smtpd_milters";
	if (service->daemon != GP_POSTFIX_PICKUP)
		check_list(&place);
	if (service->daemon == GP_POSTFIX_SMTPD)
		check_maps(&place);
}

/* connect() to a unix socket needs permission to write. */
static bool may_connect(const struct passwd *user, const struct stat *status)
{
	gid_t groups[GROUPS_MOST];
	int count = GROUPS_MOST;

	if ((status->st_mode & S_IWOTH) != 0 || user->pw_uid == 0)
		return true;
	if (status->st_uid == user->pw_uid)
		return (status->st_mode & S_IWUSR) != 0;
	if (getgrouplist(user->pw_name, user->pw_gid, groups, &count) < 0)
		return true;
	for (int i = 0; i < count; i++)
		if (groups[i] == status->st_gid)
			return (status->st_mode & S_IWGRP) != 0;
	return false;
}

void gp_site_check_postfix_socket(struct gp_site *site,
				  const struct gp_postfix *postfix)
{
	const char *owner = gp_site_map_get(&postfix->settings, "mail_owner");
	const struct passwd *user = owner == NULL ? NULL : getpwnam(owner);
	const struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "milter-unreachable",
		.file = site->conf_path, .setting = "milter.socket_group",
		.value = site->settings->milter.socket_group,
		.why = gp_pool_printf(site->pool, "Postfix runs as %s, which may "
			"not connect to the milter's socket: all mail waits, or "
			"passes unseen, by milter_default_action.", owner),
		.remedy = gp_pool_printf(site->pool,
			"milter { socket_group = %s }", owner),
	};
	struct gp_socket ours;
	struct stat status;

	if (gp_socket_parse(site->settings->milter.socket, &ours, NULL) == 0 &&
	    ours.kind == GP_SOCKET_UNIX && user != NULL &&
	    stat(ours.path, &status) == 0 && !may_connect(user, &status))
		gp_site_report(site, &finding);
}
