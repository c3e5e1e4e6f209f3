/* SPDX-License-Identifier: MIT */
/*
 * This module is the arithmetic of "30 messages in a minute": the generic cell
 * rate algorithm (GCRA, ITU-T I.371), which keeps one number for a window, the
 * theoretical arrival time, and has no edges at which counts begin anew.  Who
 * paused may send COUNT at once, and then one in each TIME/COUNT.
 * store-submit.lua does the same sums in Redis; test-store-submit holds both
 * together.  Core: time is a parameter.
 */
#ifndef GP_RATE_H
#define GP_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Times are whole ticks of 0.1 ms, so that C and Lua (whose numbers are doubles)
   round alike; of what clock does not matter. */
enum {
	GP_RATE_TICKS_PER_MSEC = 10,
	GP_RATE_TICKS_PER_SEC = 10000,
	GP_RATE_CLOCK_SLACK_SECS = 1,
	GP_RATE_COUNT_MAX = 1000000,
	GP_RATE_WINDOWS_MAX = 4
};

/* "COUNT/TIME".  count is at least 1 and at most GP_RATE_TICKS_PER_SEC for each
   second; count 0 stands for no window. */
struct gp_rate_window {
	unsigned int count;
	unsigned int secs;
};

/* No two windows have the same time; none means no limit. */
struct gp_rate_limits {
	struct gp_rate_window windows[GP_RATE_WINDOWS_MAX];
	size_t count;
};

enum gp_rate_kind { GP_RATE_MESSAGES, GP_RATE_RECIPIENTS, GP_RATE_KINDS };

/* All that holds for one user. */
struct gp_rate_terms {
	struct gp_rate_limits limits[GP_RATE_KINDS];
};

/* What is remembered of one window: found by its time, so that a changed count
   goes on with what was used and other windows start empty. */
struct gp_rate_slot {
	unsigned int secs;              /* 0: not in use */
	int64_t tat_ticks;
};

/* What is remembered of one user; all zero is a user never seen. */
struct gp_rate_state {
	struct gp_rate_slot slots[GP_RATE_KINDS][GP_RATE_WINDOWS_MAX];
};

struct gp_rate_verdict {
	bool is_admitted;
	bool is_never;                  /* more recipients than a window holds */
	enum gp_rate_kind kind;         /* of the window with the longest wait; */
	struct gp_rate_window window;   /* count 0 when admitted */
	int64_t wait_ticks;             /* 0 when admitted or never */
};

/* True if there is a window at all. */
bool gp_rate_is_limited(const struct gp_rate_terms *terms);

/* Would one more message to so many recipients be admitted now? */
void gp_rate_look(const struct gp_rate_terms *terms,
		  const struct gp_rate_state *state, unsigned int recipients,
		  int64_t now_ticks, struct gp_rate_verdict *verdict_r);

/* The same, and if all windows admit it, it is charged to all of them; the state
   then holds the windows of terms and no others.  Else, or without any window,
   the state is untouched. */
void gp_rate_charge(const struct gp_rate_terms *terms,
		    struct gp_rate_state *state, unsigned int recipients,
		    int64_t now_ticks, struct gp_rate_verdict *verdict_r);

/* Messages that are counted together, with all their recipients. */
struct gp_rate_load {
	unsigned int messages, recipients;
};

/*
 * True if nothing needs to be asked about them: they take at most an eighth of
 * each window, and with what was used at most half.  So a host that knows less than
 * the others takes at most an eighth too much before it hears from them.
 */
bool gp_rate_is_far(const struct gp_rate_terms *terms,
		    const struct gp_rate_state *state,
		    const struct gp_rate_load *load, int64_t now_ticks);

/* What one message takes of a window, and what the window holds; the message can
   never pass when it takes more. */
int64_t gp_rate_cost(const struct gp_rate_window *window, enum gp_rate_kind kind,
		     unsigned int recipients);
int64_t gp_rate_whole(const struct gp_rate_window *window);

/* How many of the window's count are in use, counted up; 0 to window->count. */
unsigned int gp_rate_used(const struct gp_rate_window *window,
			  int64_t tat_ticks, int64_t now_ticks);

/* The theoretical arrival time of a window; 0 when nothing is remembered. */
int64_t gp_rate_tat(const struct gp_rate_state *state, enum gp_rate_kind kind,
		    const struct gp_rate_window *window);

/* When the last window is empty again: from then on the state says nothing. */
int64_t gp_rate_end(const struct gp_rate_state *state);

#endif
