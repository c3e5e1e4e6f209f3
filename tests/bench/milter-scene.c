/* SPDX-License-Identifier: MIT */
/* This module is documented in milter-scene.h. */
#include "milter-scene.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMPLAINTS_MAX = 10, BODY_MAX = 65535 };

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

_Static_assert(sizeof(scenes) / sizeof(scenes[0]) == SCENES_ALL,
	       "the number of scenes");

static struct {
	char text[BODY_MAX];
	size_t length;
} body;

const struct scene *scene_number(unsigned long number)
{
	return &scenes[number];
}

void scene_set_body(size_t bytes)
{
	static const char line[] = "All that is written here is only to fill a "
		"line of seventy letters.\r\n";

	errno = EFBIG;
	if (bytes > sizeof(body.text))
		die("the size of a body");
	for (size_t i = 0; i < bytes; i++)
		body.text[i] = line[i % (sizeof(line) - 1)];
	body.length = bytes;
}

/* NULL for what Postfix does not know at this point of the session. */
static const char *macro_value(const void *context, int stage, const char *name)
{
	const struct player *player = context;
	const struct scene *scene = player->scene;
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
		{ "{tls_version}", player->tls_is_on ? scene->tls : NULL },
		{ "{cipher}", player->tls_is_on ? "TLS_AES_256_GCM_SHA384" : NULL },
		{ "{cipher_bits}", player->tls_is_on ? "256" : NULL },
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

struct event {
	char command;
	int stage;                      /* of its macros */
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
static const struct event event_header = { SMFIC_HEADER, SMFIM_EOH,
	SMFIP_NOHDRS, SMFIP_NR_HDR };
static const struct event event_end_of_headers = { SMFIC_EOH, SMFIM_EOH,
	SMFIP_NOEOH, SMFIP_NR_EOH };
static const struct event event_body = { SMFIC_BODY, SMFIM_EOH,
	SMFIP_NOBODY, SMFIP_NR_BODY };
static const struct event event_end_of_message = { SMFIC_BODYEOB, SMFIM_EOM,
	0, 0 };

static void complain(struct player *player, const struct event *event, char reply,
		     const char *wanted)
{
	static atomic_int complaints;

	player->wrong_count++;
	if (atomic_fetch_add(&complaints, 1) < COMPLAINTS_MAX)
		(void)fprintf(stderr, "milter-load: %s: '%c' was answered '%c' %s, "
			      "not %s\n", player->scene->name, event->command,
			      reply, reply == SMFIR_REPLYCODE
			      ? (const char *)player->link.in : "",
			      wanted != NULL ? wanted : "'c'");
}

static bool is_wanted(const struct player *player, char reply,
		      const char *wanted)
{
	if (wanted == NULL)
		return reply == SMFIR_CONTINUE ||
			(player->takes_accept && reply == SMFIR_ACCEPT);
	return reply == SMFIR_REPLYCODE && strncmp((const char *)player->link.in,
						   wanted, strlen(wanted)) == 0;
}

/* Postfix sends the macros of SMTP commands also when the milter does not want the
   command itself; of the content it sends nothing then.  True if the session goes
   on. */
static bool play(struct player *player, const struct event *event,
		 const char *data, size_t length, const char *wanted)
{
	struct link *link = &player->link;
	const bool is_content = event->stage >= SMFIM_EOM;
	const bool is_unwanted = (link->steps & event->unwanted) != 0;
	char reply;

	if (!is_content || !is_unwanted)
		link_put_macros(link, event->stage, event->command, macro_value,
				player);
	if (is_unwanted)
		return true;
	link_put(link, event->command, data, length);
	if ((link->steps & event->unanswered) != 0)
		return true;
	reply = link_read(link);
	if (!is_wanted(player, reply, wanted))
		complain(player, event, reply, wanted);
	return reply == SMFIR_CONTINUE;
}

/* name and value, each with its NUL */
static void play_header(struct player *player, const char *name,
			const char *value)
{
	const size_t name_bytes = strlen(name) + 1, value_bytes = strlen(value) + 1;
	char data[256];

	if (name_bytes + value_bytes > sizeof(data))
		die("a header");
	memcpy(data, name, name_bytes);
	memcpy(data + name_bytes, value, value_bytes);
	(void)play(player, &event_header, data, name_bytes + value_bytes, NULL);
}

static void play_headers(struct player *player)
{
	static const char *const headers[][2] = {
		{ "Message-ID", "<5f0c7a41-3d1b-4b64-9b7e-1f9a@example.test>" },
		{ "Date", "Tue, 24 Nov 2026 09:12:44 +0100" },
		{ "MIME-Version", "1.0" },
		{ "User-Agent", "Mozilla Thunderbird" },
		{ "Content-Language", "en-US" },
		{ "To", "Bob <bob@example.test>" },
		{ "Subject", "Re: minutes of the meeting on Monday" },
		{ "In-Reply-To", "<20261123151515.31415@example.test>" },
		{ "References", "<20261123151515.31415@example.test>" },
		{ "Content-Type", "text/plain; charset=UTF-8; format=flowed" },
		{ "Content-Transfer-Encoding", "7bit" },
	};

	play_header(player, "From", player->scene->sender);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		play_header(player, headers[i][0], headers[i][1]);
}

/* An abort stands between two messages, also when the first has ended well. */
static void abort_message(struct player *player)
{
	link_put(&player->link, SMFIC_ABORT, "", 0);
}

void scene_play_greeting(struct player *player)
{
	static const char client[] = "client.foreign.test\0004\xc3\xcb"
		"198.51.100.9";
	static const char helo[] = "client.foreign.test";
	const bool is_implicit = strcmp(player->scene->port, "465") == 0;

	player->tls_is_on = is_implicit;
	(void)play(player, &event_connect, client, sizeof(client), NULL);
	(void)play(player, &event_helo, helo, sizeof(helo), NULL);
	if (player->scene->tls == NULL || is_implicit)
		return;
	/* STARTTLS, and EHLO once more */
	abort_message(player);
	player->tls_is_on = true;
	(void)play(player, &event_helo, helo, sizeof(helo), NULL);
}

/* True if it is to go on. */
static bool play_envelope(struct player *player)
{
	const struct scene *scene = player->scene;
	char sender[64];

	return play(player, &event_mail, sender, (size_t)snprintf(sender,
		    sizeof(sender), "<%s>", scene->sender) + 1,
		    scene->mail_answer) &&
		play(player, &event_rcpt, scene->recipient,
		     strlen(scene->recipient) + 1, scene->rcpt_answer);
}

void scene_play_envelope(struct player *player)
{
	(void)play_envelope(player);
}

void scene_play_message(struct player *player)
{
	if (play_envelope(player)) {
		(void)play(player, &event_data, "", 0, NULL);
		play_headers(player);
		(void)play(player, &event_end_of_headers, "", 0, NULL);
		(void)play(player, &event_body, body.text, body.length, NULL);
		(void)play(player, &event_end_of_message, "", 0, NULL);
	}
	abort_message(player);
}
