/* SPDX-License-Identifier: MIT */
/* This module is documented in store-redis-access.h. */
#include "store-redis-access.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#ifdef HAVE_HIREDIS_SSL
#include <openssl/err.h>
#include <openssl/ssl.h>
#endif

#include "pool.h"

/* The first line of the file.  A secret that others can read is none. */
static char *read_password(const char *setting, const char *path,
			   struct gp_error *err)
{
	char line[1024];
	struct stat status;
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		(void)gp_error_set(err, "%s %s: %s", setting, path,
				   strerror(errno));
		return NULL;
	}
	if (fstat(fileno(file), &status) < 0 || (status.st_mode & S_IRWXO) != 0) {
		(void)gp_error_set(err, "%s %s: others can read it; run: chmod o= "
				   "%s", setting, path, path);
		(void)fclose(file);
		return NULL;
	}
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	(void)fclose(file);
	line[strcspn(line, "\r\n")] = '\0';
	if (line[0] == '\0') {
		(void)gp_error_set(err, "%s %s: its first line holds no password",
				   setting, path);
		return NULL;
	}
	return gp_strdup(line);
}

/* Where no file is named there is no password, and that is well. */
static int open_password(const char *setting, const char *path,
			 char **password_r, struct gp_error *err)
{
	if (path[0] == '\0')
		return 0;
	*password_r = read_password(setting, path, err);
	return *password_r != NULL ? 0 : -1;
}

#ifdef HAVE_HIREDIS_SSL

static int tls_error(const char *setting, const char *path, struct gp_error *err)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return gp_error_set(err, "%s %s: %s", setting, path,
			    reason != NULL ? reason : "cannot be used");
}

/* A key that others can read is none either. */
static int use_key(SSL_CTX *tls, const char *path, struct gp_error *err)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return gp_error_set(err, "redis.tls_key_file %s: %s", path,
				    strerror(errno));
	if ((status.st_mode & S_IRWXO) != 0)
		return gp_error_set(err, "redis.tls_key_file %s: others can read "
				    "it; run: chmod o= %s", path, path);
	if (SSL_CTX_use_PrivateKey_file(tls, path, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(tls) != 1)
		return tls_error("redis.tls_key_file", path, err);
	return 0;
}

static int use_files(SSL_CTX *tls, const struct gp_settings *settings,
		     struct gp_error *err)
{
	const char *authorities = settings->redis.tls_ca_file;
	const char *certificate = settings->redis.tls_certificate_file;

	if (authorities[0] != '\0'
	    ? SSL_CTX_load_verify_locations(tls, authorities, NULL) != 1
	    : SSL_CTX_set_default_verify_paths(tls) != 1)
		return tls_error("redis.tls_ca_file", authorities, err);
	if (certificate[0] == '\0')
		return 0;
	if (SSL_CTX_use_certificate_chain_file(tls, certificate) != 1)
		return tls_error("redis.tls_certificate_file", certificate, err);
	return use_key(tls, settings->redis.tls_key_file, err);
}

static int open_tls(struct gp_redis_access *access, struct gp_error *err)
{
	if (!access->settings->redis.tls)
		return 0;
	access->tls = SSL_CTX_new(TLS_client_method());
	if (access->tls == NULL)
		return gp_error_set(err, "redis.tls: out of memory");
	(void)SSL_CTX_set_min_proto_version(access->tls, TLS1_2_VERSION);
	SSL_CTX_set_verify(access->tls, SSL_VERIFY_PEER, NULL);
	return use_files(access->tls, access->settings, err);
}

static void close_tls(struct gp_redis_access *access)
{
	SSL_CTX_free(access->tls);
}

#else

/* gp_settings_check() has refused redis.tls already. */
static int open_tls(struct gp_redis_access *access, struct gp_error *err)
{
	return access->settings->redis.tls
		? gp_error_set(err, "redis.tls: hiredis has no TLS here") : 0;
}

static void close_tls(struct gp_redis_access *access)
{
	(void)access;
}

#endif

struct gp_redis_access *gp_redis_access_open(const struct gp_settings *settings,
					     struct gp_error *err)
{
	struct gp_redis_access *access = gp_alloc(sizeof(*access));

	access->settings = settings;
	if (open_password("redis.password_file", settings->redis.password_file,
			  &access->password, err) < 0 ||
	    open_password("redis.sentinel_password_file",
			  settings->redis.sentinel_password_file,
			  &access->sentinel_password, err) < 0 ||
	    open_tls(access, err) < 0)
		gp_redis_access_close(&access);
	return access;
}

static void free_password(char *password)
{
	if (password != NULL)
		explicit_bzero(password, strlen(password));
	free(password);
}

void gp_redis_access_close(struct gp_redis_access **access)
{
	if (*access == NULL)
		return;
	free_password((*access)->password);
	free_password((*access)->sentinel_password);
	close_tls(*access);
	free(*access);
	*access = NULL;
}
