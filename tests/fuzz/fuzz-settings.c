/* SPDX-License-Identifier: MIT */
/* This module feeds the settings parser with whatever it is given. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "settings-parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fd = -1;

static void write_file(const uint8_t *data, size_t size)
{
	char name[] = "/tmp/gatepost-fuzz-XXXXXX";

	if (fd < 0) {
		fd = mkstemp(name);
		(void)unlink(name);
	}
	if (fd < 0 || ftruncate(fd, 0) < 0 ||
	    pwrite(fd, data, size, 0) != (ssize_t)size) {
		perror(name);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gp_settings *const untouched = (struct gp_settings *)&fd;
	struct gp_settings *settings = untouched;
	struct gp_error err = { "" };
	char path[64];

	write_file(data, size);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (gp_settings_load(path, &settings, &err) < 0) {
		if (settings != untouched || err.text[0] == '\0')
			abort();
		for (const char *p = err.text; *p != '\0'; p++)
			if ((unsigned char)*p < ' ')
				abort();
		return 0;
	}
	gp_settings_free(&settings);
	return 0;
}
