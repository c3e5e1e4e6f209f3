/* SPDX-License-Identifier: MIT */
/*
 * This module feeds the settings parser with whatever it is given.  Built as it
 * is, it runs the files named on its command line and simple mutations of each;
 * with -DGP_FUZZER -fsanitize=fuzzer (clang) libFuzzer drives it.
 */
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

#ifndef GP_FUZZER

enum { SEED_BYTES_MAX = 65536, MUTATIONS = 400 };

/* The same numbers each time: a failure can be run again. */
static uint32_t next_number(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Bytes that mean something to the parser come more often than others. */
static uint8_t odd_byte(uint32_t *state)
{
	static const char bytes[] = "{}{}=,()\"'\\#$|+*\n\r\t /0am\0\x7f\xff";
	uint32_t number = next_number(state);

	return number % 4 == 0 ? (uint8_t)(number >> 8)
		: (uint8_t)bytes[(number >> 8) % (sizeof(bytes) - 1)];
}

static size_t mutate(uint8_t *data, size_t size, uint32_t *state)
{
	uint32_t times = 1 + next_number(state) % 4;

	for (; times > 0 && size > 0; times--) {
		size_t at = next_number(state) % size;
		size_t length = next_number(state) % 16;

		switch (next_number(state) % 4) {
		case 0:
			data[at] = odd_byte(state);
			break;
		case 1: /* cut */
			size = at;
			break;
		case 2: /* take out */
			if (length > size - at)
				length = size - at;
			memmove(data + at, data + at + length, size - at - length);
			size -= length;
			break;
		default: /* put in */
			memmove(data + at + 1, data + at, size - at);
			data[at] = odd_byte(state);
			size++;
			break;
		}
	}
	return size;
}

static int run_seed(const char *path)
{
	static uint8_t seed[SEED_BYTES_MAX], data[SEED_BYTES_MAX + 4];
	FILE *file = fopen(path, "rb");
	uint32_t state = 1;
	size_t size;

	if (file == NULL) {
		perror(path);
		return 1;
	}
	size = fread(seed, 1, sizeof(seed), file);
	(void)fclose(file);
	(void)LLVMFuzzerTestOneInput(seed, size);
	for (int i = 0; i < MUTATIONS; i++) {
		memcpy(data, seed, size);
		(void)LLVMFuzzerTestOneInput(data, mutate(data, size, &state));
	}
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc < 2) {
		(void)fprintf(stderr, "usage: fuzz-settings FILE...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++)
		failed |= run_seed(argv[i]);
	return failed;
}

#endif
