/* SPDX-License-Identifier: MIT */
/* This module is documented in cipher.h. */
#include "cipher.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"
#include "pool.h"

struct entry {
	const char *name;               /* OpenSSL's memory, never freed */
	struct gp_cipher_facts facts;
};

static pthread_once_t made = PTHREAD_ONCE_INIT;
static struct entry *entries;           /* sorted by name; then only read */
static size_t entries_count;

/* Keys of TLS 1.3 are always ephemeral, and so the cipher names no exchange. */
static bool is_ephemeral(const SSL_CIPHER *cipher)
{
	const int exchange = SSL_CIPHER_get_kx_nid(cipher);

	return exchange == NID_kx_any || exchange == NID_kx_ecdhe ||
		exchange == NID_kx_dhe || exchange == NID_kx_ecdhe_psk ||
		exchange == NID_kx_dhe_psk;
}

static void add(const char *name, const SSL_CIPHER *cipher)
{
	struct entry *entry = &entries[entries_count];

	if (name == NULL || strcmp(name, "(NONE)") == 0)
		return;
	entry->name = name;
	entry->facts = (struct gp_cipher_facts){
		.is_known = true,
		.bits = (unsigned int)SSL_CIPHER_get_bits(cipher, NULL),
		.has_forward_secrecy = is_ephemeral(cipher),
		.is_aead = SSL_CIPHER_is_aead(cipher) == 1,
	};
	entries_count++;
}

static int compare(const void *a, const void *b)
{
	return strcasecmp(((const struct entry *)a)->name,
			  ((const struct entry *)b)->name);
}

/* All that this OpenSSL knows, the bad ones too. */
static void make_table(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_method());
	STACK_OF(SSL_CIPHER) *ciphers = NULL;

	if (context != NULL && SSL_CTX_set_cipher_list(context,
			"ALL:COMPLEMENTOFALL:@SECLEVEL=0") == 1 &&
	    SSL_CTX_set_ciphersuites(context, "TLS_AES_256_GCM_SHA384:"
			"TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"
			"TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256") == 1)
		ciphers = SSL_CTX_get_ciphers(context);
	if (ciphers == NULL) {
		gp_log(GP_LOG_ERROR, "OpenSSL names no ciphers; none counts as "
		       "known");
		SSL_CTX_free(context);
		return;
	}
	entries = gp_alloc(2 * (size_t)sk_SSL_CIPHER_num(ciphers) *
			   sizeof(*entries));
	for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
		const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);

		/* Of TLS 1.3 both spellings are one; twice does no harm. */
		add(SSL_CIPHER_get_name(cipher), cipher);
		add(SSL_CIPHER_standard_name(cipher), cipher);
	}
	qsort(entries, entries_count, sizeof(*entries), compare);
	SSL_CTX_free(context);
}

void gp_cipher_look_up(const char *name, struct gp_cipher_facts *facts_r)
{
	static const struct gp_cipher_facts unknown;
	const struct entry wanted = { .name = name };
	const struct entry *found = NULL;

	(void)pthread_once(&made, make_table);
	if (name != NULL && entries_count > 0)
		found = bsearch(&wanted, entries, entries_count,
				sizeof(*entries), compare);
	*facts_r = found != NULL ? found->facts : unknown;
}
