/* SPDX-License-Identifier: MIT */
/* This module is a part of probe.h: what TLS and the certificate are worth. */
#include "probe.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "cipher.h"

enum { RSA_BITS_MIN = 2048, EC_BITS_MIN = 256, DAYS_WARN = 21, SECRECY_BITS = 128,
       SIGNATURE_BITS_MIN = 112 };

/* --- contexts --- */

static SSL_CTX *make_context(int least, int most)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (context == NULL)
		return NULL;
	/* Whatever the server has is taken, and then judged. */
	SSL_CTX_set_security_level(context, 0);
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	if (SSL_CTX_set_min_proto_version(context, least) != 1 ||
	    SSL_CTX_set_max_proto_version(context, most) != 1 ||
	    SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0") != 1) {
		SSL_CTX_free(context);
		return NULL;
	}
	return context;
}

int gp_probe_begin_tls(struct gp_probe *probe, const char *ca_path,
		       struct gp_error *err)
{
	probe->context = make_context(TLS1_VERSION, TLS1_3_VERSION);
	probe->old_context = make_context(TLS1_VERSION, TLS1_1_VERSION);
	if (probe->context == NULL || probe->old_context == NULL)
		return gp_error_set(err, "OpenSSL cannot begin TLS");
	if (ca_path == NULL)
		(void)SSL_CTX_set_default_verify_paths(probe->context);
	else if (SSL_CTX_load_verify_file(probe->context, ca_path) != 1)
		return gp_error_set(err, "--ca %s: no certificate can be read there",
				    ca_path);
	return 0;
}

void gp_probe_end_tls(struct gp_probe *probe)
{
	SSL_CTX_free(probe->context);
	SSL_CTX_free(probe->old_context);
}

/* --- the session --- */

static void judge_cipher(struct gp_probe *probe, const struct gp_probe_role *role,
			 SSL *ssl)
{
	const char *version = SSL_get_version(ssl);
	const char *name = SSL_get_cipher_name(ssl);
	const bool is_old = SSL_version(ssl) < TLS1_2_VERSION;
	struct gp_cipher_facts cipher;

	gp_cipher_look_up(name, &cipher);
	if (is_old)
		gp_probe_add(probe, role, GP_PROBE_FAIL, "tls-version",
			     "switch on TLS 1.2 and 1.3 (RFC 9325 section 3.1)",
			     "%s at best", version);
	else if (!cipher.is_known || cipher.bits < SECRECY_BITS)
		gp_probe_add(probe, role, GP_PROBE_FAIL, "tls-cipher",
			     "allow strong ciphers only (RFC 9325 section 4)",
			     "%s with %s, %u bits", version, name, cipher.bits);
	else if (!cipher.has_forward_secrecy)
		gp_probe_add(probe, role, GP_PROBE_WARN, "tls-cipher",
			     "prefer ECDHE ciphers (RFC 9325 section 4.1)",
			     "%s with %s: no forward secrecy", version, name);
	else
		gp_probe_add(probe, role, GP_PROBE_OK, "tls-cipher", NULL,
			     "%s with %s", version, name);
}

/* --- the certificate --- */

static void judge_chain(struct gp_probe *probe, const struct gp_probe_role *role,
			SSL *ssl)
{
	const long result = SSL_get_verify_result(ssl);

	/* When it ends is a finding of its own. */
	if (result == X509_V_OK || result == X509_V_ERR_CERT_HAS_EXPIRED ||
	    result == X509_V_ERR_CERT_NOT_YET_VALID)
		gp_probe_add(probe, role, GP_PROBE_OK, "certificate-chain", NULL,
			     "leads to a root that is trusted");
	else
		gp_probe_add(probe, role, GP_PROBE_FAIL, "certificate-chain",
			     "install the certificate with the whole chain of its "
			     "issuer; for a private one give --ca FILE",
			     "%s", X509_verify_cert_error_string(result));
}

static void judge_time(struct gp_probe *probe, const struct gp_probe_role *role,
		       const X509 *certificate)
{
	const ASN1_TIME *end = X509_get0_notAfter(certificate);
	int days = 0, seconds = 0;
	char text[32] = "?";
	struct tm tm;

	if (ASN1_TIME_to_tm(end, &tm) == 1)
		(void)strftime(text, sizeof(text), "%Y-%m-%d", &tm);
	if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
		gp_probe_add(probe, role, GP_PROBE_FAIL, "certificate-time",
			     "look at the clock of the server and of the issuer",
			     "not valid yet");
	else if (ASN1_TIME_diff(&days, &seconds, NULL, end) != 1 || days < 0 ||
		 seconds < 0)
		gp_probe_add(probe, role, GP_PROBE_FAIL, "certificate-time",
			     "renew it, and have the servers read it",
			     "it ended on %s", text);
	else if (days < DAYS_WARN)
		gp_probe_add(probe, role, GP_PROBE_WARN, "certificate-time",
			     "renew it, and have the servers read it",
			     "it ends in %d day%s, on %s", days,
			     days == 1 ? "" : "s", text);
	else
		gp_probe_add(probe, role, GP_PROBE_OK, "certificate-time", NULL,
			     "good until %s", text);
}

static void judge_key(struct gp_probe *probe, const struct gp_probe_role *role,
		      X509 *certificate)
{
	const EVP_PKEY *key = X509_get0_pubkey(certificate);
	const int bits = key == NULL ? 0 : EVP_PKEY_get_bits(key);
	const bool is_rsa = key != NULL && EVP_PKEY_is_a(key, "RSA");
	const char *type = key == NULL ? NULL : EVP_PKEY_get0_type_name(key);
	int signature_bits = 0;

	(void)X509_get_signature_info(certificate, NULL, NULL, &signature_bits,
				      NULL);
	if (bits < (is_rsa ? RSA_BITS_MIN : EC_BITS_MIN))
		gp_probe_add(probe, role, GP_PROBE_FAIL, "certificate-key",
			     "make a new key: RSA 2048 or more, or ECDSA P-256 "
			     "(RFC 9325 section 4.5)", "%s with %d bits",
			     type == NULL ? "?" : type, bits);
	else if (signature_bits < SIGNATURE_BITS_MIN)
		gp_probe_add(probe, role, GP_PROBE_FAIL, "certificate-key",
			     "have it signed anew, with SHA-256",
			     "its signature is worth %d bits", signature_bits);
	else
		gp_probe_add(probe, role, GP_PROBE_OK, "certificate-key", NULL,
			     "%s with %d bits", type == NULL ? "?" : type, bits);
}

/* RFC 6125: what a mail program compares with the name its user has typed. */
static void judge_name(struct gp_probe *probe, const struct gp_probe_role *role,
		       X509 *certificate, const char *name)
{
	const bool is_covered =
		X509_check_host(certificate, name, 0, 0, NULL) == 1 ||
		X509_check_ip_asc(certificate, name, 0) == 1;

	gp_probe_add(probe, role, is_covered ? GP_PROBE_OK : GP_PROBE_FAIL,
		     "certificate-name", is_covered ? NULL
		     : "have the name put into the certificate, or users are told "
		     "that it does not match", "%s is %s", name,
		     is_covered ? "covered" : "not covered");
}

void gp_probe_judge_tls(struct gp_probe *probe, const struct gp_probe_role *role,
			const struct gp_probe_link *link)
{
	X509 *certificate = SSL_get1_peer_certificate(link->ssl);

	judge_cipher(probe, role, link->ssl);
	if (certificate == NULL) {
		gp_probe_add(probe, role, GP_PROBE_FAIL, "certificate-chain",
			     "install one", "the server shows no certificate");
		return;
	}
	judge_chain(probe, role, link->ssl);
	judge_time(probe, role, certificate);
	judge_key(probe, role, certificate);
	for (const char *const *name = probe->names; *name != NULL; name++)
		judge_name(probe, role, certificate, *name);
	X509_free(certificate);
}

/* --- old versions --- */

static int start_old_tls(struct gp_probe *probe, const struct gp_probe_role *role,
			 struct gp_probe_link *link, struct gp_error *err)
{
	if (role->is_implicit)
		return 0;       /* begun by gp_probe_connect() */
	if ((role->protocol == GP_PROBE_SMTP
	     ? gp_probe_smtp_starttls(link, err)
	     : gp_probe_mailbox_starttls(role, link, err)) < 0)
		return -1;
	return gp_probe_link_start_tls(link, probe->old_context, probe->host, err);
}

void gp_probe_old_tls(struct gp_probe *probe, const struct gp_probe_role *role)
{
	struct gp_probe_link link;
	struct gp_error ignored;

	if (gp_probe_connect(probe, role, probe->old_context, &link,
			     &ignored) > 0 &&
	    start_old_tls(probe, role, &link, &ignored) == 0)
		gp_probe_add(probe, role, GP_PROBE_FAIL, "tls-old",
			     "allow TLS 1.2 and newer only (RFC 8996)",
			     "%s is taken", SSL_get_version(link.ssl));
	else
		gp_probe_add(probe, role, GP_PROBE_OK, "tls-old", NULL,
			     "TLS 1.0 and 1.1 are refused");
	gp_probe_link_close(&link);
}
