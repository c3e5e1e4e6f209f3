/* SPDX-License-Identifier: MIT */
/*
 * This module is the milter as libmilter sees it: each callback collects facts,
 * lets the policy decide and answers.
 */
#ifndef GP_CALLBACKS_H
#define GP_CALLBACKS_H

#include "journal.h"

/* Registers the callbacks; libmilter wants that before it opens a socket.
   0, or -1 when it does not take them. */
int gp_callbacks_register(void);

/* Before any thread is started; the journal must outlive the milter. */
void gp_callbacks_use_journal(struct gp_journal *journal);

#endif
