/* SPDX-License-Identifier: MIT */
/* This module tests that files which are not well formed, or are no files, are refused
   with file, line and remedy, and what include does. */
#include <fcntl.h>
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

#include "settings-folder.h"
#include "settings-parse.h"

/* --- names ------------------------------------------------------------- */

static void test_names_refused(void **state)
{
	char sections[512] = "a.conf:1: unknown section 'zzzzzzzz'; sections are ";
	const char *last = NULL;

	(void)state;
	for (const struct gp_setting *row = gp_settings_table;
	     row->section != NULL; row++) {
		if (last != NULL && strcmp(last, row->section) == 0)
			continue;
		(void)strcat(strcat(sections, last == NULL ? "" : ", "),
			     row->section);
		last = row->section;
	}
	expect_error("poll {\n intervall = 5m }", "a.conf:2: unknown setting "
		     "'intervall' in section 'poll'; did you mean 'interval'?");
	expect_error("relay {\n\n trusted_network = {} }", "a.conf:3: unknown "
		     "setting 'trusted_network' in section 'relay'; did you mean "
		     "'trusted_networks'?");
	expect_error("relay { trusted_netwerk = {} }", "a.conf:1: unknown setting "
		     "'trusted_netwerk' in section 'relay'; did you mean "
		     "'trusted_networks'?");
	/* local_domains_file is near too, but not as near */
	expect_error("relay { local_domaine = {} }", "a.conf:1: unknown setting "
		     "'local_domaine' in section 'relay'; did you mean "
		     "'local_domains'?");
	expect_error("poll { Interval = 5m }", "a.conf:1: unknown setting "
		     "'Interval' in section 'poll'; did you mean 'interval'?");
	expect_error("poll { socket = x }", "a.conf:1: unknown setting 'socket' in "
		     "section 'poll'; it belongs in section 'milter'");
	expect_error("tls { interval = 1 }", "a.conf:1: unknown setting 'interval' "
		     "in section 'tls'; it belongs in section 'poll' or 'journal'");
	expect_error("tls { retenton = 1 }", "a.conf:1: unknown setting 'retenton' "
		     "in section 'tls'; did you mean 'retention' in section "
		     "'redis'?");
	expect_error("submission { zzzzzzzz = 1 }", "a.conf:1: unknown setting "
		     "'zzzzzzzz' in section 'submission'; it has ports, exemptions");
	expect_error("\n\npol { }", "a.conf:3: unknown section 'pol'; did you mean "
		     "'poll'?");
	expect_error("Relay { }", "a.conf:1: unknown section 'Relay'; did you mean "
		     "'relay'?");
	expect_error("interval = 5m", "a.conf:1: unknown section 'interval'; it is "
		     "a setting of section 'poll' or 'journal'");
	expect_error("poll.interval = 5m", "a.conf:1: unknown section "
		     "'poll.interval'; write poll { interval = ... }");
	expect_error("zzzzzzzz { }", sections);
	expect_error("poll { poll { } }", "a.conf:1: unknown setting 'poll' in "
		     "section 'poll'; it has mode, interval, interval_max, "
		     "load_low, load_high, advised, round, tolerance, "
		     "program, programs_max, grace, away_after, away_interval, "
		     "ladder_window, ladder, login_ladder, held_max, notice, "
		     "idle_notice, notice_after, exemptions, overrides");
}

/* --- syntax ------------------------------------------------------------ */

static void test_syntax_refused(void **state)
{
	(void)state;
	expect_error("poll {\n interval = 5m\n", "a.conf:1: the '{' on this line "
		     "has no '}'");
	expect_error("poll {\n ladder = {\n 'after 0: note'\n}\n", "a.conf:1: the "
		     "'{' on this line has no '}'");
	expect_error("poll { } }", "a.conf:1: '}' without a '{'");
	expect_error("poll {\n ladder = {\n {", "a.conf:3: one '{' too many; is a "
		     "'}' missing after line 2?");
	expect_error("\nredis {\n user = \"abc\n}\n\"", "a.conf:3: the string has no "
		     "closing \" on this line");
	expect_error("redis { user = 'abc", "a.conf:1: the string has no closing ' "
		     "on this line");
	expect_error("redis { user = \"", "a.conf:1: the string has no closing \" "
		     "on this line");
	expect_error("redis { user = \"a\\nb\" }", "a.conf:1: a backslash in \"...\" "
		     "stands before \" or another backslash; or use single quotes");
	expect_error("redis { user = \"a\\", "a.conf:1: a backslash in \"...\" "
		     "stands before \" or another backslash; or use single quotes");
	expect_error("redis { user = 'a\tb\033c' }", "a.conf:1: byte 0x1b in a "
		     "string");
	expect_error("redis { user = a\033c }", "a.conf:1: byte 0x1b");
	expect_error("poll\r { }", "a.conf:1: byte 0x0d");
	expect_error("poll {\n interval 5m }", "a.conf:2: missing equal sign after "
		     "option 'interval'");
	expect_error("poll {\n interval = 5m 6m }", "a.conf:2: unknown setting '6m' "
		     "in section 'poll'; it has mode, interval, interval_max, "
		     "load_low, load_high, advised, round, tolerance, "
		     "program, programs_max, grace, away_after, away_interval, "
		     "ladder_window, ladder, login_ladder, held_max, notice, "
		     "idle_notice, notice_after, exemptions, overrides");
	expect_error("poll {\n interval = }", "a.conf:2: unexpected token '}'; a "
		     "value with blanks stands in quotes, a list in { } with "
		     "commas");
	expect_error("submission {\n ports = 587, 465 }", "a.conf:2: unexpected "
		     "token ','; a value with blanks stands in quotes, a list in "
		     "{ } with commas");
	expect_error("submission { ports = {587 465} }", "a.conf:1: unexpected token "
		     "'465'; a value with blanks stands in quotes, a list in { } "
		     "with commas");
	expect_error("poll = {}", "a.conf:1: missing opening brace for section "
		     "'poll'");
	expect_error("poll", "a.conf:1: premature end of file");
	expect_error("poll {\n interval = *5m }", "a.conf:2: '*' is not allowed "
		     "here; a value that holds it stands in quotes");
	expect_error("submission { ports += {26} }", "a.conf:1: '+' is not allowed "
		     "here; a value that holds it stands in quotes");
	expect_error("poll|interval = 5m", "a.conf:1: '|' is not allowed here; a "
		     "value that holds it stands in quotes");
	expect_error("poll {}\n'poll|interval' = 5m", "a.conf:2: a setting stands in "
		     "its section");
	expect_error("'' = 5m", "a.conf:1: this is not NAME = VALUE");
	expect_error("// old style\n", "a.conf:1: '//' at the start of a word; a "
		     "comment begins with '#', other values stand in quotes");
	expect_error("poll('x')", "a.conf:1: '(' is not allowed here");
	expect_error("poll { interval = include('x') }", "a.conf:1: include stands "
		     "outside sections");
}

/* The same file means the same in every process. */
static void test_environment_is_not_used(void **state)
{
	struct gp_settings *settings;

	(void)state;
	assert_int_equal(setenv("GP_TEST", "observe", 1), 0);
	expect_error("poll {\n mode = ${GP_TEST} }", "a.conf:2: '${' is not allowed: "
		     "values are not taken from the environment; a literal one "
		     "stands in single quotes");
	expect_error("poll {\n mode = \"${GP_TEST}\" }", "a.conf:2: '${' is not "
		     "allowed: values are not taken from the environment; a "
		     "literal one stands in single quotes");
	settings = load("milter { socket_group = '${GP_TEST}' }");
	assert_string_equal(settings->milter.socket_group, "${GP_TEST}");
	gp_settings_free(&settings);
}

/* --- files ------------------------------------------------------------- */

static void test_files_refused(void **state)
{
	(void)state;
	expect_file_error("none.conf", "none.conf: No such file or directory");
	expect_file_error("\033[2J\n.conf", "?[2J?.conf: No such file or "
			  "directory");
	assert_int_equal(mkdir(place("dir"), 0700), 0);
	expect_file_error("dir", "dir: this is a folder, not a file");
	assert_int_equal(mkfifo(place("fifo"), 0600), 0);
	expect_file_error("fifo", "fifo: this is not a plain file");
	assert_int_equal(symlink("loop", place("loop")), 0);
	expect_file_error("loop", "loop: Too many levels of symbolic links");
	write_text("open.conf", "");
	assert_int_equal(chmod(place("open.conf"), 0646), 0);
	expect_file_error("open.conf", "open.conf: everybody can write to it; run: "
			  "chmod o-w open.conf");
	assert_int_equal(truncate(place("open.conf"), 16 * 1024 * 1024 + 1), 0);
	assert_int_equal(chmod(place("open.conf"), 0644), 0);
	expect_file_error("open.conf", "open.conf: it is larger than 16777216 "
			  "bytes");
	if (geteuid() != 0) {
		assert_int_equal(chmod(place("open.conf"), 0), 0);
		expect_file_error("open.conf", "open.conf: Permission denied");
	}
}

static void test_strange_bytes_refused(void **state)
{
	static const char nul[] = "poll {\n interval = 5m\0x\n}";
	static const char nul_in_string[] = "redis { user = \"a\0b\" }";
	const size_t length = 1024 * 1024;
	char *line = malloc(length + 1);

	(void)state;
	assert_non_null(line);
	write_bytes("a.conf", nul, sizeof(nul) - 1);
	expect_file_error("a.conf", "a.conf:2: byte 0x00");
	write_bytes("a.conf", nul_in_string, sizeof(nul_in_string) - 1);
	expect_file_error("a.conf", "a.conf:1: byte 0x00 in a string");
	memset(line, 'x', length);
	write_bytes("a.conf", line, length);
	expect_file_error("a.conf", "a.conf:1: a word of 1048576 bytes; allowed are "
			  "4096");
	line[0] = line[length - 1] = '"';
	write_bytes("a.conf", line, length);
	expect_file_error("a.conf", "a.conf:1: a string of 1048576 bytes; allowed "
			  "are 4096");
	memset(line, '{', length);
	write_bytes("a.conf", line, length);
	expect_file_error("a.conf", "a.conf:1: one '{' too many; is a '}' missing "
			  "after line 1?");
	free(line);
}

/* --- include ----------------------------------------------------------- */

static void test_include_refused(void **state)
{
	char name[16], text[64];

	(void)state;
	expect_error("\ninclude(\"none.conf\")", "a.conf:2: include: none.conf: No "
		     "such file or directory");
	expect_error("include(\"/\")", "a.conf:1: include: /: this is a folder, not "
		     "a file");
	expect_error("include(\"a.conf\")", "a.conf:1: include: a.conf: this file "
		     "includes itself");
	expect_error("include(\"\")", "a.conf:1: include needs a file");
	expect_error("include", "a.conf:1: premature end of file");
	expect_error("include \"x\"", "a.conf:1: missing parenthesis for function "
		     "'include'");
	expect_error("include(", "a.conf:1: write include(\"FILE\")");
	expect_error("include()", "a.conf:1: write include(\"FILE\")");
	expect_error("include(\"x\"", "a.conf:1: write include(\"FILE\")");
	expect_error("include(\"x\", \"y\")", "a.conf:1: write include(\"FILE\")");
	expect_error("include(\"x\" y)", "a.conf:1: write include(\"FILE\")");
	expect_error("include(\n\n\"x)", "a.conf:3: the string has no closing \" on "
		     "this line");
	expect_error("poll {\n include(\"x\")\n}", "a.conf:2: include stands outside "
		     "sections");
	write_text("b.conf", "# 1\n\npoll {\n interval = 5x }");
	expect_error("# 1\ninclude(\"b.conf\")\n", "b.conf:4: poll.interval: '5x' is "
		     "not a duration; " INTERVAL EXAMPLES);
	/* two that include each other */
	write_text("b.conf", "\ninclude(\"a.conf\")");
	expect_error("include(\"b.conf\")", "b.conf:2: include: a.conf: this file "
		     "includes itself");
	/* a long chain */
	for (int i = 0; i < 12; i++) {
		(void)snprintf(name, sizeof(name), "c%d.conf", i);
		(void)snprintf(text, sizeof(text), "include(\"c%d.conf\")", i + 1);
		write_text(name, text);
	}
	expect_error("include(\"c0.conf\")", "c9.conf:1: include: c10.conf: files "
		     "include each other too deeply");
}

static void test_include(void **state)
{
	struct gp_settings *settings;

	(void)state;
	assert_int_equal(mkdir(place("sub"), 0700), 0);
	write_text("sub/b.conf", "include(\"c.conf\")\n"
		   "poll { interval = 7m advised = 20m }\n"
		   "submission { ports = {2525} }");
	write_text("sub/c.conf", "poll { tolerance = 7 }");
	write_text("empty.conf", "");
	settings = load("poll { interval = 6m tolerance = 6 round = 40s }\n"
			"include(\"sub/b.conf\")\n"
			"include(\"empty.conf\") include('sub/c.conf')\n"
			"poll { interval = 8m }\n");
	assert_int_equal(settings->poll.interval_secs, 8 * 60);
	assert_int_equal(settings->poll.advised_secs, 20 * 60);
	assert_int_equal(settings->poll.round_secs, 40);
	assert_int_equal(settings->poll.tolerance_percent, 7);
	assert_int_equal(settings->submission.ports.count, 1);
	assert_int_equal(settings->submission.ports.items[0], 2525);
	gp_settings_free(&settings);
	/* the line after an include is that of the including file again */
	expect_error("\ninclude(\"sub/b.conf\")\n\npoll { interval = x }",
		     "a.conf:4: poll.interval: 'x' is not a duration; "
		     INTERVAL EXAMPLES);
}

/* --- lines ------------------------------------------------------------- */

static void test_lines(void **state)
{
	(void)state;
	expect_error("# a\n# b\npoll {\n interval = 5m # c\n # d\n round = 10x\n}",
		     "a.conf:6: poll.round: '10x' is not a duration; allowed is "
		     "0s to 1d" EXAMPLES);
	expect_error("submission {\n ports = {\n 25, # one\n\n 26,\n x\n }\n}",
		     "a.conf:6: submission.ports: 'x' is not a number; allowed is "
		     "1 to 65535");
	expect_error("poll {\n}\n\npoll { interval = 6m\n}\n\n\npoll {\n\n"
		     " interval = y }", "a.conf:10: poll.interval: 'y' is not a "
		     "duration; " INTERVAL EXAMPLES);
	expect_error("poll\r\n{\r\n\tinterval = z\r\n}\r\n", "a.conf:3: "
		     "poll.interval: 'z' is not a duration; " INTERVAL EXAMPLES);
	expect_error("poll {\n ladder = # x\n {\n # y\n }\n}", "a.conf:3: "
		     "poll.ladder: the ladder is empty; to do nothing, write "
		     "{\"after 0: note\"}");
}

/* --- messages --------------------------------------------------------- */

/* libconfuse would write to standard error when nobody takes its messages. */
static void test_nothing_is_printed(void **state)
{
	int saved[2] = { dup(1), dup(2) };
	int fd = open(place("printed"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct gp_settings *settings = NULL;
	struct gp_error err;
	struct stat status;

	(void)state;
	write_text("a.conf", "poll { interval = 5x }");
	write_text("b.conf", "poll { interval 5m");
	(void)fflush(NULL);
	(void)dup2(fd, 1);
	(void)dup2(fd, 2);
	(void)gp_settings_load(place("a.conf"), &settings, &err);
	(void)gp_settings_load(place("b.conf"), &settings, &err);
	(void)gp_settings_load(place("none"), &settings, &err);
	(void)fflush(NULL);
	(void)dup2(saved[0], 1);
	(void)dup2(saved[1], 2);
	(void)close(saved[0]);
	(void)close(saved[1]);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_size, 0);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_refused),
		cmocka_unit_test(test_syntax_refused),
		cmocka_unit_test(test_environment_is_not_used),
		cmocka_unit_test(test_files_refused),
		cmocka_unit_test(test_strange_bytes_refused),
		cmocka_unit_test(test_include_refused),
		cmocka_unit_test(test_include),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_nothing_is_printed),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
