/* SPDX-License-Identifier: MIT */
/*
 * This module drives a fuzz entry point without a fuzzer: with the files named on
 * the command line and simple mutations of each, the same ones each time.  For
 * libFuzzer leave it out: clang -fsanitize=fuzzer,address fuzz-NAME.c ...
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEED_BYTES_MAX = 65536, MUTATIONS = 400 };

/* The same numbers each time: a failure can be run again. */
static uint32_t next_number(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Bytes that mean something to the parsers come more often than others. */
static uint8_t odd_byte(uint32_t *state)
{
	static const char bytes[] = "{}{}=,()\"'\\#$|+*\n\r\t /0am\0\x7f\xff<>@%!:.-";
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
		(void)fprintf(stderr, "usage: %s FILE...\n", argv[0]);
		return 2;
	}
	for (int i = 1; i < argc; i++)
		failed |= run_seed(argv[i]);
	return failed;
}

