/* SPDX-License-Identifier: MIT */
/*
 * This module is a load generator: it plays SMTP sessions to a milter as Postfix
 * does (milter-scene.h), on several connections at once, checks each answer and
 * tells how many messages a second were done, what CPU the milter used for it, or
 * what memory it needs.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "milter-scene.h"

enum { PROCESSES_MAX = 16, BODY_BYTES = 4096 };

static struct {
	const char *socket;
	long messages, connections, per_session, body_bytes;
	unsigned int scene_count;
	long pids[PROCESSES_MAX];
	int pid_count;
	bool takes_accept, only_negotiation, only_memory;
} options = {
	.messages = 4000, .connections = 4, .per_session = 1,
	.body_bytes = BODY_BYTES, .scene_count = SCENES_PASSING,
};

static atomic_long next_message, wrong_answers;

/* --- what the milter uses --- */

static FILE *open_proc(long pid, const char *name)
{
	char path[64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%ld/%s", pid, name);
	file = fopen(path, "r");
	if (file == NULL)
		die(path);
	return file;
}

/* Of all processes that were named, so far. */
static double cpu_secs(void)
{
	unsigned long all = 0;

	for (int i = 0; i < options.pid_count; i++) {
		FILE *file = open_proc(options.pids[i], "stat");
		unsigned long user = 0, system = 0;

		if (fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u "
			   "%*u %*u %*u %lu %lu", &user, &system) != 2)
			die("/proc/PID/stat");
		(void)fclose(file);
		all += user + system;
	}
	return (double)all / (double)sysconf(_SC_CLK_TCK);
}

/* Their memory: of what several processes share, each one's part. */
static long pss_kib(void)
{
	long all = 0;

	for (int i = 0; i < options.pid_count; i++) {
		FILE *file = open_proc(options.pids[i], "smaps_rollup");
		char line[256];
		long kib = -1;

		while (kib < 0 && fgets(line, sizeof(line), file) != NULL)
			(void)sscanf(line, "Pss: %ld kB", &kib);
		if (kib < 0)
			die("/proc/PID/smaps_rollup");
		(void)fclose(file);
		all += kib;
	}
	return all;
}

static double now_secs(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- sessions --- */

static struct player *create_players(size_t count)
{
	struct player *players = calloc(count, sizeof(*players));

	if (players == NULL)
		die("calloc");
	return players;
}

static void start_session(struct player *player, long session)
{
	player->scene = scene_number((unsigned long)session %
				     options.scene_count);
	player->takes_accept = options.takes_accept;
	link_open(&player->link, options.socket);
	scene_play_greeting(player);
}

/* One connection after the other, until no message is left. */
static void *play_sessions(void *unused)
{
	struct player *player = create_players(1);

	(void)unused;
	for (;;) {
		long message = atomic_fetch_add(&next_message,
						options.per_session);

		if (message >= options.messages)
			break;
		start_session(player, message / options.per_session);
		for (long i = 0; i < options.per_session; i++)
			scene_play_message(player);
		link_close(&player->link);
	}
	(void)atomic_fetch_add(&wrong_answers, player->wrong_count);
	free(player);
	return NULL;
}

static void run_threads(void)
{
	pthread_t *threads = calloc((size_t)options.connections,
				    sizeof(*threads));

	if (threads == NULL)
		die("calloc");
	for (long i = 0; i < options.connections; i++)
		if (pthread_create(&threads[i], NULL, play_sessions, NULL) != 0)
			die("pthread_create");
	for (long i = 0; i < options.connections; i++)
		(void)pthread_join(threads[i], NULL);
	free(threads);
}

static void measure_speed(void)
{
	double start = now_secs(), cpu = cpu_secs(), secs;

	run_threads();
	secs = now_secs() - start;
	(void)printf("messages=%ld secs=%.3f rate=%.0f cpu_usecs=%.1f wrong=%ld\n",
		     options.messages, secs, (double)options.messages / secs,
		     (cpu_secs() - cpu) * 1e6 / (double)options.messages,
		     atomic_load(&wrong_answers));
}

/* With a message open on each connection, after all have carried some. */
static void measure_memory(void)
{
	struct player *players = create_players((size_t)options.connections);

	run_threads();
	for (long i = 0; i < options.connections; i++) {
		start_session(&players[i], i);
		scene_play_envelope(&players[i]);
	}
	(void)printf("connections=%ld pss_kib=%ld wrong=%ld\n",
		     options.connections, pss_kib(), atomic_load(&wrong_answers));
	for (long i = 0; i < options.connections; i++)
		link_close(&players[i].link);
	free(players);
}

static void print_negotiation(void)
{
	struct player *player = create_players(1);

	link_open(&player->link, options.socket);
	link_print_terms(&player->link);
	link_close(&player->link);
	free(player);
}

/* --- options --- */

static long positive(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);

	errno = EINVAL;
	if (*end != '\0' || number <= 0)
		die(text);
	return number;
}

static void add_process(const char *text)
{
	errno = EINVAL;
	if (options.pid_count == PROCESSES_MAX)
		die("too many processes");
	options.pids[options.pid_count++] = positive(text);
}

static int usage(void)
{
	(void)fputs(
"Usage: milter-load [OPTIONS] unix:PATH|inet:PORT@HOST\n"
"  -n N   messages in all (4000)      -m N   messages in one session (1)\n"
"  -c N   connections at once (4)     -b N   bytes of a body (4096)\n"
"  -p N   a process that is measured; as often as there are\n"
"  -l     only sessions with a login  -r     also those that gatepost refuses\n"
"  -a     \"accept\" is an answer, too  -M     measure memory instead of speed\n"
"  -N     only print what the milter negotiates, as options of null-milter\n",
		    stderr);
	return 2;
}

static bool read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "n:m:c:b:p:lraMN")) != -1) {
		switch (option) {
		case 'n': options.messages = positive(optarg); break;
		case 'm': options.per_session = positive(optarg); break;
		case 'c': options.connections = positive(optarg); break;
		case 'b': options.body_bytes = positive(optarg); break;
		case 'p': add_process(optarg); break;
		case 'l': options.scene_count = SCENES_LOGGED_IN; break;
		case 'r': options.scene_count = SCENES_ALL; break;
		case 'a': options.takes_accept = true; break;
		case 'M': options.only_memory = true; break;
		case 'N': options.only_negotiation = true; break;
		default: return false;
		}
	}
	return optind + 1 == argc;
}

int main(int argc, char **argv)
{
	if (!read_options(argc, argv))
		return usage();
	options.socket = argv[optind];
	scene_set_body((size_t)options.body_bytes);
	if (options.only_negotiation)
		print_negotiation();
	else if (options.only_memory)
		measure_memory();
	else
		measure_speed();
	return atomic_load(&wrong_answers) == 0 ? 0 : 1;
}
