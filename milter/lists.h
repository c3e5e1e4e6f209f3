/* SPDX-License-Identifier: MIT */
/*
 * This module looks a few times a second whether a list that the settings name
 * (domains, aliases, groups) has changed, and puts it in force.  The settings
 * themselves stay as they are until SIGHUP.
 */
#ifndef GP_LISTS_H
#define GP_LISTS_H

/* The settings in force are new, and their lists with them. */
void gp_lists_begin(void);

/* Until the next gp_lists_check(); -1 if there is nothing to look at. */
int gp_lists_wait_msecs(void);

/* Reads the lists anew if one has changed and then stayed the same until now: it
   might be half written before.  If one is broken all stay in force, and the log
   says so once. */
void gp_lists_check(void);

#endif
