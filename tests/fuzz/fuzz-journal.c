/* SPDX-License-Identifier: MIT */
/* This module feeds bytes to the journal's parser; what it takes must come back
   the same after it is written again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = gp_alloc(size + 1), *memory = NULL, *again = NULL;
	struct gp_journal_entry entry, back;
	struct gp_error err;

	if (size > 0)
		memcpy(line, data, size);
	/* With what a line of a file may hold, NUL among it. */
	(void)gp_journal_read(line, size, &entry, &err);
	if (size > 0)
		memcpy(line, data, size);
	line[size] = '\0';
	if (gp_journal_parse(line, &entry, &memory, &err) == 1) {
		char *written = gp_journal_format(&entry);

		if (entry.time_msecs >= 0 &&
		    (gp_journal_parse(written, &back, &again, &err) != 1 ||
		     back.port != entry.port || back.count != entry.count))
			abort();
		free(again);
		free(written);
		free(memory);
	}
	free(line);
	return 0;
}
