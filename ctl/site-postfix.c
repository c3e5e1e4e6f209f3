/* SPDX-License-Identifier: MIT */
/*
 * This module reads a Postfix through postconf.  What an "-o" line changes may
 * change other settings that refer to it, so postconf is asked once for each
 * different set of them rather than guessed at.
 */
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "site-network.h"
#include "site-postfix.h"
#include "site-restriction.h"

enum { OPTIONS_MOST = 100 };

static int read_map(struct gp_pool *pool, const char *const argv[],
		    struct gp_site_map *map_r, struct gp_error *err)
{
	const char *text;
	int code = gp_site_run(pool, argv, &text, err);

	if (code == 0)
		gp_site_map_parse(pool, text, map_r);
	return code;
}

static const char *get(const struct gp_site_map *map, const char *name)
{
	const char *value = gp_site_map_get(map, name);

	return value == NULL ? "" : value;
}

/* --- services */

static const char *attribute(struct gp_pool *pool,
			     const struct gp_site_map *fields,
			     const char *place, const char *name)
{
	return get(fields, gp_pool_printf(pool, "%s/%s", place, name));
}

static enum gp_postfix_daemon daemon_of(const char *command)
{
	static const struct {
		const char *name;
		enum gp_postfix_daemon daemon;
	} known[] = {
		{ "smtpd", GP_POSTFIX_SMTPD }, { "cleanup", GP_POSTFIX_CLEANUP },
		{ "pickup", GP_POSTFIX_PICKUP },
	};
	size_t length = strcspn(command, " \t");

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == length &&
		    strncmp(command, known[i].name, length) == 0)
			return known[i].daemon;
	return GP_POSTFIX_OTHER;
}

/* "smtp", "127.0.0.1:10025", "[::1]:587".  A "pass" service has its
   connections from postscreen, which listens on port 25. */
static unsigned int port_of(const struct gp_postfix_service *service)
{
	const char *colon = strrchr(service->name, ':');
	const char *text = colon == NULL ? service->name : colon + 1;
	unsigned long number;
	struct servent *entry;
	char *end;

	if (strcmp(service->type, "pass") == 0)
		return 25;
	if (strcmp(service->type, "inet") != 0)
		return 0;
	number = strtoul(text, &end, 10);
	if (end != text && *end == '\0')
		return number <= 65535 ? (unsigned int)number : 0;
	if (strcmp(text, "submissions") == 0 || strcmp(text, "smtps") == 0)
		return 465;
	entry = getservbyname(text, "tcp");
	return entry == NULL ? 0 : ntohs((uint16_t)entry->s_port);
}

static bool is_loopback(struct gp_pool *pool, const char *addresses)
{
	struct gp_site_networks networks;

	if (strcmp(addresses, "loopback-only") == 0 ||
	    strcmp(addresses, "localhost") == 0)
		return true;
	gp_site_networks_judge(pool, addresses, &networks);
	return networks.is_loopback_only && networks.widest != NULL;
}

static bool listens_on_loopback(struct gp_pool *pool,
				const struct gp_postfix_service *service)
{
	const char *colon = strrchr(service->name, ':');

	if (strcmp(service->type, "inet") != 0)
		return strcmp(service->type, "unix") == 0;
	return is_loopback(pool, colon == NULL
			   ? gp_postfix_get(service, "inet_interfaces")
			   : gp_pool_strndup(pool, service->name,
					(size_t)(colon - service->name)));
}

/* Column 5: "-" means no since Postfix 3.0, and yes for what was set up before
   (postconf(5), compatibility_level below 1). */
static bool is_chrooted(const struct gp_site_map *settings, const char *column)
{
	if (*column == '-')
		return atof(get(settings, "compatibility_level")) < 1;
	return *column == 'y';
}

/* The options of a place, out of those of all places. */
static void take_options(struct gp_pool *pool, const struct gp_site_map *all,
			 const char *place, struct gp_site_map *options_r)
{
	size_t length = strlen(place);

	options_r->pairs = gp_pool_alloc(pool, (all->count + 1) *
					 sizeof(*options_r->pairs));
	options_r->count = 0;
	for (size_t i = 0; i < all->count; i++) {
		const char *name = all->pairs[i].name;

		if (strncmp(name, place, length) != 0 || name[length] != '/' ||
		    strchr(name + length + 1, '/') != NULL)
			continue;
		options_r->pairs[options_r->count].name = name + length + 1;
		options_r->pairs[options_r->count++].value = all->pairs[i].value;
	}
}

static bool is_same_map(const struct gp_site_map *a, const struct gp_site_map *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->pairs[i].name, b->pairs[i].name) != 0 ||
		    strcmp(a->pairs[i].value, b->pairs[i].value) != 0)
			return false;
	return true;
}

/* What is in force: main.cf's, another service's with the same options, or
   what postconf makes of these options. */
static int resolve(struct gp_pool *pool, const struct gp_postfix *postfix,
		   struct gp_postfix_service *service, struct gp_error *err)
{
	const char *argv[2 * OPTIONS_MOST + 5] = { "postconf", "-c", NULL, "-x" };
	const struct gp_site_map *options = &service->options;
	size_t count = 4;

	if (options->count == 0) {
		service->settings = postfix->settings;
		return 0;
	}
	for (size_t i = 0; i < postfix->count; i++) {
		if (!is_same_map(options, &postfix->services[i].options))
			continue;
		service->settings = postfix->services[i].settings;
		return 0;
	}
	argv[2] = postfix->folder;
	for (size_t i = 0; i < options->count && i < OPTIONS_MOST; i++) {
		argv[count++] = "-o";
		argv[count++] = gp_pool_printf(pool, "%s=%s",
					       options->pairs[i].name,
					       options->pairs[i].value);
	}
	argv[count] = NULL;
	return read_map(pool, argv, &service->settings, err);
}

static int read_service(struct gp_pool *pool, struct gp_postfix *postfix,
			const char *place, const struct gp_site_map *fields,
			const struct gp_site_map *options, struct gp_error *err)
{
	struct gp_postfix_service *service =
		&postfix->services[postfix->count];
	int code;

	service->place = place;
	service->name = attribute(pool, fields, place, "service");
	service->type = attribute(pool, fields, place, "type");
	service->daemon = daemon_of(attribute(pool, fields, place, "command"));
	if (service->daemon == GP_POSTFIX_OTHER)
		return 0;
	service->is_chrooted = is_chrooted(&postfix->settings,
			attribute(pool, fields, place, "chroot"));
	take_options(pool, options, place, &service->options);
	code = resolve(pool, postfix, service, err);
	if (code != 0)
		return code;
	service->port = port_of(service);
	service->is_on_loopback = listens_on_loopback(pool, service);
	postfix->count++;
	return 0;
}

static int read_services(struct gp_pool *pool, struct gp_postfix *postfix,
			 struct gp_error *err)
{
	const char *folder = postfix->folder;
	const char *const fields_argv[] = { "postconf", "-c", folder, "-F", NULL };
	const char *const options_argv[] = { "postconf", "-c", folder, "-P", NULL };
	struct gp_site_map fields, options;
	int code = read_map(pool, fields_argv, &fields, err);

	if (code == 0)
		code = read_map(pool, options_argv, &options, err);
	if (code != 0)
		return code;
	postfix->services = gp_pool_alloc(pool, (fields.count + 1) *
					  sizeof(*postfix->services));
	for (size_t i = 0; code == 0 && i < fields.count; i++) {
		const char *slash = strrchr(fields.pairs[i].name, '/');
		const char *name = fields.pairs[i].name;

		if (slash != NULL && strcmp(slash, "/command") == 0)
			code = read_service(pool, postfix,
					    gp_pool_strndup(pool, name,
						(size_t)(slash - name)),
					    &fields, &options, err);
	}
	return code;
}

static int read_main(struct gp_pool *pool, struct gp_postfix *postfix,
		     struct gp_error *err)
{
	const char *folder = postfix->folder;
	const char *const all_argv[] = { "postconf", "-c", folder, "-x", NULL };
	const char *const explicit_argv[] = { "postconf", "-c", folder, "-n", NULL };
	int code = read_map(pool, all_argv, &postfix->settings, err);

	return code != 0 ? code
			 : read_map(pool, explicit_argv, &postfix->explicit, err);
}

static int find_folder(struct gp_pool *pool, const char **folder,
		       struct gp_error *err)
{
	const char *const argv[] = { "postconf", "-dh", "config_directory", NULL };
	const char *text;
	int code;

	if (*folder != NULL)
		return 0;
	code = gp_site_run(pool, argv, &text, err);
	if (code == 0)
		*folder = gp_pool_strndup(pool, text, strcspn(text, "\n"));
	return code;
}

int gp_postfix_read(struct gp_pool *pool, const char *folder,
		    struct gp_postfix *postfix_r, struct gp_error *err)
{
	struct gp_postfix postfix = { .folder = folder };
	int code = find_folder(pool, &postfix.folder, err);

	if (code != 0)
		return code;
	postfix.main_cf = gp_pool_printf(pool, "%s/main.cf", postfix.folder);
	postfix.master_cf = gp_pool_printf(pool, "%s/master.cf", postfix.folder);
	if (access(postfix.main_cf, R_OK) < 0) {
		(void)gp_error_set(err, "%s: there is no such file, or it "
				   "cannot be read", postfix.main_cf);
		return EX_NOINPUT;
	}
	code = read_main(pool, &postfix, err);
	if (code == 0)
		code = read_services(pool, &postfix, err);
	if (code == 0)
		*postfix_r = postfix;
	return code;
}

/* --- questions */

const char *gp_postfix_get(const struct gp_postfix_service *service,
			   const char *setting)
{
	return get(&service->settings, setting);
}

bool gp_postfix_is_yes(const struct gp_postfix_service *service,
		       const char *setting)
{
	return strcasecmp(gp_postfix_get(service, setting), "yes") == 0;
}

bool gp_postfix_takes_users(const struct gp_postfix_service *service)
{
	const char *sasl = gp_site_map_get(&service->options,
					   "smtpd_sasl_auth_enable");

	return service->daemon == GP_POSTFIX_SMTPD &&
	       (service->port == 587 || service->port == 465 ||
		gp_postfix_is_yes(service, "smtpd_tls_wrappermode") ||
		(sasl != NULL && strcasecmp(sasl, "yes") == 0));
}

bool gp_postfix_is_reinjection(struct gp_pool *pool,
			       const struct gp_postfix_service *service)
{
	struct gp_site_networks networks;

	if (service->daemon != GP_POSTFIX_SMTPD || !service->is_on_loopback ||
	    service->port == 25 || gp_postfix_takes_users(service) ||
	    gp_postfix_is_yes(service, "smtpd_sasl_auth_enable"))
		return false;
	gp_site_networks_judge(pool, gp_postfix_get(service, "mynetworks"),
			       &networks);
	return networks.is_loopback_only &&
	       gp_site_strangers(pool, service) == GP_SITE_STRANGERS_SHUT_OUT;
}

unsigned long gp_postfix_secs(const char *text)
{
	char *unit;
	unsigned long number = strtoul(text, &unit, 10);

	switch (*unit) {
	case 'm': return number * 60;
	case 'h': return number * 3600;
	case 'd': return number * 86400;
	case 'w': return number * 604800;
	default: return number;
	}
}

/* --- findings */

void gp_postfix_report(struct gp_site *site, const struct gp_postfix *postfix,
		       const struct gp_postfix_service *service,
		       const struct gp_site_finding *finding,
		       const char *good_value)
{
	struct gp_site_finding copy = *finding;
	bool is_option = gp_site_map_get(&service->options,
					 finding->setting) != NULL;

	copy.file = is_option ? postfix->master_cf : postfix->main_cf;
	copy.place = service->place;
	copy.value = gp_site_map_get(&service->settings, finding->setting);
	if (good_value != NULL && is_option)
		copy.remedy = gp_pool_printf(site->pool, "-o { %s = %s }",
					     finding->setting, good_value);
	else if (good_value != NULL)
		copy.remedy = gp_pool_printf(site->pool, "%s = %s",
					     finding->setting, good_value);
	gp_site_report(site, &copy);
}

static bool serves(const struct gp_postfix *postfix, unsigned int port)
{
	for (size_t i = 0; i < postfix->count; i++)
		if (postfix->services[i].port == port)
			return port != 25 ||
			       gp_postfix_takes_users(&postfix->services[i]);
	return false;
}

void gp_site_check_postfix(struct gp_site *site,
			   const struct gp_postfix *postfix)
{
	site->seen[site->seen_count++] = gp_pool_printf(site->pool,
		"Postfix %s in %s", get(&postfix->settings, "mail_version"),
		postfix->folder);
	for (size_t i = 0; i < postfix->count; i++) {
		const struct gp_postfix_service *service = &postfix->services[i];

		gp_site_check_postfix_milter(site, postfix, service);
		if (service->daemon != GP_POSTFIX_SMTPD)
			continue;
		gp_site_check_postfix_tls(site, postfix, service);
		gp_site_check_postfix_relay(site, postfix, service);
	}
	gp_site_check_postfix_socket(site, postfix);
	gp_site_check_postfix_domains(site, postfix);
	for (size_t i = 0; i < site->settings->submission.ports.count; i++) {
		unsigned int port = site->settings->submission.ports.items[i];

		if (!serves(postfix, port))
			gp_site_report_unserved_port(site, "Postfix", port);
	}
}
