/* SPDX-License-Identifier: MIT */
/* This module is documented in status.h. */
#include "status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "breaker.h"
#include "gatepost-config.h"
#include "log.h"
#include "policy-terms.h"
#include "settings-files.h"
#include "settings-parse.h"
#include "show.h"
#include "site-abi.h"
#include "site-run.h"
#include "status-journal.h"
#include "status-link.h"
#include "status-plugin.h"
#include "store-pseudonym.h"
#include "store-stream.h"

enum { KEY_BYTES = 256, HEARD_ENOUGH_SECS = 60 };

/* Whose history is written and removed again, to see that it can be. */
static const char nobody[] = "gatepostctl status";

struct look {
	const struct gp_status_terms *terms;
	const struct gp_settings *settings;
	struct gp_pool *pool;
	struct gp_status *status;
};

const char *gp_part_word(enum gp_part_state state)
{
	static const char *const words[] = {
		[GP_PART_OK] = "ok", [GP_PART_OFF] = "off",
		[GP_PART_QUIET] = "quiet", [GP_PART_UNKNOWN] = "unknown",
		[GP_PART_OLD] = "old", [GP_PART_DOWN] = "down",
	};

	return words[state];
}

static struct gp_part *add(struct look *look, const char *name,
			   enum gp_part_state state, const char *detail)
{
	struct gp_part *part = &look->status->parts[look->status->count++];

	*part = (struct gp_part){ .name = name, .state = state,
				  .detail = detail, .usecs = -1,
				  .age_secs = -1 };
	return part;
}

static const char *time_in_words(struct look *look, int64_t secs)
{
	char text[32];

	gp_show_time(secs < 1 ? 1000 : secs * 1000, text, sizeof(text));
	return gp_pool_strdup(look->pool, text);
}

/* --- settings --- */

static void look_at_settings(struct look *look)
{
	const char *path = gp_settings_files_root(look->settings->files);
	const char *changed = path;
	time_t newest = 0;
	struct stat status;
	struct gp_part *part;

	for (size_t i = 0; (path = gp_settings_files_name(look->settings->files,
							   i)) != NULL; i++) {
		if (stat(path, &status) < 0 || status.st_mtime <= newest)
			continue;
		newest = status.st_mtime;
		changed = path;
	}
	path = gp_settings_files_root(look->settings->files);
	part = add(look, "settings", GP_PART_OK, NULL);
	part->age_secs = (int64_t)(time(NULL) - newest);
	part->detail = gp_pool_printf(
		look->pool, "%s, valid, changed %s ago%s%s", path,
		time_in_words(look, part->age_secs),
		strcmp(changed, path) == 0 ? "" : " in ",
		strcmp(changed, path) == 0 ? "" : changed);
	part->version = PACKAGE_VERSION;
}

/* --- the milter --- */

/* Its process, if the file names one that lives; else 0. */
static long milter_pid(const struct look *look)
{
	const char *path = look->settings->milter.pid_file, *text;
	long pid;

	if (path[0] == '\0')
		return 0;
	text = gp_site_read_file(look->pool, path);
	pid = text == NULL ? 0 : strtol(text, NULL, 10);
	if (pid <= 1)
		return 0;
	text = gp_site_read_file(look->pool, gp_pool_printf(
		look->pool, "/proc/%ld/comm", pid));
	return text != NULL && strncmp(text, "gatepost-milter", 15) == 0 ? pid : 0;
}

/* The folder of a process is as old as the process. */
static int64_t age_of_process(const struct look *look, long pid)
{
	struct stat status;

	return stat(gp_pool_printf(look->pool, "/proc/%ld", pid), &status) < 0
		? -1 : (int64_t)(time(NULL) - status.st_mtime);
}

/* What runs may have been replaced since. */
static bool is_replaced(const struct look *look, long pid)
{
	char target[4096];
	ssize_t length = readlink(gp_pool_printf(look->pool, "/proc/%ld/exe", pid),
				  target, sizeof(target) - 1);
	static const char deleted[] = " (deleted)";

	return length > (ssize_t)sizeof(deleted) &&
		memcmp(target + length - (sizeof(deleted) - 1), deleted,
		       sizeof(deleted) - 1) == 0;
}

/* The program is looked at and not run: who can write the pid file must not choose
   what an administrator runs. */
static bool is_our_version(const struct look *look, long pid)
{
	return gp_site_file_has_name(gp_pool_printf(
		look->pool, "/proc/%ld/exe", pid), PACKAGE_VERSION);
}

static void look_at_process(struct look *look, struct gp_part *part)
{
	const long pid = milter_pid(look);

	if (pid == 0)
		return;
	part->age_secs = age_of_process(look, pid);
	part->version = is_our_version(look, pid) ? PACKAGE_VERSION : NULL;
	part->detail = gp_pool_printf(look->pool, "%s, process %ld, runs for %s",
				      part->detail, pid,
				      time_in_words(look, part->age_secs));
	if (!is_replaced(look, pid))
		return;
	part->state = GP_PART_OLD;
	part->detail = gp_pool_printf(look->pool, "%s, and its program was "
				      "replaced since: start it anew",
				      part->detail);
}

static void look_at_milter(struct look *look)
{
	const char *where = look->settings->milter.socket;
	struct gp_socket address;
	struct gp_error err;
	struct gp_part *part;

	part = add(look, "milter", GP_PART_OK, where);
	if (gp_socket_parse(where, &address, &err) < 0) {
		part->state = GP_PART_DOWN;
		part->detail = gp_pool_strdup(look->pool, err.text);
	} else if (address.kind == GP_SOCKET_FD) {
		part->state = GP_PART_UNKNOWN;
		part->detail = gp_pool_printf(look->pool, "%s: whoever starts it "
					      "knows its address", where);
	} else if (gp_status_ask_milter(&address, look->terms->deadline_msecs,
					&part->usecs, &err) < 0) {
		part->state = GP_PART_DOWN;
		part->detail = gp_pool_printf(look->pool, "%s: %s", where,
					      err.text);
	} else {
		look_at_process(look, part);
	}
}

/* --- the auth-policy service --- */

/* NULL when it cannot be read. */
static const char *read_key(const char *path, char key[KEY_BYTES])
{
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return NULL;
	if (fgets(key, KEY_BYTES, file) == NULL)
		key[0] = '\0';
	(void)fclose(file);
	key[strcspn(key, "\r\n")] = '\0';
	return key;
}

static void look_at_authpolicy(struct look *look)
{
	const char *where = look->settings->authpolicy.listen;
	const char *path = look->settings->authpolicy.key_file;
	struct gp_socket address;
	struct gp_error err;
	struct gp_part *part = add(look, "auth-policy", GP_PART_OK, where);
	char key[KEY_BYTES], version[GP_VERSION_BYTES];

	if (path[0] == '\0') {
		part->state = GP_PART_OFF;
		part->detail = "authpolicy.key_file is not set";
		return;
	}
	if (gp_server_parse(where, &address, &err) < 0 ||
	    gp_status_ask_authpolicy(&address, read_key(path, key),
				     look->terms->deadline_msecs, &part->usecs,
				     version, &err) < 0) {
		part->state = GP_PART_DOWN;
		part->detail = gp_pool_printf(look->pool, "%s: %s", where,
					      err.text);
	} else if (version[0] != '\0') {
		part->version = gp_pool_strdup(look->pool, version);
	}
	explicit_bzero(key, sizeof(key));
}

/* --- the store, and what the plugins have left there --- */

/* The second time: the first also connects and may have to send the script. */
static int write_and_remove(struct gp_store *store, int64_t *usecs_r,
			    struct gp_error *err)
{
	const struct gp_rate_terms terms = { 0 };
	const struct gp_submit_query query = {
		.user = nobody, .terms = &terms, .recipients = 1,
	};
	struct gp_submit_history unused;
	struct gp_removal removal;
	int64_t began_usecs = 0;

	for (int i = 0; i < 2; i++) {
		began_usecs = gp_status_clock_usecs();
		if (store->ops->submit(store, &query,
				       gp_clock_monotonic_msecs(), &unused,
				       err) < 0)
			return -1;
	}
	*usecs_r = gp_status_clock_usecs() - began_usecs;
	return store->ops->forget(store, nobody, &removal, err);
}

static void look_at_plugins(struct look *look, struct gp_store *store)
{
	const int64_t heard_secs = look->terms->heard_secs;
	const int64_t enough_secs = heard_secs > 0 && heard_secs < HEARD_ENOUGH_SECS
		? heard_secs : HEARD_ENOUGH_SECS;
	struct gp_part *part = add(look, "plugins", GP_PART_OK, NULL);
	struct gp_loaded_plugin plugin;
	struct gp_error err;
	int64_t age_msecs;

	if (!gp_poll_has_rules(look->settings)) {
		part->state = GP_PART_OFF;
		part->detail = "poll.mode is off";
	} else if (store == NULL) {
		part->state = heard_secs > 0 ? GP_PART_DOWN : GP_PART_UNKNOWN;
		part->detail = "the store has no answer";
	} else if (store->ops->last_heard(store, enough_secs * 1000, &age_msecs,
					  &err) < 0) {
		part->state = GP_PART_DOWN;
		part->detail = gp_pool_strdup(look->pool, err.text);
	} else if (age_msecs < 0) {
		part->state = heard_secs > 0 ? GP_PART_DOWN : GP_PART_QUIET;
		part->detail = "no mail program was ever heard of, or it was forgotten";
	} else {
		part->age_secs = age_msecs / 1000;
		if (heard_secs > 0 && part->age_secs > heard_secs)
			part->state = GP_PART_DOWN;
		else if (heard_secs == 0 && part->age_secs >
			 2 * (int64_t)look->settings->poll.interval_secs)
			part->state = GP_PART_QUIET;
		part->detail = gp_pool_printf(look->pool, "a mail program was "
			"heard of %s ago", time_in_words(look, part->age_secs));
	}
	gp_status_find_plugin(look->pool, &plugin);
	part->version = plugin.version;
	if (plugin.is_replaced)
		part->detail = gp_pool_printf(look->pool, "%s; some sessions run a "
			"plugin that was replaced since", part->detail);
}

/* The milter asks again only when somebody sends mail, so one that leaves Redis alone
   is no fault by itself. */
static void look_at_breaker(struct look *look)
{
	const int64_t now_msecs = gp_clock_wall_msecs();
	struct gp_part *part = add(look, "breaker", GP_PART_OK, NULL);
	struct gp_outage outage;

	if (!gp_status_find_outage(look->settings, &outage)) {
		part->state = GP_PART_UNKNOWN;
		part->detail = "the journal of this host cannot be read";
	} else if (!outage.was_found) {
		part->detail = "closed: the milter asks Redis";
	} else if (outage.is_over) {
		part->age_secs = (now_msecs - outage.back_msecs) / 1000;
		part->detail = gp_pool_printf(look->pool, "closed: the milter asks "
			"Redis, again since %s ago", time_in_words(look,
			part->age_secs));
	} else {
		part->state = GP_PART_QUIET;
		part->age_secs = (now_msecs - outage.went_msecs) / 1000;
		part->detail = gp_pool_printf(look->pool, "open: Redis failed the "
			"milter %s ago; it asks again when somebody sends",
			time_in_words(look, part->age_secs));
	}
}

/* Of mail processes, gatepost-postlogin and gatepost-authpolicy together.  When its
   time is over somebody asks as soon as there is a check. */
static void look_at_poll_breaker(struct look *look)
{
	const int64_t now_msecs = gp_clock_monotonic_msecs();
	struct gp_part *part = add(look, "poll-breaker", GP_PART_OK,
				   "closed: mail processes ask Redis");
	struct gp_breaker_state found;

	if (!gp_poll_has_rules(look->settings)) {
		part->state = GP_PART_OFF;
		part->detail = "poll.mode is off";
		return;
	}
	if (!gp_breaker_look(look->settings, now_msecs, &found) ||
	    !found.is_silent)
		return;
	part->age_secs = (now_msecs - found.outage.since_msecs) / 1000;
	part->state = now_msecs < found.closed_until_msecs ? GP_PART_DOWN
							   : GP_PART_QUIET;
	part->detail = gp_pool_printf(look->pool, "open: Redis failed mail "
		"processes %s ago, checks pass; one asks again %s%s",
		time_in_words(look, part->age_secs),
		part->state == GP_PART_DOWN ? "in " : "with the next check",
		part->state == GP_PART_DOWN ? time_in_words(look,
			(found.closed_until_msecs - now_msecs) / 1000) : "");
}

/* The journal's lines of all hosts. */
static void look_at_stream(struct look *look)
{
	const int64_t began = gp_status_clock_usecs();
	struct gp_stream_reader *reader;
	int64_t lines, lost;
	struct gp_error err;
	struct gp_part *part;

	if (look->settings->journal.stream == 0)
		return;
	part = add(look, "stream", GP_PART_OK, NULL);
	reader = gp_stream_reader_open(look->settings, 0, &err);
	if (reader == NULL ||
	    gp_stream_reader_count(reader, &lines, &lost, &err) < 0) {
		part->state = GP_PART_DOWN;
		part->detail = gp_pool_strdup(look->pool, err.text);
	} else {
		part->usecs = gp_status_clock_usecs() - began;
		part->detail = gp_pool_printf(look->pool, "%" PRId64 " lines of the "
			"journal, of at most about %u; %" PRId64 " lost on their "
			"way", lines, look->settings->journal.stream,
			lost + gp_status_find_untold(look->settings));
	}
	gp_stream_reader_close(&reader);
}

static void look_at_store(struct look *look)
{
	const char *where = look->settings->redis.server;
	struct gp_store *store;
	struct gp_error err;
	struct gp_part *part = add(look, "store", GP_PART_OK, where);

	if (look->settings->store.kind == GP_STORE_MEMORY) {
		part->detail = "memory: each milter counts by itself, until it ends; "
			"checks for mail are not limited";
		return;
	}
	if (where[0] == '\0') {
		part->state = GP_PART_OFF;
		part->detail = "redis.server is not set";
		return;
	}
	store = gp_store_open_to_review(look->settings, &err);
	if (store == NULL ||
	    write_and_remove(store, &part->usecs, &err) < 0) {
		part->state = GP_PART_DOWN;
		part->detail = gp_pool_strdup(look->pool, err.text);
		gp_store_close(&store);
	}
	look_at_breaker(look);
	look_at_poll_breaker(look);
	look_at_plugins(look, store);
	gp_store_close(&store);
	look_at_stream(look);
}

void gp_status_find(const struct gp_status_terms *terms, struct gp_pool *pool,
		    struct gp_status *status_r)
{
	struct look look = { .terms = terms, .pool = pool, .status = status_r };
	struct gp_settings *settings;
	struct gp_error err;

	*status_r = (struct gp_status){ .is_well = true };
	if (gp_settings_load(terms->conf_path, &settings, &err) < 0) {
		(void)add(&look, "settings", GP_PART_DOWN,
			  gp_pool_strdup(pool, err.text));
		status_r->is_misconfigured = true;
		status_r->is_well = false;
		return;
	}
	look.settings = settings;
	look_at_settings(&look);
	look_at_milter(&look);
	look_at_authpolicy(&look);
	look_at_store(&look);
	for (size_t i = 0; i < status_r->count; i++)
		if (status_r->parts[i].state >= GP_PART_OLD)
			status_r->is_well = false;
	/* Details of the settings point into them no more. */
	for (size_t i = 0; i < status_r->count; i++)
		status_r->parts[i].detail = gp_pool_strdup(
			pool, status_r->parts[i].detail);
	gp_settings_free(&settings);
}
