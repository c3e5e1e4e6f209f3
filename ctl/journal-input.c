/* SPDX-License-Identifier: MIT */
/* This module is documented in journal-input.h. */
#include "journal-input.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

void gp_input_init(struct gp_input *input_r, const struct gp_filter *filter)
{
	memset(input_r, 0, sizeof(*input_r));
	input_r->filter = filter;
}

void gp_input_free(struct gp_input *input)
{
	free(input->message);
	input->message = NULL;
}

/* "journalctl -o json": an object on each line, with the text as MESSAGE. */
static bool take_json(struct gp_input *input, const char *line, size_t length,
		      size_t *length_r)
{
	json_t *object = json_loadb(line, length, 0, NULL);
	const char *message = json_string_value(json_object_get(object,
								"MESSAGE"));

	free(input->message);
	input->message = message == NULL ? NULL : gp_strdup(message);
	json_decref(object);
	if (input->message == NULL)
		return false;
	*length_r = strlen(input->message);
	return true;
}

bool gp_input_take(struct gp_input *input, char *line, size_t length,
		   struct gp_journal_entry *entry_r)
{
	struct gp_error err;
	int result;

	input->lines_count++;
	if (length > 0 && line[0] == '{') {
		if (!take_json(input, line, length, &length))
			return false;
		line = input->message;
	}
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
