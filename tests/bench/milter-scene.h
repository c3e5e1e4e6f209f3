/* SPDX-License-Identifier: MIT */
/*
 * This module plays SMTP sessions to a milter as Postfix 3.7 does: the order of
 * events, the macros and aborts between them, and the steps that the milter does
 * not want or does not answer.  It knows what gatepost should say to each.
 */
#ifndef MILTER_SCENE_H
#define MILTER_SCENE_H

#include "milter-link.h"

struct scene;

/* Sets of scenes: from the first to these. */
enum {
	SCENES_LOGGED_IN = 2,   /* a login, and all passes */
	SCENES_PASSING = 4,     /* all passes */
	SCENES_ALL = 8          /* some is refused */
};
const struct scene *scene_number(unsigned long number);

struct player {
	struct link link;
	const struct scene *scene;
	bool takes_accept;      /* "accept" for an answer at the end */
	long wrong_count;       /* answers that gatepost should not give */
	bool tls_is_on;
};

/* The size of all messages' bodies; before the first is played. */
void scene_set_body(size_t bytes);

/* From CONNECT to the last EHLO, and each message after it. */
void scene_play_greeting(struct player *player);
void scene_play_message(struct player *player);

/* Only MAIL and RCPT: the message stays open. */
void scene_play_envelope(struct player *player);

#endif
