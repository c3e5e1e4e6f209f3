/* SPDX-License-Identifier: MIT */
/* This module reads a Dovecot through doveconf, and looks at its logins. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "site-abi.h"
#include "site-dovecot.h"
#include "site-key.h"
#include "site-network.h"
#include "site-run.h"
#include "site-tls-versions.h"

/* --- reading */

static const char *unquoted(struct gp_pool *pool, const char *value,
			    size_t length)
{
	if (length >= 2 && value[0] == '"' && value[length - 1] == '"')
		return gp_pool_strndup(pool, value + 1, length - 2);
	return gp_pool_strndup(pool, value, length);
}

/* "block > inner" without its last part. */
static const char *outer_block(struct gp_pool *pool, const char *block)
{
	const char *last = NULL;

	for (const char *at = block; (at = strstr(at, " > ")) != NULL; at++)
		last = at;
	return last == NULL ? "" : gp_pool_strndup(pool, block,
						   (size_t)(last - block));
}

static const char *parse_line(struct gp_pool *pool, const char *line,
			      size_t length, const char *block,
			      struct gp_dovecot *dovecot)
{
	const char *equals = memmem(line, length, " =", 2);
	struct gp_dovecot_entry *entry = &dovecot->entries[dovecot->count];
	size_t skipped;

	if (length == 0 || *line == '#')
		return block;
	if (*line == '}')
		return outer_block(pool, block);
	if (line[length - 1] == '{') {
		length -= length >= 2 && line[length - 2] == ' ' ? 2 : 1;
		return gp_pool_printf(pool, "%s%s%.*s", block,
				      *block == '\0' ? "" : " > ",
				      (int)length, line);
	}
	if (equals == NULL)
		return block;
	entry->block = block;
	entry->name = gp_pool_strndup(pool, line, (size_t)(equals - line));
	skipped = (size_t)(equals - line) + 2;
	if (skipped < length && line[skipped] == ' ')
		skipped++;
	entry->value = unquoted(pool, line + skipped, length - skipped);
	dovecot->count++;
	return block;
}

void gp_dovecot_parse(struct gp_pool *pool, const char *text,
		      struct gp_dovecot *dovecot)
{
	const char *block = "";
	size_t lines = 1;

	for (const char *byte = text; *byte != '\0'; byte++)
		lines += *byte == '\n';
	dovecot->entries = gp_pool_alloc(pool, lines * sizeof(*dovecot->entries));
	dovecot->count = 0;
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		size_t blanks = strspn(text, " \t");

		if (blanks < length)
			block = parse_line(pool, text + blanks, length - blanks,
					   block, dovecot);
		text += length + (text[length] == '\n');
	}
}

int gp_dovecot_read(struct gp_pool *pool, const char *path,
		    struct gp_dovecot *dovecot_r, struct gp_error *err)
{
	struct gp_dovecot dovecot = { .path = path };
	const char *const argv[] = {
		"doveconf", "-c", path, "-a", "-P", NULL
	};
	const char *text;
	int code;

	/* -P: without it, paths of keys are not shown. */
	if (access(path, R_OK) < 0) {
		(void)gp_error_set(err, "%s: there is no such file, or it "
				   "cannot be read", path);
		return EX_NOINPUT;
	}
	code = gp_site_run(pool, argv, &text, err);
	if (code != 0)
		return code;
	gp_dovecot_parse(pool, text, &dovecot);
	dovecot.version = gp_site_abi_of_program(pool, "doveconf");
	*dovecot_r = dovecot;
	return 0;
}

const char *gp_dovecot_get(const struct gp_dovecot *dovecot, const char *block,
			   const char *name)
{
	for (size_t i = dovecot->count; i > 0; i--)
		if (strcmp(dovecot->entries[i - 1].name, name) == 0 &&
		    strcmp(dovecot->entries[i - 1].block, block) == 0)
			return dovecot->entries[i - 1].value;
	return NULL;
}

/* --- judging */

/* "remote 127.0.0.0/8", alone or with more blocks inside: what is said there
   holds for this host only. */
static bool is_for_loopback(struct gp_pool *pool, const char *block)
{
	struct gp_site_networks networks;
	const char *list;

	if (strncmp(block, "remote ", 7) != 0)
		return false;
	list = gp_pool_strndup(pool, block + 7, strcspn(block + 7, ">{"));
	gp_site_networks_judge(pool, list, &networks);
	return networks.is_loopback_only && networks.widest != NULL;
}

static void report(struct gp_site *site, const struct gp_dovecot *dovecot,
		   const struct gp_dovecot_entry *entry,
		   const struct gp_site_finding *finding, const char *good_value)
{
	struct gp_site_finding copy = *finding;

	copy.file = dovecot->path;
	copy.place = *entry->block == '\0' ? NULL : entry->block;
	copy.setting = entry->name;
	copy.value = entry->value;
	if (good_value != NULL)
		copy.remedy = gp_pool_printf(site->pool, "%s = %s", entry->name,
					     good_value);
	gp_site_report(site, &copy);
}

static void check_ssl(struct gp_site *site, const struct gp_dovecot *dovecot,
		      const struct gp_dovecot_entry *entry)
{
	const struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "tls-not-required",
		.why = "Clients may read mail, and log in where the mechanism or the "
		       "network allows it, without TLS.",
	};

	if (strcasecmp(entry->value, "required") != 0)
		report(site, dovecot, entry, &finding, "required");
}

static void check_cleartext(struct gp_site *site,
			    const struct gp_dovecot *dovecot,
			    const struct gp_dovecot_entry *entry)
{
	bool is_old = strcmp(entry->name, "disable_plaintext_auth") == 0;
	const struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "auth-before-tls",
		.why = "Passwords may be sent before TLS; only \"ssl = required\" "
		       "still stands against it.",
	};

	if (strcasecmp(entry->value, is_old ? "no" : "yes") == 0)
		report(site, dovecot, entry, &finding, is_old ? "yes" : "no");
}

static void check_versions(struct gp_site *site,
			   const struct gp_dovecot *dovecot,
			   const struct gp_dovecot_entry *entry)
{
	const struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "tls-versions",
		.why = "Below TLS 1.2 passwords and mail can be read (RFC 8996).",
	};

	if (gp_site_tls_least_too_old(entry->value) != NULL ||
	    strcasecmp(entry->value, "ANY") == 0)
		report(site, dovecot, entry, &finding, "TLSv1.2");
}

static void check_trusted(struct gp_site *site,
			  const struct gp_dovecot *dovecot,
			  const struct gp_dovecot_entry *entry)
{
	struct gp_site_networks networks;
	struct gp_site_finding finding = {
		.name = "login-trusted-networks",
		.why = "From there passwords may come without TLS, and a client may "
		       "claim any address as its own.  Name proxies and webmail "
		       "only.",
	};

	gp_site_networks_judge(site->pool, entry->value, &networks);
	finding.level = networks.width == GP_SITE_NETWORK_NARROW
		? GP_SITE_ADVICE : GP_SITE_DANGER;
	if (!networks.is_loopback_only)
		report(site, dovecot, entry, &finding, "");
}

static void check_mechanisms(struct gp_site *site,
			     const struct gp_dovecot *dovecot,
			     const struct gp_dovecot_entry *entry)
{
	static const char *const weak[] = {
		"ntlm", "digest-md5", "cram-md5", "otp", "skey", "rpa", "apop",
		NULL
	};
	const char *list = entry->value, *word;

	while ((word = gp_site_next_word(site->pool, &list)) != NULL) {
		bool is_anonymous = strcasecmp(word, "anonymous") == 0;
		struct gp_site_finding finding = {
			.level = is_anonymous ? GP_SITE_DANGER : GP_SITE_ADVICE,
			.name = is_anonymous ? "auth-anonymous"
					     : "auth-weak-mechanism",
			.why = is_anonymous
				? "A login that names nobody counts as one."
				: gp_pool_printf(site->pool, "%s needs passwords "
					"stored as good as in the clear, and is "
					"no better than PLAIN inside TLS.", word),
		};
		bool is_weak = is_anonymous;

		for (int i = 0; weak[i] != NULL; i++)
			is_weak |= strcasecmp(word, weak[i]) == 0;
		if (is_weak)
			report(site, dovecot, entry, &finding, "plain login");
	}
}

static void check_debug(struct gp_site *site, const struct gp_dovecot *dovecot,
			const struct gp_dovecot_entry *entry)
{
	const struct gp_site_finding finding = {
		.level = GP_SITE_DANGER, .name = "passwords-logged",
		.why = "Passwords are written to the log.",
	};
	bool is_flag = strcmp(entry->name, "auth_debug_passwords") == 0;

	if (is_flag ? strcasecmp(entry->value, "yes") == 0
		    : strncasecmp(entry->value, "plain", 5) == 0)
		report(site, dovecot, entry, &finding, "no");
}

/* 2.3: ssl_key = </path; 2.4: the path alone. */
static void check_key(struct gp_site *site, const struct gp_dovecot *dovecot,
		      const struct gp_dovecot_entry *entry)
{
	gp_site_check_key(site, dovecot->path, entry->name,
			  entry->value + strspn(entry->value, "< "));
}

void gp_site_check_dovecot(struct gp_site *site,
			   const struct gp_dovecot *dovecot)
{
	static const struct {
		const char *name;
		void (*check)(struct gp_site *site,
			      const struct gp_dovecot *dovecot,
			      const struct gp_dovecot_entry *entry);
	} checks[] = {
		{ "ssl", check_ssl },
		{ "disable_plaintext_auth", check_cleartext },
		{ "auth_allow_cleartext", check_cleartext },
		{ "ssl_min_protocol", check_versions },
		{ "ssl_key", check_key },
		{ "ssl_server_key_file", check_key },
		{ "key_file", check_key },
		{ "login_trusted_networks", check_trusted },
		{ "auth_mechanisms", check_mechanisms },
		{ "auth_debug_passwords", check_debug },
		{ "auth_verbose_passwords", check_debug },
	};

	site->seen[site->seen_count++] = gp_pool_printf(site->pool,
		"Dovecot %s by %s", dovecot->version == NULL ? ""
		: dovecot->version, dovecot->path);
	for (size_t i = 0; i < dovecot->count; i++) {
		const struct gp_dovecot_entry *entry = &dovecot->entries[i];

		/* Listeners have an "ssl" of their own: TLS from the start. */
		if (strncmp(entry->block, "service ", 8) == 0 ||
		    is_for_loopback(site->pool, entry->block))
			continue;
		for (size_t j = 0; j < sizeof(checks) / sizeof(checks[0]); j++)
			if (strcmp(entry->name, checks[j].name) == 0)
				checks[j].check(site, dovecot, entry);
	}
	gp_site_check_dovecot_plugin(site, dovecot);
}
