/* SPDX-License-Identifier: MIT */
/*
 * This module holds a command for a while without holding anything else: the
 * process serves its other clients, commands sent behind the held one stay in
 * order, and a client that leaves is noticed at once.
 */
#ifndef GP_IMAP_DELAY_H
#define GP_IMAP_DELAY_H

#include "dovecot-compat.h"

/*
 * Holds cmd, whose arguments have been read.  When the time is up, resume()
 * runs as the command.  Returns false if cmd cannot be held; then it is
 * untouched.  After true, the caller returns false to Dovecot.
 */
bool gp_imap_delay_begin(struct client_command_context *cmd, int64_t msecs,
			 command_func_t *resume);

#endif
