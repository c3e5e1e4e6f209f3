/* SPDX-License-Identifier: MIT */
/*
 * This module tests compiled settings: first all that makes a compiled file be left
 * alone, then that settings from it are those of the files, field by field.
 */
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "settings-compiled.h"
#include "settings-folder.h"
#include "settings-parse.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum { NOBODY = 65534 };

static void forget_compiled(void)
{
	(void)unlink(place("a.conf.compiled"));
	(void)rmdir(place("a.conf.compiled"));
}

/* The bytes of the compiled file, which is written too. */
static uint64_t *compile(size_t *length_r)
{
	struct gp_settings *settings = NULL;
	struct gp_error err;
	void *bytes = NULL;

	forget_compiled();
	if (gp_settings_compile(place("a.conf"), &settings, &bytes, length_r,
				&err) < 0)
		fail_msg("%s", err.text);
	gp_settings_free(&settings);
	write_bytes("a.conf.compiled", bytes, *length_r);
	return bytes;
}

static void compile_only(void)
{
	size_t length;

	free(compile(&length));
}

static struct gp_settings *load_as(const char *path)
{
	struct gp_settings *settings = NULL;
	struct gp_error err;

	if (gp_settings_load_for_polling(path, &settings, &err) < 0)
		fail_msg("%s", err.text);
	return settings;
}

static struct gp_settings *load_again(void)
{
	return load_as(place("a.conf"));
}

/* Then the text of the file is not there. */
static bool is_from_compiled(const struct gp_settings *settings)
{
	return gp_settings_files_find(settings->files, gp_settings_files_root(
		settings->files))->length == 0;
}

/* --- two settings are the same ----------------------------------------- */

static void same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		assert_true(a == b);
	else
		assert_string_equal(a, b);
}

static void same_strings(const struct gp_str_list *a, const struct gp_str_list *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		same_text(a->items[i], b->items[i]);
}

static void same_exemptions(const struct gp_exemption_list *a,
			    const struct gp_exemption_list *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct gp_exemption *x = &a->items[i], *y = &b->items[i];

		assert_int_equal(x->is_network, y->is_network);
		assert_memory_equal(&x->network, &y->network, sizeof(x->network));
		same_text(x->login, y->login);
		assert_true(x->until_secs == y->until_secs);
		same_text(x->author, y->author);
		same_text(x->reason, y->reason);
	}
}

static void same_rate_overrides(const struct gp_rate_override_list *a,
				const struct gp_rate_override_list *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct gp_rate_override *x = &a->items[i], *y = &b->items[i];

		same_text(x->who, y->who);
		assert_memory_equal(x->names_limits, y->names_limits,
				    sizeof(x->names_limits));
		assert_int_equal(x->names_per_message, y->names_per_message);
		assert_memory_equal(&x->terms, &y->terms, sizeof(x->terms));
		assert_int_equal(x->recipients_per_message,
				 y->recipients_per_message);
	}
}

static void same_poll_overrides(const struct gp_poll_override_list *a,
				const struct gp_poll_override_list *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct gp_poll_override *x = &a->items[i], *y = &b->items[i];

		same_text(x->who, y->who);
		assert_int_equal(x->is_network, y->is_network);
		assert_memory_equal(&x->network, &y->network, sizeof(x->network));
		assert_int_equal(x->is_lifted, y->is_lifted);
		assert_int_equal(x->names_mode, y->names_mode);
		assert_int_equal(x->names_interval, y->names_interval);
		assert_int_equal(x->names_ladder, y->names_ladder);
		assert_int_equal(x->names_login_ladder, y->names_login_ladder);
		assert_int_equal(x->mode, y->mode);
		assert_int_equal(x->interval_secs, y->interval_secs);
		assert_memory_equal(&x->ladder, &y->ladder, sizeof(x->ladder));
		assert_memory_equal(&x->login_ladder, &y->login_ladder,
				    sizeof(x->login_ladder));
	}
}

/* A row's value is as many bytes as that; or 0: it points somewhere. */
static size_t bytes_of(enum gp_setting_type type)
{
	switch (type) {
	case GP_SETTING_BOOL:
		return sizeof(bool);
	case GP_SETTING_MODE:
	case GP_SETTING_CHOICE:
	case GP_SETTING_UINT:
	case GP_SETTING_SECS:
	case GP_SETTING_MSECS:
	case GP_SETTING_FACILITY:
		return sizeof(unsigned int);
	case GP_SETTING_LADDER:
	case GP_SETTING_LOGIN_LADDER:
		return sizeof(struct gp_ladder);
	case GP_SETTING_RATE_LIST:
		return sizeof(struct gp_rate_limits);
	default:
		return 0;
	}
}

static void same_pointed(enum gp_setting_type type, const void *a, const void *b)
{
	const struct gp_uint_list *a_uints = a, *b_uints = b;
	const struct gp_network_list *a_networks = a, *b_networks = b;

	switch (type) {
	case GP_SETTING_TEXT:
	case GP_SETTING_PATH:
		same_text(*(char *const *)a, *(char *const *)b);
		break;
	case GP_SETTING_UINT_LIST:
		assert_int_equal(a_uints->count, b_uints->count);
		for (size_t i = 0; i < a_uints->count; i++)
			assert_int_equal(a_uints->items[i], b_uints->items[i]);
		break;
	case GP_SETTING_NETWORK_LIST:
		assert_int_equal(a_networks->count, b_networks->count);
		for (size_t i = 0; i < a_networks->count; i++)
			assert_memory_equal(&a_networks->items[i],
					    &b_networks->items[i],
					    sizeof(a_networks->items[i]));
		break;
	case GP_SETTING_EXEMPTION_LIST:
		same_exemptions(a, b);
		break;
	case GP_SETTING_RATE_OVERRIDE_LIST:
		same_rate_overrides(a, b);
		break;
	case GP_SETTING_POLL_OVERRIDE_LIST:
		same_poll_overrides(a, b);
		break;
	default:
		same_strings(a, b);
		break;
	}
}

static void same_origin(const struct gp_origin *a, const struct gp_origin *b)
{
	same_text(a->path, b->path);
	assert_int_equal(a->line, b->line);
	assert_int_equal(a->order, b->order);
	assert_int_equal(a->items_count, b->items_count);
	for (size_t i = 0; i < a->items_count; i++)
		assert_int_equal(a->item_lines[i], b->item_lines[i]);
}

static void same_groups(const struct gp_group_list *a,
			const struct gp_group_list *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		same_text(a->items[i].name, b->items[i].name);
		same_strings(&a->items[i].members, &b->items[i].members);
	}
}

static void same_settings(const struct gp_settings *a, const struct gp_settings *b)
{
	for (size_t i = 0; gp_settings_table[i].section != NULL; i++) {
		const struct gp_setting *row = &gp_settings_table[i];
		const char *x = (const char *)a + row->offset;
		const char *y = (const char *)b + row->offset;

		if (bytes_of(row->type) > 0)
			assert_memory_equal(x, y, bytes_of(row->type));
		else
			same_pointed(row->type, x, y);
		same_origin(gp_settings_files_origin(a->files, i),
			    gp_settings_files_origin(b->files, i));
	}
	same_groups(&a->login.groups, &b->login.groups);
	for (size_t i = 0; i == 0 || gp_settings_files_name(a->files, i - 1) != NULL;
	     i++)
		same_text(gp_settings_files_name(a->files, i),
			  gp_settings_files_name(b->files, i));
}

/* --- what is left alone ------------------------------------------------ */

static const char conf[] = "include('b.conf')\npoll { interval = 6m }\n"
	"login { realms = {a.test,\n b.test} }\n";

static void write_conf(void)
{
	write_text("a.conf", conf);
	write_text("b.conf", "poll { interval = 7m advised = 1h }\n");
}

/* Whatever lies in the place of the compiled file, the settings are those of the
   files. */
static void expect_parsed(const char *path)
{
	struct gp_settings *settings = load_as(path);

	assert_false(is_from_compiled(settings));
	assert_int_equal(settings->poll.interval_secs, 360);
	assert_int_equal(settings->poll.advised_secs, 3600);
	assert_int_equal(settings->login.realms.count, 2);
	gp_settings_free(&settings);
}

static void expect_compiled(void)
{
	struct gp_settings *settings = load_again();

	assert_true(is_from_compiled(settings));
	assert_int_equal(settings->poll.interval_secs, 360);
	gp_settings_free(&settings);
}

static void expect_why(const char *wanted)
{
	struct gp_compiled *const untouched = (struct gp_compiled *)conf;
	struct gp_compiled *compiled = untouched;
	struct gp_error err = { "" };

	assert_int_equal(gp_compiled_open(place("a.conf"), &compiled, &err), -1);
	assert_ptr_equal(compiled, untouched);
	if (strstr(err.text, wanted) == NULL)
		fail_msg("%s, and not: %s", err.text, wanted);
	expect_parsed(place("a.conf"));
}

static void test_what_others_could_write(void **state)
{
	static const mode_t modes[] = { 0664, 0646, 0666, 0620 };

	(void)state;
	write_conf();
	compile_only();
	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		assert_int_equal(chmod(place("a.conf.compiled"), modes[i]), 0);
		expect_why("others than its owner can write to it");
	}
	assert_int_equal(chmod(place("a.conf.compiled"), 0400), 0);
	expect_compiled();
}

static void test_what_others_own(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	write_conf();
	compile_only();
	assert_int_equal(chown(place("a.conf.compiled"), NOBODY, 0), 0);
	expect_why("it belongs neither to root nor to the owner of");
	/* root may write for an owner, and the owner too. */
	assert_int_equal(chown(place("a.conf"), NOBODY, 0), 0);
	compile_only();
	expect_compiled();
	assert_int_equal(chown(place("a.conf.compiled"), NOBODY, 0), 0);
	expect_compiled();
	assert_int_equal(chown(place("a.conf.compiled"), NOBODY - 1, 0), 0);
	expect_why("it belongs neither");
}

static void test_what_is_no_plain_file(void **state)
{
	(void)state;
	write_conf();
	compile_only();
	assert_int_equal(rename(place("a.conf.compiled"), place("c")), 0);
	assert_int_equal(symlink("c", place("a.conf.compiled")), 0);
	expect_why("it is a link");
	forget_compiled();
	assert_int_equal(mkfifo(place("a.conf.compiled"), 0600), 0);
	expect_why("it is not a plain file");
	forget_compiled();
	assert_int_equal(mkdir(place("a.conf.compiled"), 0700), 0);
	expect_why("it is not a plain file");
	forget_compiled();
	assert_int_equal(link(place("c"), place("a.conf.compiled")), 0);
	expect_compiled();
}

static void expect_stale(const char *name)
{
	char wanted[300];

	(void)snprintf(wanted, sizeof(wanted), "%s has changed since", place(name));
	expect_why(wanted);
}

/* As long as it was, and as old as it was: still another one, once the clock of the file
   system has moved on. */
static void write_unseen(const char *name, const char *text)
{
	struct stat before, now;

	assert_int_equal(stat(place(name), &before), 0);
	do {
		const struct timespec times[] = { before.st_atim, before.st_mtim };

		write_text(name, text);
		assert_int_equal(utimensat(AT_FDCWD, place(name), times, 0), 0);
		assert_int_equal(stat(place(name), &now), 0);
	} while (now.st_ctim.tv_sec == before.st_ctim.tv_sec &&
		 now.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
	assert_int_equal(now.st_size, before.st_size);
	assert_int_equal(now.st_ino, before.st_ino);
}

static void test_what_is_stale(void **state)
{
	(void)state;
	write_conf();
	write_text("b.conf", "poll { interval = 7m advised = 2h }\n");
	compile_only();
	write_unseen("b.conf", "poll { interval = 7m advised = 1h }\n");
	expect_stale("b.conf");

	write_text("a.conf", "include('b.conf')\npoll { interval = 9m }\n"
		   "login { realms = {a.test,\n b.test} }\n");
	compile_only();
	write_unseen("a.conf", conf);
	expect_stale("a.conf");

	compile_only();
	assert_int_equal(rename(place("a.conf"), place("c.conf")), 0);
	write_text("a.conf", conf);
	expect_stale("a.conf");
	compile_only();
	expect_compiled();
}

/* An include that is gone is an error, compiled or not. */
static void test_what_is_gone(void **state)
{
	struct gp_settings *settings = NULL;
	struct gp_error err;

	(void)state;
	write_conf();
	compile_only();
	assert_int_equal(unlink(place("b.conf")), 0);
	assert_int_equal(gp_settings_load_for_polling(place("a.conf"), &settings,
						      &err), -1);
	assert_non_null(strstr(err.text, "a.conf:1: include: "));
	assert_null(settings);
	assert_int_equal(unlink(place("a.conf")), 0);
	assert_int_equal(gp_settings_load_for_polling(place("a.conf"), &settings,
						      &err), -1);
	assert_non_null(strstr(err.text, "a.conf: No such file"));
}

static void test_another_version(void **state)
{
	uint64_t *words;
	size_t length;

	(void)state;
	write_conf();
	words = compile(&length);
	/* Head, length of the version, version. */
	((char *)&words[4])[0] = '7';
	gp_compiled_seal(words, length);
	write_bytes("a.conf.compiled", words, length);
	expect_why("it is of gatepost 7");
	((char *)words)[7]++;
	gp_compiled_seal(words, length);
	write_bytes("a.conf.compiled", words, length);
	expect_why("it is damaged, or of another version of gatepost");
	free(words);
}

static void test_another_name(void **state)
{
	(void)state;
	write_conf();
	compile_only();
	expect_compiled();
	expect_parsed(place("./a.conf"));
}

static void test_every_length(void **state)
{
	uint64_t *words;
	size_t length;

	(void)state;
	write_conf();
	words = compile(&length);
	for (size_t i = 0; i < length; i++) {
		write_bytes("a.conf.compiled", words, i);
		expect_why("it is damaged");
	}
	/* And more than there was. */
	words = realloc(words, length + 8);
	words[length / 8] = 0;
	write_bytes("a.conf.compiled", words, length + 8);
	expect_why("it is damaged");
	free(words);
}

static void test_every_byte(void **state)
{
	static const unsigned char masks[] = { 0x01, 0x80, 0xff };
	unsigned char *bytes;
	size_t length;

	(void)state;
	write_conf();
	bytes = (unsigned char *)compile(&length);
	for (size_t i = 0; i < length; i++)
		for (size_t k = 0; k < COUNT_OF(masks); k++) {
			bytes[i] ^= masks[k];
			write_bytes("a.conf.compiled", bytes, length);
			expect_why("it is damaged");
			bytes[i] ^= masks[k];
		}
	free(bytes);
}

/* Even with a sum that is right: nothing worse than other settings, and those only for
   who may write the file. */
static void test_every_word_with_its_sum(void **state)
{
	static const uint64_t others[] = {
		0, 1, 7, 8, 255, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX,
		UINT64_MAX - 7
	};
	struct gp_settings *settings;
	uint64_t *words, word;
	size_t length;

	(void)state;
	write_conf();
	words = compile(&length);
	for (size_t i = 3; i < length / 8; i++)
		for (size_t k = 0; k < COUNT_OF(others); k++) {
			word = words[i];
			words[i] = others[k];
			gp_compiled_seal(words, length);
			write_bytes("a.conf.compiled", words, length);
			settings = load_again();
			gp_settings_free(&settings);
			words[i] = word;
		}
	for (size_t i = 32; i < length; i += 8) {
		gp_compiled_seal(words, i);
		write_bytes("a.conf.compiled", words, i);
		settings = load_again();
		gp_settings_free(&settings);
	}
	free(words);
}

static void test_errors_are_not_compiled(void **state)
{
	struct gp_settings *settings = NULL;
	struct gp_error err;
	void *bytes = NULL;
	size_t length = 7;

	(void)state;
	write_text("a.conf", "poll { interval = 5x }\n");
	assert_int_equal(gp_settings_compile(place("a.conf"), &settings, &bytes,
					     &length, &err), -1);
	assert_non_null(strstr(err.text, "a.conf:1: poll.interval: '5x'"));
	assert_null(settings);
	assert_null(bytes);
	assert_int_equal(length, 7);
}

/* A list is read with each load, and what is wrong with it is blamed on a line. */
static void test_lists_are_not_compiled(void **state)
{
	struct gp_error parsed = { "" }, compiled = { "" };
	struct gp_settings *settings = NULL;
	char text[256];

	(void)state;
	(void)snprintf(text, sizeof(text), "\nlogin { groups_file = '%s' }\n"
		       "rate { overrides = '@g: none' }\n"
		       "relay { local_domains_file = '%s' }\n",
		       place("groups"), place("domains"));
	write_text("a.conf", text);
	write_text("groups", "g: alice\n");
	write_text("domains", "a.test\n");
	compile_only();
	write_text("domains", "..\n"); /* of no interest to plugins */
	write_text("groups", "g: alice, bob\n");
	settings = load_again();
	assert_true(is_from_compiled(settings));
	assert_int_equal(settings->login.groups.items[0].members.count, 2);
	gp_settings_free(&settings);
	write_text("groups", "h: alice\n");
	assert_int_equal(gp_settings_load_for_polling(place("a.conf"), &settings,
						      &compiled), -1);
	forget_compiled();
	assert_int_equal(gp_settings_load_for_polling(place("a.conf"), &settings,
						      &parsed), -1);
	assert_string_equal(compiled.text, parsed.text);
	assert_non_null(strstr(parsed.text, "a.conf:3: rate.overrides: '@g'"));
}

/* --- what is the same --------------------------------------------------- */

static void expect_same(void)
{
	struct gp_settings *parsed, *compiled;

	forget_compiled();
	parsed = load_again();
	compile_only();
	compiled = load_again();
	assert_false(is_from_compiled(parsed));
	assert_true(is_from_compiled(compiled));
	same_settings(parsed, compiled);
	gp_settings_free(&parsed);
	gp_settings_free(&compiled);
}

static void expect_same_text(const char *text)
{
	write_text("a.conf", text);
	expect_same();
}

static void test_same_texts(void **state)
{
	(void)state;
	expect_same_text(" ");
	expect_same_text("# nothing\n\npoll {}\nredis { }\n");
	write_conf();
	expect_same();
	expect_same_text("poll { interval = 6m advised = 30m }\n"
		"submission { ports = {1, 2, 3} }\n"
		"relay { trusted_networks = {10.0.0.0/8} local_domains = a.test }\n"
		"poll { interval = 7m }\n submission { ports = 4 }\n"
		"relay { trusted_networks = { } }\n"
		"redis { server = 'x:1' server = '' }\n"
		"poll { ladder = 'after 3: note' }\n");
	expect_same_text("store { kind = memory } poll { mode = off }\n");
	write_text("b.conf", "include('c.conf') tls { mode = off }\n"
		   "rate { messages = {30/1m,\n100/1h} }\n");
	write_text("c.conf", "journal { file = '/var/log/a \\'b\\'' }\n");
	expect_same_text("include('b.conf') include('c.conf') include('b.conf')\n"
		"submission { exemptions = { 'alice until 2099-12-31 by joe: x' } }\n"
		"access { exemptions = { '192.0.2.0/24 until 2099-12-31 by joe: y',\n"
		" 'bob until 2099-12-31 by joe: y' } }\n"
		"rate { overrides = { 'alice: messages 100/1h', 'bob: none' } }\n"
		"poll { overrides = { 'alice: interval 15m, mode observe',\n"
		"  'lab: ladder after 0: note; after 9: delay 20s',\n"
		"  '192.0.2.9: none' } login_ladder = 'after 1: hold 9s' }\n");
}

/* A file of the tree. */
static char *read_file(const char *path)
{
	char *text = calloc(1, 100000);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_true(fread(text, 1, 99999, file) < 99999);
	(void)fclose(file);
	return text;
}

static void test_same_files(void **state)
{
	const char *top = getenv("srcdir");
	struct gp_settings *settings = NULL;
	size_t taken_count = 0;
	char pattern[512];
	glob_t found;

	(void)state;
	(void)snprintf(pattern, sizeof(pattern),
		       "%s/{conf/gatepost.conf,tests/fuzz/seeds-settings/*}",
		       top != NULL ? top : ".");
	assert_int_equal(glob(pattern, GLOB_BRACE, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char *text = read_file(found.gl_pathv[i]);

		write_text("a.conf", text);
		if (gp_settings_load(place("a.conf"), &settings, NULL) == 0) {
			gp_settings_free(&settings);
			expect_same();
			taken_count++;
		}
		free(text);
	}
	assert_true(taken_count >= 3);
	globfree(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_others_could_write),
		cmocka_unit_test(test_what_others_own),
		cmocka_unit_test(test_what_is_no_plain_file),
		cmocka_unit_test(test_what_is_stale),
		cmocka_unit_test(test_what_is_gone),
		cmocka_unit_test(test_another_version),
		cmocka_unit_test(test_another_name),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_every_word_with_its_sum),
		cmocka_unit_test(test_errors_are_not_compiled),
		cmocka_unit_test(test_lists_are_not_compiled),
		cmocka_unit_test(test_same_texts),
		cmocka_unit_test(test_same_files),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
