/* SPDX-License-Identifier: MIT */
/*
 * This module owns the socket on which the milter listens.  A unix socket is
 * made under a name of its own and then put in place of whatever was there, so
 * a new milter takes over from one that runs: no connection is ever refused, and
 * the old one goes on with the sessions it has.
 */
#ifndef GP_LISTEN_H
#define GP_LISTEN_H

#include "error.h"
#include "settings.h"

/* Opens the socket of milter.socket, mode 0660 and with milter.socket_group when
   it has a path; nobody finds it yet.  Refuses a path where something else than
   a milter of ours listens.  0, or -1 with *err filled. */
int gp_listen_open(const struct gp_settings *settings, struct gp_error *err);

/* Puts the socket where the MTA looks for it.  0, or -1 with *err filled. */
int gp_listen_publish(struct gp_error *err);

/* Tells the milter that listened there before (SIGUSR1); call it once
   connections are served. */
void gp_listen_relieve(void);

/* With a socket that somebody else holds (fd:N): leaves its connections to
   whoever listens next.  Elsewhere it does nothing. */
void gp_listen_pause(void);

/* Removes the socket's name if it still leads to us. */
void gp_listen_remove(void);

#endif
