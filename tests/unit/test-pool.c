/* SPDX-License-Identifier: MIT */
/* This module tests lib/pool.c: memory that is freed together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pool.h"

static void memory_is_zero_aligned_and_separate(void **state)
{
	struct gp_pool *pool = gp_pool_create();
	unsigned char *pieces[200];

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		pieces[i] = gp_pool_alloc(pool, i * 13);
		assert_int_equal((uintptr_t)pieces[i] % sizeof(max_align_t) % 16, 0);
		for (size_t k = 0; k < i * 13; k++)
			assert_int_equal(pieces[i][k], 0);
		memset(pieces[i], (int)i, i * 13);
	}
	for (size_t i = 0; i < 200; i++)
		for (size_t k = 0; k < i * 13; k++)
			assert_int_equal(pieces[i][k], (unsigned char)i);
	gp_pool_free(&pool);
	assert_null(pool);
}

static void reset_memory_is_zero_again(void **state)
{
	struct gp_pool *pool = gp_pool_create();
	char *text;

	(void)state;
	(void)gp_pool_strdup(pool, "somebody else's address");
	gp_pool_reset(pool);
	text = gp_pool_alloc(pool, 24);
	for (size_t i = 0; i < 24; i++)
		assert_int_equal(text[i], 0);
	gp_pool_free(&pool);
}

static void text_of_any_length_is_kept_whole(void **state)
{
	struct gp_pool *pool = gp_pool_create();
	char big[100001];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_string_equal(gp_pool_strdup(pool, big), big);
	assert_string_equal(gp_pool_strndup(pool, "alice@x", 5), "alice");
	assert_string_equal(gp_pool_printf(pool, "%s-%d", big, 7) + 100000, "-7");
	assert_null(gp_pool_strdup(pool, NULL));
	gp_pool_free(&pool);
	gp_pool_free(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zero_aligned_and_separate),
		cmocka_unit_test(reset_memory_is_zero_again),
		cmocka_unit_test(text_of_any_length_is_kept_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
