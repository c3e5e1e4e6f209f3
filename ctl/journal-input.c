/* SPDX-License-Identifier: MIT */
/* This module is documented in journal-input.h. */
#include "journal-input.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

void gp_input_init(struct gp_input *input_r, const struct gp_filter *filter)
{
	memset(input_r, 0, sizeof(*input_r));
	input_r->filter = filter;
}

/* "journalctl -o json": an object on each line, with the text as MESSAGE.  It takes
   the line's place: JSON never makes a text shorter. */
static bool take_json(char *line, size_t length, size_t *length_r)
{
	json_t *object = json_loadb(line, length, 0, NULL);
	const char *message = json_string_value(json_object_get(object,
								"MESSAGE"));
	size_t message_length = message == NULL ? 0 : strlen(message);
	const bool fits = message != NULL && message_length <= length;

	if (fits) {
		memcpy(line, message, message_length);
		*length_r = message_length;
	}
	json_decref(object);
	return fits;
}

bool gp_input_take(struct gp_input *input, char *line, size_t length,
		   struct gp_journal_entry *entry_r)
{
	struct gp_error err;
	int result;

	input->lines_count++;
	if (length > 0 && line[0] == '{' && !take_json(line, length, &length))
		return false;
	result = gp_journal_read(line, length, entry_r, &err);
	if (result < 0)
		input->broken_count++;
	if (result != 1 || !gp_filter_matches(input->filter, entry_r))
		return false;
	input->entries_count++;
	return true;
}

void gp_input_complain(const struct gp_input *input, uint64_t too_long_count)
{
	uint64_t count = input->broken_count + too_long_count;

	if (count > 0)
		(void)fprintf(stderr, "gatepostctl: passed over %" PRIu64 " line%s "
			      "that %s damaged or forged\n", count,
			      count == 1 ? "" : "s", count == 1 ? "is" : "are");
}
