/* SPDX-License-Identifier: MIT */
/* This module is documented in store-redis-tls.h. */
#include "store-redis-tls.h"

#ifdef HAVE_HIREDIS_SSL

#include <arpa/inet.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include "store-redis-wait.h"

/* RFC 6066 section 3: an address is never sent as a name. */
static bool set_name(SSL *tls, const char *name)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, name, address) == 1 ||
	    inet_pton(AF_INET6, name, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), name)
			== 1;
	return SSL_set1_host(tls, name) == 1 &&
		SSL_set_tlsext_host_name(tls, name) == 1;
}

static int handshake_error(SSL *tls, const char *name, struct gp_error *err)
{
	const long verdict = SSL_get_verify_result(tls);
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	if (verdict != X509_V_OK)
		return gp_error_set(err, "redis: the certificate of %s is not good: "
				    "%s; see redis.tls_ca_file and redis.tls_name",
				    name, X509_verify_cert_error_string(verdict));
	return gp_error_set(err, "redis: TLS with %s: %s", name, reason != NULL
			    ? reason : "the connection was closed");
}

static int shake_hands(SSL *tls, int fd, const char *name,
		       int64_t deadline_msecs, struct gp_error *err)
{
	for (;;) {
		const int result = SSL_do_handshake(tls);
		const int wish = SSL_get_error(tls, result);

		if (result == 1)
			return 0;
		if (wish != SSL_ERROR_WANT_READ && wish != SSL_ERROR_WANT_WRITE)
			return handshake_error(tls, name, err);
		if (gp_redis_wait(fd, wish == SSL_ERROR_WANT_READ ? POLLIN
				  : POLLOUT, deadline_msecs, err) < 0)
			return -1;
	}
}

int gp_redis_tls_start(const struct gp_redis_access *access,
		       redisContext *context, const char *name,
		       int64_t deadline_msecs, SSL **tls_r, struct gp_error *err)
{
	SSL *tls = SSL_new(access->tls);

	if (tls == NULL || !set_name(tls, name)) {
		SSL_free(tls);
		return gp_error_set(err, "redis: TLS with %s: not a name", name);
	}
	ERR_clear_error();
	/* It begins to shake hands, and does not take the rest when that fails. */
	if (redisInitiateSSL(context, tls) != REDIS_OK) {
		(void)handshake_error(tls, name, err);
		SSL_free(tls);
		return -1;
	}
	if (shake_hands(tls, context->fd, name, deadline_msecs, err) < 0)
		return -1;
	*tls_r = tls;
	return 0;
}

bool gp_redis_tls_has_bytes(const SSL *tls)
{
	return tls != NULL && SSL_pending(tls) > 0;
}

#else

int gp_redis_tls_start(const struct gp_redis_access *access,
		       redisContext *context, const char *name,
		       int64_t deadline_msecs, struct ssl_st **tls_r,
		       struct gp_error *err)
{
	(void)access;
	(void)context;
	(void)deadline_msecs;
	(void)tls_r;
	return gp_error_set(err, "redis: TLS with %s: hiredis has none here", name);
}

bool gp_redis_tls_has_bytes(const struct ssl_st *tls)
{
	(void)tls;
	return false;
}

#endif
