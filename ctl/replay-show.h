/* SPDX-License-Identifier: MIT */
/* This module shows what "replay" has found. */
#ifndef GP_REPLAY_SHOW_H
#define GP_REPLAY_SHOW_H

#include "replay.h"

struct gp_replay_view {
	size_t top;             /* 0: all */
	double share_percent;   /* of users that may be touched */
};

void gp_replay_show(const struct gp_replay *replay,
		    const struct gp_replay_view *view);
void gp_replay_show_json(const struct gp_replay *replay,
			 const struct gp_replay_view *view);

#endif
