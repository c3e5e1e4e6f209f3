/* SPDX-License-Identifier: MIT */
/*
 * This module is a load generator: it plays SMTP sessions to a milter as Postfix
 * does (milter protocol 6), on several connections at once, checks each answer
 * and tells how many messages a second were done.  What the milter negotiates is
 * honoured: steps it does not want are not sent, answers it does not give are
 * not awaited, and macros are those it asked for.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	STAGES = SMFIM_EOH + 1,
	PACKET_MAX = 64 * 1024,
	STEPS_OFFERED = SMFI_CURR_PROT
};

/* What a client does, and what gatepost should say to it. */
struct scene {
	const char *name;
	const char *port, *tls, *mechanism, *login;
	const char *sender;                     /* also in From */
	const char *recipient, *resolved;
	const char *mail_answer, *rcpt_answer;  /* NULL: go on */
};

static const struct scene scenes[] = {
	{ "a user's own", "587", "TLSv1.3", "PLAIN", "alice@example.test",
	  "alice@example.test", "<friend@foreign.test>", "friend@foreign.test",
	  NULL, NULL },
	{ "a user's own on 465", "465", "TLSv1.2", "LOGIN", "dave",
	  "dave@example.test", "<erin@example.test>", "erin@example.test", NULL,
	  NULL },
	/* from here on nobody has logged in */
	{ "from outside", "25", NULL, NULL, NULL, "friend@foreign.test",
	  "<bob@example.test>", "bob@example.test", NULL, NULL },
	{ "to a plus address", "25", "TLSv1.3", NULL, NULL,
	  "friend@foreign.test", "<carol+list@alias.test>",
	  "carol+list@alias.test", NULL, NULL },
	/* from here on gatepost refuses */
	{ "no TLS", "587", NULL, NULL, NULL, "alice@example.test",
	  "<bob@example.test>", "bob@example.test", "530", NULL },
	{ "no login", "587", "TLSv1.3", NULL, NULL, "alice@example.test",
	  "<bob@example.test>", "bob@example.test", "530", NULL },
	{ "relaying", "25", NULL, NULL, NULL, "friend@foreign.test",
	  "<victim@foreign.test>", "victim@foreign.test", NULL, "550" },
	{ "relaying by percent", "25", "TLSv1.3", NULL, NULL,
	  "friend@foreign.test", "<victim%foreign.test@example.test>",
	  "victim@foreign.test", NULL, "550" },
};

enum {
	SCENES_LOGGED_IN = 2,
	SCENES_PASSING = 4,
	SCENES_ALL = sizeof(scenes) / sizeof(scenes[0])
};

static struct {
	const char *socket;
	long messages, connections, per_session;
	unsigned int scene_count;
	long pid;
	bool only_negotiation;
} options = { NULL, 4000, 4, 1, SCENES_PASSING, 0, false };

static atomic_long next_message, wrong_answers;

struct link {
	int fd;
	uint32_t actions, steps;
	char macro_names[STAGES][512];
	const struct scene *scene;
	bool tls_is_on;
	unsigned char out[PACKET_MAX];
	size_t out_length;
	unsigned char in[PACKET_MAX];   /* the packet that was read last */
	size_t in_length;
};

static void die(const char *what) __attribute__((noreturn));

static void die(const char *what)
{
	(void)fprintf(stderr, "milter-load: %s: %s\n", what,
		      errno != 0 ? strerror(errno) : "protocol error");
	exit(2);
}

/* --- the wire --- */

static int connect_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		die(path);
	(void)strcpy(address.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address,
			      sizeof(address)) < 0)
		die(path);
	return fd;
}

/* PORT@HOST, as libmilter spells it */
static int connect_inet(const char *text)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	const char *at = strchr(text, '@');
	char port[16];
	int fd;

	if (at == NULL || (size_t)(at - text) >= sizeof(port))
		die(text);
	memcpy(port, text, (size_t)(at - text));
	port[at - text] = '\0';
	if (getaddrinfo(at + 1, port, &hints, &found) != 0)
		die(text);
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) < 0)
		die(text);
	freeaddrinfo(found);
	return fd;
}

static int connect_milter(const char *where)
{
	if (strncmp(where, "unix:", 5) == 0)
		return connect_unix(where + 5);
	if (strncmp(where, "inet:", 5) == 0)
		return connect_inet(where + 5);
	errno = EINVAL;
	die(where);
}

static void flush(struct link *link)
{
	size_t done = 0;

	while (done < link->out_length) {
		ssize_t length = send(link->fd, link->out + done,
				      link->out_length - done, MSG_NOSIGNAL);

		if (length < 0)
			die("send");
		done += (size_t)length;
	}
	link->out_length = 0;
}

/* Like Postfix: nothing leaves before an answer is awaited. */
static void put_packet(struct link *link, char command, const void *data,
		       size_t length)
{
	uint32_t size = htonl((uint32_t)length + 1);

	if (link->out_length + length + 5 > sizeof(link->out))
		flush(link);
	memcpy(link->out + link->out_length, &size, 4);
	link->out[link->out_length + 4] = (unsigned char)command;
	memcpy(link->out + link->out_length + 5, data, length);
	link->out_length += length + 5;
}

static void read_bytes(struct link *link, void *buffer, size_t length)
{
	errno = 0;
	if (recv(link->fd, buffer, length, MSG_WAITALL) != (ssize_t)length)
		die("recv");
}

/* The next packet; "I am still at it" is not an answer. */
static char read_packet(struct link *link)
{
	unsigned char head[5];
	uint32_t size;

	flush(link);
	do {
		read_bytes(link, head, sizeof(head));
		memcpy(&size, head, 4);
		size = ntohl(size);
		if (size == 0 || size >= sizeof(link->in))
			die("the length of a packet");
		link->in_length = size - 1;
		if (link->in_length > 0)
			read_bytes(link, link->in, link->in_length);
		link->in[link->in_length] = '\0';
	} while (head[4] == SMFIR_PROGRESS);
	return (char)head[4];
}

/* --- negotiation and macros --- */

/* What Postfix 3.7 sends to a milter that asks for nothing. */
static const char *const default_macros[STAGES] = {
	[SMFIM_CONNECT] = "j {daemon_name} {daemon_addr} v _",
	[SMFIM_HELO] = "{tls_version} {cipher} {cipher_bits}",
	[SMFIM_ENVFROM] = "i {auth_type} {auth_authen} {mail_addr} {mail_host} {mail_mailer}",
	[SMFIM_ENVRCPT] = "i {rcpt_addr} {rcpt_host} {rcpt_mailer}",
	[SMFIM_DATA] = "i",
	[SMFIM_EOM] = "i",
	[SMFIM_EOH] = "i",
};

static void read_macro_lists(struct link *link)
{
	size_t at = 3 * sizeof(uint32_t);

	while (at + sizeof(uint32_t) < link->in_length) {
		uint32_t stage;
		const char *names;

		memcpy(&stage, link->in + at, sizeof(stage));
		stage = ntohl(stage);
		names = (const char *)link->in + at + sizeof(stage);
		if (stage >= STAGES ||
		    strlen(names) >= sizeof(link->macro_names[stage]))
			die("the list of macros");
		(void)strcpy(link->macro_names[stage], names);
		at += sizeof(stage) + strlen(names) + 1;
	}
}

static void negotiate(struct link *link)
{
	uint32_t words[3] = { htonl(SMFI_PROT_VERSION), htonl(SMFI_CURR_ACTS),
			      htonl(STEPS_OFFERED) };

	for (int stage = 0; stage < STAGES; stage++)
		(void)strcpy(link->macro_names[stage], default_macros[stage]);
	put_packet(link, SMFIC_OPTNEG, words, sizeof(words));
	if (read_packet(link) != SMFIC_OPTNEG || link->in_length < sizeof(words))
		die("negotiation");
	memcpy(words, link->in, sizeof(words));
	link->actions = ntohl(words[1]);
	link->steps = ntohl(words[2]);
	if ((link->actions & SMFIF_SETSYMLIST) != 0)
		read_macro_lists(link);
}

/* NULL for what Postfix does not know at this point of the session. */
static const char *macro_value(const struct link *link, int stage,
			       const char *name)
{
	const struct scene *scene = link->scene;
	const struct { const char *name, *value; } values[] = {
		{ "j", "mail.example.test" },
		{ "v", "Postfix 3.7.11" },
		{ "_", "client.foreign.test [198.51.100.9]" },
		{ "i", stage >= SMFIM_DATA ? "4Xp1Qr0Z1yz" : NULL },
		{ "{daemon_name}", "mail.example.test" },
		{ "{daemon_addr}", "192.0.2.1" },
		{ "{daemon_port}", scene->port },
		{ "{client_addr}", "198.51.100.9" },
		{ "{client_name}", "client.foreign.test" },
		{ "{client_port}", "50123" },
		{ "{tls_version}", link->tls_is_on ? scene->tls : NULL },
		{ "{cipher}", link->tls_is_on ? "TLS_AES_256_GCM_SHA384" : NULL },
		{ "{cipher_bits}", link->tls_is_on ? "256" : NULL },
		{ "{auth_type}", stage >= SMFIM_ENVFROM ? scene->mechanism : NULL },
		{ "{auth_authen}", stage >= SMFIM_ENVFROM ? scene->login : NULL },
		{ "{mail_addr}", scene->sender },
		{ "{mail_host}", strchr(scene->sender, '@') + 1 },
		{ "{mail_mailer}", strstr(scene->sender, "foreign") != NULL
				   ? "smtp" : "local" },
		{ "{rcpt_addr}", scene->resolved },
		{ "{rcpt_host}", strchr(scene->resolved, '@') + 1 },
		{ "{rcpt_mailer}", strstr(scene->resolved, "foreign") != NULL
				   ? "smtp" : "local" },
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (strcmp(values[i].name, name) == 0)
			return values[i].value;
	return NULL;
}

static void put_macros(struct link *link, int stage, char command)
{
	char names[sizeof(link->macro_names[0])], data[2048] = { command };
	char *rest = NULL;
	size_t length = 1;

	(void)strcpy(names, link->macro_names[stage]);
	for (const char *name = strtok_r(names, " ", &rest); name != NULL;
	     name = strtok_r(NULL, " ", &rest)) {
		const char *value = macro_value(link, stage, name);

		if (value == NULL)
			continue;
		if (length + strlen(name) + strlen(value) + 2 > sizeof(data))
			die("macros do not fit");
		length += (size_t)sprintf(data + length, "%s", name) + 1;
		length += (size_t)sprintf(data + length, "%s", value) + 1;
	}
	put_packet(link, SMFIC_MACRO, data, length);
}

/* --- a session --- */

struct event {
	char command;
	int stage;                      /* -1: without macros */
	uint32_t unwanted, unanswered;  /* SMFIP_NO..., SMFIP_NR_... */
};

static const struct event event_connect = { SMFIC_CONNECT, SMFIM_CONNECT,
	SMFIP_NOCONNECT, SMFIP_NR_CONN };
static const struct event event_helo = { SMFIC_HELO, SMFIM_HELO,
	SMFIP_NOHELO, SMFIP_NR_HELO };
static const struct event event_mail = { SMFIC_MAIL, SMFIM_ENVFROM,
	SMFIP_NOMAIL, SMFIP_NR_MAIL };
static const struct event event_rcpt = { SMFIC_RCPT, SMFIM_ENVRCPT,
	SMFIP_NORCPT, SMFIP_NR_RCPT };
static const struct event event_data = { SMFIC_DATA, SMFIM_DATA,
	SMFIP_NODATA, SMFIP_NR_DATA };
static const struct event event_header = { SMFIC_HEADER, -1,
	SMFIP_NOHDRS, SMFIP_NR_HDR };
static const struct event event_end_of_headers = { SMFIC_EOH, SMFIM_EOH,
	SMFIP_NOEOH, SMFIP_NR_EOH };
static const struct event event_body = { SMFIC_BODY, -1,
	SMFIP_NOBODY, SMFIP_NR_BODY };
static const struct event event_end_of_message = { SMFIC_BODYEOB, SMFIM_EOM,
	0, 0 };

static void complain(const struct link *link, const struct event *event,
		     char reply, const char *wanted)
{
	if (atomic_fetch_add(&wrong_answers, 1) < 10)
		(void)fprintf(stderr, "milter-load: %s: '%c' was answered '%c' %s, "
			      "not %s\n", link->scene->name, event->command, reply,
			      reply == SMFIR_REPLYCODE ? (const char *)link->in
			      : "", wanted != NULL ? wanted : "'c'");
}

/* True if the session goes on. */
static bool play(struct link *link, const struct event *event, const char *data,
		 size_t length, const char *wanted)
{
	char reply;

	if ((link->steps & event->unwanted) != 0)
		return true;
	if (event->stage >= 0)
		put_macros(link, event->stage, event->command);
	put_packet(link, event->command, data, length);
	if ((link->steps & event->unanswered) != 0)
		return true;
	reply = read_packet(link);
	if (wanted == NULL ? reply != SMFIR_CONTINUE
	    : reply != SMFIR_REPLYCODE ||
	      strncmp((const char *)link->in, wanted, strlen(wanted)) != 0)
		complain(link, event, reply, wanted);
	return reply == SMFIR_CONTINUE;
}

static void play_content(struct link *link)
{
	static const char headers[][48] = {
		"To\0bob@example.test",
		"Subject\0a message", "Message-ID\0<1@example.test>",
	};
	static const char body[] = "Hello,\r\nthis is a short message.\r\n";

	char from[64];

	(void)play(link, &event_data, "", 0, NULL);
	(void)play(link, &event_header, from, (size_t)snprintf(from, sizeof(from),
		"From%c%s", '\0', link->scene->sender) + 1, NULL);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		size_t name = strlen(headers[i]) + 1;

		(void)play(link, &event_header, headers[i],
			   name + strlen(headers[i] + name) + 1, NULL);
	}
	(void)play(link, &event_end_of_headers, "", 0, NULL);
	(void)play(link, &event_body, body, sizeof(body) - 1, NULL);
	(void)play(link, &event_end_of_message, "", 0, NULL);
}

static void play_message(struct link *link)
{
	const struct scene *scene = link->scene;
	char sender[64];

	if (!play(link, &event_mail, sender, (size_t)snprintf(sender,
		  sizeof(sender), "<%s>", scene->sender) + 1,
		  scene->mail_answer))
		return;
	if (play(link, &event_rcpt, scene->recipient,
		 strlen(scene->recipient) + 1, scene->rcpt_answer))
		play_content(link);
	else
		put_packet(link, SMFIC_ABORT, "", 0);
}

static void play_greeting(struct link *link)
{
	static const char client[] = "client.foreign.test\0004\xc3\xcb"
		"198.51.100.9";
	static const char helo[] = "client.foreign.test";
	const bool is_implicit = strcmp(link->scene->port, "465") == 0;

	link->tls_is_on = is_implicit;
	(void)play(link, &event_connect, client, sizeof(client), NULL);
	(void)play(link, &event_helo, helo, sizeof(helo), NULL);
	if (link->scene->tls == NULL || is_implicit)
		return;
	/* STARTTLS, and EHLO once more */
	link->tls_is_on = true;
	(void)play(link, &event_helo, helo, sizeof(helo), NULL);
}

/* One connection after the other, until no message is left. */
static void *play_sessions(void *unused)
{
	struct link *link = malloc(sizeof(*link));

	(void)unused;
	if (link == NULL)
		die("malloc");
	for (;;) {
		long message = atomic_fetch_add(&next_message,
						options.per_session);

		if (message >= options.messages)
			break;
		memset(link, 0, offsetof(struct link, out));
		link->out_length = 0;
		link->scene = &scenes[(unsigned long)(message /
			options.per_session) % options.scene_count];
		link->fd = connect_milter(options.socket);
		negotiate(link);
		play_greeting(link);
		for (long i = 0; i < options.per_session; i++)
			play_message(link);
		put_packet(link, SMFIC_QUIT, "", 0);
		flush(link);
		(void)close(link->fd);
	}
	free(link);
	return NULL;
}

/* --- the run --- */

/* As options of null-milter, for the shell. */
static void print_negotiation(void)
{
	struct link *link = calloc(1, sizeof(*link));

	if (link == NULL)
		die("calloc");
	link->fd = connect_milter(options.socket);
	negotiate(link);
	(void)printf("-a 0x%x -s 0x%x", link->actions, link->steps);
	for (int stage = 0; stage < STAGES; stage++) {
		if (strcmp(link->macro_names[stage], default_macros[stage]) == 0)
			continue;
		if (strchr(link->macro_names[stage], '\'') != NULL)
			die("a macro's name");
		(void)printf(" -m '%d:%s'", stage, link->macro_names[stage]);
	}
	(void)putchar('\n');
	(void)close(link->fd);
	free(link);
}

static double now_secs(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What the milter has used so far, in seconds; 0 if it was not named. */
static double cpu_secs(void)
{
	unsigned long user = 0, system = 0;
	char path[64];
	FILE *file;

	if (options.pid == 0)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", options.pid);
	file = fopen(path, "r");
	if (file == NULL || fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d "
				   "%*u %*u %*u %*u %*u %lu %lu", &user,
				   &system) != 2)
		die(path);
	(void)fclose(file);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static int run(void)
{
	pthread_t *threads = calloc((size_t)options.connections,
				    sizeof(*threads));
	double start = now_secs(), cpu = cpu_secs(), secs;

	if (threads == NULL)
		die("calloc");
	for (long i = 0; i < options.connections; i++)
		if (pthread_create(&threads[i], NULL, play_sessions, NULL) != 0)
			die("pthread_create");
	for (long i = 0; i < options.connections; i++)
		(void)pthread_join(threads[i], NULL);
	free(threads);
	secs = now_secs() - start;
	(void)printf("messages=%ld secs=%.3f rate=%.0f cpu_usecs=%.1f wrong=%ld\n",
		     options.messages, secs, (double)options.messages / secs,
		     (cpu_secs() - cpu) * 1e6 / (double)options.messages,
		     atomic_load(&wrong_answers));
	return atomic_load(&wrong_answers) == 0 ? 0 : 1;
}

static long positive(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);

	errno = EINVAL;
	if (*end != '\0' || number <= 0)
		die(text);
	return number;
}

static int usage(void)
{
	(void)fputs(
"Usage: milter-load [OPTIONS] unix:PATH|inet:PORT@HOST\n"
"  -n N   messages in all (4000)      -m N   messages in one session (1)\n"
"  -c N   connections at once (4)     -p N   process whose CPU is measured\n"
"  -l     only sessions with a login  -r     also those that gatepost refuses\n"
"  -N     only print what the milter negotiates, as options of null-milter\n",
		    stderr);
	return 2;
}

int main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "n:m:c:p:lrN")) != -1) {
		switch (option) {
		case 'n': options.messages = positive(optarg); break;
		case 'm': options.per_session = positive(optarg); break;
		case 'c': options.connections = positive(optarg); break;
		case 'p': options.pid = positive(optarg); break;
		case 'l': options.scene_count = SCENES_LOGGED_IN; break;
		case 'r': options.scene_count = SCENES_ALL; break;
		case 'N': options.only_negotiation = true; break;
		default: return usage();
		}
	}
	if (optind + 1 != argc)
		return usage();
	options.socket = argv[optind];
	if (options.only_negotiation) {
		print_negotiation();
		return 0;
	}
	return run();
}
