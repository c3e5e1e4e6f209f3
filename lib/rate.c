/* SPDX-License-Identifier: MIT */
/* This module is documented in rate.h. */
#include "rate.h"

#include <string.h>

static int64_t max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The time that one unit takes of the window. */
static int64_t unit_ticks(const struct gp_rate_window *window)
{
	return (int64_t)window->secs * GP_RATE_TICKS_PER_SEC / window->count;
}

int64_t gp_rate_whole(const struct gp_rate_window *window)
{
	return unit_ticks(window) * window->count;
}

/* What was used, seen from now.  No message can move it further ahead than the
   window's own time: if it is, the clock went back, and the window starts empty,
   so that nobody is locked out.  Clocks are set by less than a second all the
   time; that is waited for. */
static int64_t tat_in_force(const struct gp_rate_window *window,
			    int64_t tat_ticks, int64_t now_ticks)
{
	const int64_t last_ticks = now_ticks +
		((int64_t)window->secs + GP_RATE_CLOCK_SLACK_SECS) *
		GP_RATE_TICKS_PER_SEC;

	return tat_ticks > last_ticks ? now_ticks : max(tat_ticks, now_ticks);
}

bool gp_rate_is_limited(const struct gp_rate_terms *terms)
{
	return terms->limits[GP_RATE_MESSAGES].count > 0 ||
		terms->limits[GP_RATE_RECIPIENTS].count > 0;
}

int64_t gp_rate_tat(const struct gp_rate_state *state, enum gp_rate_kind kind,
		    const struct gp_rate_window *window)
{
	for (size_t i = 0; i < GP_RATE_WINDOWS_MAX; i++)
		if (state->slots[kind][i].secs == window->secs)
			return state->slots[kind][i].tat_ticks;
	return 0;
}

int64_t gp_rate_cost(const struct gp_rate_window *window, enum gp_rate_kind kind,
		     unsigned int recipients)
{
	return unit_ticks(window) * (kind == GP_RATE_MESSAGES ? 1 : recipients);
}

/* One window's word, which counts if it is worse than what was found so far;
   the first of equals stays. */
static void judge_window(const struct gp_rate_window *window,
			 enum gp_rate_kind kind, int64_t tat_ticks,
			 int64_t cost_ticks, int64_t now_ticks,
			 struct gp_rate_verdict *verdict)
{
	const bool is_never = cost_ticks > gp_rate_whole(window);
	int64_t wait_ticks = tat_in_force(window, tat_ticks, now_ticks) +
		cost_ticks - now_ticks - gp_rate_whole(window);

	if (verdict->is_never || (!is_never && wait_ticks <= verdict->wait_ticks))
		return;
	*verdict = (struct gp_rate_verdict){
		.is_never = is_never, .kind = kind, .window = *window,
		.wait_ticks = is_never ? 0 : wait_ticks,
	};
}

void gp_rate_look(const struct gp_rate_terms *terms,
		  const struct gp_rate_state *state, unsigned int recipients,
		  int64_t now_ticks, struct gp_rate_verdict *verdict_r)
{
	struct gp_rate_verdict verdict = { .is_admitted = true };

	for (int kind = 0; kind < GP_RATE_KINDS; kind++) {
		const struct gp_rate_limits *limits = &terms->limits[kind];

		for (size_t i = 0; i < limits->count; i++)
			judge_window(&limits->windows[i], (enum gp_rate_kind)kind,
				     gp_rate_tat(state, (enum gp_rate_kind)kind,
						 &limits->windows[i]),
				     gp_rate_cost(&limits->windows[i],
						  (enum gp_rate_kind)kind,
						  recipients),
				     now_ticks, &verdict);
	}
	*verdict_r = verdict;
}

void gp_rate_charge(const struct gp_rate_terms *terms,
		    struct gp_rate_state *state, unsigned int recipients,
		    int64_t now_ticks, struct gp_rate_verdict *verdict_r)
{
	struct gp_rate_state after;

	gp_rate_look(terms, state, recipients, now_ticks, verdict_r);
	if (!verdict_r->is_admitted || !gp_rate_is_limited(terms))
		return;
	memset(&after, 0, sizeof(after));
	for (int kind = 0; kind < GP_RATE_KINDS; kind++) {
		const struct gp_rate_limits *limits = &terms->limits[kind];

		for (size_t i = 0; i < limits->count; i++) {
			const struct gp_rate_window *window = &limits->windows[i];
			struct gp_rate_slot *slot = &after.slots[kind][i];

			slot->secs = window->secs;
			slot->tat_ticks = tat_in_force(window,
				gp_rate_tat(state, (enum gp_rate_kind)kind,
					    window), now_ticks) +
				gp_rate_cost(window, (enum gp_rate_kind)kind,
					     recipients);
		}
	}
	*state = after;
}

static bool is_far_from(const struct gp_rate_window *window, int64_t tat_ticks,
			unsigned int count, int64_t now_ticks)
{
	const int64_t whole = gp_rate_whole(window);
	const int64_t cost = unit_ticks(window) * (int64_t)count;
	const int64_t used = tat_in_force(window, tat_ticks, now_ticks) -
		now_ticks;

	return cost <= whole / 8 && used + cost <= whole / 2;
}

bool gp_rate_is_far(const struct gp_rate_terms *terms,
		    const struct gp_rate_state *state,
		    const struct gp_rate_load *load, int64_t now_ticks)
{
	const unsigned int counts[GP_RATE_KINDS] = {
		[GP_RATE_MESSAGES] = load->messages,
		[GP_RATE_RECIPIENTS] = load->recipients,
	};

	for (int kind = 0; kind < GP_RATE_KINDS; kind++) {
		const struct gp_rate_limits *limits = &terms->limits[kind];

		for (size_t i = 0; i < limits->count; i++)
			if (!is_far_from(&limits->windows[i],
					 gp_rate_tat(state,
						     (enum gp_rate_kind)kind,
						     &limits->windows[i]),
					 counts[kind], now_ticks))
				return false;
	}
	return true;
}

unsigned int gp_rate_used(const struct gp_rate_window *window,
			  int64_t tat_ticks, int64_t now_ticks)
{
	const int64_t ahead_ticks =
		tat_in_force(window, tat_ticks, now_ticks) - now_ticks;
	const int64_t unit = unit_ticks(window);

	const int64_t used = (ahead_ticks + unit - 1) / unit;

	return used < window->count ? (unsigned int)used : window->count;
}

int64_t gp_rate_end(const struct gp_rate_state *state)
{
	int64_t end_ticks = 0;

	for (int kind = 0; kind < GP_RATE_KINDS; kind++)
		for (size_t i = 0; i < GP_RATE_WINDOWS_MAX; i++)
			if (state->slots[kind][i].secs != 0)
				end_ticks = max(end_ticks,
					state->slots[kind][i].tat_ticks);
	return end_ticks;
}
