/* SPDX-License-Identifier: MIT */
/*
 * This module lives through a day of many users as fast as it goes: the sessions are
 * the plugin's (poll-session.c), the store is ours with its connection for each
 * question, Redis is a real one.  Its clock is that of the day, by clock-shift.c, and
 * moves on by a second when all have done what they do in it.
 *
 * What people do is made up, in the table of kinds below; what it costs is measured.
 * Not counted is what gatepost-authpolicy asks before a login: one GET more for each.
 *
 * Usage: day [--users N] [--hours N] [--workers N] [--kept|--together] SHIM
 *   --kept       all questions of a worker by one connection: what a connection costs
 *                is the difference
 *   --together   these, and many at a time: a million users are through in a third of
 *                the time, with the same questions and answers.  What Redis spends on
 *                reading and writing is shared by them, so that its CPU is the least
 *                that it can be
 */
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "day-lanes.h"
#include "log.h"
#include "own-redis.h"
#include "poll-session.h"
#include "pool.h"
#include "settings-parse.h"

enum {
	HOUR = 3600, DAY = 24 * HOUR,
	WORKERS_MAX = 16, ACTIVITIES = 12, PROGRAMS_OF_TEN_USERS = 16
};

/* What a program does: when it is on, how often it looks, and whether it stays
   connected between.  Shares are of 100 programs. */
static const struct kind {
	const char *name;
	unsigned int share, from_hour, to_hour, every_secs;
	bool is_login;                  /* connects for each check */
} kinds[] = {
	{ "IDLE, anew every 2 h", 45, 0, 24, 2 * HOUR, true },
	{ "every 5 min, 8 to 18 h", 30, 8, 18, 300, false },
	{ "every 1 min, 8 to 18 h", 10, 8, 18, 60, false },
	{ "every 5 s, 8 to 23 h", 1, 8, 23, 5, false },
	{ "login every 10 min, always", 9, 0, 24, 600, true },
	{ "every 5 min, also at night", 5, 0, 24, 300, false },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* Of all workers. */
static struct shared {
	pthread_barrier_t barrier;
	volatile int64_t second;        /* of the day; below 0: it is over */
	struct {
		uint64_t programs, checks, early, absorbed, waited, calls;
	} sums[WORKERS_MAX][KINDS];
} *shared;

static unsigned int users_count = 100000, hours = 24, workers_count = 3;
static bool is_kept, is_together;

static void die(const char *what)
{
	(void)fprintf(stderr, "day: %s\n", what);
	exit(1);
}

/* The linker puts this one in the place of the store's. */
void __real_gp_redis_site_disconnect(struct gp_redis_site *site);
void __wrap_gp_redis_site_disconnect(struct gp_redis_site *site);

void __wrap_gp_redis_site_disconnect(struct gp_redis_site *site)
{
	if (!is_kept)
		__real_gp_redis_site_disconnect(site);
}

/* --- a worker --- */

struct program {
	struct program *next;           /* of those with the same second */
	struct gp_poll_session *session;
	unsigned int user;
	unsigned char kind, number;
	unsigned char activities;       /* bits, by hour from 8 on */
};

static struct program *agenda[DAY + 1];
static struct gp_settings *settings;
static unsigned int worker;

/* Counts questions; nobody is exempt. */
static int counting_poll(struct gp_store *store, const struct gp_poll_query *query,
			 int64_t now_msecs, struct gp_poll_history *history_r,
			 struct gp_error *err)
{
	const struct program *program = day_lanes_what();
	struct gp_store *real_store = day_lanes_store();

	(void)store;
	shared->sums[worker][program->kind].calls++;
	return real_store->ops->poll(real_store, query, now_msecs, history_r, err);
}

static int no_exemptions(struct gp_store *store, const char *user,
			 int64_t now_msecs, const struct gp_exemption_list **list_r,
			 struct gp_error *err)
{
	static const struct gp_exemption_list none;

	(void)store;
	(void)user;
	(void)now_msecs;
	(void)err;
	*list_r = &none;
	return 0;
}

static const struct gp_store_ops counting_ops = {
	.poll = counting_poll, .exemptions = no_exemptions,
};
static struct gp_store counting_store = { .ops = &counting_ops };

static void plan(struct program *program, int64_t second)
{
	if (second > DAY)
		second = DAY;
	program->next = agenda[second];
	agenda[second] = program;
}

static struct gp_poll_session *connect_program(const struct program *program,
					       int64_t now_msecs)
{
	const struct gp_ip ip = {
		.is_known = true,
		.bytes = { [10] = 0xff, 0xff, 10, (unsigned char)(program->user >> 16),
			   (unsigned char)(program->user >> 8),
			   (unsigned char)program->user },
	};
	struct gp_poll_session *session;
	char user[32];

	(void)snprintf(user, sizeof(user), "user%07u", program->user);
	session = gp_poll_session_create(settings, &counting_store, NULL, "imap",
					 user, "s", &ip, 993);
	gp_poll_session_name_program(session, program->number == 0 ? "Thunderbird"
				     : "iPhone_Mail", now_msecs);
	return session;
}

static int64_t check(struct program *program, int64_t now_msecs)
{
	const bool is_login = kinds[program->kind].is_login;
	struct gp_decision decision;
	enum gp_action effect;

	if (is_login)
		gp_poll_session_login(program->session, false, now_msecs,
				      &decision);
	else
		gp_poll_session_check(program->session, GP_CHECK_NOOP, 0, false,
				      now_msecs, &decision);
	effect = gp_decision_effect(&decision);
	shared->sums[worker][program->kind].checks++;
	if (decision.reason == GP_REASON_EARLY)
		shared->sums[worker][program->kind].early++;
	if (effect == GP_ACTION_ABSORB)
		shared->sums[worker][program->kind].absorbed++;
	if (effect != GP_ACTION_DELAY && effect != GP_ACTION_HOLD)
		return 0;
	shared->sums[worker][program->kind].waited++;
	gp_poll_session_released(program->session);
	return (decision.wait_msecs + 999) / 1000;
}

/* What only a person does, a dozen times between 8 and 20 h with one of the programs. */
static void be_active(struct program *program, int64_t second, int64_t now_msecs)
{
	const int64_t hour = second / HOUR - 8;

	if (program->number != 0 || hour < 0 || hour >= ACTIVITIES ||
	    program->activities > hour)
		return;
	program->activities = (unsigned char)(hour + 1);
	gp_poll_session_human(program->session, now_msecs);
}

static void act(void *what)
{
	struct program *program = what;
	const struct kind *kind = &kinds[program->kind];
	const int64_t second = shared->second;
	const int64_t now_msecs = (DAY + second) * 1000 + program->user % 1000;
	int64_t next = second + kind->every_secs;

	if (second >= (int64_t)kind->to_hour * HOUR) {
		gp_poll_session_end(&program->session, now_msecs);
		return;
	}
	if (program->session == NULL)
		program->session = connect_program(program, now_msecs);
	next += check(program, now_msecs);
	be_active(program, second, now_msecs);
	if (kind->is_login)
		gp_poll_session_end(&program->session, now_msecs);
	plan(program, next);
}

/* The same share of each kind for each worker. */
static unsigned char kind_of(unsigned int number)
{
	unsigned int left = number * 37 % 100;
	unsigned char kind = 0;

	while (left >= kinds[kind].share)
		left -= kinds[kind++].share;
	return kind;
}

/* Six of ten users have two programs. */
static void begin(void)
{
	unsigned int number = 0;

	for (unsigned int user = 0; user < users_count; user++) {
		const int programs = user % 10 < PROGRAMS_OF_TEN_USERS - 10 ? 2 : 1;

		for (int i = 0; i < programs; i++, number++) {
			struct program *program;
			const struct kind *kind;

			if (user % workers_count != worker)
				continue;
			program = gp_alloc(sizeof(*program));
			program->user = user;
			program->number = (unsigned char)i;
			program->kind = kind_of(number);
			kind = &kinds[program->kind];
			shared->sums[worker][program->kind].programs++;
			/* People come within an hour, programs all the time. */
			plan(program, (int64_t)kind->from_hour * HOUR + random() %
			     (kind->from_hour > 0 ? HOUR : kind->every_secs));
		}
	}
}

static void work(unsigned int number) __attribute__((noreturn));

static void work(unsigned int number)
{
	worker = number;
	srandom(number + 1);
	settings = gp_settings_defaults();
	day_lanes_open(&own_redis_settings, is_together ? DAY_LANES_MAX : 1, act);
	begin();
	for (;;) {
		struct program *program;

		(void)pthread_barrier_wait(&shared->barrier);
		if (shared->second < 0)
			break;
		program = agenda[shared->second];
		while (program != NULL) {
			struct program *next = program->next;

			day_lanes_do(program);
			program = next;
		}
		day_lanes_finish();
		(void)pthread_barrier_wait(&shared->barrier);
	}
	day_lanes_close();
	_exit(0);
}

/* --- the day --- */

static volatile int64_t *shift_secs;

/* Redis is to see midnight of some day in the future, and from there on the day. */
static void set_clock(int64_t second)
{
	static int64_t midnight;

	if (midnight == 0)
		midnight = ((int64_t)time(NULL) / DAY + 30) * DAY;
	*shift_secs = midnight + second - (int64_t)time(NULL);
}

static void preload(const char *shim, char path[])
{
	const int fd = mkstemp(path);

	if (fd < 0 || ftruncate(fd, sizeof(*shift_secs)) < 0)
		die("no file for the clock");
	shift_secs = mmap(NULL, sizeof(*shift_secs), PROT_READ | PROT_WRITE,
			  MAP_SHARED, fd, 0);
	if (shift_secs == MAP_FAILED)
		die("no memory for the clock");
	(void)close(fd);
	set_clock(0);
	(void)setenv("CLOCK_SHIFT", path, 1);
	(void)setenv("LD_PRELOAD", shim, 1);
}

static double info_of(const char *section, const char *name)
{
	redisReply *reply = own_redis_command(2, (const char *[]){ "INFO",
								   section });
	const char *line = reply == NULL || reply->type != REDIS_REPLY_STRING
		? NULL : strstr(reply->str, name);
	const double value = line == NULL ? -1 : atof(line + strlen(name));

	if (reply != NULL)
		freeReplyObject(reply);
	return value;
}

static double cpu_secs(void)
{
	return info_of("cpu", "used_cpu_user:") + info_of("cpu", "used_cpu_sys:");
}

static void live(double *busiest_r)
{
	double at_hour = cpu_secs();

	for (int64_t second = 0; second < (int64_t)hours * HOUR; second++) {
		set_clock(second);
		shared->second = second;
		(void)pthread_barrier_wait(&shared->barrier);
		(void)pthread_barrier_wait(&shared->barrier);
		if (second % HOUR == HOUR - 1) {
			const double now = cpu_secs();

			if (now - at_hour > *busiest_r)
				*busiest_r = now - at_hour;
			at_hour = now;
		}
	}
	shared->second = -1;
	(void)pthread_barrier_wait(&shared->barrier);
}

struct sum {
	double programs, checks, early, absorbed, waited, calls;
};

static void add_kind(struct sum *sum, int kind)
{
	for (unsigned int i = 0; i < workers_count; i++) {
		sum->programs += (double)shared->sums[i][kind].programs;
		sum->checks += (double)shared->sums[i][kind].checks;
		sum->early += (double)shared->sums[i][kind].early;
		sum->absorbed += (double)shared->sums[i][kind].absorbed;
		sum->waited += (double)shared->sums[i][kind].waited;
		sum->calls += (double)shared->sums[i][kind].calls;
	}
}

static void print_sum(const char *name, const struct sum *sum)
{
	(void)printf("%-28s %9.0f %9.1f %9.1f %6.1f %% %6.1f %% %6.1f %%\n", name,
		     sum->programs, sum->checks / sum->programs,
		     sum->calls / sum->programs, 100 * sum->early / sum->checks,
		     100 * sum->absorbed / sum->checks,
		     100 * sum->waited / sum->checks);
}

static void print(double cpu, double busiest, double memory, double secs)
{
	struct sum all = { 0 };

	(void)printf("%u users, 1.6 programs each, %u hours in %.0f s, %s\n\n"
		     "%-28s %9s %9s %9s %8s %8s %8s\n", users_count, hours, secs,
		     is_together ? "questions together, by kept connections"
		     : is_kept ? "by kept connections" : "a connection for each question",
		     "for a program", "programs", "checks", "calls", "early",
		     "absorbed", "waited");
	for (int kind = 0; kind < KINDS; kind++) {
		struct sum sum = { 0 };

		add_kind(&sum, kind);
		add_kind(&all, kind);
		print_sum(kinds[kind].name, &sum);
	}
	print_sum("all", &all);
	(void)printf("\nfor a user:  %.1f calls of Redis, %.2f ms of its CPU, %.0f "
		     "bytes at the peak (used_memory)\nCPU of Redis for a call: %.1f us; "
		     "busiest hour / mean: %.2f\n", all.calls / users_count,
		     cpu * 1e3 / users_count, memory / users_count,
		     cpu * 1e6 / all.calls, busiest * hours / cpu);
}

static int parse(int argc, char **argv)
{
	static const struct option names[] = {
		{ "users", required_argument, NULL, 'u' },
		{ "hours", required_argument, NULL, 'h' },
		{ "workers", required_argument, NULL, 'w' },
		{ "kept", no_argument, NULL, 'k' },
		{ "together", no_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		unsigned int *value = option == 'u' ? &users_count
			: option == 'h' ? &hours : &workers_count;

		if (option == '?')
			return -1;
		is_together = is_together || option == 't';
		is_kept = is_kept || option == 'k' || option == 't';
		if (option == 'k' || option == 't')
			continue;
		*value = (unsigned int)strtoul(optarg, NULL, 10);
	}
	return users_count < 100 || users_count > 10000000 || hours < 1 ||
		hours > 24 || workers_count < 1 || workers_count > WORKERS_MAX ||
		optind != argc - 1 ? -1 : 0;
}

static void share(void)
{
	pthread_barrierattr_t attributes;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("no memory");
	(void)pthread_barrierattr_init(&attributes);
	(void)pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	(void)pthread_barrier_init(&shared->barrier, &attributes,
				   workers_count + 1);
}

int main(int argc, char **argv)
{
	char clock_path[] = "/tmp/gatepost-day.XXXXXX";
	double busiest = 0, cpu, memory, before;
	int64_t began_msecs;

	if (parse(argc, argv) < 0) {
		(void)fprintf(stderr, "Usage: day [--users N] [--hours N] "
			      "[--workers N] [--kept|--together] SHIM\n");
		return 64;
	}
	share();
	preload(argv[optind], clock_path);
	if (!own_redis_start()) {
		(void)unlink(clock_path);
		return TEST_SKIPPED;
	}
	(void)unsetenv("LD_PRELOAD");
	before = info_of("memory", "used_memory:");
	for (unsigned int i = 0; i < workers_count; i++)
		if (fork() == 0)
			work(i);
	began_msecs = gp_clock_monotonic_msecs();
	cpu = cpu_secs();
	live(&busiest);
	cpu = cpu_secs() - cpu;
	memory = info_of("memory", "used_memory_peak:") - before;
	print(cpu, busiest, memory,
	      (double)(gp_clock_monotonic_msecs() - began_msecs) / 1000);
	own_redis_end();
	(void)unlink(clock_path);
	return 0;
}
