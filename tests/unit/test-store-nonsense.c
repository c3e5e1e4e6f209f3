/* SPDX-License-Identifier: MIT */
/*
 * This module tests what becomes of nonsense that Redis, or who is taken for it, says to
 * a message, to a check and to a login: an error with the answer untouched, or what was
 * said before it; in time, and with nothing that is never freed (a build with
 * AddressSanitizer looks).
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "impostor.h"
#include "log.h"
#include "own-redis.h"
#include "pool.h"
#include "store-redis-login.h"
#include "store-redis.h"
#include "store.h"

enum { UNTOUCHED = 4711, DEPTH = 10000, QUIET_DEADLINE_MSECS = 50 };

#define NOSCRIPT "-NOSCRIPT No matching script.\r\n"
#define VERDICT_TEXT "01234567890123456789012345678901"
#define VERDICT "$32\r\n" VERDICT_TEXT "\r\n"
#define TOKEN "00000000000000001"       /* of the first message */
#define ONE_HAS_ENDED "*2\r\n$3\r\njoe\r\n$17\r\n1000000000 ann: x\r\n"

static char depth[DEPTH * 4 + 1];       /* an array in an array in ... */

/* None of them answers any question. */
static const char *const nonsense[] = {
	/* another type, or another number of them */
	"+OK\r\n", ":1\r\n", "$-1\r\n", "*-1\r\n", "*0\r\n", "$0\r\n\r\n",
	"$3\r\nabc\r\n", "*1\r\n*1\r\n:1\r\n", "*2\r\n:1700000000\r\n:1\r\n",
	"*2\r\n$1\r\n1\r\n*0\r\n", "*2\r\n$1\r\n1\r\n$1\r\n2\r\n",
	"*4\r\n:0\r\n:0\r\n:1\r\n:1\r\n", "*4\r\n:1\r\n:5\r\n:1\r\n$0\r\n\r\n",
	"*4\r\n:0\r\n:0\r\n:1\r\n$1\r\nx\r\n", "*4\r\n$1\r\nx\r\n*1\r\n$1\r\nx\r\n$-1\r\n",
	/* nearly an answer: text of another kind, longer or shorter */
	"+" VERDICT_TEXT "\r\n", "$31\r\n1234567890123456789012345678901\r\n",
	"$33\r\n0" VERDICT_TEXT "\r\n", "=36\r\ntxt:" VERDICT_TEXT "\r\n",
	"*4\r\n:0\r\n:0\r\n:17000000000000\r\n+" TOKEN "\r\n",
	"*4\r\n:0\r\n:0\r\n$1\r\n1\r\n$17\r\n" TOKEN "\r\n",
	"*4\r\n$1\r\n0\r\n:0\r\n:17000000000000\r\n$17\r\n" TOKEN "\r\n",
	"*4\r\n:0\r\n$1\r\n0\r\n:17000000000000\r\n$17\r\n" TOKEN "\r\n",
	"*4\r\n:0\r\n:0\r\n:17000000000000\r\n$16\r\n0000000000000001\r\n",
	"*5\r\n:0\r\n:0\r\n:17000000000000\r\n$17\r\n" TOKEN "\r\n:1\r\n",
	/* of RESP3, which nobody asked for */
	"_\r\n", "#t\r\n", ",1.5\r\n", "(12345678901234567890\r\n",
	"=7\r\ntxt:abc\r\n", "~1\r\n$1\r\nx\r\n", ">1\r\n$1\r\nx\r\n",
	"%1\r\n$1\r\nx\r\n$1\r\ny\r\n", "|1\r\n$1\r\nx\r\n$1\r\ny\r\n+OK\r\n",
	/* larger than all memory, or than any number */
	"*2147483647\r\n", "*2147483647\r\n$1\r\nx\r\n", "*4096\r\n$1\r\nx\r\n",
	"$4611686018427387904\r\nabc", "$9223372036854775807\r\nabc",
	"$99999999999999999999\r\nabc", "*99999999999999999999\r\n",
	"$-2\r\n", "*-2\r\n", ":99999999999999999999\r\n", ":\r\n", "$\r\n", depth,
	/* errors */
	"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
	"-READONLY You can't write against a read only replica.\r\n",
	"-LOADING Redis is loading the dataset in memory\r\n", "-\r\n",
	"-NOAUTH Authentication required.\r\n", "-NOPERM no permissions\r\n",
	"-WRONGPASS invalid username-password pair\r\n", NOSCRIPT,
	"-MOVED 3999 192.0.2.1:6379\r\n", "-ERR %s%s%n \x1b[31m user=root\r\n",
	/* no Redis at all */
	"HTTP/1.1 400 Bad Request\r\n\r\n", "\r\n\r\n", "\xff\xfe\x01\x80\r\n", "x",
};
enum { NONSENSE = sizeof(nonsense) / sizeof(nonsense[0]) };

struct question {
	int (*ask)(const struct gp_settings *settings);
	const char *first, *second;     /* what answers it; the second may be "" */
	bool is_script;
};

static int ask_about_message(const struct gp_settings *settings)
{
	static const struct gp_rate_terms no_terms;
	const struct gp_submit_query query = { .user = "alice",
		.terms = &no_terms, .recipients = 1 };
	struct gp_submit_history history = { .verdict = { .wait_ticks = UNTOUCHED } };
	struct gp_error err;
	struct gp_store *store = gp_store_redis_open(settings, &err);
	int result;

	assert_non_null(store);
	((struct gp_store_redis *)store)->question = 0;
	result = store->ops->submit(store, &query, gp_clock_monotonic_msecs(),
				    &history, &err);
	assert_int_equal(history.verdict.wait_ticks == UNTOUCHED, result < 0);
	gp_store_close(&store);
	return result;
}

static int check_at(struct gp_store *store, int64_t now_msecs)
{
	const struct gp_poll_query query = { .user = "alice",
		.program = "imap/192.0.2.7", .interval_msecs = 300 * SECS,
		.window_msecs = 3600 * SECS, .early_age_msecs = -1,
		.journal_age_msecs = -1 };
	struct gp_poll_history history = { .checks_count = UNTOUCHED };
	struct gp_error err;
	const int result = store->ops->poll(store, &query, now_msecs, &history, &err);

	assert_int_equal(history.checks_count == UNTOUCHED, result < 0);
	return result;
}

static int ask_about_check(const struct gp_settings *settings)
{
	struct gp_error err;
	struct gp_store *store = gp_store_redis_open(settings, &err);
	int result;

	assert_non_null(store);
	result = check_at(store, 0);
	gp_store_close(&store);
	return result;
}

static int ask_about_login(const struct gp_settings *settings)
{
	static const char *const programs[] = { "imap/192.0.2.7/mutt", NULL };
	struct gp_login_known known = { .programs_count = UNTOUCHED };
	struct gp_error err;
	struct gp_login_store *store = gp_login_store_open(settings, NULL, &err);
	int result;

	assert_non_null(store);
	result = gp_login_store_peek(store, "alice", programs,
				     gp_clock_monotonic_msecs(), &known, &err);
	assert_int_equal(known.programs_count == UNTOUCHED, result <= 0);
	gp_login_store_close(&store);
	return result;
}

/* --- asking an impostor --- */

static int ask(const struct question *question, unsigned int deadline_msecs,
	       const char *const *replies)
{
	struct impostor impostor;
	int result;

	impostor_open(&impostor, replies);
	impostor.settings.redis.deadline_msecs = deadline_msecs;
	result = question->ask(&impostor.settings);
	impostor_close(&impostor);
	assert_int_equal(impostor.connections, 1);
	return result;
}

/* It says the two texts and is gone; before that, if there is a third, it does not
   know the script. */
static int hear(const struct question *question, const char *one, const char *two,
		const char *before)
{
	char *text = gp_alloc(strlen(one) + strlen(two) + 1);
	const char *const replies[] = { before, text, NULL };
	int result;

	(void)sprintf(text, "%s%s", one, two);
	result = ask(question, 10 * SECS, before != NULL ? replies : replies + 1);
	free(text);
	return result;
}

static void expect(const char *what, const char *text, int found, int expected)
{
	if (found != expected)
		fail_msg("%s of '%.40s': %d", what, text, found);
}

static void hear_cut(const struct question *question)
{
	char text[128];
	const char *const quiet[] = { text, "", NULL };

	for (int i = snprintf(text, sizeof(text), "%s%s", question->first,
			      question->second) - 1; i > 0; i--) {
		text[i] = '\0';
		expect("a part", text, hear(question, text, "", NULL), -1);
		if (i == 10)
			expect("and silence", text, ask(question,
				QUIET_DEADLINE_MSECS, quiet), -1);
	}
}

/* Once, or as often as there are answers; as the answer to the script in full; and
   behind an answer, where it may be none that is needed. */
static void hear_nonsense(const struct question *question, const char *text)
{
	char noscript[128];

	expect("one", text, hear(question, text, "", NULL), -1);
	expect("two", text, hear(question, text, text, NULL), -1);
	assert_in_range(hear(question, question->first, text, NULL) + 1, 0, 2);
	if (!question->is_script)
		return;
	(void)snprintf(noscript, sizeof(noscript), NOSCRIPT "%s", question->second);
	expect("after NOSCRIPT", text, hear(question, text, "", noscript), -1);
}

static void hear_all(const struct question *question)
{
	static const char *const endless[] = { "$4611686018427387904\r\nabc", "",
					       NULL };
	static const char *const nothing[] = { "", NULL };
	char both[256];

	(void)snprintf(both, sizeof(both), "%s%s", question->first,
		       question->second);
	expect("the answer", both, hear(question, both, "", NULL), 0);
	expect("the answer, twice", both, hear(question, both, both, NULL), 0);
	hear_cut(question);
	for (size_t i = 0; i < NONSENSE; i++)
		hear_nonsense(question, nonsense[i]);
	expect("for ever", endless[0],
	       ask(question, QUIET_DEADLINE_MSECS, endless), -1);
	expect("nothing", "", ask(question, 10 * SECS, nothing), -1);
}

static void about_a_message(void **state)
{
	const struct question question = {
		.ask = ask_about_message, .is_script = true, .second = "",
		.first = "*4\r\n:0\r\n:0\r\n:17000000000000\r\n$17\r\n" TOKEN
			"\r\n",
	};

	(void)state;
	hear_all(&question);
}

static void about_a_check(void **state)
{
	const struct question question = {
		.ask = ask_about_check, .is_script = true,
		.first = VERDICT,
		.second = "*2\r\n$3\r\njoe\r\n$17\r\n4000000000 ann: x\r\n",
	};

	(void)state;
	hear_all(&question);
}

static void about_a_login(void **state)
{
	const struct question question = {
		.ask = ask_about_login, .second = "$-1\r\n",
		.first = "*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n",
	};

	(void)state;
	hear_all(&question);
}

/* Dropping an exemption that has ended is nobody's question: what is said to it changes
   no answer, but who waited for it in vain is the last to wait. */
static void about_what_has_ended(void **state)
{
	static const struct {
		const char *replies[4];
		int next;               /* what comes of the next question */
	} cases[] = {
		{ { VERDICT ONE_HAS_ENDED, ":0\r\n", VERDICT, NULL }, 0 },
		{ { VERDICT ONE_HAS_ENDED, "+OK\r\n", VERDICT, NULL }, 0 },
		{ { VERDICT ONE_HAS_ENDED, "-NOPERM no\r\n", VERDICT, NULL }, 0 },
		{ { VERDICT ONE_HAS_ENDED, "x\r\n", VERDICT, NULL }, 0 },
		{ { VERDICT ONE_HAS_ENDED, "$4096\r\n", VERDICT, NULL }, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct impostor impostor;
		struct gp_store *store;
		struct gp_error err;

		impostor_open(&impostor, cases[i].replies);
		impostor.settings.redis.retry_secs = 10;
		store = gp_store_redis_open(&impostor.settings, &err);
		assert_non_null(store);
		expect("a check", cases[i].replies[1], check_at(store, 0), 0);
		assert_int_equal(impostor.requests, 2);
		expect("the next", cases[i].replies[1], check_at(store, SECS),
		       cases[i].next);
		gp_store_close(&store);
		impostor_close(&impostor);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(about_a_message),
		cmocka_unit_test(about_a_check),
		cmocka_unit_test(about_a_login),
		cmocka_unit_test(about_what_has_ended),
	};

	/* As all our daemons do, and Dovecot: servers here hang up at any time. */
	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < DEPTH; i++)
		memcpy(depth + 4 * i, "*1\r\n", 4);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
