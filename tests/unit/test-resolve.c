/* SPDX-License-Identifier: MIT */
/* This module tests lib/resolve.c with a resolver of its own, which answers when it is
   told to: nobody waits longer than the deadline, and nothing of a late answer stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "log.h"
#include "resolve.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t news = PTHREAD_COND_INITIALIZER;
static bool may_answer;
static int asked, freed;

/* In place of those of the C library. */
int getaddrinfo(const char *restrict name, const char *restrict service,
		const struct addrinfo *restrict hints,
		struct addrinfo **restrict list_r)
{
	struct addrinfo *item;
	struct sockaddr_in *address;

	(void)service;
	(void)pthread_mutex_lock(&lock);
	asked++;
	(void)pthread_cond_broadcast(&news);
	while (!may_answer)
		(void)pthread_cond_wait(&news, &lock);
	(void)pthread_mutex_unlock(&lock);
	if (strcmp(name, "redis.example") != 0)
		return EAI_NONAME;
	item = calloc(1, sizeof(*item));
	address = calloc(1, sizeof(*address));
	if (item == NULL || address == NULL)
		abort();
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(0xc0000207);
	item->ai_family = hints->ai_family == AF_UNSPEC ? AF_INET : AF_UNSPEC;
	item->ai_addr = (struct sockaddr *)address;
	item->ai_addrlen = sizeof(*address);
	*list_r = item;
	return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
	free(list->ai_addr);
	free(list);
	(void)pthread_mutex_lock(&lock);
	freed++;
	(void)pthread_cond_broadcast(&news);
	(void)pthread_mutex_unlock(&lock);
}

static void let_answer(bool value)
{
	(void)pthread_mutex_lock(&lock);
	may_answer = value;
	(void)pthread_cond_broadcast(&news);
	(void)pthread_mutex_unlock(&lock);
}

static void wait_for(const int *count, int wanted)
{
	struct timespec until;
	int found;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 30;
	(void)pthread_mutex_lock(&lock);
	while (*count < wanted &&
	       pthread_cond_timedwait(&news, &lock, &until) == 0)
		;
	found = *count;
	(void)pthread_mutex_unlock(&lock);
	assert_int_equal(found, wanted);
}

static int resolve(const char *host, int64_t msecs, char address_r[],
		   struct gp_error *err)
{
	return gp_resolve(host, gp_clock_monotonic_msecs() + msecs, address_r, err);
}

static void test_a_silent_resolver_is_left(void **state)
{
	char address[INET6_ADDRSTRLEN] = "untouched";
	struct gp_error err;

	(void)state;
	let_answer(false);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(resolve("redis.example", 1, address, &err), -1);
		assert_string_equal(err.text, "redis.example: no name server has "
				    "told its address in time; an address needs "
				    "none");
	}
	assert_string_equal(address, "untouched");
	wait_for(&asked, 3);
	assert_int_equal(freed, 0);
	let_answer(true);
	wait_for(&freed, 3);
}

static void test_an_answer_is_taken(void **state)
{
	char address[INET6_ADDRSTRLEN];
	struct gp_error err;
	const int before = freed;

	(void)state;
	let_answer(true);
	assert_int_equal(resolve("redis.example", 60000, address, &err), 0);
	assert_string_equal(address, "192.0.2.7");
	wait_for(&freed, before + 1);
	assert_int_equal(resolve("other.example", 60000, address, &err), -1);
	assert_non_null(strstr(err.text, "other.example: "));
	assert_string_equal(address, "192.0.2.7");
	assert_int_equal(freed, before + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_silent_resolver_is_left),
		cmocka_unit_test(test_an_answer_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
