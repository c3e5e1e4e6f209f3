/* SPDX-License-Identifier: MIT */
/* This module is documented in settings-ladder.h. */
#include "settings-ladder.h"

#include <stdbool.h>
#include <string.h>

#include "decision.h"
#include "settings-value.h"

enum {
	DELAY_SECS_MIN = 1, DELAY_SECS_MAX = 60,
	WITHIN_COUNT_MAX = GP_WITHIN_COUNT_MAX - 5,
	WITHIN_SECS_MAX = 7 * 86400
};

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* The part behind "after N:".  False if it is no action of the ladder. */
static bool read_action(const struct gp_setting *row, const char *text,
			struct gp_ladder_step *step)
{
	const bool is_login = row->type == GP_SETTING_LOGIN_LADDER;
	size_t length = strcspn(text, " \t");
	const char *rest = skip_blanks(text + length);
	unsigned long secs;
	char word[16];

	if (length >= sizeof(word))
		return false;
	memcpy(word, text, length);
	word[length] = '\0';
	if (!gp_action_from_word(word, &step->action))
		return false;
	if (step->action == GP_ACTION_NOTE || step->action == GP_ACTION_REFUSE ||
	    (!is_login && (step->action == GP_ACTION_ABSORB ||
			   step->action == GP_ACTION_DISCONNECT)))
		return *rest == '\0';
	if (step->action != (is_login ? GP_ACTION_HOLD : GP_ACTION_DELAY) ||
	    !gp_duration_read(GP_SETTING_SECS, rest, &secs) ||
	    secs < DELAY_SECS_MIN || secs > DELAY_SECS_MAX)
		return false;
	step->secs = (unsigned int)secs;
	return true;
}

/* "within TIME" between number and colon, if there is one. */
static bool read_within(const char **text, struct gp_ladder_step *step)
{
	char word[GP_DURATION_BYTES];
	unsigned long secs;
	size_t length;

	if (strncmp(*text, "within", 6) != 0)
		return true;
	*text = skip_blanks(*text + 6);
	length = strcspn(*text, ": \t");
	if (length >= sizeof(word) || step->after_count > WITHIN_COUNT_MAX)
		return false;
	memcpy(word, *text, length);
	word[length] = '\0';
	if (!gp_duration_read(GP_SETTING_SECS, word, &secs) || secs < 1 ||
	    secs > WITHIN_SECS_MAX)
		return false;
	*text = skip_blanks(*text + length);
	step->within_secs = (unsigned int)secs;
	return true;
}

/* "after N: note", "after N: absorb" or "after N within 1h: delay SECS", and so on. */
static bool read_step(const struct gp_setting *row, const char *text,
		      struct gp_ladder_step *step)
{
	unsigned long count;

	if (strncmp(text, "after", 5) != 0 || strspn(text + 5, " \t") == 0)
		return false;
	text = skip_blanks(text + 5);
	if (!gp_number_take(&text, &count) || !gp_setting_allows(row, count))
		return false;
	text = skip_blanks(text);
	step->after_count = (unsigned int)count;
	if (!read_within(&text, step) || *text++ != ':')
		return false;
	return read_action(row, skip_blanks(text), step);
}

/* The step before it that counts in the same time; NULL if there is none. */
static const struct gp_ladder_step *step_before(const struct gp_ladder *ladder,
						size_t index,
						const struct gp_ladder_step *step)
{
	while (index-- > 0)
		if (ladder->steps[index].within_secs == step->within_secs)
			return &ladder->steps[index];
	return NULL;
}

int gp_ladder_store(const struct gp_setting *row, const char *text,
		      size_t index, struct gp_ladder *ladder,
		      struct gp_error *err)
{
	const struct gp_ladder_step *before;
	struct gp_ladder_step step = { 0 };
	char shown[GP_SHOWN_BYTES];

	if (index == 0 && text[0] == '\0')
		return gp_error_set(err, "the ladder is empty; to do nothing, "
				    "write {\"after 0: note\"}");
	if (!read_step(row, text, &step))
		return gp_error_set(err, "'%s' is not a step; allowed is 'after N: "
				    "note', %s or 'after N: refuse', with N from "
				    "%ld to %ld and SECS from %ds to %ds; 'after N "
				    "within TIME:' with N to %d and TIME from 1s "
				    "to 7d",
				    gp_shown(text, shown),
				    row->type == GP_SETTING_LOGIN_LADDER
				    ? "'after N: hold SECS'"
				    : "'after N: absorb', 'after N: delay SECS', "
				      "'after N: disconnect'",
				    row->min, row->max, DELAY_SECS_MIN,
				    DELAY_SECS_MAX, WITHIN_COUNT_MAX);
	if (index >= GP_LADDER_STEPS_MAX)
		return gp_error_set(err, "'%s' is one step too many; allowed are "
				    "%d", gp_shown(text, shown),
				    GP_LADDER_STEPS_MAX);
	before = step_before(ladder, index, &step);
	if (before != NULL && step.after_count <= before->after_count)
		return gp_error_set(err, "'%s' does not come after %u; the "
				    "numbers must rise", gp_shown(text, shown),
				    before->after_count);
	ladder->steps[index] = step;
	ladder->count = index + 1;
	return 0;
}
