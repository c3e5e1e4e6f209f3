/* SPDX-License-Identifier: MIT */
/*
 * This module gives a test a folder of its own with settings files, and says what becomes
 * of them when they are loaded.  One for each program; what it finds wrong fails the test.
 */
#ifndef SETTINGS_FOLDER_H
#define SETTINGS_FOLDER_H

#include <stddef.h>

#include "settings.h"

/* What the ends of messages are that more than one test expects. */
#define INTERVAL "allowed is 1s to 1d"
#define EXAMPLES ", such as 90s, 5m or 2h"
#define DOMAIN "is not a domain; allowed is example.com, .example.com for all " \
	"names below it, or xn--... for a name with other letters"

/* For cmocka's groups: makes the folder, removes it with all that is in it. */
int enter_folder(void **state);
int leave_folder(void **state);

/* The path of a file of the folder; the last four stay valid. */
const char *place(const char *name);

/* Only its owner can write the file, as gatepost wants it. */
void write_bytes(const char *name, const void *bytes, size_t length);
void write_text(const char *name, const char *text);

/* Loads a file and expects exactly this error, with the folder left out. */
void expect_file_error(const char *name, const char *expected);

/* The same of a text, as a.conf. */
void expect_error(const char *text, const char *expected);

/* The settings of a text, as a.conf; the caller's. */
struct gp_settings *load(const char *text);

#endif
