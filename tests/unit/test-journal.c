/* SPDX-License-Identifier: MIT */
/* This module tests lib/journal.c: what is written can be read back, and nothing
   in a value can end a field or a line. */
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

#include "journal.h"
#include "pool.h"

static const char *const hostile[] = {
	"", "-", "--", " ", "a b", "a=b", "%", "%41", "\"", "\\", "\n",
	"\r\ntime=2026-01-01T00:00:00.000Z action=pass", "x action=pass",
	"\x1b[31mred\x1b[0m", "\x7f", "\xff\xfe", "\xe2\x80\xae", "j\xc3\xb6rg",
	"<script>alert(1)</script>", "'; --", "\t", "a\x01z", "%2D", "user=root",
};

static void assert_same_text(const char *expected, const char *found)
{
	if (expected == NULL)
		assert_null(found);
	else
		assert_string_equal(expected, found);
}

static void round_trip(const struct gp_journal_entry *entry)
{
	char *line = gp_journal_format(entry), *memory = NULL;
	struct gp_journal_entry back;
	struct gp_error err;

	for (const char *c = line; *c != '\0'; c++)
		assert_in_range((unsigned char)*c, 0x20, 0x7e);
	if (gp_journal_parse(line, &back, &memory, &err) != 1)
		fail_msg("%s: %s", line, err.text);
	assert_int_equal(entry->time_msecs, back.time_msecs);
	assert_same_text(entry->host, back.host);
	assert_same_text(entry->session, back.session);
	assert_same_text(entry->user, back.user);
	assert_same_text(entry->program, back.program);
	assert_same_text(entry->why, back.why);
	assert_same_text(entry->sender, back.sender);
	assert_same_text(entry->recipient, back.recipient);
	assert_same_text(entry->answer, back.answer);
	assert_same_text(entry->action, back.action);
	assert_same_text(entry->reason, back.reason);
	assert_int_equal(entry->port, back.port);
	assert_int_equal(entry->every_secs, back.every_secs);
	assert_int_equal(entry->wait_secs, back.wait_secs);
	assert_int_equal(entry->count, back.count);
	free(memory);
	free(line);
}

static struct gp_journal_entry example(void)
{
	struct gp_journal_entry entry;

	gp_journal_entry_init(&entry);
	entry.time_msecs = 1795460000123;
	entry.host = "mx1";
	entry.session = "1f3a";
	entry.part = "imap";
	entry.action = "absorb";
	entry.mode = "enforce";
	entry.reason = "early";
	entry.user = "alice";
	entry.program = "imap/192.0.2.7/Thunderbird";
	entry.ip = "192.0.2.7";
	entry.port = 143;
	entry.check = "noop";
	entry.every_secs = 60;
	entry.policy_secs = 300;
	entry.why = "poll.ladder";
	entry.early = 4;
	entry.wait_secs = 200;
	return entry;
}

static void hostile_strings_come_back_and_forge_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct gp_journal_entry entry = example();

		entry.user = hostile[i];
		entry.program = hostile[i];
		entry.sender = hostile[i];
		entry.session = hostile[i];
		round_trip(&entry);
	}
}

static void random_bytes_come_back(void **state)
{
	char texts[4][40];

	(void)state;
	srandom(7);
	for (int round = 0; round < 20000; round++) {
		struct gp_journal_entry entry = example();

		for (int i = 0; i < 4; i++) {
			int length = (int)(random() % 39);

			for (int k = 0; k < length; k++)
				texts[i][k] = (char)(random() % 255 + 1);
			texts[i][length] = '\0';
		}
		entry.user = texts[0];
		entry.recipient = round % 2 ? texts[1] : NULL;
		entry.host = texts[2];
		entry.answer = texts[3];
		entry.count = random() % 3 - 1;
		round_trip(&entry);
	}
}

static void the_line_has_its_documented_form(void **state)
{
	struct gp_journal_entry entry = example();
	char *line = gp_journal_format(&entry);

	(void)state;
	assert_string_equal(line, "time=2026-11-23T18:53:20.123Z host=mx1 s=1f3a "
		"part=imap action=absorb mode=enforce reason=early user=alice "
		"program=imap/192.0.2.7/Thunderbird ip=192.0.2.7 port=143 "
		"check=noop every=60 policy=300 why=poll.ladder early=4 wait=200");
	free(line);
}

static void broken_lines_are_refused_and_nothing_is_touched(void **state)
{
	struct gp_journal_entry entry = example(), back = { .port = 4711 };
	char *good = gp_journal_format(&entry), line[700];
	char *memory = (char *)(uintptr_t)0x1;
	const char *const changes[] = {
		"user=alice", "user=al\"ice", "user=alice", "user=al%zzce",
		"user=alice", "user=al%00ce", "port=143", "port=14x3",
		"user=alice", "user=alice user=bob", "wait=200", "wait=-5",
		"time=2026-11", "time=2026-13x", " early=4", "",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i += 2) {
		const char *at = strstr(good, changes[i]);
		struct gp_error err = { "" };

		(void)snprintf(line, sizeof(line), "%.*s%s%s", (int)(at - good),
			       good, changes[i + 1], at + strlen(changes[i]));
		assert_int_equal(gp_journal_parse(line, &back, &memory, &err), -1);
		assert_int_not_equal(strlen(err.text), 0);
		assert_int_equal(back.port, 4711);
		assert_ptr_equal(memory, (char *)(uintptr_t)0x1);
	}
	free(good);
}

static void other_lines_are_not_ours(void **state)
{
	struct gp_journal_entry back;
	char *memory;
	struct gp_error err;
	static const char *const lines[] = {
		"", "Nov 23 18:00:00 mx dovecot: imap-login: Login: user=<alice>",
		"time=now", "postfix/smtpd[1]: runtime=5 part=x action=y",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(gp_journal_parse(lines[i], &back, &memory, &err), 0);
}

static void what_syslog_put_before_is_passed_over(void **state)
{
	struct gp_journal_entry entry = example(), back;
	char *good = gp_journal_format(&entry), line[700], *memory;
	struct gp_error err;

	(void)state;
	(void)snprintf(line, sizeof(line), "Nov 23 18:00:00 mx imap[12]: %s "
		       "laterfield=1\n", good);
	assert_int_equal(gp_journal_parse(line, &back, &memory, &err), 1);
	assert_string_equal(back.user, "alice");
	free(memory);
	free(good);
}

static void only_syslog_may_stand_before(void **state)
{
	static const char *const ours[] = {
		"", "Nov 23 18:00:00 mx gatepost-milter[12]: ",
		"2026-11-23T18:00:00.123456+01:00 mx dovecot: ",
		"Mon 2026-11-23 18:00:00 UTC mx imap[12]: ",
		"<22>1 2026-11-23T18:00:00Z mx imap 12 - - ",
		"<22>1 2026-11-23T18:00:00Z mx imap 12 - [meta x=\"1\"] ",
	};
	static const char *const foreign[] = {
		"x", "subject ", "Nov 23 18:00:00 mx gatepost-milter[12]:",
		"Nov 23 18:00:00 mx postfix/cleanup[9]: 4F: warning: header Subject: ",
		"Nov 23 18:00:00 mx postfix/cleanup[9]: 4F: warning: header Subject ",
		"Nov 23 18:00:00 mx dovecot: imap-login: Login: user=<a> ",
	};
	struct gp_journal_entry entry = example(), back;
	char *good = gp_journal_format(&entry), line[700], *memory;
	struct gp_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		(void)snprintf(line, sizeof(line), "%s%s", foreign[i], good);
		assert_int_equal(gp_journal_parse(line, &back, &memory, &err), 0);
	}
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		(void)snprintf(line, sizeof(line), "%s%s", ours[i], good);
		assert_int_equal(gp_journal_parse(line, &back, &memory, &err), 1);
		assert_string_equal(back.user, "alice");
		free(memory);
	}
	free(good);
}

static void times_are_read_as_the_calendar_has_them(void **state)
{
	struct gp_journal_entry entry = example();

	(void)state;
	for (int64_t day = 0; day < 60000; day += 13) {
		entry.time_msecs = (day * 86400 + day % 86400) * 1000 + day % 1000;
		round_trip(&entry);
	}
}

/* Bytes after the line, in memory of its exact size, belong to nobody. */
static void reading_stays_within_the_line(void **state)
{
	struct gp_journal_entry entry = example(), back;
	char *good = gp_journal_format(&entry);
	size_t length = strlen(good);
	struct gp_error err;

	(void)state;
	for (size_t cut = 0; cut <= length; cut++) {
		char *line = gp_alloc(cut + 1);
		int result;

		memcpy(line, good, cut);
		line[cut] = '~';
		result = gp_journal_read(line, cut, &back, &err);
		if (cut == length)
			assert_int_equal(result, 1);
		if (result == 1)
			assert_int_equal(back.port, 143);
		free(line);
	}
	free(good);
}

/* Whatever the byte and wherever it stands: the reader looks at several at once. */
static void each_byte_that_must_be_escaped_breaks_the_line(void **state)
{
	enum { LONGEST = 40 };
	struct gp_journal_entry entry = example(), back;
	char user[LONGEST + 1], line[700];
	struct gp_error err;

	(void)state;
	memset(user, 'z', LONGEST);
	user[LONGEST] = '\0';
	entry.user = user;
	/* Not the last one: a space there ends a shorter value. */
	for (int at = 0; at < LONGEST - 1; at++) {
		for (int byte = 0; byte < 256; byte++) {
			const bool is_plain = byte > ' ' && byte < 0x7f &&
				strchr("\"%=\\", byte) == NULL;
			char *good = gp_journal_format(&entry);
			size_t length = strlen(good);

			memcpy(line, good, length + 1);
			strstr(line, "user=")[5 + at] = (char)byte;
			if (gp_journal_read(line, length, &back, &err) !=
			    (is_plain ? 1 : -1))
				fail_msg("byte %d at %d", byte, at);
			free(good);
		}
	}
}

static char *read_all(const char *path)
{
	static char text[4096];
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	(void)fclose(file);
	return text;
}

static void the_file_may_be_rotated(void **state)
{
	char folder[] = "/tmp/gatepost-journal.XXXXXX", path[64], moved[64];
	struct gp_journal_entry entry = example();
	struct gp_settings settings = { 0 };
	struct gp_journal *journal;
	struct gp_error err;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/journal", folder);
	(void)snprintf(moved, sizeof(moved), "%s/journal.1", folder);
	settings.journal.file = path;
	journal = gp_journal_open(&settings, &err);
	assert_non_null(journal);
	gp_journal_write(journal, &entry);
	assert_int_equal(rename(path, moved), 0);
	entry.user = "bob";
	gp_journal_write(journal, &entry);
	assert_non_null(strstr(read_all(moved), "user=alice"));
	assert_null(strstr(read_all(moved), "user=bob"));
	assert_non_null(strstr(read_all(path), "user=bob"));
	gp_journal_close(&journal);
	assert_null(journal);
	(void)unlink(path);
	(void)unlink(moved);
	(void)rmdir(folder);
}

static void a_file_that_cannot_be_opened_is_named(void **state)
{
	struct gp_settings settings = { 0 };
	char path[] = "/nonexistent-folder/journal";
	struct gp_error err = { "" };

	(void)state;
	settings.journal.file = path;
	assert_null(gp_journal_open(&settings, &err));
	assert_non_null(strstr(err.text, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_lines_are_refused_and_nothing_is_touched),
		cmocka_unit_test(other_lines_are_not_ours),
		cmocka_unit_test(hostile_strings_come_back_and_forge_nothing),
		cmocka_unit_test(random_bytes_come_back),
		cmocka_unit_test(the_line_has_its_documented_form),
		cmocka_unit_test(what_syslog_put_before_is_passed_over),
		cmocka_unit_test(each_byte_that_must_be_escaped_breaks_the_line),
		cmocka_unit_test(only_syslog_may_stand_before),
		cmocka_unit_test(times_are_read_as_the_calendar_has_them),
		cmocka_unit_test(reading_stays_within_the_line),
		cmocka_unit_test(the_file_may_be_rotated),
		cmocka_unit_test(a_file_that_cannot_be_opened_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
