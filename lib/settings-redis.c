/* SPDX-License-Identifier: MIT */
/* This module is documented in settings-redis.h. */
#include "settings-redis.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "redis-address.h"

#define OFFSET(field) offsetof(struct gp_settings, redis.field)

#ifdef HAVE_HIREDIS_SSL
static const bool has_tls = true;
#else
static const bool has_tls = false;
#endif

/* Texts that mean nothing without another setting: they would be left out without a
   word. */
static const struct {
	size_t text, needed;
	const char *remedy;
} needs[] = {
	{ OFFSET(user), OFFSET(password_file),
	  "a user needs redis.password_file as well" },
	{ OFFSET(sentinel_user), OFFSET(sentinel_password_file),
	  "a user needs redis.sentinel_password_file as well" },
	{ OFFSET(tls_certificate_file), OFFSET(tls_key_file),
	  "a certificate needs redis.tls_key_file as well" },
	{ OFFSET(tls_key_file), OFFSET(tls_certificate_file),
	  "a key needs redis.tls_certificate_file as well" },
};

static const size_t of_sentinels[] = {
	OFFSET(sentinel_master), OFFSET(sentinel_user),
	OFFSET(sentinel_password_file)
};
static const size_t of_tls[] = {
	OFFSET(tls_ca_file), OFFSET(tls_certificate_file), OFFSET(tls_key_file),
	OFFSET(tls_name)
};

static bool is_set(const struct gp_settings *settings, size_t offset)
{
	const char *const *text =
		(const void *)((const char *)settings + offset);

	return (*text)[0] != '\0';
}

static int check_needs(const struct gp_settings *settings, size_t *offset_r,
		       struct gp_error *err)
{
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (!is_set(settings, needs[i].text) ||
		    is_set(settings, needs[i].needed))
			continue;
		*offset_r = needs[i].text;
		return gp_error_set(err, "%s", needs[i].remedy);
	}
	return 0;
}

static int check_unused(const struct gp_settings *settings, const size_t *offsets,
			size_t count, const char *remedy, size_t *offset_r,
			struct gp_error *err)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_set(settings, offsets[i]))
			continue;
		*offset_r = offsets[i];
		return gp_error_set(err, "%s", remedy);
	}
	return 0;
}

/* *count_r is the number of servers, *has_unix_r whether one is a unix socket. */
static int count_servers(const struct gp_settings *settings, int *count_r,
			 bool *has_unix_r, struct gp_error *err)
{
	struct gp_socket servers[GP_REDIS_SERVERS_MAX];

	*count_r = 0;
	*has_unix_r = false;
	if (settings->redis.server[0] == '\0')
		return 0;
	*count_r = gp_redis_servers_parse(settings->redis.server, servers, err);
	for (int i = 0; i < *count_r; i++)
		*has_unix_r |= servers[i].kind == GP_SOCKET_UNIX;
	return *count_r < 0 ? -1 : 0;
}

static int check_topology(const struct gp_settings *settings, size_t *offset_r,
			  struct gp_error *err)
{
	const enum gp_redis_topology topology = settings->redis.topology;
	bool has_unix;
	int count;

	*offset_r = OFFSET(server);
	if (count_servers(settings, &count, &has_unix, err) < 0)
		return -1;
	if (topology == GP_REDIS_SINGLE && count > 1)
		return gp_error_set(err, "these are %d servers; what they are is "
				    "said by redis.topology, sentinel or cluster",
				    count);
	if (topology == GP_REDIS_CLUSTER && has_unix)
		return gp_error_set(err, "a cluster names its servers by host and "
				    "port; use HOST:PORT");
	if (settings->redis.tls && has_unix)
		return gp_error_set(err, "there is no TLS on a unix socket; use "
				    "HOST:PORT, or take out redis.tls");
	*offset_r = OFFSET(topology);
	if (topology == GP_REDIS_BY_SENTINEL &&
	    !is_set(settings, OFFSET(sentinel_master)))
		return gp_error_set(err, "sentinel needs redis.sentinel_master, the "
				    "name after 'sentinel monitor' in its settings");
	*offset_r = OFFSET(database);
	if (topology == GP_REDIS_CLUSTER && settings->redis.database != 0)
		return gp_error_set(err, "a cluster has database 0 alone");
	return 0;
}

int gp_redis_check(const struct gp_settings *settings, size_t *offset_r,
		   struct gp_error *err)
{
	*offset_r = offsetof(struct gp_settings, journal.stream);
	if (settings->journal.stream > 0 && settings->redis.server[0] == '\0')
		return gp_error_set(err, "a stream needs redis.server");
	if (check_needs(settings, offset_r, err) < 0 ||
	    check_topology(settings, offset_r, err) < 0)
		return -1;
	if (settings->redis.topology != GP_REDIS_BY_SENTINEL &&
	    check_unused(settings, of_sentinels,
			 sizeof(of_sentinels) / sizeof(of_sentinels[0]),
			 "this is for redis.topology = sentinel", offset_r,
			 err) < 0)
		return -1;
	if (!settings->redis.tls)
		return check_unused(settings, of_tls,
				    sizeof(of_tls) / sizeof(of_tls[0]),
				    "this is for redis.tls = yes", offset_r, err);
	*offset_r = OFFSET(tls);
	return has_tls ? 0
		: gp_error_set(err, "this gatepost was built with hiredis %d.%d.%d, "
			       "without its TLS (hiredis_ssl, from 1.0 on); use a "
			       "unix socket or a tunnel, or build it where "
			       "hiredis_ssl is", HIREDIS_MAJOR, HIREDIS_MINOR,
			       HIREDIS_PATCH);
}

/* --- copies --- */

static bool is_text(const struct gp_setting *row)
{
	return (strcmp(row->section, "redis") == 0 ||
		strcmp(row->section, "privacy") == 0) &&
		(row->type == GP_SETTING_TEXT || row->type == GP_SETTING_PATH);
}

static char **text_at(struct gp_settings *settings, const struct gp_setting *row)
{
	return (void *)((char *)settings + row->offset);
}

static const char *const_text_at(const struct gp_settings *settings,
				 const struct gp_setting *row)
{
	return *(const char *const *)(const void *)
		((const char *)settings + row->offset);
}

bool gp_redis_is_same(const struct gp_settings *a, const struct gp_settings *b)
{
	for (const struct gp_setting *row = gp_settings_table;
	     row->section != NULL; row++)
		if (is_text(row) && strcmp(const_text_at(a, row),
					   const_text_at(b, row)) != 0)
			return false;
	return a->privacy.pseudonyms == b->privacy.pseudonyms &&
		a->redis.topology == b->redis.topology &&
		a->redis.tls == b->redis.tls &&
		a->redis.database == b->redis.database &&
		a->redis.deadline_msecs == b->redis.deadline_msecs &&
		a->redis.retry_secs == b->redis.retry_secs &&
		a->redis.retention_secs == b->redis.retention_secs;
}

void gp_redis_copy(const struct gp_settings *settings, struct gp_settings *copy_r)
{
	copy_r->redis = settings->redis;
	copy_r->privacy = settings->privacy;
	for (const struct gp_setting *row = gp_settings_table;
	     row->section != NULL; row++)
		if (is_text(row))
			*text_at(copy_r, row) =
				gp_strdup(const_text_at(settings, row));
}

void gp_redis_free_copy(struct gp_settings *copy)
{
	for (const struct gp_setting *row = gp_settings_table;
	     row->section != NULL; row++)
		if (is_text(row))
			free(*text_at(copy, row));
}
