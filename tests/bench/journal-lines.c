/* SPDX-License-Identifier: MIT */
/*
 * This module prints a made-up journal of one week, the same for the same
 * arguments: many users with two programs each, some of which check far too often;
 * now and then mail that is refused.  Or, for comparison, a log of Postfix.
 * Usage: journal-lines journal|postfix LINES USERS
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WEEK_SECS = 7 * 86400, START_SECS = 1795392000 };

static uint64_t state = 88172645463325252u;

/* xorshift64 (Marsaglia 2003) */
static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static uint64_t below(uint64_t limit)
{
	return next() % limit;
}

static const char *const names[] = {
	"", "/Thunderbird", "/iPhone_Mail", "/K-9_Mail", "/Outlook", "/mutt",
	"/fetchmail", "",
};

static void put_time(int64_t msecs)
{
	static int64_t last_secs = -1;
	static char text[32];
	time_t secs = (time_t)(msecs / 1000);
	struct tm tm;

	if ((int64_t)secs != last_secs) {
		last_secs = (int64_t)secs;
		(void)gmtime_r(&secs, &tm);
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	}
	(void)printf("time=%s.%03dZ", text, (int)(msecs % 1000));
}

static void put_check(uint64_t user)
{
	static const char *const checks[] = { "noop", "status", "login", "select" };
	static const char *const actions[] = {
		"absorb", "absorb", "delay", "would-delay", "note", "hold",
	};
	uint64_t device = below(2), number = user * 2 + device;
	unsigned int every = 5 + (unsigned int)(number * 7919 % 290);

	(void)printf(" host=mx%d s=s%" PRIx64 " part=imap action=%s mode=enforce "
		     "reason=early user=user%" PRIu64 "@example.test "
		     "program=imap/10.%d.%d.%d%s", (int)below(3), next() & 0xffffff,
		     actions[below(6)], user, (int)(number >> 16 & 255),
		     (int)(number >> 8 & 255), (int)(number & 255),
		     names[number % 8]);
	(void)printf(" ip=10.%d.%d.%d port=993 check=%s every=%u policy=300 "
		     "why=poll.ladder early=%d wait=%d count=%d\n",
		     (int)(number >> 16 & 255), (int)(number >> 8 & 255),
		     (int)(number & 255), checks[number % 4],
		     every + (unsigned int)below(3), (int)below(40),
		     (int)below(11), 1 + (int)below(60));
}

static void put_mail(uint64_t user)
{
	(void)printf(" host=mx1 s=m%" PRIx64 " part=milter action=reject "
		     "mode=enforce reason=relay-denied user=- "
		     "program=smtp/198.51.100.%d ip=198.51.100.%d port=25 check=- "
		     "every=- policy=- why=relay.local_domains early=- wait=- "
		     "from=<a%" PRIu64 "@b.test> to=<victim@foreign.test> "
		     "answer=550/5.7.1\n", next() & 0xffffff, (int)below(256),
		     (int)below(256), user);
}

static void put_line(uint64_t i, uint64_t lines, uint64_t users)
{
	/* The square makes some users far busier than others. */
	uint64_t user = below(users) * below(users) / users;

	put_time(START_SECS * INT64_C(1000) +
		 (int64_t)(i * (WEEK_SECS * UINT64_C(1000)) / lines));
	if (below(20) == 0)
		put_mail(user);
	else
		put_check(user);
}

/* The six lines of a message that a user hands in */
static void put_postfix(uint64_t i, uint64_t lines, uint64_t users)
{
	static uint64_t id, user;
	const uint64_t secs = i * 86400 / lines;
	const int h = (int)(secs / 3600), m = (int)(secs / 60 % 60),
		s = (int)(secs % 60);

	if (i % 6 == 0) {
		id = next() & 0xffffffffff;
		user = below(users);
	}
	(void)printf("Nov 23 %02d:%02d:%02d mx1 postfix/", h, m, s);
	switch (i % 6) {
	case 0:
		(void)printf("submission/smtpd[123]: connect from "
			     "host%d.example.test[10.0.%d.%d]\n",
			     (int)below(500), (int)below(200), (int)below(250));
		break;
	case 1:
		(void)printf("submission/smtpd[123]: %010" PRIX64 ": client=host%d."
			     "example.test[10.0.0.1], sasl_method=PLAIN, "
			     "sasl_username=user%" PRIu64 "@example.test\n", id,
			     (int)below(500), user);
		break;
	case 2:
		(void)printf("cleanup[124]: %010" PRIX64 ": message-id=<%" PRIx64
			     "@example.test>\n", id, next());
		break;
	case 3:
		(void)printf("qmgr[99]: %010" PRIX64 ": from=<user%" PRIu64
			     "@example.test>, size=%d, nrcpt=1 (queue active)\n",
			     id, user, 900 + (int)below(90000));
		break;
	case 4:
		(void)printf("smtp[77]: %010" PRIX64 ": to=<x%d@foreign%d.test>, "
			     "relay=mx.foreign.test[192.0.2.1]:25, delay=0.5, "
			     "delays=0.1/0/0.2/0.2, dsn=2.0.0, status=sent (250 "
			     "2.0.0 Ok: queued)\n", id, (int)below(3000),
			     (int)below(100));
		break;
	default:
		(void)printf("qmgr[99]: %010" PRIX64 ": removed\n", id);
	}
}

int main(int argc, char **argv)
{
	uint64_t lines = argc > 3 ? strtoull(argv[2], NULL, 10) : 0;
	uint64_t users = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;

	if (lines == 0 || users == 0) {
		(void)fprintf(stderr, "Usage: journal-lines journal|postfix LINES "
			      "USERS\n");
		return 2;
	}
	for (uint64_t i = 0; i < lines; i++) {
		if (strcmp(argv[1], "postfix") == 0)
			put_postfix(i, lines, users);
		else
			put_line(i, lines, users);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
