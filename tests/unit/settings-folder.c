/* SPDX-License-Identifier: MIT */
/* This module is documented in settings-folder.h. */
#include "settings-folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "settings-parse.h"

static char folder[] = "/tmp/gatepost-test-XXXXXX";

int enter_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

const char *place(const char *name)
{
	static char paths[4][256];
	static unsigned int turn;
	char *path = paths[turn++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

void write_bytes(const char *name, const void *bytes, size_t length)
{
	FILE *file = fopen(place(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fchmod(fileno(file), 0644), 0);
	assert_int_equal(fclose(file), 0);
}

void write_text(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

int leave_folder(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

void expect_file_error(const char *name, const char *expected)
{
	struct gp_settings *const untouched = (struct gp_settings *)&folder;
	struct gp_settings *settings = untouched;
	struct gp_error err = { "" };
	char text[sizeof(err.text)], *out = text;
	const char *p = err.text;

	if (gp_settings_load(place(name), &settings, &err) != -1)
		fail_msg("taken, instead of: %s", expected);
	assert_ptr_equal(settings, untouched);
	while (*p != '\0') {
		if (strncmp(p, folder, strlen(folder)) == 0)
			p += strlen(folder) + 1;
		else
			*out++ = *p++;
	}
	*out = '\0';
	assert_string_equal(text, expected);
	assert_int_equal(gp_settings_load(place(name), &settings, NULL), -1);
}

void expect_error(const char *text, const char *expected)
{
	write_text("a.conf", text);
	expect_file_error("a.conf", expected);
}

struct gp_settings *load(const char *text)
{
	struct gp_settings *settings = NULL;
	struct gp_error err;

	write_text("a.conf", text);
	if (gp_settings_load(place("a.conf"), &settings, &err) != 0)
		fail_msg("%s", err.text);
	return settings;
}
