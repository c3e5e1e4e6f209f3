/* SPDX-License-Identifier: MIT */
/*
 * This module holds the settings in force.  A message takes a reference when it
 * begins and keeps it to its end, so that a reload never changes the rules in
 * the middle of a message.
 */
#ifndef GP_SNAPSHOT_H
#define GP_SNAPSHOT_H

#include "settings.h"

struct gp_snapshot;

/* Puts new settings in force and takes them over; those that no message uses
   any more are freed. */
void gp_snapshot_replace(struct gp_settings *settings);

/* The settings in force; give each back with gp_snapshot_release(). */
struct gp_snapshot *gp_snapshot_acquire(void);
const struct gp_settings *gp_snapshot_settings(const struct gp_snapshot *snapshot);

/* Accepts NULL, leaves NULL. */
void gp_snapshot_release(struct gp_snapshot **snapshot);

#endif
