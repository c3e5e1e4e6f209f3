/* SPDX-License-Identifier: MIT */
/*
 * This module counts how many sessions of this host are held at once, over processes
 * that share nothing, not even a user: each held one has a name in the abstract
 * namespace of unix sockets (unix(7)), of which there are so many.  The kernel takes it
 * back when the process ends, however that ends.
 */
#ifndef GP_HELD_H
#define GP_HELD_H

#include <stdbool.h>

/*
 * Takes one of held_max places.  site tells the sites of one host apart.  True if
 * somebody may be held, with *fd_r to be given to gp_held_give_back(); false if all
 * places are taken.  Where the system cannot tell, nobody is turned away.
 */
bool gp_held_take(const char *site, unsigned int held_max, int *fd_r);

/* Accepts -1, leaves -1. */
void gp_held_give_back(int *fd);

#endif
