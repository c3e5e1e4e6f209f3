/* SPDX-License-Identifier: MIT */
/*
 * This module is documented in pseudonym.h.
 *
 * OpenSSL is loaded when there is a secret, and not linked: a mail process of Dovecot
 * has no other use for it, and there is one for each session.
 */
#include "pseudonym.h"

#include <dlfcn.h>
#include <errno.h>
#include <openssl/hmac.h>
#include <openssl/opensslv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pool.h"
#include "settings-place.h"

#define SONAME_OF(version) "libcrypto.so." #version
#define SONAME(version) SONAME_OF(version)

enum {
	SECRET_BYTES_MIN = 32, SECRET_BYTES_MAX = 1024,
	LETTERS = 16, BITS_OF_LETTER = 5, HASH_BYTES = 32
};

typedef unsigned char *hmac_function(const EVP_MD *digest, const void *key,
				     int key_length, const unsigned char *data,
				     size_t length, unsigned char *hash_r,
				     unsigned int *length_r);
typedef const EVP_MD *digest_function(void);

struct gp_pseudonyms {
	void *library;
	hmac_function *hmac;
	const EVP_MD *digest;
	bool accepts;
	size_t length;
	char secret[SECRET_BYTES_MAX];
};

static int fail(const struct gp_settings *settings, const char *why,
		struct gp_error *err)
{
	const char *path = settings->privacy.secret_file;
	struct gp_setting_place place;

	if (gp_settings_place(settings, "privacy.secret_file", GP_PLACE_WHOLE,
			      &place) && place.path != NULL)
		return gp_error_set(err, "%s:%d: privacy.secret_file %s: %s",
				    place.path, place.line, path, why);
	return gp_error_set(err, "privacy.secret_file %s: %s", path, why);
}

/* The first line; what others can read is no secret. */
static int read_line(FILE *file, struct gp_pseudonyms *pseudonyms,
		     const char **why_r)
{
	struct stat status;

	if (fstat(fileno(file), &status) < 0 || !S_ISREG(status.st_mode)) {
		*why_r = "it is no plain file";
		return -1;
	}
	if ((status.st_mode & S_IRWXO) != 0) {
		*why_r = "others can read it; run chmod o= on it, and as it may be "
			"known, make a new one: openssl rand -hex 32";
		return -1;
	}
	if (fgets(pseudonyms->secret, sizeof(pseudonyms->secret), file) == NULL)
		pseudonyms->secret[0] = '\0';
	pseudonyms->length = strcspn(pseudonyms->secret, "\r\n");
	if (pseudonyms->length >= SECRET_BYTES_MIN)
		return 0;
	*why_r = "its first line holds less than 32 bytes; make one with: openssl "
		"rand -hex 32";
	return -1;
}

static int read_secret(const struct gp_settings *settings,
		       struct gp_pseudonyms *pseudonyms, struct gp_error *err)
{
	FILE *file = fopen(settings->privacy.secret_file, "re");
	char text[128];
	const char *why = text;
	int result = -1;

	if (file != NULL) {
		result = read_line(file, pseudonyms, &why);
		(void)fclose(file);
	} else if (errno == ENOENT) {
		why = "there is no such file; make it with: openssl rand -hex 32";
	} else if (errno == EACCES) {
		why = "this process may not read it; its group must be one of the "
			"process, see gatepost.conf(5)";
	} else {
		(void)snprintf(text, sizeof(text), "%s", strerror(errno));
	}
	return result == 0 ? 0 : fail(settings, why, err);
}

static int load_library(struct gp_pseudonyms *pseudonyms, struct gp_error *err)
{
	static const char name[] = SONAME(OPENSSL_SHLIB_VERSION);
	digest_function *digest = NULL;

	pseudonyms->library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	if (pseudonyms->library != NULL) {
		/* As POSIX has it, for want of a cast that ISO C allows. */
		*(void **)&pseudonyms->hmac = dlsym(pseudonyms->library, "HMAC");
		*(void **)&digest = dlsym(pseudonyms->library, "EVP_sha256");
	}
	if (pseudonyms->hmac == NULL || digest == NULL)
		return gp_error_set(err, "privacy.pseudonyms: OpenSSL's %s is "
				    "needed and cannot be loaded", name);
	pseudonyms->digest = digest();
	return 0;
}

int gp_pseudonyms_open(const struct gp_settings *settings,
		       struct gp_pseudonyms **pseudonyms_r, struct gp_error *err)
{
	struct gp_pseudonyms *pseudonyms;

	if (!settings->privacy.pseudonyms) {
		*pseudonyms_r = NULL;
		return 0;
	}
	pseudonyms = gp_alloc(sizeof(*pseudonyms));
	if (read_secret(settings, pseudonyms, err) < 0 ||
	    load_library(pseudonyms, err) < 0) {
		gp_pseudonyms_close(&pseudonyms);
		return -1;
	}
	*pseudonyms_r = pseudonyms;
	return 0;
}

void gp_pseudonyms_accept(struct gp_pseudonyms *pseudonyms)
{
	if (pseudonyms != NULL)
		pseudonyms->accepts = true;
}

void gp_pseudonyms_close(struct gp_pseudonyms **pseudonyms)
{
	if (*pseudonyms == NULL)
		return;
	if ((*pseudonyms)->library != NULL)
		(void)dlclose((*pseudonyms)->library);
	explicit_bzero((*pseudonyms)->secret, sizeof((*pseudonyms)->secret));
	free(*pseudonyms);
	*pseudonyms = NULL;
}

static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

static bool is_pseudonym(enum gp_pseudonym_kind kind, const char *text)
{
	return text[0] == (char)kind && text[1] == '-' &&
		strspn(text + 2, letters) == LETTERS && text[2 + LETTERS] == '\0';
}

static void spell(const unsigned char *hash, char *out)
{
	unsigned int bits = 0, count = 0;

	for (int i = 0; i < LETTERS; i++) {
		if (count < BITS_OF_LETTER) {
			bits = bits << 8 | *hash++;
			count += 8;
		}
		count -= BITS_OF_LETTER;
		*out++ = letters[bits >> count & 31];
	}
	*out = '\0';
}

/* What it stands for is hashed too: a user named like an address is not one. */
static bool hash_of(const struct gp_pseudonyms *pseudonyms,
		    enum gp_pseudonym_kind kind, const char *text,
		    unsigned char hash_r[HASH_BYTES])
{
	const size_t length = strlen(text);
	unsigned char *data = gp_alloc(length + 2);
	unsigned int unused;
	bool is_good;

	data[0] = (unsigned char)kind;
	data[1] = ':';
	memcpy(data + 2, text, length);
	is_good = pseudonyms->hmac(pseudonyms->digest, pseudonyms->secret,
				   (int)pseudonyms->length, data, length + 2,
				   hash_r, &unused) != NULL;
	free(data);
	return is_good;
}

const char *gp_pseudonym(const struct gp_pseudonyms *pseudonyms,
			 enum gp_pseudonym_kind kind, const char *text,
			 char buffer[GP_PSEUDONYM_BYTES])
{
	unsigned char hash[HASH_BYTES];

	if (pseudonyms == NULL || text == NULL || strcmp(text, "-") == 0)
		return text;
	buffer[0] = (char)kind;
	buffer[1] = '-';
	if (pseudonyms->accepts && is_pseudonym(kind, text))
		memcpy(buffer, text, GP_PSEUDONYM_BYTES);
	else if (hash_of(pseudonyms, kind, text, hash))
		spell(hash, buffer + 2);
	else
		/* Without memory OpenSSL says no; a name must not get out for it. */
		(void)strcpy(buffer + 2, "unknown");
	return buffer;
}

const char *gp_pseudonym_program(const struct gp_pseudonyms *pseudonyms,
				 const char *program,
				 char buffer[GP_PROGRAM_BYTES])
{
	static const char bits[] = "/64";
	char address[GP_PROGRAM_BYTES], pseudonym[GP_PSEUDONYM_BYTES];
	const char *start = program == NULL ? NULL : strchr(program, '/');
	size_t length;

	if (pseudonyms == NULL || start == NULL ||
	    strlen(program) >= sizeof(address))
		return program;
	start++;
	length = strcspn(start, "/");
	if (memchr(start, ':', length) != NULL &&
	    strncmp(start + length, bits, sizeof(bits) - 1) == 0)
		length += sizeof(bits) - 1;
	memcpy(address, start, length);
	address[length] = '\0';
	(void)snprintf(buffer, GP_PROGRAM_BYTES, "%.*s%s%s",
		       (int)(start - program), program,
		       gp_pseudonym(pseudonyms, GP_PSEUDONYM_CLIENT, address,
				    pseudonym), start + length);
	return buffer;
}
